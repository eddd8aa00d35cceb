from fag_tf.environments.base import EnumerableTruth, Environment, ProvidesNetworks
from fag_tf.environments.registry import make_environment
from fag_tf.spaces import ArraySpec
from reference.least_environment import Blind, Least


def test_capabilities_are_told_apart():
    assert isinstance(Least(), Environment)
    assert not isinstance(Least(), EnumerableTruth)
    assert not isinstance(Least(), ProvidesNetworks)
    assert not isinstance(Blind(), Environment)
    assert isinstance(make_environment("moons"), EnumerableTruth)


def test_array_specs_are_single_precision_unless_said():
    assert ArraySpec((2, 3)) == ArraySpec((2, 3), "float32")
