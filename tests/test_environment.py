import numpy as np
import pytest

from fag_tf.environment import (
    ArraySpec,
    EnumerableTruth,
    Environment,
    ProvidesNetworks,
    environment_names,
    make_environment,
)
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


def test_capabilities_are_told_apart():
    assert isinstance(Least(), Environment)
    assert not isinstance(Least(), EnumerableTruth)
    assert not isinstance(Least(), ProvidesNetworks)
    assert not isinstance(Blind(), Environment)
    assert isinstance(make_environment("moons"), EnumerableTruth)


def test_array_specs_are_single_precision_unless_said():
    assert ArraySpec((2, 3)) == ArraySpec((2, 3), "float32")
