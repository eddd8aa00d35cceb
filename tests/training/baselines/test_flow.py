import numpy as np
import pytest
import tensorflow as tf

from fag_tf.spaces import ActionSpace, ArraySpec, Axis
from fag_tf.training.baselines.flow import FLOW_LEARNING_RATE, ConditionalFlow
from fag_tf.training.baselines.generators import descend

SPEC = {"state": ArraySpec((1,))}
SEED = tf.constant([1, 2])
EDGE = 1e-5


def flow_of(dim):
    space = ActionSpace([Axis(f"a{i}", -1.0, 3.0) for i in range(dim)])
    flow = ConditionalFlow(space, SPEC, 16, 1, 0)
    flow({"state": tf.zeros((1, 1))}, tf.zeros((1, 1, dim)))
    for body in flow.bodies:
        for variable in body.trainable_variables:
            # Not much: a density of thousands cannot be inverted in float32.
            noise = tf.random.stateless_normal(variable.shape, [3, 4], stddev=0.15)
            variable.assign_add(noise)
    return flow


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_density_of_a_sample_is_the_same_both_ways(dim):
    flow = flow_of(dim)
    seen = {"state": tf.constant([[0.3], [-0.7]])}
    actions, log_prob = flow.sample_and_log_prob(seen, 50, SEED)
    assert actions.shape == (2, 50, dim)
    assert np.all(flow.space.contains(actions.numpy()))
    np.testing.assert_allclose(log_prob, flow.log_prob(seen, actions), atol=5e-3)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_what_is_exported_is_the_flow_itself(dim):
    flow = flow_of(dim)
    seen = {"state": tf.constant([[0.3], [-0.7]])}
    actions, _ = flow.sample_and_log_prob(seen, 50, SEED)
    base = tf.random.stateless_uniform((2, 50, dim), SEED, EDGE - 1.0, 1.0 - EDGE)
    np.testing.assert_allclose(flow(seen, base / (1.0 - EDGE)), actions, atol=1e-4)


def test_the_density_integrates_to_one():
    flow = flow_of(1)
    grid = tf.linspace(-1.0, 3.0, 4001)[None, :, None]
    density = tf.exp(flow.log_prob({"state": tf.zeros((1, 1))}, grid)).numpy()[0]
    # Per unit of the normalised space, of width 2.
    assert np.trapezoid(density, np.linspace(-1.0, 1.0, 4001)) == pytest.approx(1.0, abs=1e-2)


@pytest.mark.slow
def test_it_fits_two_intervals():
    flow = flow_of(1)
    seen = {"state": tf.zeros((1, 1))}

    def batch(step):
        rng = np.random.default_rng(step)
        x = rng.uniform(0.0, 0.5, (1, 256, 1)) + 2.0 * rng.integers(2, size=(1, 256, 1))
        return (tf.constant(x - 0.5, tf.float32),)

    variables = flow.trainable_variables
    descend(
        lambda x: -tf.reduce_mean(flow.log_prob(seen, x)), variables, batch, 400, FLOW_LEARNING_RATE
    )
    latent = tf.random.stateless_uniform((1, 2000, 1), SEED, -1.0, 1.0)
    drawn = flow(seen, latent).numpy()[0, :, 0] + 0.5
    first = (drawn >= -0.05) & (drawn <= 0.55)
    second = (drawn >= 1.95) & (drawn <= 2.55)
    assert (first | second).mean() > 0.9
    assert 0.4 < first.mean() < 0.6
