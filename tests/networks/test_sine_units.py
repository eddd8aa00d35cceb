import numpy as np
import tensorflow as tf

from fag_tf.networks.sine_units import SineUnits
from fag_tf.spaces import ActionSpace, Axis
from reference.execution import every_execution
from reference.spaces import MIXED

ACTIONS = MIXED.sample(np.random.default_rng(0), (2, 30))
SEEN = np.random.default_rng(1).normal(size=(2, 30, 5)).astype(np.float32)


@every_execution
def test_units_are_products_of_a_sine_and_a_sum(run):
    units = SineUnits(MIXED, 0)
    units(SEEN, ACTIONS)
    found = np.asarray(run(units)(tf.constant(SEEN), tf.constant(ACTIONS)))
    bounded = MIXED.normalise(ACTIONS)[..., ~MIXED.periodic]
    phase = bounded @ units.phase.kernel.numpy() + units.phase.bias.numpy()
    factor = SEEN @ units.factor.kernel.numpy() + units.factor.bias.numpy()
    np.testing.assert_allclose(found[..., :5], SEEN)
    np.testing.assert_allclose(found[..., 5:], np.sin(phase) * factor, atol=1e-4)


def test_without_bounded_axes_nothing_is_added():
    circle = ActionSpace([Axis("angle", -np.pi, np.pi, "rad", True)])
    units = SineUnits(circle, 0)
    assert units(tf.constant(SEEN), ACTIONS[..., :1]).shape == SEEN.shape
    assert not units.trainable_variables
