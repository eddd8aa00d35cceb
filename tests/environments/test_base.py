import copy
import dataclasses

import numpy as np
import pytest

from fag_tf.environments.base import Environment, WrappedEnvironment, as_environment
from fag_tf.environments.registry import make_environment
from fag_tf.environments.toys.planar import Ring
from fag_tf.environments.validation import check_environment
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, ArraySpec, Axis
from reference.least_environment import Blind, Least, Symmetric


class Renamed(WrappedEnvironment):
    name = "renamed"


class Old:
    """Written before there was a base class."""

    name = "old"

    def __init__(self):
        self.action_space = ActionSpace([Axis("a", 0.0, 1.0)])
        self.observation_spec = {"state": ArraySpec((1,))}

    def draw_states(self, rng, batch):
        return list(rng.random(batch))

    def observe(self, states):
        return {"state": np.array(states, np.float32)[:, None]}

    def feasibility(self, states, actions):
        return actions[..., 0] < 0.25

    def card_details(self):
        return {"unit": "m"}


def test_capabilities_are_told_apart():
    assert isinstance(Least(), Environment)
    assert Least().offers("draw_states", "observe", "feasibility")
    assert not Least().offers("evaluation_states", "truth")
    assert not Least().offers("build_actor", "build_critic")
    with pytest.raises(InputError, match=r"'blind'.*observe"):
        check_environment(Blind(), "blind")
    assert make_environment("moons").offers("evaluation_states", "truth")


def test_all_methods_that_are_asked_for_must_be_there():
    assert Symmetric().offers("symmetric_copies")
    assert not Symmetric().offers("symmetric_copies", "truth")


def test_a_method_that_no_environment_has_cannot_be_asked_for():
    with pytest.raises(ValueError, match="'truths'"):
        Least().offers("truths")


def test_an_inherited_method_can_be_withdrawn():
    assert not type("Plain", (Symmetric,), {"symmetric_copies": None})().offers("symmetric_copies")
    wrapped = type("Plain", (WrappedEnvironment,), {"symmetric_copies": None})(Symmetric())
    assert not wrapped.offers("symmetric_copies")


def test_what_is_not_offered_fails_when_it_is_called():
    with pytest.raises(NotImplementedError):
        Least().truth(None)


def test_an_environment_without_a_name_is_called_as_its_class():
    class Tray(Environment):
        pass

    class Table(Tray):
        pass

    assert (Tray.name, Tray().name, Table().name) == ("tray", "tray", "table")


def test_a_constructor_need_not_call_the_base_class_and_takes_no_unknown_arguments():
    class Tray(Environment):
        pass

    assert Least(0.5).constructed_with == ((0.5,), {})
    with pytest.raises(TypeError):
        Tray(colour="red")


def test_an_environment_can_be_a_frozen_record():
    @dataclasses.dataclass(frozen=True)
    class Tray(Environment):
        width: float = 0.4

    assert Tray(width=0.5) == Tray(0.5)


def test_an_object_of_no_such_class_is_adapted_with_what_it_offers():
    adapted = as_environment(Old())
    check_environment(adapted, "old")
    assert isinstance(adapted, Environment)
    assert adapted.name == "old"
    assert adapted.offers("card_details")
    assert adapted.card_details() == {"unit": "m"}
    assert not adapted.offers("truth")
    assert as_environment(adapted) is adapted


def test_array_specs_are_single_precision_unless_said():
    assert ArraySpec((2, 3)) == ArraySpec((2, 3), "float32")


# Wrapped environments ---------------------------------------------------------------------------


def test_it_is_the_inner_one_but_for_what_is_changed():
    inner = Least(low=0.5)
    environment = Renamed(inner)
    check_environment(environment, "renamed")
    assert isinstance(environment, Environment)
    assert environment.name == "renamed"
    assert environment.inner is inner
    assert environment.action_space is inner.action_space
    assert environment.draw_states(None, 3) == [None] * 3


def test_it_offers_what_the_inner_one_offers_and_nothing_more():
    assert Renamed(Ring()).offers("evaluation_states", "truth")
    assert not Renamed(Least()).offers("evaluation_states", "truth")
    assert not Renamed(Ring()).offers("build_actor", "build_critic")
    with pytest.raises(AttributeError, match="colour"):
        _ = Renamed(Least()).colour


def test_it_can_be_copied():
    environment = Renamed(Least(low=0.5))
    assert copy.deepcopy(environment).action_space == environment.action_space
