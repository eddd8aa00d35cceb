import math

import numpy as np
import pytest
import tensorflow as tf

from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.networks.look_critic import LookCritic
from fag_tf.environments.planar_grasp.networks.scanning_actor import ScanningActor
from fag_tf.environments.toys.planar import Boxes, Moons
from fag_tf.errors import InputError
from fag_tf.networks.autoregressive import AutoregressiveActor
from fag_tf.networks.base import Critic
from fag_tf.networks.general_critic import GeneralCritic
from fag_tf.networks.mlp import MLPActor, MLPCritic
from fag_tf.objectives.mixtures import UniformActions
from fag_tf.training.build import build_learner
from fag_tf.training.replay_memory import ExperienceBatch
from fag_tf.training.step_values import StepSettings
from reference.tiny_runs import (
    as_graphs,
    eagerly,  # noqa: F401, used by all tests here
    tiny_config,
)

BOXES = Boxes(dim=2, num_boxes=1)
B, N, E = 3, 16, 24


def learner_of(*settings, environment=BOXES):
    return build_learner(tiny_config(*settings), environment)


def settings_of(**changes):
    values = {
        "bandwidth": 0.3,
        "divergence_weights": [1.0],
        "critic_gradient": 0.0,
        "actor_learning_rate": 1e-2,
        "critic_learning_rate": 1e-2,
    } | changes
    return StepSettings(**{name: tf.constant(value) for name, value in values.items()})


class Data:
    """Tensors for one step in three states."""

    def __init__(self, seed=0, environment=BOXES):
        rng = np.random.default_rng(seed)
        self.states = environment.draw_states(rng, B)
        self.observation = {
            name: tf.constant(array) for name, array in environment.observe(self.states).items()
        }
        actions = environment.action_space.sample(rng, (B, E))
        feasible = environment.feasibility(self.states, actions).astype(np.float32)
        offset = tf.constant([0.5, 0.0, -1.0])
        self.batch = ExperienceBatch(
            self.observation, tf.constant(actions), tf.constant(feasible), offset
        )
        self.latent = tf.constant(rng.uniform(-1, 1, (B, N, 2)).astype(np.float32))
        self.seed = tf.constant([seed, 1])


def weights_of(network):
    return [variable.numpy() for variable in network.trainable_variables]


def changed(before, network):
    return [
        np.any(a != b.numpy()) for a, b in zip(before, network.trainable_variables, strict=True)
    ]


# Making it --------------------------------------------------------------------------------------


def test_an_environment_without_networks_gets_the_general_ones_of_the_configured_size():
    learner = learner_of("actor.width=8", "actor.depth=3", "critic.width=12", "actor.latent_dim=5")
    assert isinstance(learner.actor, MLPActor)
    assert isinstance(learner.critic, MLPCritic)
    assert learner.actor.latent_dim == 5
    assert learner.actor.trainable_variables[2].shape == (8, 8)
    assert len(learner.actor.trainable_variables) == 8
    assert learner.critic.trainable_variables[2].shape == (12, 12)


def test_a_latent_is_as_large_as_an_action_or_larger():
    assert learner_of().actor.latent_dim == 2
    assert learner_of("actor.latent_dim=5").actor.latent_dim == 5
    with pytest.raises(InputError, match=r"actor\.latent_dim.*1.*2"):
        learner_of("actor.latent_dim=1")


def test_the_general_actor_is_autoregressive_unless_it_is_said():
    learner = learner_of("actor.kind=auto", "actor.width=8")
    assert isinstance(learner.actor, AutoregressiveActor)
    assert isinstance(learner.critic, GeneralCritic)
    assert isinstance(learner.averaged_actor, AutoregressiveActor)
    assert learner.actor.latent_dim == 2
    assert learner.actor.trainable_variables[0].shape[-1] == 8
    learner = learner_of("actor.kind=autoregressive")
    assert isinstance(learner.actor, AutoregressiveActor)
    with pytest.raises(InputError, match=r"actor\.latent_dim is 5.*0 or 2"):
        learner_of("actor.kind=autoregressive", "actor.latent_dim=5")


