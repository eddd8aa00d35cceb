import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.feasibility.exact_sampling import (
    draw_exact,
    draw_near,
    most_tries,
    walk,
)
from fag_tf.environments.planar_grasp.feasibility.grid import grasp_truth
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, Pose

HAMMER = named_part("hammer")[1]
BAR = shapely.box(-0.05, -0.01, 0.05, 0.01)


def test_every_grasp_holds_and_there_are_as_many_as_wanted():
    draws = draw_exact(HAMMER, DEFAULT_GRIPPER, 300, np.random.default_rng(0))
    assert draws.action.shape == (300, 3)
    assert draws.action.dtype == np.float32
    assert feasibility(HAMMER, DEFAULT_GRIPPER, draws.action).all()
    assert np.all((draws.action[:, 2] >= 0) & (draws.action[:, 2] < np.pi))
    assert draws.found == 300


def test_the_region_holds_all_grasps_that_hold():
    truth = grasp_truth(HAMMER, DEFAULT_GRIPPER, Pose())
    near, volume = draw_near(HAMMER, DEFAULT_GRIPPER, 20_000, np.random.default_rng(0))
    (along, across), (u, v) = np.max(in_jaws(near), axis=1), in_jaws(truth.centres)
    assert np.all(u < along * 1.001)
    assert np.all(v < across * 1.001)
    assert volume == pytest.approx(4 * np.pi * along * across, rel=0.01)


def in_jaws(grasps):
    """How far the hammer's centre of mass is from the midpoint, along u and along v."""
    x, y = (grasps[:, :2] - shapely.get_coordinates(shapely.centroid(HAMMER))[0]).T
    cos, sin = np.cos(grasps[:, 2]), np.sin(grasps[:, 2])
    return np.abs([x * cos + y * sin, y * cos - x * sin])


def test_the_volume_is_that_of_the_truth():
    draws = draw_exact(HAMMER, DEFAULT_GRIPPER, 4000, np.random.default_rng(1))
    truth = grasp_truth(HAMMER, DEFAULT_GRIPPER, Pose())
    volume = truth.num_cells * 0.004 * 0.004 * np.pi / 36
    assert draws.volume == pytest.approx(volume, rel=0.1)  # the grid itself errs by some percent


def test_walks_keep_the_uniform_distribution():
    rng = np.random.default_rng(2)
    starts = draw_exact(BAR, DEFAULT_GRIPPER, 1500, rng).action
    walked = walk(BAR, DEFAULT_GRIPPER, starts, 3000, rng)
    assert feasibility(BAR, DEFAULT_GRIPPER, walked).all()
    assert np.mean(np.any(walked[1500:] != walked[:1500], axis=1)) > 0.95
    fresh = draw_exact(BAR, DEFAULT_GRIPPER, 3000, rng).action
    levels = np.linspace(0.1, 0.9, 9)
    for axis in range(3):
        share = np.array(
            [np.mean(walked[:, axis] <= limit) for limit in np.quantile(fresh[:, axis], levels)]
        )
        np.testing.assert_allclose(share, levels, atol=0.05)  # 4 standard errors of 1,500


def test_where_the_tries_run_out_walks_draw_the_rest():
    draws = draw_exact(HAMMER, DEFAULT_GRIPPER, 400, np.random.default_rng(3), max_tries=1000)
    assert 0 < draws.found < 400
    assert draws.rejected_from == 1000
    assert len(draws.action) == 400
    assert feasibility(HAMMER, DEFAULT_GRIPPER, draws.action).all()
    assert len(np.unique(draws.action, axis=0)) > 390


def test_nothing_is_drawn_of_a_part_that_nothing_holds():
    plate = shapely.box(-0.06, -0.06, 0.06, 0.06)
    draws = draw_exact(plate, DEFAULT_GRIPPER, 5, np.random.default_rng(0), max_tries=5000)
    assert draws.action.shape == (0, 3)
    assert (draws.rejected_from, draws.found, draws.volume) == (5000, 0, 0.0)


def test_the_bound_on_tries_falls_with_the_number_of_edges():
    fine = shapely.Point(0, 0).buffer(0.03, quad_segs=20_000)
    assert most_tries(BAR) > most_tries(fine) >= 1000


@given(st.integers(0, 2**32), st.floats(-0.09, 0.09), st.floats(0.03, 0.11))
@settings(max_examples=20)
def test_the_same_seed_gives_the_same_grasps_and_all_are_on_the_table(seed, place, opening):
    part = shapely.transform(BAR, lambda xy: xy + place)
    gripper = Gripper(opening=opening)
    first, second = (
        draw_exact(part, gripper, 10, np.random.default_rng(seed), 2000) for _ in range(2)
    )
    np.testing.assert_array_equal(first.action, second.action)
    assert np.all(np.abs(first.action[:, :2]) <= 0.5 * TABLE_SIDE)
    assert feasibility(part, gripper, first.action).all()
