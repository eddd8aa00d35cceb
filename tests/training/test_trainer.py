import numpy as np
import pytest
import tensorflow as tf

from fag_tf.environments.validation import violation
from fag_tf.errors import InputError, TrainingFailedError
from fag_tf.training.build import build_trainer
from fag_tf.training.feasibility_checks import SerialChecks
from fag_tf.training.random_streams import Purpose, stream_of
from reference.least_environment import Least
from reference.tiny_runs import (
    as_graphs,
    assert_same_state,
    eagerly,  # noqa: F401, used by all tests here
    state_of,
    tiny_config,
)

both_targets = pytest.mark.parametrize("target", ["critic", "environment"])


def trained(*settings, **callbacks):
    trainer = build_trainer(tiny_config(*settings))
    trainer.run(**callbacks)
    return trainer


class Watched:
    """An environment that keeps what it is asked for."""

    def __init__(self, environment):
        self._environment = environment
        self.asked = []

    def __getattr__(self, name):
        return getattr(self._environment, name)

    def feasibility(self, states, actions):
        self.asked.append(np.array(actions))
        return self._environment.feasibility(states, actions)


def collect(trainer):
    """One whole round; returns its figures."""
    trainer.begin_collecting()
    return trainer.finish_collecting()


def two_rounds(trainer):
    """The first round's states may be there already."""
    collect(trainer)
    collect(trainer)


def watched(*settings):
    trainer = build_trainer(tiny_config(*settings))
    trainer.environment = trainer.collector.environment = Watched(trainer.environment)
    trainer.collector.checks = SerialChecks(trainer.environment)
    return trainer


def test_a_memory_that_the_machine_cannot_hold_is_refused_at_once():
    with pytest.raises(InputError, match=r"memory\.capacity.*1000000000000.*GiB"):
        build_trainer(tiny_config("memory.capacity=1000000000000"))


@pytest.mark.parametrize("method", ["draw_states", "observe", "feasibility"])
@pytest.mark.parametrize("fault", [SystemExit, RuntimeError, None])
def test_an_environment_that_fails_later_is_told_in_one_line(method, fault, monkeypatch):
    trainer = trained("trainer.steps=1")

    def failing(*_):
        if fault is not None:
            raise fault("the robot is off")

    monkeypatch.setattr(trainer.environment, method, failing)
    with pytest.raises(InputError, match=f"'boxes'.*{method}") as caught:
        two_rounds(trainer)
    assert "\n" not in str(caught.value)


# The loop ---------------------------------------------------------------------------------------


@both_targets
def test_a_run_of_either_target_reports_numbers(target):
    reports = []
    trainer = trained(f"trainer.target={target}", "trainer.steps=7", report=reports.append)
    assert trainer.step == 7
    assert trainer.progress == 1.0
    assert [report["step"] for report in reports] == [2, 4, 6, 7]
    wanted = {"critic_loss", "interactions", "steps_per_second"}
    assert all(wanted <= set(report) for report in reports)
    assert {"feasible_volume", "effective_samples", "feasible_rate"} <= set(reports[-1])
    for report in reports:
        assert all(isinstance(value, int | float) for value in report.values())
        assert all(np.isfinite(value) for value in report.values())
    assert all(np.all(np.isfinite(array)) for array in state_of(trainer).values())


@pytest.mark.parametrize("network", ["actor", "critic"])
def test_a_network_that_gives_no_numbers_any_more_stops_the_run(network):
    trainer = build_trainer(tiny_config("trainer.steps=7"))
    variable = getattr(trainer.learner, network).trainable_variables[0]
    variable.assign(np.full(variable.shape, np.nan, np.float32))
    reports = []
    with pytest.raises(InputError, match=r"step 2\b.*actor\.learning_rate"):
        trainer.run(report=reports.append)
    assert not reports


