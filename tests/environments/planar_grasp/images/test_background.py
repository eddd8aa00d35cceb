import numpy as np
import pytest

from fag_tf.environments.planar_grasp.images.background import (
    border_of,
    enlarged,
    fit_background,
    shrunk,
)

ROWS, COLUMNS = 120, 160


def lit(gradient=0.0, vignette=0.0, colour=(0.8, 0.75, 0.7), part=0.3, noise=0.0):
    """A background under uneven light, with a rectangle on it; and the background alone."""
    v, u = np.mgrid[-1 : 1 : ROWS * 1j, -1 : 1 : COLUMNS * 1j]
    light = (1 - gradient * 0.5 * (1 + u)) * (1 - vignette * 0.5 * (u**2 + v**2))
    background = light[..., None] * np.array(colour)
    picture = background.copy()
    picture[40:80, 50:110] *= part
    picture += np.random.default_rng(0).normal(0, noise, picture.shape) if noise else 0
    return picture.clip(0, 1).astype(np.float32), background


def test_an_even_background_is_its_median_and_changes_nothing():
    picture, _ = lit()
    found = fit_background(picture)
    assert found.light is None
    np.testing.assert_array_equal(found.colour, picture[0, 0])
    assert found.flattened(picture) is picture


@pytest.mark.parametrize(("gradient", "vignette"), [(0.5, 0.0), (0.0, 0.5), (0.4, 0.4)])
@pytest.mark.parametrize("part", [0.3, 1.25])
def test_uneven_light_is_taken_away(gradient, vignette, part):
    picture, _ = lit(gradient, vignette, (0.7, 0.7, 0.65), part, noise=0.01)
    found = fit_background(picture)
    flat = found.flattened(picture)
    on_part = np.zeros((ROWS, COLUMNS), bool)
    on_part[40:80, 50:110] = True
    assert np.abs(np.median(flat[~on_part], axis=0) - found.colour).max() < 0.01
    assert flat[~on_part].std() < 0.03
    assert flat[on_part].mean() / flat[~on_part].mean() == pytest.approx(part, abs=0.04)


def test_an_object_that_fills_half_the_border_is_no_light():
    picture = np.ones((100, 100, 1), np.float32)
    picture[:, :45] = 0.1
    assert fit_background(picture).light is None


def test_only_what_is_inside_is_fitted():
    picture, _ = lit()
    picture[:10], picture[-10:], picture[:, :10], picture[:, -10:] = 0.1, 0.1, 0.1, 0.1
    inside = np.zeros((ROWS, COLUMNS), bool)
    inside[12:-12, 12:-12] = True
    np.testing.assert_allclose(fit_background(picture, inside).colour, [0.8, 0.75, 0.7], rtol=1e-6)


def test_the_border_of_a_region_is_its_rim():
    inside = np.zeros((50, 60), bool)
    inside[10:40, 10:50] = True
    border = border_of(inside)
    assert border[10:40, 10].all()
    assert not border[14:36, 14:46].any()
    assert not border[~inside].any()


def test_averages_of_blocks_and_back():
    ramp = np.add.outer(np.arange(60.0), np.arange(80.0))[..., None].astype(np.float32)
    small = shrunk(ramp, 20)
    assert small.shape == (15, 20, 1)
    np.testing.assert_allclose(small[0, 0, 0], ramp[:4, :4].mean())
    inner = np.s_[4:-4, 4:-4]
    np.testing.assert_allclose(enlarged(small, (60, 80))[inner], ramp[inner], atol=1e-4)
