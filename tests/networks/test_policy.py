import math

import numpy as np
import pytest
import tensorflow as tf

from fag_tf.config.networks import PolicyConfig
from fag_tf.environments.toys.planar import Moons
from fag_tf.errors import InputError
from fag_tf.latents import draw_latent
from fag_tf.networks.base import Actor, Critic
from fag_tf.networks.policy import Policy
from fag_tf.spaces import ActionSpace, ArraySpec, Axis
from fag_tf.training.build import build_learner
from reference.exact_families import TiltedActor
from reference.tiny_runs import tiny_config

MOONS = Moons()


class Stepping(Actor):
    """Passes through a third, two thirds and the whole of its latent; would stop right of 0.5."""

    latent_dim = 2
    refines = True

    def encode(self, observation):
        return observation["centre"]

    def initial_actions(self, features, latent):
        return latent / 3

    def trajectory(self, features, latent):
        actions = tf.stack([latent / 3, 2 * latent / 3, latent], axis=2)
        return actions, 100.0 * (actions[:, :, :-1, 0] - 0.5)


class Near(Critic):
    """The likelier the nearer to (0.6, 0)."""

    def encode(self, observation):
        return observation["centre"]

    def logits(self, features, actions):
        return 3.0 - 6.0 * tf.norm(actions - [0.6, 0.0], axis=-1)


STATE = {"centre": np.zeros((1, 2), np.float32)}


@pytest.fixture(scope="module")
def policy():
    learner = build_learner(tiny_config(), MOONS)
    return Policy(learner.actor, learner.critic)


@pytest.fixture(scope="module")
def observation():
    return MOONS.observe(MOONS.draw_states(np.random.default_rng(0), 3))


def test_a_policy_gives_actions_of_the_space_and_how_likely_each_is_feasible(policy, observation):
    actions, feasibility = policy(observation, 20, seed=1)
    assert actions.shape == (3, 20, 2)
    assert feasibility.shape == (3, 20)
    assert MOONS.action_space.contains(actions).all()
    assert np.all((feasibility > 0.0) & (feasibility < 1.0))
    logits = policy.critic(observation, actions).numpy()
    np.testing.assert_allclose(feasibility, 1.0 / (1.0 + np.exp(-logits)), atol=1e-5)


def test_serving_is_the_same_function_of_given_latents(policy, observation):
    latent = draw_latent(1, 3, 20, policy.actor.latent_dim)
    served = policy.serving(**observation, latent=tf.constant(latent))
    actions, feasibility = policy(observation, 20, seed=1)
    assert set(served) == {"action", "feasibility"}
    np.testing.assert_allclose(served["action"], actions, atol=1e-5)
    np.testing.assert_allclose(served["feasibility"], feasibility, atol=1e-5)


class Told(Stepping):
    """Remembers whether it was told that a compiler fuses what it computes."""

    def __init__(self):
        super().__init__()
        self.told = []

    def encode(self, observation):
        self.told.append(self.fused)
        return observation["centre"]


def test_what_is_exported_is_traced_for_running_operation_by_operation():
    policy = Policy(Told(), Near())
    latent = tf.zeros((1, 5, 2))
    policy.serving(**STATE, latent=latent)
    policy.sample(num_samples=tf.constant(5), seed=tf.constant([1, 2]), **STATE)
    policy(STATE, 5, seed=1)
    assert policy.actor.told == [False, False, True]
    assert policy.actor.fused
    assert policy.critic.fused


