import numpy as np
import pytest

from fag_tf.environments.validation import (
    check_environment,
    feasibility,
    observe,
    symmetric_copies,
    violation,
)
from fag_tf.errors import InputError
from fag_tf.spaces import ArraySpec
from reference.least_environment import Least, Symmetric


def unlike(**changes):
    """An environment like `Least` but for these members."""
    return type("Changed", (Least,), {"__init__": Least.__init__, **changes})()


def raising(*arguments):
    raise RuntimeError("the robot is off")


def test_an_environment_that_keeps_the_contract_passes():
    check_environment(Least(), "least")
    check_environment(Symmetric(), "symmetric")
    check_environment(unlike(draw_states=lambda self, rng, n: np.zeros((n, 3))), "changed")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"draw_states": lambda self, rng, n: raising()}, "draw_states.*the robot is off"),
        ({"draw_states": lambda self: []}, "draw_states.*TypeError"),
        ({"draw_states": 3}, "draw_states.*TypeError: 'int'"),
        ({"draw_states": lambda self, rng, n: [1]}, r"draw_states.*\b1\b.*\b2\b"),
        ({"draw_states": lambda self, rng, n: None}, "draw_states.*None"),
        ({"observe": lambda self, states: raising()}, "observe.*the robot is off"),
        ({"observe": lambda self, states: np.zeros((2, 1))}, r"observe.*\[2, 1\].*\['state'\]"),
        ({"observe": lambda self, states: {}}, r"observe.*\[\].*\['state'\]"),
        ({"observe": lambda self, states: {"state": [[0.0], [0.0]]}}, "'state'.*list of 2"),
        (
            {"observe": lambda self, states: {"state": np.zeros((2, 1))}},
            "'state'.*float64.*float32",
        ),
        (
            {"observe": lambda self, states: {"state": np.zeros(2, np.float32)}},
            r"'state'.*\[2\].*\[2, 1\]",
        ),
        (
            {"observe": lambda self, states: {"state": np.full((2, 1), np.nan, np.float32)}},
            "'state'.*finite",
        ),
        ({"feasibility": lambda self, states, actions: raising()}, "feasibility.*the robot is off"),
        (
            {"feasibility": lambda self, states, actions: np.ones(actions.shape[:2])},
            "feasibility.*float64.*bool",
        ),
        (
            {"feasibility": lambda self, states, actions: np.ones(actions.shape, bool)},
            r"feasibility.*\[2, 5, 1\].*\[2, 5\]",
        ),
        ({"feasibility": lambda self, states, actions: None}, "feasibility.*None"),
        (
            {"symmetric_copies": lambda self, rng, states, actions: states},
            "symmetric_copies.*pair",
        ),
        (
            {"symmetric_copies": lambda self, rng, states, actions: (states[:1], actions)},
            r"symmetric_copies.*\b1\b.*\b2\b",
        ),
        (
            {"symmetric_copies": lambda self, rng, states, actions: (states, actions[:, :1])},
            r"actions.*\[2, 1, 1\].*\[2, 5, 1\]",
        ),
        ({"name": property(raising)}, "name.*the robot is off"),
    ],
)
def test_a_member_that_breaks_the_contract_is_told_in_one_line(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        check_environment(unlike(**changes), "changed")
    assert str(caught.value).startswith("environment 'changed'")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("action_space", [0.0, 1.0], r"action_space.*\.ActionSpace"),
        ("observation_spec", {}, r"observation_spec.*\{\}"),
        ("observation_spec", {"state": (1,)}, r"'state'.*\(1,\)"),
        ("observation_spec", {"latent": ArraySpec((1,))}, "'latent'"),
        ("observation_spec", {"a b": ArraySpec((1,))}, "'a b'"),
        ("observation_spec", {"state": ArraySpec((0,))}, r"'state'.*\(0,\)"),
        ("observation_spec", {"state": ArraySpec((1,), "object")}, "'state'.*'object'"),
        ("observation_spec", {"state": ArraySpec((1,), "flaot32")}, "'state'.*'flaot32'"),
    ],
)
def test_a_specification_that_is_none_is_refused(attribute, value, message):
    environment = Least()
    setattr(environment, attribute, value)
    with pytest.raises(InputError, match=message):
        check_environment(environment, "changed")


def test_a_fault_that_an_environment_tells_itself_is_passed_on():
    def draw_states(self, rng, batch):
        raise InputError("part.wkt is too large")

    with pytest.raises(InputError, match=r"^part\.wkt is too large$"):
        check_environment(unlike(draw_states=draw_states), "changed")


class Violated(Least):
    """Gives what it is given as the violation; half of the actions are feasible."""

    def __init__(self, amount=lambda actions: np.maximum(actions[..., 0] - 0.5, 0.0)):
        super().__init__()
        self.amount = amount

    def feasibility(self, states, actions):
        return actions[..., 0] <= 0.5

    def violation(self, states, actions):
        return self.amount(actions.astype(np.float64))


def test_a_violation_is_held_against_the_labels():
    check_environment(Violated(), "violated")
    actions = np.array([[[0.2], [0.75]]])
    assert violation(Violated(), [None], actions).tolist() == [[0.0, 0.25]]


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (lambda actions: np.zeros(actions.shape[:2]), "positive where it says false"),
        (lambda actions: np.ones(actions.shape[:2]), "must be 0 where feasibility says true"),
        (lambda actions: np.where(actions[..., 0] > 0.5, 1.0, -1.0), "must be 0"),
        (lambda actions: np.where(actions[..., 0] > 0.5, 1.0, np.nan), "must be 0"),
        (lambda actions: actions, r"violation gives an array \[2, 5, 1\].*float64"),
    ],
)
def test_a_violation_that_contradicts_the_labels_is_refused(amount, message):
    with pytest.raises(InputError, match=f"violated.*{message}"):
        check_environment(Violated(amount), "violated")


def test_an_environment_may_change_the_actions_that_it_is_given():
    def far(self, states, actions):
        actions *= 0.0
        return np.zeros(actions.shape[:2])

    def change(self, states, actions):
        actions *= 0.0
        return np.ones(actions.shape[:2], bool)

    def mirror(self, rng, states, actions):
        actions *= -1.0
        return states, actions

    environment = unlike(feasibility=change, symmetric_copies=mirror, violation=far)
    actions = np.full((2, 3, 1), 0.5, np.float32)
    assert feasibility(environment, [None] * 2, actions).all()
    assert not violation(environment, [None] * 2, actions).any()
    _, carried = symmetric_copies(environment, np.random.default_rng(0), [None] * 2, actions)
    np.testing.assert_array_equal(carried, -0.5 * np.ones((2, 3, 1)))
    np.testing.assert_array_equal(actions, np.full((2, 3, 1), 0.5))


def test_an_environment_may_fill_the_same_arrays_each_time():
    labels, seen = np.zeros((1, 2), bool), np.zeros((1, 1), np.float32)

    def label(self, states, actions):
        labels[:] = states[0] > 0
        return labels

    def look(self, states):
        seen[:] = states[0]
        return {"state": seen}

    environment = unlike(feasibility=label, observe=look)
    actions = np.zeros((1, 2, 1), np.float32)
    first = feasibility(environment, [1.0], actions), observe(environment, [1.0])["state"]
    feasibility(environment, [-1.0], actions)
    observe(environment, [-1.0])
    assert first[0].all()
    assert first[1] == 1.0
