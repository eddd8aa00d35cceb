"""An actor with an exact density learns in the same loop as one with a kernel density."""

import numpy as np
import pytest
import tensorflow as tf

from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.networks.scanning_actor import ScanningActor
from fag_tf.environments.toys.planar import Boxes
from fag_tf.networks.base import as_tensors
from fag_tf.networks.mlp import MLPActor
from fag_tf.training.actor_density import actor_log_density, exact_distribution
from fag_tf.training.build import build_learner, build_trainer
from fag_tf.training.replay_memory import ExperienceBatch
from fag_tf.training.step_values import StepSettings
from reference.exact_families import TiltedActor
from reference.scan_scenes import stirred
from reference.tiny_runs import as_graphs, eagerly, tiny_config  # noqa: F401, used by all tests

BOXES = Boxes(dim=2, num_boxes=1)
B, N, E = 3, 16, 24


@pytest.fixture
def tilted(monkeypatch):
    monkeypatch.setattr("fag_tf.training.build.MLPActor", TiltedActor)


def learner_of(*settings):
    return build_learner(tiny_config("trainer.batch=3", *settings), BOXES)


def settings_of(**changes):
    values = {
        "bandwidth": 0.3,
        "divergence_weights": [1.0],
        "critic_gradient": 0.0,
        "actor_learning_rate": 1e-2,
        "critic_learning_rate": 0.0,
    } | changes
    return StepSettings(**{name: tf.constant(value) for name, value in values.items()})


class Data:
    """Tensors for one step in three states."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.states = BOXES.draw_states(rng, B)
        self.observation = {
            name: tf.constant(array) for name, array in BOXES.observe(self.states).items()
        }
        actions = BOXES.action_space.sample(rng, (B, E))
        feasible = BOXES.feasibility(self.states, actions).astype(np.float32)
        self.batch = ExperienceBatch(
            self.observation, tf.constant(actions), tf.constant(feasible), tf.zeros([B])
        )
        self.latent = tf.constant(rng.uniform(-1, 1, (B, N, 2)).astype(np.float32))
        self.seed = tf.constant([seed, 1])


def weights_of(network):
    return [variable.numpy() for variable in network.trainable_variables]


def stepped(data, settings, *options):
    """The actor's weights after one step on the critic, and the figures of the step."""
    learner = learner_of(*options)
    before = weights_of(learner.actor)
    report = learner.learn_on_critic(data.batch, data.latent, data.seed, settings)
    after = weights_of(learner.actor)
    assert any(np.any(a != b) for a, b in zip(before, after, strict=True))
    return after, report


def test_the_density_is_the_kernels_for_an_implicit_actor_and_its_own_for_an_exact_one():
    learner, data = learner_of(), Data()
    features = learner.actor.encode(data.observation)
    supports = learner.actor.act(features, data.latent)
    assert isinstance(learner.actor, MLPActor)
    assert exact_distribution(learner.actor, features, BOXES.action_space, B) is None
    arguments = (learner.objective, features, supports, data.batch.actions, 0.2)
    found = actor_log_density(learner.actor, *arguments)
    expected = learner.objective.kernel_log_density(supports, data.batch.actions, 0.2)
    np.testing.assert_array_equal(found, expected)

    exact = TiltedActor(BOXES.action_space, BOXES.observation_spec, 2)
    features = exact.encode(data.observation)
    arguments = (learner.objective, features, supports, data.batch.actions, 0.2)
    found = actor_log_density(exact, *arguments)
    np.testing.assert_array_equal(found, exact.log_density(features, data.batch.actions))
    distribution = exact_distribution(exact, features, BOXES.action_space, B)
    points = tf.transpose(data.batch.actions, [1, 0, 2])
    np.testing.assert_allclose(
        tf.transpose(distribution.log_prob(points)), found, rtol=1e-5, atol=1e-6
    )


@pytest.mark.usefixtures("tilted")
def test_an_exact_actor_learns_on_either_target():
    data = Data()
    _, report = stepped(data, settings_of())
    assert all(np.isfinite(value) for value in report.values())
    learner = learner_of()
    before = weights_of(learner.actor)
    samples, log_r = learner.propose(data.observation, data.latent, tf.constant(0.3), data.seed)
    feasible = tf.constant(BOXES.feasibility(data.states, samples.numpy()), tf.float32)
    report = learner.learn_on_samples(
        data.observation, data.latent, samples, log_r, feasible, settings_of()
    )
    assert all(np.isfinite(value) for value in report.values())
    after = weights_of(learner.actor)
    assert any(np.any(a != b) for a, b in zip(before, after, strict=True))


