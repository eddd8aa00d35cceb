import numpy as np
import tensorflow as tf

from fag_tf.networks.earlier_axes import EarlierAxes
from reference.execution import every_execution
from reference.layers import through
from reference.small_inputs import stirred
from reference.spaces import MIXED

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(-1.0, 1.0, (2, 5, MIXED.dim)).astype(np.float32)
PLACES = MIXED.sample(RNG, (2, 3))
OTHERS = RNG.normal(size=(2, 3, MIXED.dim)).astype(np.float32)
WIDER = np.ones((2, 3, MIXED.dim + 1), np.float32)
OBSERVED = tuple(tf.constant(array) for array in (PLACES, WIDER, OTHERS))


@every_execution
def test_each_axis_has_sums_over_the_earlier_and_over_the_later_axes(run):
    layer = stirred(EarlierAxes(MIXED, 2, 6, 0), 0, 0.2)

    def compute(points, *observed):
        things = layer.of_state(observed)
        sums = layer.of_axes(things, points)
        return layer(sums), things.later

    earlier, later = run(compute)(tf.constant(POINTS), *OBSERVED)
    for axis in range(MIXED.dim):
        found = np.zeros((2, 5, 3, 16))
        for i in range(axis):
            point = POINTS[:, :, None, i]
            seen = [np.zeros((2, 5, 3)) if MIXED.periodic[i] else np.repeat(point, 3, axis=2)]
            numbers = [MIXED.normalise(array)[:, None, :, i] for array in (PLACES, OTHERS)]
            for number in numbers:
                apart = point - number
                if MIXED.periodic[i]:
                    apart = np.mod(apart + 1.0, 2.0) - 1.0
                seen.append(3.0 * np.minimum(np.abs(apart), 2.0))
            for number in numbers:
                number = np.clip(number, -2.0, 2.0) * (not MIXED.periodic[i])
                seen.append(np.broadcast_to(number, (2, 5, 3)))
            found += through(layer.of_earlier, np.stack(seen, axis=-1))
        expected = found @ layer.to_pairs.kernel.numpy()[axis]
        np.testing.assert_allclose(earlier[axis], expected, atol=2e-3)

        numbers = np.stack([MIXED.normalise(array) for array in (PLACES, OTHERS)], axis=-1)
        of_each = through(layer.of_later, np.clip(numbers, -2.0, 2.0))
        expected = of_each[:, :, axis:].sum(axis=2) @ layer.later_to_pairs.kernel.numpy()[axis]
        np.testing.assert_allclose(later[axis][:, 0], expected, atol=2e-3)


def test_axis_by_axis_the_sums_are_the_same():
    layer = stirred(EarlierAxes(MIXED, 2, 6, 0), 0, 0.2)
    things = layer.of_state(OBSERVED)
    together = layer.of_axes(things, tf.constant(POINTS))
    sums = layer.before_all(things, tf.constant(5))
    for axis in range(MIXED.dim):
        np.testing.assert_allclose(sums, together[axis], atol=1e-4)
        alone = layer(sums[None], only=tf.constant(axis))
        np.testing.assert_allclose(alone[0], layer(together)[axis], atol=1e-4)
        sums = layer.after(sums, things, tf.constant(POINTS[..., axis]), tf.constant(axis))