def test_an_environment_that_brings_networks_refuses_another_kind_of_actor():
    with pytest.raises(InputError, match=r"actor\.kind is autoregressive.*planar_grasp") as caught:
        learner_of("actor.kind=autoregressive", environment=PlanarGrasp(image_size=16))
    assert "\n" not in str(caught.value)


def test_an_environment_that_brings_networks_is_asked_for_them():
    learner = learner_of("actor.kind=auto", environment=PlanarGrasp(image_size=16))
    assert isinstance(learner.actor, ScanningActor)
    assert isinstance(learner.critic, LookCritic)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda self, config: None, "build_critic.*NoneType"),
        (lambda self, config: 1 / 0, "build_critic.*ZeroDivisionError"),
        (lambda self, config: Critic(), "'planar_grasp'.*NotImplementedError"),
    ],
)
def test_networks_that_an_environment_gets_wrong_are_told_in_one_line(build, message, monkeypatch):
    monkeypatch.setattr(PlanarGrasp, "build_critic", build)
    with pytest.raises(InputError, match=message) as caught:
        learner_of(environment=PlanarGrasp(image_size=16))
    assert "\n" not in str(caught.value)


# The critic -------------------------------------------------------------------------------------


def test_the_critics_loss_is_the_cross_entropy_with_the_offset_added():
    learner, data = learner_of(), Data()
    logit = learner.critic(data.observation, data.batch.actions).numpy().astype(float)
    logit += data.batch.log_odds_offset.numpy()[:, None]
    g = data.batch.feasibility.numpy()
    expected = np.mean(g * np.logaddexp(0, -logit) + (1 - g) * np.logaddexp(0, logit))
    report = learner.learn_critic(data.batch, settings_of())
    assert report["critic_loss"].numpy() == pytest.approx(expected, rel=1e-5)


