import sys
import types
from pathlib import Path

import pytest

from fag_tf.environments.base import Environment, WrappedEnvironment
from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.registry import (
    check_installed,
    describe_environment,
    environment_names,
    is_described,
    make_environment,
)
from fag_tf.environments.toys.planar import Boxes, Ring
from fag_tf.errors import InputError
from fag_tf.experiments.studies.degraded import DegradedEnvironment

DERIVED = "import fag_tf.environments.base as b\nclass Mine(b.Environment):"


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "a_module_of_my_own.py").write_text(
        "from fag_tf.environments.toys.planar import Ring\n\n"
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
    with pytest.raises(InputError, match=r"'sphere'.*boxes"):
        make_environment("sphere")


@pytest.mark.parametrize("name", ["no.such.module:Class", "fag_tf.spaces:Nothing", "json:", ":A"])
def test_a_module_or_class_that_is_not_there_is_refused(name):
    with pytest.raises(InputError, match=f"'{name}'"):
        make_environment(name)


def test_of_a_module_that_is_not_found_it_is_said_where_it_was_looked_for():
    with pytest.raises(InputError, match="no module tray_of_nobody in this folder or on the Pyth"):
        make_environment("tray_of_nobody:Tray")


def test_an_unknown_option_is_refused():
    with pytest.raises(InputError, match=r"'ring'.*'colour'.*dim"):
        make_environment("ring", {"colour": "red"})


def test_a_class_that_is_not_derived_is_refused_before_it_is_called(own_module):
    with pytest.raises(InputError, match=rf"Wrong'.*{own_module}\.Wrong.*base\.Environment"):
        make_environment(f"{own_module}:Wrong")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("os:system", {"command": "touch PWNED"}),
        ("subprocess:Popen", {"args": ["touch", "PWNED"]}),
        ("pathlib:Path.touch", {"self": "PWNED"}),
        ("builtins:open", {"file": "PWNED", "mode": "w"}),
        ("functools:partial", {}),
        ("fag_tf._utils.files:write_atomically", {"target": "PWNED"}),
    ],
)
def test_nothing_but_an_environment_is_ever_called(name, options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=rf"'{name}'.*base\.Environment") as caught:
        make_environment(name, options)
    with pytest.raises(InputError, match=f"'{name}'"):
        make_environment(*describe_environment(DegradedEnvironment(name, options)))
    assert list(tmp_path.iterdir()) == []
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["os:system", "a_module_of_my_own:Mine", "ring:x", "Ring", "", 3, None, ["ring"]]
)
def test_a_file_of_anybodys_names_installed_environments_only(name, own_module):
    sys.modules.pop(own_module, None)
    with pytest.raises(InputError, match=r"^the card.*boxes.*do this, or give it an entry point"):
        check_installed(name, "the card of m", "do this, or ")
    check_installed("ring", "the card of m")
    assert own_module not in sys.modules


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import no_such_module", "ModuleNotFoundError.*no_such_module"),
        ("class Mine(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        (f"{DERIVED}\n def __init__(self): raise RuntimeError('no camera')", "no camera"),
        (f"{DERIVED}\n def __init__(self, path): pass", "'path'"),
        ("Mine = 3", "object of type builtins.int"),
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
        ({"dim": "2"}, "dim.*'2'"),
        ({"dim": 2.0}, r"dim.*2\.0"),
        ({"dim": True}, "dim.*True"),
        ({"dim": 0}, r"^dim.*\b0\b"),
        ([1], r"'ring'.*\[1\]"),
    ],
)
def test_options_of_the_wrong_type_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        make_environment("ring", options)


# Described --------------------------------------------------------------------------------------


class Shelf(Ring):
    """Takes whatever it is given."""

    def __init__(self, dim=2, boards=(1, 2), label=None, **others):
        super().__init__(dim)
        self.boards, self.others = boards, others


