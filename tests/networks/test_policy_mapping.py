import numpy as np
import pytest

from fag_tf.environments.toys.planar import Moons
from fag_tf.networks.policy import Policy
from fag_tf.training.build import build_learner
from reference.tiny_runs import tiny_config

MOONS = Moons()


@pytest.fixture(scope="module")
def policy_of_moons():
    learner = build_learner(tiny_config("actor.kind=auto"), MOONS)
    return Policy(learner.actor, learner.critic, num_looks=3)


@pytest.fixture(scope="module")
def observation():
    return MOONS.observe(MOONS.draw_states(np.random.default_rng(0), 3))


def latents(seed, count):
    return np.random.default_rng(seed).uniform(-0.99, 0.99, (3, count, 2)).astype(np.float32)


def test_each_latent_is_one_action_and_each_action_has_its_latent(policy_of_moons, observation):
    latent = latents(1, 40)
    actions, feasibility, log_density = policy_of_moons.map_latent(observation, latent)
    assert actions.shape == (3, 40, 2)
    assert feasibility.shape == log_density.shape == (3, 40)
    assert np.all((feasibility > 0.0) & (feasibility < 1.0))
    np.testing.assert_allclose(policy_of_moons.latent_of(observation, actions), latent, atol=1e-3)


def test_an_axis_increases_with_its_own_latent(policy_of_moons, observation):
    latent = latents(2, 2)[:, :1].repeat(50, axis=1)
    for axis in range(2):
        along = latent.copy()
        along[..., axis] = np.linspace(-1.0, 1.0, 50)
        actions, _, _ = policy_of_moons.map_latent(observation, along)
        assert np.all(np.diff(actions[..., axis]) >= 0.0)


def test_the_density_is_that_of_the_map(policy_of_moons, observation):
    """The area that a small square of latents becomes is its share over the density."""
    latent, step = latents(3, 30), 1e-2
    sides = []
    for axis in range(2):
        ends = []
        for sign in (-1.0, 1.0):
            moved = latent.copy()
            moved[..., axis] += sign * step
            moved = np.clip(moved, -1.0, 1.0)
            ends.append(policy_of_moons.map_latent(observation, moved)[0].astype(float))
        sides.append((ends[1] - ends[0]) / (2.0 * step))
    jacobian = np.stack(sides, axis=-1)
    log_area = np.log(np.abs(np.linalg.det(jacobian)))
    inside = np.all(np.abs(latent) < 0.98, axis=-1)
    _, _, log_density = policy_of_moons.map_latent(observation, latent)
    apart = (log_density - (-2.0 * np.log(2.0) - log_area))[inside]
    assert np.median(np.abs(apart)) < 0.02