@both_targets
def test_the_same_configuration_twice_gives_the_same_weights_bit_by_bit(target):
    settings = (f"trainer.target={target}", "trainer.steps=5")
    assert_same_state(state_of(trained(*settings)), state_of(trained(*settings)))


@pytest.mark.slow
@both_targets
def test_graphs_give_the_same_weights_bit_by_bit_too(target):
    as_graphs()  # compiled: see the tests of runs
    settings = (f"trainer.target={target}", "trainer.steps=20")
    assert_same_state(state_of(trained(*settings)), state_of(trained(*settings)))


def test_another_seed_gives_other_weights_and_experiences():
    one, other = state_of(trained()), state_of(trained("seed=1"))
    assert np.any(one["actor.0"] != other["actor.0"])
    assert np.any(one["memory.actions"] != other["memory.actions"])


def test_networks_learn_the_scale_of_the_first_experience_and_keep_it():
    trainer = build_trainer(tiny_config("actor.kind='auto'", "trainer.steps=3"))
    learner, first = trainer.learner, []

    def scales(network):
        return [variable.numpy() for variable in network.non_trainable_variables]

    trainer.run(stop=lambda: first.append(scales(learner.actor)))
    observed = trainer.memory.observations(1 << 20)
    mean, rate = first[0][:2]
    flat = np.concatenate([observed[name].reshape(-1, 2) for name in sorted(observed)], axis=-1)
    assert mean.shape == rate.shape == (flat.shape[-1],)
    assert (rate > 1.5).all()  # boxes are within [-1, 1]
    for network in (learner.actor, learner.critic, learner.averaged_actor, learner.averaged_critic):
        for one, other in zip(scales(network), first[0], strict=True):
            np.testing.assert_array_equal(one, other)


def test_during_the_warmup_only_the_critic_learns():
    trainer = build_trainer(tiny_config("critic.warmup_steps=4", "trainer.steps=5"))
    before = state_of(trainer)
    moved = []

    def note():
        after = state_of(trainer)
        moved.append((trainer.step, np.any(after["actor.0"] != before["actor.0"])))
        return False

    trainer.run(stop=note)
    assert moved == [(1, False), (2, False), (3, False), (4, False), (5, True)]
    assert np.any(state_of(trainer)["critic.0"] != before["critic.0"])


def test_checkpoints_are_asked_for_on_time_and_at_the_end():
    asked = []
    trainer = build_trainer(tiny_config("trainer.steps=10"))
    trainer.run(checkpoint=lambda: asked.append(trainer.step))
    assert asked == [4, 8, 10]


def test_a_stop_ends_after_the_step_with_a_checkpoint_and_running_on_finishes():
    asked = []
    trainer = build_trainer(tiny_config())
    trainer.run(checkpoint=lambda: asked.append(trainer.step), stop=lambda: trainer.step == 3)
    assert (trainer.step, asked) == (3, [3])
    trainer.run()
    assert_same_state(state_of(trainer), state_of(trained()))


def test_schedules_follow_the_progress():
    trainer = build_trainer(
        tiny_config(
            "trainer.steps=4",
            "objective.bandwidth={start=0.4, end=0.1, shape='linear', finish=1.0}",
            "objective.divergence={kl_forward={start=1.0, end=0.0}, jensen_shannon=0.5}",
            "objective.critic_gradient={start=0.0, end=0.2, shape='linear', finish=1.0}",
            "actor.learning_rate={start=4e-3, end=2e-3, shape='linear', begin=0.0}",
            "critic.learning_rate=5e-3",
        )
    )
    trainer.step = 1
    settings = trainer._settings()
    assert settings.bandwidth.numpy() == pytest.approx(0.325)
    np.testing.assert_allclose(settings.divergence_weights, [0.75, 0.5])
    assert settings.critic_gradient.numpy() == pytest.approx(0.05)
    assert settings.actor_learning_rate.numpy() == pytest.approx(3.5e-3)
    assert settings.critic_learning_rate.numpy() == pytest.approx(5e-3)


