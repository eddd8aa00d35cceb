import numpy as np
import pytest
from PIL import Image, ImageFilter

from fag_tf.environments.planar_grasp.images.sharpness import blunt_edge, edge_marks

NOISE = 0.01


def bar(blur=0.8, own=0.2, other=0.8):
    """A picture `[H, W, 1]` of a bar whose edges are blurred, with noise, and its pixels."""
    part = np.zeros((90, 140), bool)
    part[25:65, 20:120] = True
    soft = Image.fromarray(part.astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(blur))
    picture = other + (own - other) * np.asarray(soft, np.float32) / 255
    picture += np.random.default_rng(0).normal(0, NOISE, picture.shape)
    return picture[..., None].astype(np.float32), part


@pytest.mark.parametrize("own", [0.2, 0.7])
def test_an_edge_blurred_by_a_lens_is_sharp_and_one_that_fades_is_blunt(own):
    assert blunt_edge(*bar(0.8, own), NOISE) < 0.02
    assert blunt_edge(*bar(6.0, own), NOISE) > 0.5


def test_an_edge_that_is_not_in_the_picture_is_blunt():
    picture, part = bar()
    part[:, 70:] = np.roll(part, 15, 0)[:, 70:]
    assert 0.3 < blunt_edge(picture, part, NOISE) < 0.7


def test_a_narrow_shadow_or_glare_beside_an_edge_does_not_make_it_blunt():
    picture, part = bar()
    picture[65:68] -= 0.25  # a shadow of three pixels
    picture[25:65, 20:120] += np.linspace(0.3, 0, 40)[:, None, None].astype(np.float32)
    assert blunt_edge(picture, part, NOISE) < 0.05


def test_nothing_has_no_edge():
    picture, part = bar()
    assert blunt_edge(picture, np.zeros_like(part), NOISE) == 0.0


PITCH = 0.0005


def test_a_sharp_edge_has_no_piece_whose_place_is_a_guess():
    marks = edge_marks(*bar(), NOISE, 0, PITCH)
    assert max(marks) < 0.002


def test_the_longest_piece_that_is_blunt_or_faint_is_measured():
    picture, part = bar()
    picture[:, 110:] = 0.5  # glare over the right end, as bright as what is around it
    marks = edge_marks(picture, part, NOISE, 0, PITCH)
    assert 0.4 * 0.03 < marks.blunt_run < 1.6 * 0.03
    picture, part = bar()
    picture[57:] = np.minimum(picture[57:], 0.4)  # what lies below is nearly as dark
    assert 0.8 * 0.05 < edge_marks(picture, part, NOISE, 0, PITCH).faint_run < 1.5 * 0.05


def test_nothing_has_no_piece_of_an_edge():
    picture, part = bar()
    assert edge_marks(picture, np.zeros_like(part), NOISE, 0, PITCH) == (0.0, 0.0)
