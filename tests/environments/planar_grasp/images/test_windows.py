import numpy as np
import pytest

from fag_tf.environments.planar_grasp.images.windows import (
    closed,
    narrowed,
    widened,
    window_means,
)


@pytest.mark.parametrize("reach", [1, 2, 7])
def test_means_are_those_of_windows_with_nothing_beyond_the_edge(reach):
    values = np.random.default_rng(0).random((9, 12))
    padded = np.pad(values, reach)
    side = 2 * reach + 1
    wanted = [
        [padded[i : i + side, j : j + side].sum() / side**2 for j in range(12)] for i in range(9)
    ]
    np.testing.assert_allclose(window_means(values, reach), wanted, rtol=1e-5)


def test_a_point_grows_to_a_square_and_shrinks_back():
    mask = np.zeros((11, 11), bool)
    mask[5, 5] = True
    wide = widened(mask, 2)
    assert wide.sum() == 25
    np.testing.assert_array_equal(narrowed(wide, 2), mask)
    np.testing.assert_array_equal(widened(mask, 0), mask)


def test_nothing_narrows_at_the_pictures_edge():
    assert narrowed(np.ones((6, 6), bool), 2).all()


def test_gaps_up_to_twice_the_reach_are_closed():
    mask = np.zeros((10, 30), bool)
    mask[3:7, :10], mask[3:7, 14:20], mask[3:7, 25:] = True, True, True
    whole = closed(mask, 2)
    assert whole[3:7, 10:14].all()
    assert not whole[3:7, 20:25].any()
