import numpy as np
import pytest
import tensorflow as tf

from fag_tf.networks.mlp import MLPActor, MLPCritic, mlp
from reference.execution import every_execution
from reference.small_inputs import SPEC, latent_of, observation_of, stirred
from reference.spaces import MIXED, SPACES

every_space = pytest.mark.parametrize("space", list(SPACES.values()), ids=list(SPACES))


def actor_of(space=MIXED, latent_dim=None, seed=0):
    return MLPActor(space, SPEC, latent_dim or space.dim, width=16, depth=2, seed=seed)


# The actor --------------------------------------------------------------------------------------


@every_execution
@every_space
def test_an_actor_gives_actions_of_the_space_for_states_and_latents(run, space):
    actor = actor_of(space)
    actor(observation_of(0, 1), latent_of(0, 1, 1, space.dim))
    stirred(actor)
    actions = run(actor)(observation_of(1, 2), latent_of(1, 2, 50, space.dim)).numpy()
    assert actions.shape == (2, 50, space.dim)
    assert actions.dtype == np.float32
    slack = 1e-5 * space.half_range
    assert np.all((actions >= space.low - slack) & (actions <= space.high + slack))


@every_space
def test_an_actor_starts_as_the_identity_on_its_latent_spread_over_the_space(space):
    latent = latent_of(2, 3, 2000, space.dim)
    actions = actor_of(space)(observation_of(2, 3), latent).numpy()
    wanted = space.denormalise(latent)
    apart = space.difference(actions.astype(float), wanted) / space.half_range
    assert np.abs(apart).mean() < 0.05
    # Every tenth of every axis is met about as often as any other.
    tenth = np.floor(5.0 * (space.normalise(space.wrap(actions)) + 1.0)).clip(0, 9).astype(int)
    for axis in range(space.dim):
        shares = np.bincount(tenth[..., axis].ravel(), minlength=10) / tenth[..., axis].size
        assert shares.min() > 0.05
        assert shares.max() < 0.2


def test_sample_n_depends_on_the_state_and_on_latent_n_alone():
    actor = actor_of(latent_dim=6)
    latent = latent_of(3, 2, 8, 6)
    actor(observation_of(3, 2), latent)
    stirred(actor)
    observation = observation_of(3, 2)
    before = actor(observation, latent).numpy()

    others = latent_of(4, 2, 8, 6)
    others[:, 5] = latent[:, 5]
    np.testing.assert_allclose(actor(observation, others)[:, 5], before[:, 5], atol=1e-5)
    alone = actor(observation, latent[:, 5:6])
    np.testing.assert_allclose(alone[:, 0], before[:, 5], atol=1e-5)

    other_state = {name: array.copy() for name, array in observation.items()}
    other_state["place"][1] += 1.0
    moved = actor(other_state, latent).numpy()
    np.testing.assert_allclose(moved[0], before[0], atol=1e-5)
    assert np.all(np.abs(moved[1] - before[1]).max(axis=-1) > 1e-4)


def test_each_latent_and_each_observation_counts():
    actor = actor_of(latent_dim=6)
    actor(observation_of(0, 1), latent_of(0, 1, 1, 6))
    stirred(actor)
    latent = tf.constant(latent_of(5, 1, 1, 6))
    observation = {
        name: tf.constant(array, tf.float32) for name, array in observation_of(5, 1).items()
    }
    with tf.GradientTape() as tape:
        tape.watch([latent, observation])
        total = tf.reduce_sum(actor(observation, latent) / MIXED.half_range.astype(np.float32))
    gradients = tape.gradient(total, [latent, observation])
    for gradient in tf.nest.flatten(gradients):
        assert np.all(gradient.numpy() != 0.0)


def test_the_order_in_which_observations_are_given_does_not_matter():
    actor, observation, latent = actor_of(), observation_of(6, 2), latent_of(6, 2, 3, 4)
    turned = dict(reversed(observation.items()))
    np.testing.assert_array_equal(actor(observation, latent), actor(turned, latent))


def test_a_seed_fixes_the_weights():
    arguments = observation_of(7, 2), latent_of(7, 2, 3, 4)
    same = actor_of(seed=1)(*arguments), actor_of(seed=1)(*arguments)
    np.testing.assert_array_equal(*same)
    assert np.abs(actor_of(seed=2)(*arguments) - same[0]).max() > 1e-3


def test_gradients_reach_every_weight_even_for_latents_at_the_ends():
    actor = actor_of()
    latent = np.array([[[-1.0] * 4, [1.0] * 4, [0.3] * 4]], np.float32)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(actor(observation_of(8, 1), latent) ** 2)
    for gradient in tape.gradient(total, actor.trainable_variables):
        assert np.all(np.isfinite(gradient))
        assert np.abs(gradient).max() > 0.0


# The critic -------------------------------------------------------------------------------------


@every_execution
@every_space
def test_a_critic_gives_one_logit_for_each_action(run, space):
    critic = MLPCritic(space, SPEC, width=16, depth=2, seed=0)
    actions = space.sample(np.random.default_rng(0), (2, 5))
    critic(observation_of(0, 2), actions)
    logits = run(critic)(observation_of(0, 2), actions)
    assert logits.shape == (2, 5)
    np.testing.assert_allclose(
        logits[:, 3:4], critic(observation_of(0, 2), actions[:, 3:4]), atol=1e-5
    )


def test_a_critic_does_not_see_whole_periods():
    critic = MLPCritic(MIXED, SPEC, width=16, depth=2, seed=0)
    actions = MIXED.sample(np.random.default_rng(0), (2, 20))
    turned = actions + (MIXED.width * MIXED.periodic).astype(np.float32)
    observation = observation_of(0, 2)
    np.testing.assert_allclose(critic(observation, turned), critic(observation, actions), atol=1e-4)


def test_a_critic_can_tell_states_and_actions_apart():
    critic = MLPCritic(MIXED, SPEC, width=16, depth=2, seed=0)
    actions = np.repeat(MIXED.sample(np.random.default_rng(0), (1, 20)), 2, axis=0)
    logits = critic(observation_of(0, 2), actions).numpy()
    assert np.abs(logits[0] - logits[1]).min() > 0.0
    assert len(np.unique(logits)) == 40


# What they share --------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 0.05])
def test_the_last_layer_starts_as_small_as_said(scale):
    network = mlp([64, 64], 200, seed=3, final_scale=scale)
    network(np.zeros((1, 5), np.float32))
    *_, last, bias = network.trainable_variables
    # Variance scaled by 1 / inputs; the error of a deviation from 12,800 draws is below 1 %.
    assert np.std(last) == pytest.approx(scale / np.sqrt(64), rel=0.05)
    assert np.all(bias.numpy() == 0.0)
    assert len(network.trainable_variables) == 6


@pytest.mark.filterwarnings("error")
def test_networks_are_made_without_warnings():
    actor_of()(observation_of(0, 1), latent_of(0, 1, 1, 4))
    actions = MIXED.sample(np.random.default_rng(0), (1, 2))
    MLPCritic(MIXED, SPEC, width=16, depth=2, seed=0)(observation_of(0, 1), actions)
