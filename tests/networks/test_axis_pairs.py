import numpy as np
import pytest
import tensorflow as tf

from fag_tf.networks.axis_pairs import AxisPairs
from reference.execution import every_execution
from reference.layers import silu
from reference.spaces import MIXED

RNG = np.random.default_rng(0)
ACTIONS = MIXED.sample(RNG, (2, 30))
PLACES = MIXED.sample(RNG, (2, 3))
OTHERS = RNG.normal(size=(2, 3, MIXED.dim)).astype(np.float32)
WIDER = np.ones((2, 3, MIXED.dim + 1), np.float32)


@every_execution
def test_a_network_that_all_axes_share_is_pooled(run):
    pairs = AxisPairs(MIXED, 5, 0)
    pairs(ACTIONS, (PLACES, WIDER, OTHERS))
    of_axis = RNG.normal(size=pairs.of_axis.kernel.shape)
    pairs.of_axis.kernel.assign(of_axis)
    found = run(pairs)(
        tf.constant(ACTIONS), (tf.constant(PLACES), tf.constant(WIDER), tf.constant(OTHERS))
    )

    def coordinate(numbers):
        return np.where(MIXED.periodic, 0.0, np.clip(MIXED.normalise(numbers), -2.0, 2.0))

    shape = (2, 30, 3, MIXED.dim)
    seen = [coordinate(ACTIONS)[:, :, None]]
    for numbers in (PLACES, OTHERS):
        apart = np.abs(MIXED.difference(ACTIONS[:, :, None], numbers[:, None])) / MIXED.half_range
        seen.append(3.0 * np.minimum(apart, 2.0))
    seen += [coordinate(numbers)[:, None] for numbers in (PLACES, OTHERS)]
    x = np.stack([np.broadcast_to(each, shape) for each in seen], axis=-1)
    first, second = pairs.first, pairs.second
    x = silu(x @ first.kernel.numpy() + first.bias.numpy() + of_axis)
    x = silu(x @ second.kernel.numpy() + second.bias.numpy())
    expected = np.concatenate([x.max(-2), x.mean(-2)], -1) @ pairs.last.kernel.numpy()
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_turn_of_a_circle_changes_nothing():
    pairs = AxisPairs(MIXED, 5, 0)
    turn = (MIXED.periodic * MIXED.width).astype(np.float32)
    np.testing.assert_allclose(
        pairs(ACTIONS + turn, (PLACES, OTHERS)), pairs(ACTIONS, (PLACES - turn, OTHERS)), atol=1e-3
    )


def test_numbers_in_other_units_stay_small():
    pairs = AxisPairs(MIXED, 5, 0)
    far = np.full_like(PLACES, 3e30)
    assert np.abs(pairs(ACTIONS, (far, -far)).numpy()).max() < 100.0


@pytest.mark.parametrize("arrays", [(), (PLACES, WIDER)])
def test_without_several_numbers_for_each_axis_there_is_nothing(arrays):
    pairs = AxisPairs(MIXED, 5, 0)
    assert pairs(ACTIONS, arrays) is None
    assert not pairs.weights
