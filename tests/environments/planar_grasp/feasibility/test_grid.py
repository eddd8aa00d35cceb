import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.feasibility.grid import (
    CELL,
    COARSENING,
    grasp_truth,
    part_truth,
)
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.environments.planar_grasp.workspace import Pose


def test_cells_are_those_of_the_contract():
    truth = part_truth(named_part("L")[1], DEFAULT_GRIPPER)
    np.testing.assert_allclose(truth.cell, [0.004, 0.004, np.deg2rad(5)])
    assert truth.shape[2] == 36
    assert truth.coarsening == COARSENING == (2, 2, 3)
    assert all(cells % coarse == 0 for cells, coarse in zip(truth.shape, COARSENING, strict=True))


def test_a_cell_is_feasible_exactly_if_its_centre_is():
    part, gripper = named_part("T")[1], Gripper(opening=0.07, friction=0.8)
    truth = part_truth(part, gripper)
    rng = np.random.default_rng(0)
    cells = np.column_stack([rng.integers(0, count, 20_000) for count in truth.shape])
    low = np.array([axis.low for axis in truth.axes])
    judged = feasibility(part, gripper, low + (cells + 0.5) * CELL)
    np.testing.assert_array_equal(truth.find(cells) >= 0, judged)


def test_the_grid_holds_every_feasible_grasp():
    part, pose = named_part("C")[1], Pose(0.02, -0.01, 2.0)
    truth = grasp_truth(part, DEFAULT_GRIPPER, pose)
    rng = np.random.default_rng(1)
    grasps = rng.uniform([-0.15, -0.15, 0.0], [0.15, 0.15, np.pi], (200_000, 3))
    held = grasps[feasibility(part, DEFAULT_GRIPPER, grasps, pose)]
    _, inside = truth.cell_index(held)
    assert len(held) > 1000
    assert inside.all()
    # The share of uniform grasps that hold is the volume's share; 3 standard errors.
    share = len(held) / len(grasps)
    expected = truth.volume / (0.3 * 0.3 * np.pi)
    assert expected == pytest.approx(share, abs=3 * np.sqrt(share / len(grasps)) + 0.03 * share)


def test_a_bar_has_one_mode_across_the_seam_of_theta():
    # Grasped across its short side at every place along it: theta runs about 0, where pi meets it.
    truth = part_truth(shapely.box(-0.01, -0.06, 0.01, 0.06), Gripper(max_lever=0.06))
    assert truth.num_modes == 1
    assert {0, 35} <= set(truth.cells[:, 2].tolist())


def test_modes_of_named_parts():
    assert part_truth(named_part("C")[1], DEFAULT_GRIPPER).num_modes == 1
    assert part_truth(named_part("L")[1], DEFAULT_GRIPPER).num_modes == 2
    # Handle, head across and head along; a fourth region of about 2 % of the cells is a mode or not
    # by where the grid's lines fall.
    hammer = part_truth(named_part("hammer")[1], DEFAULT_GRIPPER)
    assert np.sum(hammer.mode_sizes > 0.03 * hammer.num_cells) == 3
    assert hammer.num_modes in (3, 4)
    assert part_truth(named_part("X")[1], DEFAULT_GRIPPER).num_modes == 4


def test_pose_moves_the_truth_with_the_part():
    part, pose = named_part("hammer")[1], Pose(0.03, 0.02, -2.5)
    here, there = part_truth(part, DEFAULT_GRIPPER), grasp_truth(part, DEFAULT_GRIPPER, pose)
    np.testing.assert_array_equal(here.cells, there.cells)
    np.testing.assert_array_equal(here.modes, there.modes)
    assert feasibility(part, DEFAULT_GRIPPER, there.centres, pose).all()
    assert feasibility(part, DEFAULT_GRIPPER, here.centres, anywhere=True).all()


def test_cells_out_of_reach_are_dropped():
    part = named_part("O")[1]
    pose = Pose(0.15 - part.bounds[2], 0.0, 0.0)
    gripper = Gripper(opening=0.11)
    truth, all_of_it = grasp_truth(part, gripper, pose), part_truth(part, gripper)
    assert 0 < truth.num_cells < all_of_it.num_cells
    assert np.abs(truth.centres[:, :2]).max() <= 0.15
    np.testing.assert_array_equal(
        truth.num_cells, feasibility(part, gripper, all_of_it.centres + np.array(pose), pose).sum()
    )


def test_a_part_too_wide_to_hold_has_an_empty_truth():
    truth = part_truth(shapely.box(-0.08, -0.08, 0.08, 0.08), DEFAULT_GRIPPER)
    assert truth.num_cells == 0
    assert truth.num_modes == 0
    assert truth.volume == 0.0


def test_a_truth_is_worked_out_once():
    part = named_part("T")[1]
    assert part_truth(part, DEFAULT_GRIPPER) is part_truth(part, DEFAULT_GRIPPER)