def test_the_bandwidth_of_an_axis_is_a_multiple_of_the_others():
    wide = build_trainer(tiny_config("objective.bandwidth=0.2", "objective.axis_bandwidth={1=3.0}"))
    np.testing.assert_allclose(wide._settings().bandwidth, [0.2, 0.6], rtol=1e-6)
    name = wide.environment.action_space.axes[0].name
    named = build_trainer(
        tiny_config("objective.bandwidth=0.2", f"objective.axis_bandwidth={{{name}=2}}")
    )
    np.testing.assert_allclose(named._settings().bandwidth, [0.4, 0.2], rtol=1e-6)
    wide.run()
    with pytest.raises(InputError, match=r"axis_bandwidth.*'z'.*0 to 1"):
        build_trainer(tiny_config("objective.axis_bandwidth={z=3.0}"))
    with pytest.raises(InputError, match=r"axis_bandwidth\.1.*0\.0"):
        tiny_config("objective.axis_bandwidth={1=0.0}")


# Collecting -------------------------------------------------------------------------------------


def test_interactions_on_the_critic_are_those_of_collecting():
    trainer = watched("collect.initial_states=10", "trainer.steps=7")
    trainer.run()
    # Three rounds of four states hold the first ten; then one before steps 0, 2, 4 and 6.
    assert trainer.collected_rounds == 3 + 4
    assert trainer.interactions == 7 * 4 * 32
    assert trainer.interactions == sum(
        actions[..., 0].size for actions in trainer.environment.asked
    )
    assert trainer.memory.added == 28


def test_interactions_on_the_environment_count_its_samples_too():
    trainer = watched("trainer.target=environment", "trainer.steps=7", "critic.warmup_steps=2")
    trainer.run()
    assert trainer.interactions == (3 + 4) * 4 * 32 + 5 * 4 * 16
    assert trainer.interactions == sum(
        actions[..., 0].size for actions in trainer.environment.asked
    )


def test_collecting_ends_when_it_is_configured_to():
    trainer = trained("collect.until=0.5", "trainer.steps=8", "collect.every=1")
    assert trainer.collected_rounds == 3 + 4


@pytest.mark.parametrize(("most", "rounds"), [(200, 1), (5 * 128, 5), (5 * 128 + 127, 5)])
def test_collecting_ends_before_it_would_pass_its_limit(most, rounds):
    trainer = trained(f"collect.max_interactions={most}", "trainer.steps=8", "collect.every=1")
    assert trainer.step == 8
    assert (trainer.collected_rounds, trainer.interactions) == (rounds, rounds * 128)


def test_what_is_remembered_is_what_the_environment_said():
    trainer = watched("env=moons", "env_options={}")
    collect(trainer)
    space, arrays = trainer.environment.action_space, trainer.memory.state_arrays()
    np.testing.assert_array_equal(arrays["actions"], trainer.environment.asked[0])
    angle = arrays["actions"][..., 1]
    assert np.all((angle >= np.float32(space.low[1])) & (angle <= np.float32(space.high[1])))
    states = trainer.environment.draw_states(stream_of(trainer.config.seed, Purpose.COLLECT)(0), 4)
    np.testing.assert_array_equal(
        arrays["feasibility"], trainer.environment.feasibility(states, arrays["actions"])
    )
    for name, array in trainer.environment.observe(states).items():
        np.testing.assert_array_equal(arrays[f"observation.{name}"], array)


def test_every_round_and_every_step_draws_anew():
    trainer = trained("memory.capacity=100", "critic.warmup_steps=0")
    centres = trainer.memory.state_arrays()["observation.centres"].reshape(-1, 2)
    assert len(np.unique(centres, axis=0)) == len(centres) == trainer.memory.added
    drawn = []
    trainer.learner.learn_on_critic = lambda *arguments: drawn.append(arguments) or {}
    for trainer.step in range(3):
        trainer.learn()
    for part in (lambda a: a[0].actions, lambda a: a[1], lambda a: a[2]):
        tensors = [part(arguments).numpy() for arguments in drawn]
        assert not np.array_equal(tensors[0], tensors[1])
        assert not np.array_equal(tensors[1], tensors[2])


