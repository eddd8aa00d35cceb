import sys

import numpy as np
import pytest

from fag_tf.environment import ArraySpec, EnumerableTruth, Environment, ProvidesNetworks
from fag_tf.environment_checks import check_environment
from fag_tf.environment_registry import environment_names, make_environment
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, Axis


class Least:
    """The least that is an environment; `low` shows that options arrive."""

    name = "least"

    def __init__(self, low=0.0):
        self.observation_spec = {"state": ArraySpec((1,))}
        self.action_space = ActionSpace([Axis("a", low, 1.0)])

    def draw_states(self, rng, batch):
        return [None] * batch

    def observe(self, states):
        return {"state": np.zeros((len(states), 1), np.float32)}

    def feasibility(self, states, actions):
        return np.ones(actions.shape[:2], dtype=bool)


class Blind(Least):
    """No environment: it cannot be observed."""

    observe = property()


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "a_module_of_my_own.py").write_text(
        "from fag_tf.environments.toys import Ring\n\n"
        "class Mine(Ring):\n    pass\n\n"
        "class Wrong:\n    name = 'wrong'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return "a_module_of_my_own"


def test_the_installed_environments_are_listed():
    assert {"boxes", "moons", "planar_grasp", "ring"} <= set(environment_names())


def test_an_environment_is_made_by_its_installed_name_with_options():
    made = make_environment("boxes", {"dim": 3, "num_boxes": 2})
    assert isinstance(made, Environment)
    assert made.action_space.dim == 3


def test_an_environment_of_ones_own_is_made_by_module_and_class(own_module):
    assert make_environment(f"{own_module}:Mine", {"dim": 1}).action_space.dim == 1


def test_an_unknown_name_is_refused_and_says_which_there_are():
    with pytest.raises(InputError, match=r"no environment is called 'sphere'; installed are boxes"):
        make_environment("sphere")


@pytest.mark.parametrize("name", ["no.such.module:Class", "fag_tf.spaces:Nothing", "json:", ":A"])
def test_a_module_or_class_that_is_not_there_is_refused(name):
    with pytest.raises(InputError, match="cannot load environment"):
        make_environment(name)


def test_an_unknown_option_is_refused():
    with pytest.raises(InputError, match=r"'ring' has no option 'colour'; its options: dim"):
        make_environment("ring", {"colour": "red"})


def test_a_class_that_lacks_methods_is_refused_by_their_names(own_module):
    with pytest.raises(InputError, match="lacks action_space, observation_spec, draw_states"):
        make_environment(f"{own_module}:Wrong")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import no_such_module", "cannot load .*ModuleNotFoundError: No module named"),
        ("class Mine(:", "cannot load .*SyntaxError"),
        ("1 / 0", "cannot load .*ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "cannot load .*SystemExit: 3"),
        ("class Mine:\n def __init__(self): raise RuntimeError('no camera')", "no camera"),
        ("class Mine:\n def __init__(self, path): pass", "needs the option 'path'"),
        ("Mine = 3", "cannot be made .*not callable"),
    ],
)
def test_whatever_a_module_of_ones_own_does_wrong_is_told_in_one_line(
    code, message, tmp_path, monkeypatch
):
    (tmp_path / "a_faulty_module.py").write_text(code + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "a_faulty_module", raising=False)
    with pytest.raises(InputError, match=message) as caught:
        make_environment("a_faulty_module:Mine")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": "2"}, "option dim is '2'; it must be a whole number"),
        ({"dim": 2.0}, r"option dim is 2\.0; it must be a whole number"),
        ({"dim": True}, "option dim is True; it must be a whole number"),
        ({"dim": 0}, "dim is 0"),
        ([1], r"the options \[1\], not a table"),
    ],
)
def test_options_of_the_wrong_type_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        make_environment("ring", options)


# What an environment must give ------------------------------------------------------------------


def unlike(**changes):
    """An environment like `Least` but for these members."""
    return type("Changed", (Least,), {"__init__": Least.__init__, **changes})()


def raising(*arguments):
    raise RuntimeError("the robot is off")


def test_an_environment_that_keeps_the_contract_passes():
    check_environment(Least(), "least")
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


def test_capabilities_are_told_apart():
    assert isinstance(Least(), Environment)
    assert not isinstance(Least(), EnumerableTruth)
    assert not isinstance(Least(), ProvidesNetworks)
    assert not isinstance(Blind(), Environment)
    assert isinstance(make_environment("moons"), EnumerableTruth)


def test_array_specs_are_single_precision_unless_said():
    assert ArraySpec((2, 3)) == ArraySpec((2, 3), "float32")
