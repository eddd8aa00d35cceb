import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from fag_tf.environments.planar_grasp.images.connected import connected, grown

CORNERS = np.ones((3, 3), bool)


@st.composite
def masks(draw):
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    pixels = draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    return np.array(pixels).reshape(height, width)


def rings_in_rings(side):
    """Squares within squares, each open at one corner, so that every piece is long and bent."""
    mask = np.zeros((side, side), bool)
    for inset in range(0, side // 2, 2):
        mask[inset : side - inset, inset : side - inset] = True
        mask[inset + 1 : side - inset - 1, inset + 1 : side - inset - 1] = False
        mask[inset, inset] = False
    return mask


def comb(side):
    """Teeth that only the last row joins."""
    mask = np.tile(np.arange(side) % 2 == 0, (side, 1))
    mask[-1] = True
    return mask


@given(masks())
def test_pieces_are_those_of_scipy_in_the_same_order(mask):
    pieces, count = connected(mask)
    expected, expected_count = ndimage.label(mask, CORNERS)
    assert count == expected_count
    np.testing.assert_array_equal(pieces, expected)


@pytest.mark.parametrize("share", [0.05, 0.4, 0.6, 0.95])
def test_noise_falls_into_the_same_pieces_as_with_scipy(share):
    mask = np.random.default_rng(0).random((300, 200)) < share
    pieces, count = connected(mask)
    expected, expected_count = ndimage.label(mask, CORNERS)
    assert count == expected_count
    np.testing.assert_array_equal(pieces, expected)


@pytest.mark.parametrize("mask", [rings_in_rings(101), comb(101), comb(101)[::-1], comb(101).T])
def test_long_and_branched_pieces_stay_whole(mask):
    np.testing.assert_array_equal(connected(mask)[0], ndimage.label(mask, CORNERS)[0])


def test_pixels_that_share_a_corner_belong_together():
    assert connected(np.eye(5, dtype=bool))[1] == 1
    assert connected(np.eye(5, dtype=bool)[::-1])[1] == 1


def test_the_end_of_a_row_does_not_touch_the_start_of_the_next():
    mask = np.zeros((3, 4), bool)
    mask[0, -1] = mask[1, 0] = True
    assert connected(mask)[1] == 2


def test_a_picture_without_pieces_has_none():
    pieces, count = connected(np.zeros((4, 5), bool))
    assert count == 0
    np.testing.assert_array_equal(pieces, np.zeros((4, 5)))


@given(masks(), st.integers(1, 3))
def test_a_margin_is_that_of_scipy(mask, margin):
    expected = ndimage.binary_dilation(mask, CORNERS, margin)
    np.testing.assert_array_equal(grown(mask, margin), expected)


def test_a_grown_mask_is_another_array():
    mask = np.eye(4, dtype=bool)
    before = mask.copy()
    grown(mask, 1)
    np.testing.assert_array_equal(mask, before)