def test_figures_of_a_round_are_of_the_actors_own_actions():
    trainer = watched("collect.uniform_share=0.5", "collect.perturbed_share=0.25")
    figures = collect(trainer)
    # Of 16 that are taken as they are drawn.
    own = trainer.memory.state_arrays()["feasibility"][:, :4]
    assert figures["feasible_rate"] == pytest.approx(own.mean())
    assert 0.0 <= figures["critic_accuracy"] <= 1.0
    trainer = watched("collect.uniform_share=0.5", "collect.perturbed_share=0.5")
    assert collect(trainer) == {}


def test_counters_survive():
    trainer = trained()
    other = build_trainer(tiny_config())
    other.restore_counters(trainer.counters())
    assert other.counters() == trainer.counters()
    assert (other.step, other.interactions) == (6, trainer.interactions)


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("env=nowhere", "'nowhere'"),
        ("env_options={colour='red'}", "'boxes'.*'colour'"),
        ("objective.divergence={jenson_shannon=1.0}", "'jenson_shannon'"),
        ("objective.divergence={kl_reverse=1.0}", "kl_reverse.*target_floor"),
    ],
)
def test_a_configuration_that_cannot_be_trained_is_refused_before_anything_is_done(
    setting, message
):
    with pytest.raises(InputError, match=message):
        build_trainer(tiny_config(setting))


# Learning ---------------------------------------------------------------------------------------


def rates(trainer):
    """Feasible rate of the averaged actor in new states, and of uniform actions."""
    environment = trainer.environment
    rng = np.random.default_rng(99)
    states = environment.draw_states(rng, 64)
    observation = {k: tf.constant(v) for k, v in environment.observe(states).items()}
    latent = rng.uniform(-1, 1, (64, 64, trainer.learner.actor.latent_dim)).astype(np.float32)
    actions = trainer.learner.averaged_actor(observation, latent).numpy()
    uniform = environment.action_space.sample(rng, (64, 64))
    return (environment.feasibility(states, a).mean() for a in (actions, uniform))


LEARNING = (
    "actor.width=32",
    "critic.width=48",
    "critic.states=16",
    "critic.experiences=64",
    "critic.warmup_steps=30",
    "objective.num_supports=64",
    "objective.num_samples=128",
    "collect.states=16",
    "collect.experiences=64",
    "collect.initial_states=64",
    "memory.capacity=4096",
    "trainer.batch=16",
    "actor.learning_rate=3e-3",
    "critic.learning_rate=3e-3",
    "trainer.log_every=1000",
)


def test_on_the_environment_an_actor_learns_a_box_that_moves_with_the_state():
    as_graphs()
    trainer = trained(*LEARNING, "trainer.target=environment", "trainer.steps=150")
    rate, uniform = rates(trainer)
    assert uniform < 0.25
    assert rate > 0.75


@pytest.mark.slow
def test_on_the_critic_an_actor_learns_a_box_that_moves_with_the_state():
    as_graphs()
    trainer = trained(*LEARNING, "trainer.steps=350")
    rate, uniform = rates(trainer)
    assert uniform < 0.25
    assert rate > 0.65


# Nothing found ----------------------------------------------------------------------------------


class Thin(Least):
    """Feasible within `width` of 0.75; `violation` is how far beyond."""

    def __init__(self, width, graded=False):
        super().__init__()
        self.width = width
        if not graded:
            self.violation = None

    def feasibility(self, states, actions):
        return self.violation_of(actions) == 0.0

    def violation_of(self, actions):
        away = np.abs(actions[..., 0].astype(float) - 0.75)
        return np.where(away <= self.width, 0.0, away)

    def violation(self, states, actions):
        return self.violation_of(actions)


