import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.feasibility.exact_sampling import draw_exact, draw_near
from fag_tf.environments.planar_grasp.feasibility.pad_distance import pad_distance
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER as JAW
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES, named_part

BAR = shapely.box(-0.05, -0.01, 0.05, 0.01)


def overlaid(part, grasp):
    """Extent along u of the part within the closing region, by an overlay of polygons."""
    x, y, theta = grasp
    c, s = np.cos(theta), np.sin(theta)
    turn = np.array([[c, -s], [s, c]])
    seen = shapely.transform(part, lambda xy: (xy - [x, y]) @ turn)
    a, b = 0.5 * JAW.opening, 0.5 * JAW.pad_width
    held = shapely.intersection(seen, shapely.box(-a, -b, a, b))
    return np.nan if held.area < 1e-12 else held.bounds[2] - held.bounds[0]


def test_across_and_askew_on_a_bar():
    grasps = np.array([[0, 0, np.pi / 2], [0.01, 0.002, np.pi / 2], [0, 0.05, 0.0]])
    np.testing.assert_allclose(pad_distance(BAR, JAW, grasps), [0.02, 0.02, np.nan])
    askew = pad_distance(BAR, JAW, np.array([[0, 0, np.pi / 2 - 0.2]]))[0]
    assert askew == pytest.approx(0.02 / np.cos(0.2) + 0.022 * np.tan(0.2))


@given(st.sampled_from(PART_NAMES), st.integers(0, 99))
@settings(max_examples=15)
def test_of_grasps_that_hold_it_is_that_of_the_overlay(name, seed):
    part = named_part(name)[1]
    grasps = draw_exact(part, JAW, 20, np.random.default_rng(seed)).action.astype(np.float64)
    wanted = [overlaid(part, grasp) for grasp in grasps]
    np.testing.assert_allclose(pad_distance(part, JAW, grasps), wanted, atol=1e-8)


def test_it_is_at_most_the_opening_and_blocks_make_no_difference():
    part = named_part("hammer")[1]
    grasps, _ = draw_near(part, JAW, 5000, np.random.default_rng(0))
    found = pad_distance(part, JAW, grasps)
    assert np.nanmax(found) <= JAW.opening + 1e-12
    assert np.isnan(found).any()
    np.testing.assert_array_equal(found[::7], pad_distance(part, JAW, grasps[::7]))
    assert pad_distance(part, JAW, grasps[:0]).shape == (0,)
