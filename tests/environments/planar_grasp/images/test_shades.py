import numpy as np
import pytest

from fag_tf.environments.planar_grasp.images.shades import step_within
from fag_tf.environments.planar_grasp.images.windows import window_means

NOISE = 0.02


def picture(shade, colour=(0.6, 0.6, 0.6), other=(0.65, 0.65, 0.65), noise=NOISE):
    """Part and shadow `[H, W, 3]` in shares of the background's colour, and what differs."""
    differs = np.zeros((120, 160), bool)
    differs[20:100, 20:140] = True
    ratio = np.ones((120, 160, 3)) + 0 * shade[..., None]
    mixed = np.asarray(colour) + shade[..., None] * (np.asarray(other) - np.asarray(colour))
    ratio[differs] = mixed[differs]
    rng = np.random.default_rng(0)
    return (ratio + rng.normal(0, noise, ratio.shape)).astype(np.float32), differs


def sharp():
    shade = np.zeros((120, 160))
    shade[:, 100:] = 1.0
    return shade


def test_a_shadow_nearly_as_dark_as_the_part_has_a_sharp_step():
    ratio, differs = picture(sharp())
    assert 0.8 < step_within(ratio, differs, NOISE) < 1.4


def test_shades_of_one_brightness_and_two_colours_have_one_too():
    ratio, differs = picture(sharp(), (0.6, 0.6, 0.6), (0.52, 0.6, 0.68))
    assert 0.8 < step_within(ratio, differs, NOISE) < 1.4


@pytest.mark.parametrize(
    "shade",
    [
        np.zeros((120, 160)),
        np.broadcast_to(np.linspace(0, 2, 160), (120, 160)),
        window_means(sharp(), 30),
    ],
    ids=["one shade", "a gradient", "a fading one"],
)
def test_one_shade_and_shades_that_fade_into_each_other_have_none(shade):
    ratio, differs = picture(np.asarray(shade))
    assert step_within(ratio, differs, NOISE) < 0.5


def test_two_shades_within_the_noise_are_one():
    ratio, differs = picture(sharp(), noise=0.3)
    assert step_within(ratio, differs, 0.3) == 0.0


def test_what_is_brighter_than_the_background_is_no_shadow():
    ratio, differs = picture(sharp(), (1.3, 1.3, 1.3), (1.6, 1.6, 1.6))
    assert step_within(ratio, differs, NOISE) == 0.0
