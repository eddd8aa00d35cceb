import numpy as np
import tensorflow as tf

from fag_tf.environments.toys.planar import Ring
from fag_tf.networks.base import Critic
from fag_tf.training.baselines.critic_search import CrossEntropySearch, FilteredUniform
from fag_tf.training.baselines.generators import GeneratorSampler

RING = Ring()


class RingCritic(Critic):
    """Knows the ring."""

    def encode(self, observation):
        return observation

    def logits(self, features, actions):
        radius = tf.norm(actions - features["centre"][:, None], axis=-1)
        inner, outer = tf.split(features["radii"], 2, axis=-1)
        return 50.0 * tf.minimum(radius - inner, outer - radius)


def rates(search):
    states = RING.draw_states(np.random.default_rng(0), 3)
    sampler = GeneratorSampler(search(RING.action_space, RingCritic()), RingCritic())
    actions, feasibility = sampler(RING.observe(states), 300, 5)
    assert actions.shape == (3, 300, 2)
    assert feasibility.shape == (3, 300)
    assert len(np.unique(actions[0], axis=0)) == 300
    return RING.feasibility(states, actions).mean(axis=1)


def test_what_is_found_on_a_right_critic_is_feasible():
    assert np.all(rates(CrossEntropySearch) > 0.95)
    assert np.all(rates(FilteredUniform) > 0.95)


def test_the_same_seed_gives_the_same_samples_and_another_others():
    states = RING.draw_states(np.random.default_rng(0), 1)
    sampler = GeneratorSampler(FilteredUniform(RING.action_space, RingCritic()), RingCritic())
    first, again, other = (sampler(RING.observe(states), 20, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
