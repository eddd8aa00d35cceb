import numpy as np
import pytest
import tensorflow as tf

from fag_tf.config.parsing import config_from_dict
from fag_tf.environments.motion.networks.build import build_actor, build_critic
from fag_tf.environments.motion.robot_arm.environment import RobotArm
from fag_tf.environments.motion.spline_path.environment import SplinePath
from fag_tf.networks.base import as_tensors

ENVIRONMENTS = [SplinePath(), RobotArm()]
every_environment = pytest.mark.parametrize("env", ENVIRONMENTS, ids=lambda env: env.name)
SMALL = {"actor": {"width": 8, "depth": 1}, "critic": {"width": 8, "depth": 1}}


def config_of(kind):
    return config_from_dict({**SMALL, "actor": {**SMALL["actor"], "kind": kind}})


def observed(env, states=3):
    return as_tensors(env.observe(env.draw_states(np.random.default_rng(0), states)))


def latent(env, *shape):
    return tf.constant(
        np.random.default_rng(1).uniform(-1, 1, (*shape, env.action_space.dim)), tf.float32
    )


@every_environment
@pytest.mark.parametrize("kind", ["autoregressive", "implicit"])
def test_actions_are_of_the_space_and_the_critic_judges_them(env, kind):
    observation = observed(env)
    actor = build_actor(env.frame(), env.action_space, config_of(kind))
    actions = actor(observation, latent(env, 3, 50))
    assert np.all(env.action_space.contains(actions.numpy()))
    assert actor.exact_density == (kind == "autoregressive")
    logits = build_critic(env.frame(), config_of(kind))(observation, actions)
    assert logits.shape == (3, 50)
    assert np.all(np.isfinite(logits))


@every_environment
def test_latents_come_back_from_actions_with_the_density_they_were_drawn_with(env):
    actor = build_actor(env.frame(), env.action_space, config_of("autoregressive"))
    features, given = actor.encode(observed(env)), latent(env, 3, 40)
    actions, log_density, _ = actor.draw(features, given)
    inside = np.all(np.abs(actions) < env.action_space.high - 1e-4, axis=-1)
    assert inside.mean() > 0.3
    np.testing.assert_allclose(
        actor.latent_of(features, actions).numpy()[inside], given.numpy()[inside], atol=2e-3
    )
    np.testing.assert_allclose(
        actor.log_density(features, actions).numpy()[inside], log_density.numpy()[inside], atol=1e-3
    )


@every_environment
def test_beyond_the_space_there_is_no_density(env):
    actor = build_actor(env.frame(), env.action_space, config_of("autoregressive"))
    actions = np.zeros((3, 1, env.action_space.dim), np.float32)
    actions[..., -1] = 1.01 * env.action_space.high[-1]
    assert np.all(np.isneginf(actor.log_density(actor.encode(observed(env)), tf.constant(actions))))
