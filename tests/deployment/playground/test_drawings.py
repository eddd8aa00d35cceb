import numpy as np
import shapely

from fag_tf.deployment.playground.drawings import SECTORS, jaws, position_maps, rose
from fag_tf.environments.planar_grasp.gripper import Gripper


def test_a_jaw_is_drawn_to_scale_where_the_grasp_is():
    gripper = Gripper(opening=0.08, pad_width=0.02, finger_thickness=0.01)
    drawn = jaws(np.array([[0.01, 0.02, np.pi / 2]]), gripper)
    np.testing.assert_allclose(drawn["closing"][0], [[10, -20], [10, 60]], atol=0.01)
    first, second = (shapely.Polygon(finger).bounds for finger in drawn["fingers"][0])
    np.testing.assert_allclose(first, [0, 60, 20, 70], atol=0.01)
    np.testing.assert_allclose(second, [0, -30, 20, -20], atol=0.01)


def test_without_grasps_there_is_nothing_to_draw():
    nothing = np.empty((0, 3))
    assert jaws(nothing, Gripper()) == {"ticks": [], "closing": [], "fingers": []}
    assert rose(nothing[:, 2])["counts"] == [0] * SECTORS
    extent = np.array([[-0.02, -0.03], [0.02, 0.03]])
    assert not np.any(position_maps(nothing, extent)["counts"])


def test_the_rose_counts_an_angle_and_its_opposite_together():
    theta = np.deg2rad([0.0, 179.0, 7.4, 7.6, 90.0])
    told = rose(theta)
    assert told["counts"] == [3, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    areas = [sum(shapely.Polygon(half).area for half in wedge["wedge"]) for wedge in told["wedges"]]
    np.testing.assert_allclose(np.array(areas) / areas[0], np.array(told["counts"]) / 3, atol=1e-3)


def test_every_grasp_is_counted_once_in_all_and_once_in_its_sector():
    rng = np.random.default_rng(0)
    grasps = rng.uniform([-0.05, -0.02, 0.0], [0.05, 0.04, np.pi], (200, 3))
    told = position_maps(grasps, np.stack([grasps[:, :2].min(0), grasps[:, :2].max(0)]))
    counts = np.array(told["counts"])
    assert counts.shape == (1 + SECTORS, told["rows"] * told["columns"])
    np.testing.assert_array_equal(counts[1:].sum(axis=0), counts[0])
    np.testing.assert_array_equal(counts[1:].sum(axis=1), rose(grasps[:, 2])["counts"])
    assert counts[0].sum() == 200


def test_a_cell_of_the_map_is_where_its_grasps_are():
    grasps = np.array([[0.031, -0.017, 0.0]])
    told = position_maps(grasps, np.array([[-0.05, -0.05], [0.05, 0.05]]))
    (place,) = np.flatnonzero(told["counts"][0])
    row, column = divmod(int(place), told["columns"])
    left, top = told["left"] + column * told["cell"], told["top"] - row * told["cell"]
    assert left <= 31 <= left + told["cell"]
    assert top - told["cell"] <= -17 <= top
