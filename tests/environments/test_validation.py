import numpy as np
import pytest

from fag_tf.environments.validation import check_environment
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
        ({"draw_states": lambda self, rng, n: raising()}, "draw_states fails: .*the robot is off"),
        ({"draw_states": lambda self: []}, "draw_states fails: TypeError"),
        ({"draw_states": 3}, "draw_states fails: TypeError: 'int' object is not callable"),
        ({"draw_states": lambda self, rng, n: [1]}, "gives list of 1; it must be a list of 2"),
        ({"draw_states": lambda self, rng, n: None}, "gives None; it must be a list of 2"),
        ({"observe": lambda self, states: raising()}, "observe fails: .*the robot is off"),
        ({"observe": lambda self, states: np.zeros((2, 1))}, r"an array \[2, 1\] of float64"),
        ({"observe": lambda self, states: {}}, r"gives \[\]; observation_spec says \['state'\]"),
        ({"observe": lambda self, states: {"state": [[0.0], [0.0]]}}, "'state' as list of 2"),
        (
            {"observe": lambda self, states: {"state": np.zeros((2, 1))}},
            r"'state' as an array \[2, 1\] of float64; it must be an array \[2, 1\] of float32",
        ),
        (
            {"observe": lambda self, states: {"state": np.zeros(2, np.float32)}},
            r"'state' as an array \[2\] of float32",
        ),
        (
            {"observe": lambda self, states: {"state": np.full((2, 1), np.nan, np.float32)}},
            "values that are not finite numbers",
        ),
        ({"feasibility": lambda self, states, actions: raising()}, "feasibility fails"),
        (
            {"feasibility": lambda self, states, actions: np.ones(actions.shape[:2])},
            r"feasibility gives an array \[2, 5\] of float64; .* \[2, 5\] of bool",
        ),
        (
            {"feasibility": lambda self, states, actions: np.ones(actions.shape, bool)},
            r"feasibility gives an array \[2, 5, 1\] of bool",
        ),
        ({"feasibility": lambda self, states, actions: None}, "feasibility gives None"),
        (
            {"symmetric_copies": lambda self, rng, states, actions: states},
            "symmetric_copies gives list of 2; it must be a pair, states and actions",
        ),
        (
            {"symmetric_copies": lambda self, rng, states, actions: (states[:1], actions)},
            "symmetric_copies gives list of 1; it must be a list of 2 states",
        ),
        (
            {"symmetric_copies": lambda self, rng, states, actions: (states, actions[:, :1])},
            r"gives actions as an array \[2, 1, 1\] of float32; .* \[2, 5, 1\] of float32",
        ),
        ({"name": property(raising)}, "name fails: RuntimeError: the robot is off"),
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
        ("action_space", [0.0, 1.0], "must be a fag_tf.spaces.ActionSpace"),
        ("observation_spec", {}, "must name one tensor or more"),
        ("observation_spec", {"state": (1,)}, "must be an ArraySpec"),
        ("observation_spec", {"latent": ArraySpec((1,))}, "names 'latent'"),
        ("observation_spec", {"a b": ArraySpec((1,))}, "letters, digits and _"),
        ("observation_spec", {"state": ArraySpec((0,))}, "sizes above 0"),
        ("observation_spec", {"state": ArraySpec((1,), "object")}, "a numeric dtype"),
        ("observation_spec", {"state": ArraySpec((1,), "flaot32")}, "a numeric dtype"),
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
