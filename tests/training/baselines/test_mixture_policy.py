import numpy as np
import pytest
import tensorflow as tf

from fag_tf.spaces import ActionSpace, ArraySpec, Axis
from fag_tf.training.baselines.mixture_policy import MixturePolicy

SPACE = ActionSpace([Axis("a", -1.0, 3.0)])
SEEN = {"state": tf.constant([[0.3], [-0.7]])}


@pytest.fixture(params=[1, 3])
def policy(request):
    return MixturePolicy(SPACE, {"state": ArraySpec((1,))}, request.param, 8, 1, 0)


def test_samples_of_the_components_weigh_one_and_lie_in_the_space(policy):
    actions, log_prob, weight = policy.component_samples(SEEN, 40, tf.constant([1, 2]))
    assert actions.shape == (2, 40 * policy.components, 1)
    assert np.all(SPACE.contains(actions.numpy()))
    np.testing.assert_allclose(tf.reduce_sum(weight, axis=-1), 1.0, rtol=1e-5)
    assert np.all(np.isfinite(log_prob))


def test_the_density_is_that_of_the_samples(policy):
    """The mean of 1 / density over samples of a density is the volume of its support."""
    _, log_prob, weight = policy.component_samples(SEEN, 20_000, tf.constant([1, 2]))
    volume = tf.reduce_sum(weight * tf.exp(-log_prob), axis=-1)
    np.testing.assert_allclose(volume, 2.0, rtol=0.1)


def test_plain_samples_follow_the_components(policy):
    actions, _, weight = policy.component_samples(SEEN, 20_000, tf.constant([1, 2]))
    latent = tf.random.stateless_uniform((2, 20_000, policy.latent_dim), [3, 4], -1.0, 1.0)
    plain = policy(SEEN, latent)
    for power in (1, 2):
        expected = tf.reduce_sum(weight * actions[..., 0] ** power, axis=-1)
        found = tf.reduce_mean(plain[..., 0] ** power, axis=-1)
        np.testing.assert_allclose(found, expected, atol=0.1)


def test_the_least_latents_give_actions_too(policy):
    least = -np.ones((2, 1, policy.latent_dim), np.float32)
    assert np.all(SPACE.contains(policy(SEEN, tf.constant(least)).numpy()))