def test_a_seed_draws_the_same_actions_and_another_one_others(policy, observation):
    first, again, other = (policy(observation, 20, seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_sampling_draws_its_own_latents_from_a_seed(policy, observation):
    arguments = {"num_samples": tf.constant(50), **observation}
    first, again, other = (
        policy.sample(seed=tf.constant(seed), **arguments)["action"].numpy()
        for seed in ([1, 2], [1, 2], [1, 3])
    )
    assert first.shape == (3, 50, 2)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    # An untrained actor is about the identity: the samples spread over the space.
    assert np.all(np.abs(first / MOONS.action_space.half_range).max(axis=(0, 1)) > 0.8)


@pytest.fixture(scope="module")
def choosy(policy):
    return Policy(policy.actor, policy.critic, num_candidates=4, sharpness=20.0)


def resampled_by_hand(weights, share):
    """The candidate in whose part of the sum of the weights `share` of it lies."""
    return int(np.searchsorted(np.cumsum(weights), share * np.sum(weights), side="right"))


def test_a_sample_is_one_of_the_proposals_the_likelier_the_more_the_critic_believes_in_it(
    policy, choosy, observation
):
    latent = draw_latent(7, 3, 50, choosy.latent_dim)
    assert latent.shape[-1] == 4 * policy.latent_dim + 1
    of_actor = latent[..., :-1].reshape(3, 200, policy.latent_dim)
    proposed = policy.serving(**observation, latent=tf.constant(of_actor))
    actions = proposed["action"].numpy().reshape(3, 50, 4, 2)
    feasibility = proposed["feasibility"].numpy().reshape(3, 50, 4).astype(np.float64)
    chosen, believed = choosy(observation, 50, seed=7)
    for b, n in np.ndindex(3, 50):
        share = 0.5 * (latent[b, n, -1].astype(np.float64) + 1.0)
        k = resampled_by_hand(feasibility[b, n] ** 20.0, share)
        np.testing.assert_allclose(believed[b, n], feasibility[b, n, k], atol=1e-5)
        np.testing.assert_allclose(chosen[b, n], actions[b, n, k], atol=1e-5)


def test_many_samples_are_drawn_in_parts_that_change_nothing(choosy, observation):
    many, _ = choosy(observation, 1500, seed=3)
    latent = draw_latent(3, 3, 1500, choosy.latent_dim)
    served = choosy.serving(**observation, latent=tf.constant(latent))["action"]
    np.testing.assert_allclose(many, served, atol=1e-5)


def way_of(latent):
    """What `Stepping` passes through for latents `[..., 2]`: `[..., 3, 2]`."""
    return latent[..., None, :] * np.array([1 / 3, 2 / 3, 1.0])[:, None]


def ends_of(latent):
    """Where it stops for latents `[..., 2]`: the same shape."""
    way = way_of(latent)
    stops = 1 / (1 + np.exp(-100.0 * (way[..., 0] - 0.5))) >= 0.8
    stops[..., -1] = True
    return np.take_along_axis(way, stops.argmax(axis=-1)[..., None, None], axis=-2)[..., 0, :]


def test_a_sample_goes_no_farther_than_to_the_first_action_that_the_actor_is_confident_of():
    actions, feasibility = Policy(Stepping(), Near(), stop_probability=0.8)(STATE, 200, seed=2)
    ends = ends_of(draw_latent(2, 1, 200, 2)[0])
    np.testing.assert_allclose(actions[0], ends, atol=1e-5)
    likely = 1 / (1 + np.exp(6.0 * np.linalg.norm(ends - [0.6, 0.0], axis=-1) - 3.0))
    np.testing.assert_allclose(feasibility[0], likely, atol=1e-5)


class Crowded(Stepping):
    """Knows that its samples lie the denser the farther up."""

    def log_density_ratio(self, features, actions):
        return 2.0 * actions[..., 1]


def test_a_configuration_says_what_a_sample_is_chosen_from_and_how():
    choice = PolicyConfig(
        num_candidates=3, num_initial_candidates=5, sharpness=2.0, stop_probability=0.8
    )
    configured = Policy.configured(Crowded(), Near(), choice)
    by_hand = Policy(
        Crowded(),
        Near(),
        num_candidates=3,
        num_initial_candidates=5,
        sharpness=2.0,
        stop_probability=0.8,
    )
    for one, other in zip(configured(STATE, 50, 3), by_hand(STATE, 50, 3), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("candidates", "initial"), [(3, 0), (3, 4), (1, 2)])
def test_candidates_are_taken_less_often_where_the_actors_own_are_dense(candidates, initial):
    policy = Policy(Crowded(), Near(), candidates, initial, sharpness=2.0, stop_probability=0.8)
    assert policy.latent_dim == 2 * (candidates + initial) + 1
    actions, feasibility = policy(STATE, 200, seed=2)
    latent = draw_latent(2, 1, 200, policy.latent_dim)[0]
    ways = latent[:, :-1].reshape(200, candidates + initial, 2)
    offered = np.concatenate(
        [ends_of(ways[:, :candidates]), way_of(ways[:, candidates:])[:, :, 0]], axis=1
    )
    likely = 1 / (1 + np.exp(6.0 * np.linalg.norm(offered - [0.6, 0.0], axis=-1) - 3.0))
    weights = likely**2 / (candidates * np.exp(2.0 * offered[..., 1]) + initial)
    shares = 0.5 * (latent[:, -1].astype(np.float64) + 1.0)
    taken = [resampled_by_hand(w, share) for w, share in zip(weights, shares, strict=True)]
    assert len(set(taken)) == candidates + initial
    np.testing.assert_allclose(actions[0], offered[np.arange(200), taken], atol=1e-5)
    np.testing.assert_allclose(feasibility[0], likely[np.arange(200), taken], atol=1e-5)


def test_an_actor_without_steps_has_no_initial_candidates(policy):
    assert (
        Policy(policy.actor, policy.critic, num_candidates=3, num_initial_candidates=4).latent_dim
        == 7
    )


# An actor with an exact density -----------------------------------------------------------------


LINE = ActionSpace([Axis("a", -1.0, 2.0, "m")])
SEEN = {"state": np.float32([[0.3], [-0.8]])}


class Hump(Critic):
    """The likelier the nearer to 0.5."""

    def encode(self, observation):
        return observation["state"]

    def logits(self, features, actions):
        return 3.0 - 5.0 * tf.abs(actions[..., 0] - 0.5)


def hump(actions):
    return 1 / (1 + np.exp(5.0 * np.abs(actions - 0.5) - 3.0))


@pytest.fixture(scope="module")
def exact():
    actor = TiltedActor(LINE, {"state": ArraySpec((1,))}, 1)
    actor(SEEN, np.zeros((2, 1, 1), np.float32))
    return actor


def looking(actor, looks, sharpness=3.0, critic=None, uniform=0):
    return Policy(
        actor, critic or Hump(), num_candidates=6, num_initial_candidates=16, num_looks=looks,
        sharpness=sharpness, num_uniform_looks=uniform,
    )  # fmt: skip


def test_one_look_gives_the_actors_own_actions_with_their_exact_density(exact):
    policy = looking(exact, 1)
    assert policy.latent_dim == 1
    latent = draw_latent(3, 2, 200, 1)
    served = policy.serving(**SEEN, latent=latent)
    features = exact.encode(SEEN)
    np.testing.assert_allclose(served["action"], exact.act(features, latent), atol=1e-5)
    expected = exact.log_density(features, served["action"])
    np.testing.assert_allclose(served["log_density"], expected, atol=1e-5)
    likely = hump(served["action"].numpy()[..., 0])
    np.testing.assert_allclose(served["feasibility"], likely, atol=1e-5)


def test_of_several_looks_one_is_chosen_by_what_the_critic_believes_over_the_density(exact):
    policy = looking(exact, 3)
    assert policy.latent_dim == 4
    latent = draw_latent(5, 2, 300, 4)
    outputs = policy.serving(**SEEN, latent=latent)
    served = {name: values.numpy() for name, values in outputs.items()}
    features = exact.encode(SEEN)
    own = latent[..., :3].reshape(2, 900, 1)
    offered = exact.act(features, own).numpy().reshape(2, 300, 3)
    density = np.exp(exact.log_density(features, offered.reshape(2, 900, 1)).numpy().astype(float))
    density = density.reshape(2, 300, 3)
    weights = hump(offered.astype(float)) ** 3.0 / density
    counts = np.zeros(3, int)
    for b, n in np.ndindex(2, 300):
        k = resampled_by_hand(weights[b, n], 0.5 * (float(latent[b, n, -1]) + 1.0))
        counts[k] += 1
        assert served["action"][b, n, 0] == pytest.approx(offered[b, n, k], abs=1e-5)
        assert served["feasibility"][b, n] == pytest.approx(hump(offered[b, n, k]), abs=1e-5)
        share = weights[b, n, k] / weights[b, n].sum()
        expected = math.log(3.0 * density[b, n, k] * share)
        assert served["log_density"][b, n] == pytest.approx(expected, abs=1e-4)
    assert counts.min() > 100


def test_uniform_looks_are_weighted_over_the_density_of_the_mixture(exact):
    policy = looking(exact, 3, uniform=1)
    latent = draw_latent(5, 2, 300, 4)
    outputs = policy.serving(**SEEN, latent=latent)
    served = {name: values.numpy() for name, values in outputs.items()}
    features = exact.encode(SEEN)
    own = exact.act(features, latent[..., :2].reshape(2, 600, 1)).numpy().reshape(2, 300, 2)
    offered = np.concatenate([own, 0.5 + 1.5 * latent[..., 2:3]], axis=2)  # the space is [-1, 2]
    density = np.exp(exact.log_density(features, offered.reshape(2, 900, 1)).numpy().astype(float))
    mixed = (2.0 * density.reshape(2, 300, 3) + 1.0 / 3.0) / 3.0
    weights = hump(offered.astype(float)) ** 3.0 / mixed
    counts = np.zeros(3, int)
    for b, n in np.ndindex(2, 300):
        k = resampled_by_hand(weights[b, n], 0.5 * (float(latent[b, n, -1]) + 1.0))
        counts[k] += 1
        assert served["action"][b, n, 0] == pytest.approx(offered[b, n, k], abs=1e-5)
        expected = math.log(3.0 * mixed[b, n, k] * weights[b, n, k] / weights[b, n].sum())
        assert served["log_density"][b, n] == pytest.approx(expected, abs=1e-4)
    assert counts.min() > 100


def test_uniform_looks_are_actions_of_the_space_even_at_its_ends():
    space = ActionSpace([Axis("a", 0.0, math.pi / 4), Axis("b", 0.0, math.pi, periodic=True)])
    actor = TiltedActor(space, {"state": ArraySpec((1,))}, 2)
    actor(SEEN, np.zeros((2, 1, 2), np.float32))

    class AllAlike(Critic):
        def encode(self, observation):
            return observation

        def logits(self, features, actions):
            return tf.zeros_like(actions[..., 0])

    policy = Policy(actor, AllAlike(name="critic"), num_looks=2, num_uniform_looks=1)
    # The last latent chooses the last candidate, which is the uniform one.
    latent = np.stack([np.full((2, 5), side) for side in [0.0, 0.0, 1.0, 1.0, 1.0]], axis=-1)
    actions = policy.serving(**SEEN, latent=latent.astype(np.float32))["action"].numpy()
    assert np.all(actions[..., 0].astype(float) <= space.high[0])
    assert np.all(actions[..., 1].astype(float) < space.high[1])
    np.testing.assert_allclose(actions, np.broadcast_to(space.high, actions.shape), rtol=1e-6)


def test_an_autoregressive_actor_has_its_own_number_of_looks_and_sharpness():
    learner = build_learner(tiny_config("actor.kind=auto"), MOONS)
    policy = Policy.configured(learner.actor, learner.critic, PolicyConfig())
    assert (policy.num_candidates, policy.num_uniform, policy.sharpness) == (8, 2, 6.0)
    assert policy.latent_dim == 8 * 2 + 1
    few = PolicyConfig(num_looks=2, look_sharpness=1.0)
    policy = Policy.configured(learner.actor, learner.critic, few)
    assert (policy.num_candidates, policy.num_uniform, policy.sharpness) == (2, 0, 1.0)


def test_the_latents_of_actions_lead_back_to_them(observation):
    learner = build_learner(tiny_config("actor.kind=auto"), MOONS)
    policy = Policy(learner.actor, learner.critic, num_looks=3)
    actions, _ = policy(observation, 20, seed=1)
    latent = policy.latent_of(observation, actions)
    assert latent.shape == (3, 20, 2)
    again, _, _ = policy.map_latent(observation, latent)
    np.testing.assert_allclose(MOONS.action_space.difference(again, actions), 0.0, atol=1e-3)


def test_no_latent_belongs_to_an_action_of_an_implicit_actor(policy, observation):
    for method in (policy.latent_of, policy.map_latent):
        with pytest.raises(InputError, match="implicit"):
            method(observation, np.zeros((3, 1, 2)))


def summed(policy, values, parts=10, count=20_000):
    """Mean and standard error of values of actions and log densities, for each state."""
    means, squares = np.zeros(2), np.zeros(2)
    for seed in range(parts):
        served = policy.serving(**SEEN, latent=draw_latent(seed, 2, count, policy.latent_dim))
        found = values(served["action"].numpy()[..., 0], served["log_density"].numpy())
        means += found.mean(axis=1) / parts
        squares += (found**2).mean(axis=1) / parts
    return means, np.sqrt((squares - means**2) / (parts * count))


@pytest.mark.parametrize(("looks", "uniform"), [(1, 0), (2, 0), (5, 0), (4, 1), (5, 3)])
def test_one_over_the_stated_density_is_unbiased(exact, looks, uniform):
    """Its mean over the samples in an interval is then the length of the interval."""
    policy = looking(exact, looks, sharpness=1.0, uniform=uniform)
    for low, high in ((-1.0, -0.5), (0.3, 0.7), (1.5, 2.0), (-1.0, 2.0)):
        mean, error = summed(
            policy, lambda a, log_q, b=low, c=high: ((a >= b) & (a < c)) * np.exp(-log_q)
        )
        assert np.all(error < 0.05 * (high - low))
        assert np.all(np.abs(mean - (high - low)) < 4.5 * error)


def test_the_more_looks_the_more_samples_are_spread_as_the_critic_believes(exact):
    """The share right of the hump, against the target C^gamma and the actor's own share."""
    grid = np.linspace(-1.0, 2.0, 3001)
    target = hump(grid) ** 3.0
    expected = target[grid > 1.0].sum() / target.sum()
    apart = []
    for looks in (1, 2, 32):
        policy = looking(exact, looks)
        share, error = summed(policy, lambda a, _: (a > 1.0).astype(float), 3, 10_000)
        apart.append(np.abs(share - expected))
    assert np.all(apart[0] > 0.1)
    assert np.all(apart[1] < apart[0])
    assert np.all(apart[2] < 0.02 + 4 * error)


class Knowing(TiltedActor):
    """Knows the logits of its own actions."""

    def draw(self, features, latent):
        return super().draw(features, latent)._replace(known=7.0 * latent[..., 0])


class Believing(Hump):
    """Believes what the actor knows."""

    def logits_of(self, observation, drawn):
        return drawn.known


def test_what_an_actor_knows_of_its_actions_is_told_to_the_critic():
    actor = Knowing(LINE, {"state": ArraySpec((1,))}, 1)
    latent = draw_latent(3, 2, 50, 1)
    served = looking(actor, 1, critic=Believing()).serving(**SEEN, latent=latent)
    expected = 1 / (1 + np.exp(-7.0 * latent[..., 0]))
    np.testing.assert_allclose(served["feasibility"], expected, atol=1e-5)


def test_an_implicit_actor_states_no_density_and_has_no_looks(policy):
    assert Policy(policy.actor, policy.critic, num_candidates=3, num_looks=5).latent_dim == 7


class Even(Actor):
    """Even over the square from -1 to 1, with that exact density."""

    latent_dim = 2
    exact_density = True

    def encode(self, observation):
        return observation["centre"]

    def act(self, features, latent):
        return latent

    def log_density(self, features, actions):
        return tf.fill(tf.shape(actions)[:-1], -np.log(4.0).astype(np.float32))


class Never(Critic):
    """Says no with logits of some thousands, each as different as rounding makes it."""

    def encode(self, observation):
        return observation["centre"]

    def logits(self, features, actions):
        return -3000.0 + 0.1 * actions[..., 0]


def test_the_choice_among_hopeless_actions_does_not_follow_the_rounding_of_their_logits():
    latent = draw_latent(1, 1, 200, 5)
    drawn = Policy(Even(), Never(), num_looks=2, sharpness=24.0).serving(**STATE, latent=latent)
    first = latent[..., -1:] < 0.0
    expected = np.where(first, latent[..., :2], latent[..., 2:4])
    np.testing.assert_allclose(drawn["action"], expected, atol=1e-6)
    np.testing.assert_allclose(drawn["log_density"], -np.log(4.0), atol=1e-4)


def test_one_over_the_density_of_a_choice_is_the_area_on_average():
    latent = draw_latent(2, 1, 40_000, 7)
    drawn = Policy(Even(), Near(), num_looks=3, sharpness=0.3).serving(**STATE, latent=latent)
    weight = np.exp(-drawn["log_density"].numpy()[0])
    error = np.std(weight) / np.sqrt(len(weight))
    assert error < 0.1
    assert np.mean(weight) == pytest.approx(4.0, abs=4 * error)
