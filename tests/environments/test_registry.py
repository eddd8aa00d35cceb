import sys

import pytest

from fag_tf.environments.base import Environment
from fag_tf.environments.registry import environment_names, make_environment
from fag_tf.errors import InputError


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
