import numpy as np
import pytest

from fag_tf.environments.planar_grasp.images.edges import edge_cover, soft_edge


def stripe(edge=20.25, own=0.2, other=0.8):
    """A picture whose left part, up to a column, is the object; and pixels likelier it."""
    share = np.clip(edge - np.arange(40), 0, 1)
    picture = share * own + (1 - share) * other
    whole = np.broadcast_to(picture, (30, 40))[..., None].astype(np.float32)
    return whole, np.broadcast_to(share > 0.5, (30, 40))


@pytest.mark.parametrize("edge", [20.0, 20.25, 20.8])
def test_the_share_of_a_pixel_at_the_edge_is_measured(edge):
    picture, part = stripe(edge)
    cover = edge_cover(picture, part, 0.01, 2)
    np.testing.assert_allclose(cover[5:-5].sum(axis=1), edge, atol=0.02)


def test_a_gradient_along_the_edge_shifts_nothing():
    picture, part = stripe()
    picture = picture * np.linspace(0.5, 1, 30, dtype=np.float32)[:, None, None]
    cover = edge_cover(picture, part, 0.01, 2)
    np.testing.assert_allclose(cover[5:-5].sum(axis=1), 20.25, atol=0.1)


def test_a_narrow_shadow_of_another_colour_does_not_shift_the_edge():
    own, other, shade = ([0.2, 0.2, 0.7], [0.8, 0.8, 0.8], [0.4, 0.4, 0.4])
    picture = np.empty((30, 40, 3), np.float32)
    picture[:, :20], picture[:, 20:23], picture[:, 23:] = own, shade, other
    part = np.broadcast_to(np.arange(40) < 20, (30, 40))
    cover = edge_cover(picture, part, 0.01, 2)
    np.testing.assert_allclose(cover[5:-5].sum(axis=1), 20, atol=0.1)


def test_an_edge_between_equal_colours_stays_where_it_was():
    picture, part = stripe(own=0.5, other=0.51)
    np.testing.assert_array_equal(edge_cover(picture, part, 0.02, 2), part)


def test_a_mask_without_an_edge_is_given_back():
    cover = edge_cover(np.zeros((9, 9, 1), np.float32), np.ones((9, 9), bool), 0.01, 2)
    assert cover.min() == 1.0


def test_an_object_that_fades_has_a_soft_edge():
    apart = np.clip(np.arange(40) / 20, 0, 1) * np.ones((40, 1))
    assert soft_edge(apart, apart > 0.2, 1.0, 2) > 0.3
    sharp = np.where(np.arange(40) < 20, 0.0, 1.0) * np.ones((40, 1))
    assert soft_edge(sharp, sharp > 0.2, 1.0, 2) == 0.0
