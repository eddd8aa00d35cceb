import numpy as np
import tensorflow as tf

from fag_tf.networks.sine_units import SineUnits
from fag_tf.objectives.kernels import ProductKernel
from reference.execution import every_execution
from reference.spaces import MIXED

SEEN = np.random.default_rng(1).normal(size=(2, 30, 5)).astype(np.float32)


@every_execution
def test_units_are_products_of_a_sine_and_a_sum(run):
    units = SineUnits(2, 0)
    units(SEEN)
    found = np.asarray(run(units)(tf.constant(SEEN)))
    phase = SEEN[..., :2] @ units.phase.kernel.numpy() + units.phase.bias.numpy()
    factor = SEEN @ units.factor.kernel.numpy() + units.factor.bias.numpy()
    np.testing.assert_allclose(found[..., :5], SEEN)
    np.testing.assert_allclose(found[..., 5:], np.sin(phase) * factor, atol=1e-4)


def test_without_bounded_axes_nothing_is_added():
    units = SineUnits(0, 0)
    assert units(tf.constant(SEEN)).shape == SEEN.shape
    assert not units.trainable_variables


def test_embedded_actions_begin_with_the_bounded_axes():
    actions = MIXED.sample(np.random.default_rng(0), (2, 30))
    bounded = MIXED.normalise(actions)[..., ~MIXED.periodic]
    embedded = ProductKernel(MIXED).embed(tf.constant(actions))
    np.testing.assert_allclose(embedded[..., : bounded.shape[-1]], bounded, atol=1e-6)