@pytest.mark.parametrize(
    ("environment", "described"),
    [
        (Ring(), ("ring", {})),
        (Ring(3), ("ring", {"dim": 3})),
        (Boxes(2, num_boxes=4), ("boxes", {"dim": 2, "num_boxes": 4})),
        (WrappedEnvironment(Ring(3)), ("ring", {"dim": 3})),
        (PlanarGrasp(gripper="franka_hand"), ("planar_grasp", {"gripper": "franka_hand"})),
        (
            DegradedEnvironment("ring", {"dim": 3}, label_noise=0.1),
            (
                "fag_tf.experiments.studies.degraded:DegradedEnvironment",
                {"env": "ring", "env_options": {"dim": 3}, "label_noise": 0.1},
            ),
        ),
    ],
)
def test_an_environment_is_described_by_what_makes_it_again(environment, described):
    assert describe_environment(environment) == described
    again = make_environment(*described)
    assert describe_environment(again) == described
    assert again.action_space == environment.action_space
    assert again.observation_spec == environment.observation_spec


def test_options_are_described_as_a_configuration_holds_them():
    options = {"boards": [3], "label": None, "width": 0.4}
    made = Shelf(3, boards=(3,), label=None, width=0.4)
    assert describe_environment(made) == (
        f"{__name__}:Shelf",
        {"dim": 3, "boards": [3], "width": 0.4},
    )
    assert describe_environment(Shelf(**options))[1] == {"boards": [3], "width": 0.4}


@pytest.mark.parametrize("value", [object(), float("nan"), {1: 2}, [Ring()]])
def test_an_option_that_no_configuration_can_hold_is_refused(value):
    with pytest.raises(InputError, match=r"boards="):
        describe_environment(Shelf(boards=value))


def test_one_that_is_not_derived_is_taken_as_an_object_alone(tmp_path, monkeypatch):
    lines = (Path(__file__).parents[1] / "reference" / "least_environment.py").read_text()
    text = lines.replace("(Environment)", "")
    (tmp_path / "an_older_module.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"Least\b.*\.Environment\b"):
        make_environment("an_older_module:Least", {"low": 0.5})
    given = WrappedEnvironment(sys.modules["an_older_module"].Least())
    assert given.offers("draw_states")
    with pytest.raises(InputError, match=r"Least\b.*\.Environment\b"):
        describe_environment(given)


def test_an_environment_of_a_script_is_found_there_alone(monkeypatch):
    script = types.ModuleType("__main__")
    tray = type("Tray", (Ring,), {"__module__": "__main__", "__qualname__": "Tray"})
    monkeypatch.setitem(sys.modules, "__main__", script)
    name, options = describe_environment(tray(dim=3))
    assert (name, options) == ("__main__:Tray", {"dim": 3})
    with pytest.raises(InputError, match=r"fag\.train\(environment, out=\.\.\.\)") as caught:
        make_environment(name, options)
    assert "\n" not in str(caught.value)
    script.Tray = tray
    assert make_environment(name, options).action_space.dim == 3


def test_an_environment_of_a_function_is_to_be_given_again():
    class Tray(Ring):
        pass

    with pytest.raises(InputError, match=r"fag\.train\(environment"):
        make_environment(*describe_environment(Tray()))


def test_an_option_of_a_class_without_a_constructor_is_refused(tmp_path, monkeypatch):
    text = "from fag_tf.environments.base import Environment\nclass Tray(Environment):\n    pass\n"
    (tmp_path / "a_bare_module.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="'colour'"):
        make_environment("a_bare_module:Tray", {"colour": "red"})
    with pytest.raises(InputError, match="action_space, observation_spec, draw_states"):
        make_environment("a_bare_module:Tray")


def test_defaults_are_those_of_the_class_even_if_it_wraps_another():
    noisy = DegradedEnvironment("boxes", {}, label_noise=0.25)
    name, options = describe_environment(noisy)
    assert is_described(noisy, name, options)
    assert is_described(noisy, name, {**options, "boundary_shift": 0.0})
    assert not is_described(noisy, name, {**options, "label_noise": 0.5})
    assert not is_described(noisy, "boxes", {})