def test_training_says_when_nothing_is_found():
    trainer = build_trainer(tiny_config(), Thin(-1.0))
    with pytest.raises(TrainingFailedError, match=r"of 1536 actions .* none is feasible"):
        trainer.run()  # four times the 12 states of 32 actions each
    assert trainer.step == 0


def test_no_more_is_collected_than_the_limit_allows_although_nothing_is_found():
    settings = ("collect.max_interactions=300", "collect.initial_states=4")
    with pytest.raises(TrainingFailedError, match="of 256 actions"):
        build_trainer(tiny_config(*settings), Thin(0.0)).run()


def test_more_is_collected_until_something_is_found():
    class Late(Thin):
        rounds = 0

        def feasibility(self, states, actions):
            self.rounds += 1
            return super().feasibility(states, actions) & (self.rounds > 2)

    trainer = build_trainer(tiny_config("collect.initial_states=4", "trainer.steps=1"), Late(0.2))
    trainer.run()
    assert trainer.interactions == 4 * 128  # three rounds before the first step, one in it


def test_with_violations_the_tolerance_falls_until_labels_are_exact():
    figures = []
    as_graphs()
    settings = ("trainer.steps=40", "collect.initial_states=4", "trainer.log_every=2")
    trainer = build_trainer(tiny_config(*settings), Thin(0.01, graded=True))
    trainer.run(report=figures.append)
    tolerances = [each["tolerance"] for each in figures if "tolerance" in each]
    assert tolerances == sorted(tolerances, reverse=True)
    assert tolerances[0] > 5 * 0.01
    stored = trainer.memory.state_arrays()
    expected = Thin(0.01).violation_of(stored["actions"]) <= trainer.memory.tolerance
    np.testing.assert_array_equal(stored["feasibility"], expected)


class Asked(Thin):
    """Counts the actions that it is asked about."""

    def __init__(self):
        super().__init__(0.01, graded=True)
        self.asked = {"feasibility": [], "violation": []}

    def feasibility(self, states, actions):
        self.asked["feasibility"].append(actions.shape[:2])
        return super().feasibility(states, actions)

    def violation(self, states, actions):
        self.asked["violation"].append(actions.shape[:2])
        return super().violation(states, actions)


def test_violations_are_the_labels_too_and_asked_for_once(monkeypatch):
    """After the first round only a few labels are compared, and the weights are the same."""
    states, asked = [], []
    for few in (True, False):
        if not few:
            monkeypatch.setattr("fag_tf.training.collector.violation", compared_in_full)
        environment = Asked()
        settings = ("trainer.steps=10", "collect.initial_states=4")
        trainer = build_trainer(tiny_config(*settings), environment)
        environment.asked = {"feasibility": [], "violation": []}  # of the checks before
        trainer.run()
        asked.append(environment.asked)
        states.append(state_of(trainer))
    few, every = asked
    rounds = len(every["feasibility"])
    assert rounds > 3
    assert few["violation"] == every["violation"] == every["feasibility"]
    assert few["feasibility"] == [every["feasibility"][0]] + [(1, 4)] * (rounds - 1)
    assert_same_state(*states)


def compared_in_full(environment, states, actions, compared=None):
    return violation(environment, states, actions)


def test_a_violation_that_comes_to_contradict_the_labels_is_noticed():
    class Turning(Thin):
        rounds = 0

        def violation(self, states, actions):
            self.rounds += 1
            return super().violation(states, actions) * (self.rounds < 4)

    trainer = build_trainer(tiny_config("trainer.steps=40"), Turning(0.01, graded=True))
    with pytest.raises(InputError, match="positive where it says false"):
        trainer.run()


def test_without_a_tolerated_share_only_labels_count():
    trainer = build_trainer(tiny_config("collect.tolerated_share=0.0"), Thin(-1.0, graded=True))
    with pytest.raises(TrainingFailedError):
        trainer.run()
