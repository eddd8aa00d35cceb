import numpy as np
import pytest
from PIL import Image, ImageFilter

from fag_tf.environments.planar_grasp.images.shadows import find_shadow, is_shade

PITCH = 0.0005


def with_shadow(ink, shade, ground=(0.9, 0.9, 0.85), shift=(12, 9), blur=0.0):
    """A bar, its shadow beside it, and where each is."""
    part = np.zeros((120, 160), bool)
    part[40:70, 30:110] = True
    dark = np.roll(part, shift, (0, 1)).astype(np.uint8) * 255
    soft = np.asarray(Image.fromarray(dark).filter(ImageFilter.GaussianBlur(blur))) / 255
    ground = np.array(ground, np.float32)
    picture = ground * (1 - (1 - shade) * soft)[..., None]
    picture[part] = ink
    flat = picture.astype(np.float32)
    differs = np.abs(flat - ground).max(axis=2) > 0.15
    return flat, ground, differs, part


@pytest.mark.parametrize("ink", [(0.2, 0.2, 0.19), (0.5, 0.2, 0.2), (0.75, 0.74, 0.3)])
@pytest.mark.parametrize("blur", [0.0, 3.0])
def test_a_shadow_is_told_by_colour_or_brightness_and_place(ink, blur):
    flat, ground, differs, part = with_shadow(ink, 0.5, blur=blur)
    shadow = find_shadow(flat, ground, differs, 0.005, PITCH)
    assert shadow.fit > 0.7
    assert shadow.mask[differs & ~part].mean() > 0.9
    assert shadow.mask[part].mean() < 0.1


def test_a_shadow_darker_than_the_part_is_told_by_its_place():
    flat, ground, differs, part = with_shadow((0.65, 0.65, 0.61), 0.35)
    shadow = find_shadow(flat, ground, differs, 0.005, PITCH)
    assert shadow.mask[part].mean() < 0.1
    assert shadow.mask[differs & ~part].mean() > 0.9


def test_a_shadow_as_dark_as_a_part_of_little_colour_is_told_by_that_colour():
    # Each channel is near the shadow's, so the part passes for grey.
    flat, ground, differs, part = with_shadow((0.58, 0.62, 0.53), 0.66)
    rng = np.random.default_rng(0)
    flat += rng.normal(0, 0.004, flat.shape).astype(np.float32)
    shadow = find_shadow(flat, ground, differs, 0.004, PITCH)
    assert shadow.mask[part].mean() < 0.1
    assert shadow.mask[differs & ~part].mean() > 0.9


def test_colours_that_may_be_a_shadows_are_the_backgrounds_darker():
    colours = np.array([(0.45, 0.45, 0.425), (0.45, 0.2, 0.2), (0.9, 0.9, 0.85)])
    ground = np.array((0.9, 0.9, 0.85), np.float32)
    assert is_shade(colours, ground, 0.005).tolist() == [True, False, False]


def test_a_part_alone_has_no_shadow():
    flat, ground, differs, _ = with_shadow((0.3, 0.3, 0.28), 1.0)
    assert find_shadow(flat, ground, differs, 0.005, PITCH) is None


def test_a_second_shade_that_does_not_lie_like_a_shadow_is_the_parts_own():
    flat, ground, differs, _ = with_shadow((0.2, 0.2, 0.19), 1.0)
    flat[50:60, 60:80] = ground * 0.6  # a light patch in the middle
    shadow = find_shadow(flat, ground, differs, 0.005, PITCH)
    assert shadow is None or not shadow.mask.any()


def test_the_step_between_part_and_shadow_is_measured():
    clear = find_shadow(*with_shadow((0.2, 0.2, 0.19), 0.6)[:3], 0.005, PITCH)
    close = find_shadow(*with_shadow((0.4, 0.4, 0.38), 0.6)[:3], 0.005, PITCH)
    assert clear.step == pytest.approx((0.6 - 0.22) / (1 - 0.22), abs=0.03)
    assert close.step < 0.6 * clear.step