@pytest.mark.usefixtures("tilted")
def test_half_of_an_exact_actors_proposals_are_its_own_actions():
    learner, data = learner_of(), Data()
    samples, log_r = learner.propose(data.observation, data.latent, tf.constant(0.1), data.seed)
    features = learner.actor.encode(data.observation)
    supports = learner.actor.act(features, data.latent)
    own = np.exp(learner.actor.log_density(features, samples))
    wide = np.exp(learner.objective.kernel.log_density(samples, supports, 0.15))
    inside = BOXES.action_space.contains(samples.numpy()) / BOXES.action_space.volume
    np.testing.assert_allclose(log_r, np.log(0.5 * own + 0.25 * wide + 0.25 * inside), atol=1e-4)


@pytest.mark.usefixtures("tilted")
def test_the_critics_own_gradient_does_not_move_an_exact_actor():
    data = Data()
    without, _ = stepped(data, settings_of())
    with_it, _ = stepped(data, settings_of(critic_gradient=10.0))
    for one, other in zip(without, with_it, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("tilted")
def test_an_exact_density_has_no_bandwidth():
    data = Data()
    results = [
        stepped(data, settings_of(bandwidth=bandwidth), "objective.wide_weight=0.0")[0]
        for bandwidth in (0.05, 0.5)
    ]
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("tilted")
def test_a_step_reports_what_the_critic_believes_of_the_actors_own_samples():
    learner, data = learner_of("objective.num_samples=4096"), Data()
    stirred(learner.averaged_critic, 1.0)
    latent = np.random.default_rng(2).uniform(-1, 1, (B, 8192, 2)).astype(np.float32)
    actions = learner.actor(data.observation, latent)
    expected = learner.averaged_critic(data.observation, actions).numpy()
    expected = (1.0 / (1.0 + np.exp(-expected))).mean()
    anywhere = BOXES.action_space.sample(np.random.default_rng(3), (B, 8192)).astype(np.float32)
    uniform = tf.reduce_mean(tf.sigmoid(learner.averaged_critic(data.observation, anywhere)))
    report = learner.learn_on_belief(data.observation, data.latent, data.seed, settings_of())
    assert abs(uniform - expected) > 0.03
    np.testing.assert_allclose(report["believed"], expected, atol=0.01)


@pytest.mark.usefixtures("tilted")
def test_a_step_is_the_same_eagerly_as_a_graph_and_compiled():
    data, settings = Data(), settings_of()
    samples, log_r = learner_of().propose(data.observation, data.latent, 0.3, data.seed)
    feasible = tf.constant(BOXES.feasibility(data.states, samples.numpy()), tf.float32)
    results = []
    for compiled in ("eager", "false", "true"):
        learner = learner_of(*([] if compiled == "eager" else [f"trainer.compile={compiled}"]))
        report = learner.learn_on_samples(
            data.observation, data.latent, samples, log_r, feasible, settings
        )
        results.append((report, weights_of(learner.actor)))
        as_graphs()
    (report, weights), *others = results
    for other_report, other_weights in others:
        for name, value in report.items():
            np.testing.assert_allclose(other_report[name], value, rtol=1e-3, err_msg=name)
        for one, other in zip(weights, other_weights, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.usefixtures("tilted")
@pytest.mark.parametrize("compiled", ["false", "true"], ids=["graph", "compiled"])
def test_a_step_on_the_critic_runs_as_users_run_it(compiled):
    as_graphs()
    _, report = stepped(Data(), settings_of(), f"trainer.compile={compiled}")
    assert all(np.isfinite(value) for value in report.values())


@pytest.mark.slow
def test_an_autoregressive_actor_learns_in_the_loop_what_is_feasible():
    as_graphs()
    config = tiny_config(
        "actor.kind=autoregressive",
        "actor.width=32",
        "actor.depth=1",
        "actor.learning_rate=0.01",
        "critic.width=32",
        "critic.learning_rate=0.005",
        "critic.warmup_steps=50",
        "objective.num_samples=128",
        "collect.states=16",
        "collect.initial_states=64",
        "collect.every=10",
        "memory.capacity=1000",
        "trainer.steps=100",
    )
    trainer = build_trainer(config)
    states = BOXES.draw_states(np.random.default_rng(7), 16)
    latent = np.random.default_rng(8).uniform(-1, 1, (16, 256, 2)).astype(np.float32)

    def feasible_rate():
        tensors = as_tensors(BOXES.observe(states))
        actions = trainer.learner.averaged_actor(tensors, tf.constant(latent)).numpy()
        return BOXES.feasibility(states, actions).mean()

    before = feasible_rate()
    trainer.run()
    assert before < 0.2
    assert feasible_rate() > 2.0 * before


# The scanning actor -----------------------------------------------------------------------------


GRASPS = PlanarGrasp(image_size=32)


def grasp_learner(compiled):
    """A learner whose averaged critic has beliefs of its own, and data for a step."""
    config = tiny_config(
        "env=planar_grasp",
        "env_options={image_size=32}",
        "actor.kind=scanning",
        "actor.width=24",
        "actor.depth=1",
        "critic.width=24",
        "critic.depth=1",
        "actor.average=0.0",
        "objective.num_samples=128",
        f"trainer.compile={compiled}",
    )
    learner = build_learner(config, GRASPS)
    # Some grasps it believes in, most others it does not.
    doubt = stirred(learner.averaged_critic, 0.5).trainable_variables[-1]
    doubt.assign_sub(3.0 * tf.one_hot(0, doubt.shape[0]))
    states = GRASPS.draw_states(np.random.default_rng(0), 4)
    observation = {name: tf.constant(array) for name, array in GRASPS.observe(states).items()}
    latent = tf.constant(np.random.default_rng(1).uniform(-1, 1, (4, 64, 3)), tf.float32)
    return learner, observation, latent


@pytest.mark.slow
def test_a_scanning_actor_learns_what_a_compiled_critic_believes():
    """The critic is compiled, inside a step that is not, as the scan has no fixed sizes."""
    as_graphs()
    learner, observation, latent = grasp_learner("true")
    assert isinstance(learner.actor, ScanningActor)

    def believed():
        actions = learner.actor(observation, latent)
        return tf.reduce_mean(tf.sigmoid(learner.averaged_critic(observation, actions))).numpy()

    before, critic = believed(), weights_of(learner.averaged_critic)
    settings, losses = settings_of(), []
    for step in range(30):
        report = learner.learn_on_belief(observation, latent, tf.constant([step, 1]), settings)
        assert all(np.isfinite(value) for value in report.values())
        losses.append(float(report["imitation_loss"]))
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])
    assert believed() > before + 0.15
    for one, other in zip(critic, weights_of(learner.averaged_critic), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_step_of_a_scanning_actor_is_the_same_with_a_compiled_critic():
    reports = []
    for compiled in ("eager", "false", "true"):
        learner, observation, latent = grasp_learner("false" if compiled == "eager" else compiled)
        seed, settings = tf.constant([3, 1]), settings_of()
        reports.append(learner.learn_on_belief(observation, latent, seed, settings))
        as_graphs()
    report, *others = reports
    for other in others:
        assert other.keys() == report.keys()
        for name, value in report.items():
            np.testing.assert_allclose(other[name], value, rtol=0.02, err_msg=name)


def test_a_scanning_actor_learns_where_nothing_can_be_held():
    """A state without holds gives no gradient, and no number that is not finite."""
    learner, observation, latent = grasp_learner("false")
    empty = {**observation, "image": tf.zeros_like(observation["image"])}
    before = weights_of(learner.actor)
    report = learner.learn_on_belief(empty, latent, tf.constant([0, 1]), settings_of())
    assert all(np.isfinite(value) for value in report.values())
    assert report["imitation_loss"] == 0.0
    assert report["actor_gradient_norm"] == 0.0
    some = {name: tf.concat([x[:2], empty[name][2:]], axis=0) for name, x in observation.items()}
    report = learner.learn_on_belief(some, latent, tf.constant([0, 1]), settings_of())
    assert report["actor_gradient_norm"] > 0.0
    after = weights_of(learner.actor)
    assert any(np.any(a != b) for a, b in zip(before, after, strict=True))