def test_a_batch_divided_among_updates_teaches_as_its_parts_one_after_the_other():
    data, settings = Data(), settings_of()
    divided, one_by_one = (
        learner_of("trainer.batch=3", "critic.states=3", "critic.updates=3"),
        learner_of(),
    )
    whole = divided.learn_critic(data.batch, settings)
    losses = []
    for k in range(B):
        batch = tf.nest.map_structure(lambda tensor, k=k: tensor[k : k + 1], data.batch)
        losses.append(one_by_one.learn_critic(batch, settings)["critic_loss"])
    assert whole["critic_loss"].numpy() == pytest.approx(np.mean(losses), rel=1e-5)
    for one, other in zip(weights_of(divided.critic), weights_of(one_by_one.critic), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_critic_learns_and_nothing_else_does():
    learner, data = learner_of(), Data()
    actor, critic = weights_of(learner.actor), weights_of(learner.critic)
    losses = [
        learner.learn_critic(data.batch, settings_of())["critic_loss"].numpy() for _ in range(15)
    ]
    assert losses[-1] < 0.9 * losses[0]
    assert all(changed(critic, learner.critic))
    assert not any(changed(actor, learner.actor))


# The actor --------------------------------------------------------------------------------------


def learn_on_samples(learner, data, settings, feasibility=None):
    samples, log_r = learner.propose(data.observation, data.latent, settings.bandwidth, data.seed)
    if feasibility is None:
        verdicts = BOXES.feasibility(data.states, samples.numpy())
        feasibility = tf.constant(verdicts, tf.float32)
    return learner.learn_on_samples(
        data.observation, data.latent, samples, log_r, feasibility, settings
    )


def test_on_samples_the_actor_learns_and_the_critic_does_not():
    learner, data = learner_of(), Data()
    actor, critic = weights_of(learner.actor), weights_of(learner.critic)
    report = learn_on_samples(learner, data, settings_of())
    assert all(changed(actor, learner.actor))
    assert not any(changed(critic, learner.critic))
    assert set(report) >= {"feasible_volume", "effective_samples", "actor_gradient_norm"}
    assert all(np.isfinite(value) for value in report.values())


def test_on_the_critic_both_learn():
    learner, data = learner_of(), Data()
    actor, critic = weights_of(learner.actor), weights_of(learner.critic)
    report = learner.learn_on_critic(data.batch, data.latent, data.seed, settings_of())
    assert all(changed(actor, learner.actor))
    assert all(changed(critic, learner.critic))
    assert set(report) >= {"critic_loss", "critic_gradient_norm", "feasible_volume"}
    assert all(np.isfinite(value) for value in report.values())


def test_both_targets_move_the_actor_alike_if_the_critic_knows_the_truth():
    learner, data = learner_of(), Data()
    learner.averaged_critic.logits = lambda features, actions: (
        200.0 * tf.sign(0.5 - tf.abs(actions[..., 0]))
    )
    start = weights_of(learner.actor)
    learner.learn_critic = lambda *_: {}
    learner.learn_on_critic(data.batch, data.latent, data.seed, settings_of())
    on_critic = weights_of(learner.actor)

    other = learner_of()
    for weight, variable in zip(start, other.actor.trainable_variables, strict=True):
        variable.assign(weight)
    samples, _ = other.propose(data.observation, data.latent, tf.constant(0.3), data.seed)
    learn_on_samples(other, data, settings_of(), tf.cast(tf.abs(samples[..., 0]) < 0.5, tf.float32))
    for one, weight in zip(on_critic, weights_of(other.actor), strict=True):
        np.testing.assert_allclose(one, weight, atol=1e-4)


def test_the_actor_learns_on_the_critics_guide_whatever_its_verdict():
    weights = []
    for verdict in (-3.0, 3.0):
        learner, data = learner_of(), Data()
        learner.averaged_critic.guidance_logits = lambda features, actions: (
            5.0 - 10.0 * tf.abs(actions[..., 0])
        )
        learner.averaged_critic.logits = lambda features, actions, v=verdict: v * actions[..., 1]
        learner.learn_critic = lambda *_: {}
        settings = settings_of(critic_gradient=0.1)
        before = weights_of(learner.actor)
        learner.learn_on_critic(data.batch, data.latent, data.seed, settings)
        assert all(changed(before, learner.actor))
        weights.append(weights_of(learner.actor))
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_critics_own_gradient_alone_raises_its_verdict_on_the_actors_samples():
    learner, data = learner_of(), Data()
    for _ in range(10):
        learner.learn_critic(data.batch, settings_of())
    alone = settings_of(divergence_weights=[0.0], critic_gradient=1.0, critic_learning_rate=0.0)

    def verdict():
        return learner.logits(data.observation, learner.act(data.observation, data.latent))

    before = verdict()
    for _ in range(12):
        learner.learn_on_critic(data.batch, data.latent, data.seed, alone)
    assert np.mean(verdict()) > np.mean(before) + 0.1


@pytest.mark.slow
@pytest.mark.parametrize("compiled", ["false", "true"], ids=["graph", "compiled"])
def test_a_step_is_the_same_eagerly_as_a_graph_and_compiled(compiled):
    data, settings = Data(), settings_of()
    learners = learner_of(), learner_of(f"trainer.compile={compiled}")
    # One proposal for both: drawing around actions that differ in the last bit differs more.
    samples, log_r = learners[0].propose(data.observation, data.latent, 0.3, data.seed)
    feasible = tf.constant(BOXES.feasibility(data.states, samples.numpy()), tf.float32)
    reports = []
    for learner in learners:
        critic = learner.learn_critic(data.batch, settings)
        actor = learner.learn_on_samples(
            data.observation, data.latent, samples, log_r, feasible, settings
        )
        reports.append(critic | actor)
        as_graphs()
    for name, value in reports[0].items():
        np.testing.assert_allclose(reports[1][name], value, rtol=1e-3, err_msg=name)
    for part in ("actor", "critic"):
        one, other = (weights_of(getattr(learner, part)) for learner in learners)
        for a, b in zip(one, other, strict=True):
            # A bias's first step has the sign of the gradient: where that is 0 it may be either.
            assert np.mean(np.abs(a - b) > 1e-4) < 0.02


def test_acting_gives_actions_and_the_logits_of_them():
    learner, data = learner_of(), Data()
    actions = learner.act(data.observation, data.latent)
    logits = learner.logits(data.observation, actions)
    np.testing.assert_allclose(actions, learner.actor(data.observation, data.latent), atol=1e-6)
    np.testing.assert_allclose(
        logits, learner.averaged_critic(data.observation, actions), atol=1e-5
    )


class Stepping(MLPActor):
    """Passes through half its action on the way to it, and learns a bias that says "stop"."""

    def __init__(self, *args):
        super().__init__(*args)
        self.bias = self.add_weight(shape=(), initializer="zeros", name="bias")

    def trajectory(self, features, latent):
        action = self.act(features, latent)
        actions = tf.stack([0.5 * action, action], axis=2)
        return actions, self.stop_logits(features, actions)

    def stop_logits(self, features, path):
        return path[:, :, :1, 0] + self.bias


def test_an_action_on_the_way_that_the_critic_is_confident_of_is_where_a_sample_stays(monkeypatch):
    monkeypatch.setattr("fag_tf.training.build.MLPActor", Stepping)
    learner, data = learner_of("actor.critic_stop_probability=0.5"), Data()
    whole = learner.actor(data.observation, data.latent)
    halfway_logits = learner.averaged_critic(data.observation, 0.5 * whole)
    stays = halfway_logits.numpy() >= 0.0
    assert 0 < stays.sum() < stays.size
    actions = learner.act(data.observation, data.latent)
    np.testing.assert_allclose(actions, np.where(stays[..., None], 0.5 * whole, whole), atol=1e-6)


@pytest.mark.parametrize("target", ["critic", "environment"])
def test_where_to_stop_is_learnt_from_the_critic(monkeypatch, target):
    monkeypatch.setattr("fag_tf.training.build.MLPActor", Stepping)
    learner, data = learner_of(), Data()
    halfway = 0.5 * learner.actor(data.observation, data.latent)[:, ::8]
    believed = tf.reduce_mean(learner.averaged_critic(data.observation, halfway))
    logits = tf.reduce_mean(halfway[..., 0])
    still = settings_of(critic_learning_rate=0.0)
    if target == "critic":
        learner.learn_on_critic(data.batch, data.latent, data.seed, still)
    else:
        learn_on_samples(learner, data, still)
    moved = float(learner.actor.bias)
    assert abs(believed - logits) > 1e-3
    assert np.sign(moved) == np.sign(believed - logits)


def test_proposals_are_wider_than_the_estimate_by_the_configured_ratio():
    only_near = ("objective.uniform_weight=0", "objective.wide_weight=0")
    learner, data = learner_of("objective.proposal_ratio=2.0", *only_near), Data()
    samples, log_r = learner.propose(data.observation, data.latent, tf.constant(0.2), data.seed)
    assert samples.shape == (B, 16, 2)
    supports = learner.actor(data.observation, data.latent)
    expected = learner.objective.kernel.log_density(samples, supports, 0.4)
    np.testing.assert_allclose(log_r, expected, atol=1e-4)


class Cornered(MLPActor):
    """Begins in a quarter of the space."""

    def initial_distribution(self, features):
        return Corner(self.space, (B,))


class Corner(UniformActions):
    def _log_prob(self, value):
        inside = tf.reduce_all((value >= self.space.centre) & (value <= self.space.high), axis=-1)
        return tf.where(inside, -math.log(self.space.volume / 4.0), -np.inf)

    def _sample_n(self, n, seed=None):
        return 0.5 * (super()._sample_n(n, seed) + tf.cast(self.space.high, tf.float32))


def test_the_uniform_part_of_proposals_is_drawn_where_the_actor_begins(monkeypatch):
    monkeypatch.setattr("fag_tf.training.build.MLPActor", Cornered)
    only = ("objective.uniform_weight=1.0", "objective.wide_weight=0.0")
    learner, data = learner_of(*only), Data()
    samples, log_r = learner.propose(data.observation, data.latent, tf.constant(0.2), data.seed)
    assert np.all(samples.numpy() >= BOXES.action_space.centre)
    np.testing.assert_allclose(log_r, -math.log(BOXES.action_space.volume / 4.0), rtol=1e-5)


# Rates, clipping, averages ----------------------------------------------------------------------


def test_the_learning_rates_are_those_of_the_step():
    learner, data = learner_of(), Data()
    actor, critic = weights_of(learner.actor), weights_of(learner.critic)
    still = settings_of(actor_learning_rate=0.0, critic_learning_rate=0.0)
    learner.learn_on_critic(data.batch, data.latent, data.seed, still)
    assert not any(changed(actor, learner.actor) + changed(critic, learner.critic))
    # The first step of Adam moves a bias by the rate, if its gradient is not tiny.
    settings = settings_of(actor_learning_rate=3e-3)
    fresh = learner_of()
    actor = weights_of(fresh.actor)
    learn_on_samples(fresh, data, settings)
    moved = np.abs(actor[-1] - fresh.actor.trainable_variables[-1].numpy())
    np.testing.assert_allclose(moved, 3e-3, rtol=0.01)


def test_a_step_whose_gradient_is_not_a_number_leaves_the_weights_usable():
    learner, data = learner_of(), Data()
    observation = {name: tensor * np.nan for name, tensor in data.observation.items()}
    broken = data.batch._replace(observation=observation)
    actor, critic = weights_of(learner.actor), weights_of(learner.critic)
    report = learner.learn_on_critic(broken, data.latent, data.seed, settings_of())
    assert not np.isfinite(report["actor_gradient_norm"])
    assert not any(changed(actor, learner.actor) + changed(critic, learner.critic))
    report = learner.learn_on_critic(data.batch, data.latent, data.seed, settings_of())
    assert np.isfinite(report["actor_gradient_norm"])
    assert all(np.all(np.isfinite(weight)) for weight in weights_of(learner.actor))


def test_no_feasible_sample_anywhere_is_no_reason_to_move():
    learner, data = learner_of(), Data()
    actor = weights_of(learner.actor)
    report = learn_on_samples(learner, data, settings_of(), tf.zeros([B, 16]))
    assert report["actor_gradient_norm"] == 0.0
    assert report["feasible_volume"] == 0.0
    assert not any(changed(actor, learner.actor))


def test_the_averages_follow_the_weights():
    learner, data = learner_of("actor.average=0.2", "critic.average=0.3"), Data()
    pairs = (
        (learner.actor, learner.averaged_actor, 0.2),
        (learner.critic, learner.averaged_critic, 0.3),
    )
    averages = [weights_of(averaged)[-1] for _, averaged, _ in pairs]
    for step in range(1, 4):
        learner.learn_on_critic(data.batch, data.latent, data.seed, settings_of())
        for k, (online, averaged, most) in enumerate(pairs):
            decay = min(most, step / (step + 10.0))
            averages[k] = decay * averages[k] + (1 - decay) * weights_of(online)[-1]
            np.testing.assert_allclose(weights_of(averaged)[-1], averages[k], rtol=1e-5, atol=1e-7)
            assert any(changed(weights_of(averaged), online))


def test_samples_are_judged_by_the_averaged_critic():
    learner, data = learner_of("critic.average=0.5"), Data()
    for _ in range(3):
        learner.learn_critic(data.batch, settings_of())
    actions = data.batch.actions
    judged = learner.logits(data.observation, actions).numpy()
    np.testing.assert_allclose(
        judged, learner.averaged_critic(data.observation, actions), atol=1e-5
    )
    assert np.abs(judged - learner.critic(data.observation, actions)).max() > 1e-3


def test_periodic_spaces_learn_too():
    learner, data = learner_of(environment=Moons()), Data(environment=Moons())
    report = learner.learn_on_critic(data.batch, data.latent, data.seed, settings_of())
    assert all(np.isfinite(value) for value in report.values())
    assert report["actor_gradient_norm"] > 0.0
