import copy

import pytest

from fag_tf.environments.base import (
    EnumerableTruth,
    Environment,
    ProvidesNetworks,
    WrappedEnvironment,
)
from fag_tf.environments.toys.planar import Ring
from fag_tf.environments.validation import check_environment
from reference.least_environment import Least


class Renamed(WrappedEnvironment):
    name = "renamed"


def test_it_is_the_inner_one_but_for_what_is_changed():
    inner = Least(low=0.5)
    environment = Renamed(inner)
    check_environment(environment, "renamed")
    assert isinstance(environment, Environment)
    assert environment.name == "renamed"
    assert environment.action_space is inner.action_space
    assert environment.draw_states(None, 3) == [None] * 3


def test_it_offers_what_the_inner_one_offers_and_nothing_more():
    assert isinstance(Renamed(Ring()), EnumerableTruth)
    assert not isinstance(Renamed(Least()), EnumerableTruth)
    assert not isinstance(Renamed(Ring()), ProvidesNetworks)
    with pytest.raises(AttributeError, match="colour"):
        _ = Renamed(Least()).colour


def test_it_can_be_copied():
    environment = Renamed(Least(low=0.5))
    assert copy.deepcopy(environment).action_space == environment.action_space
