import dataclasses
import re

import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.feasibility.exact_sampling import draw_exact
from fag_tf.environments.planar_grasp.feasibility.obstacles import clear_of, holds_beside
from fag_tf.environments.planar_grasp.feasibility.reasons import reason_for_none
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER as JAW

BAR = shapely.box(-0.05, -0.01, 0.05, 0.01)
ACROSS = np.pi / 2


def swept(grasp, part=BAR, steps=60):
    """Both fingers at many openings from wide open to contact, as one area, by overlays."""
    x, y, theta = grasp
    turn = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    seen = shapely.transform(part, lambda xy: (xy - [x, y]) @ turn)
    a, b, t = 0.5 * JAW.opening, 0.5 * JAW.pad_width, JAW.finger_thickness
    low, _, high, _ = shapely.intersection(seen, shapely.box(-a, -b, a, b)).bounds
    fingers = [shapely.box(u, -b, u + t, b) for u in np.linspace(high, a, steps)]
    fingers += [shapely.box(u - t, -b, u, b) for u in np.linspace(-a, low, steps)]
    return shapely.transform(shapely.union_all(fingers), lambda xy: xy @ turn.T + [x, y])


def test_a_finger_may_neither_land_on_a_neighbour_nor_pass_over_it():
    grasp = np.array([[0.0, 0.0, ACROSS]])  # fingers open to |y| = 42.5 to 56 mm
    for low, high, clear in [
        (0.045, 0.05, False),  # under the open finger
        (0.02, 0.03, False),  # on its way
        (0.056, 0.07, True),  # just beyond
        (-0.03, -0.02, False),  # the other finger
    ]:
        neighbour = shapely.box(-0.005, low, 0.005, high)
        assert clear_of([neighbour], BAR, JAW, grasp)[0] == clear
    beside = shapely.box(0.011, -0.05, 0.05, 0.05)  # touches the pads' side
    assert clear_of([beside], BAR, JAW, grasp)[0]


def test_it_agrees_with_the_sweep_by_overlays():
    rng = np.random.default_rng(0)
    grasps = draw_exact(BAR, JAW, 60, rng).action.astype(np.float64)
    neighbours = [shapely.Point(*rng.uniform(-0.06, 0.06, 2)).buffer(0.006) for _ in range(2)]
    neighbours = [each - BAR.buffer(0.002) for each in neighbours]
    found = clear_of(neighbours, BAR, JAW, grasps)
    others = shapely.union_all(neighbours)
    overlap = np.array([shapely.intersection(swept(grasp), others).area for grasp in grasps])
    assert 5 < found.sum() < 55
    sure = (overlap == 0) | (overlap > 1e-7)
    np.testing.assert_array_equal(found[sure], overlap[sure] == 0)


def test_drawn_grasps_miss_the_neighbours_and_without_any_nothing_changes():
    neighbour = shapely.box(-0.05, 0.02, 0.0, 0.05)
    found = draw_exact(BAR, JAW, 200, np.random.default_rng(1), neighbours=[neighbour]).action
    assert len(found) == 200
    assert feasibility(BAR, JAW, found).all()
    assert clear_of([neighbour], BAR, JAW, found).all()
    assert found[:, 0].min() > 0.0
    free = draw_exact(BAR, JAW, 50, np.random.default_rng(1)).action
    np.testing.assert_array_equal(holds_beside((), BAR, JAW, free), True)
    assert clear_of([neighbour], BAR, JAW, free[:0]).shape == (0,)


def test_where_neighbours_are_all_around_that_is_the_reason():
    walls = [shapely.box(-0.1, 0.02, 0.1, 0.03), shapely.box(-0.1, -0.03, 0.1, -0.02)]
    reason = reason_for_none(BAR, JAW, walls)
    counts = re.search(
        r"of 40,000 grasps .* ([\d,]+) come down on it with a finger, ([\d,]+) have nothing "
        r"between the pads, .* ([\d,]+) hang aslant, and all ([\d,]+) that hold it meet a "
        r"neighbour",
        reason,
    )
    assert reason.startswith("wherever the jaw would hold it, a finger meets a neighbour")
    assert sum(int(number.replace(",", "")) for number in counts.groups()) <= 40_000
    assert reason.endswith(
        "the nearest is 10 mm off and a finger 13.5 mm thick: thinner fingers or more room between "
        "the parts would help"
    )
    thin = dataclasses.replace(JAW, opening=0.03, finger_thickness=0.004)
    draws = draw_exact(BAR, thin, 20, np.random.default_rng(0), neighbours=walls)
    assert len(draws.action) == 20
    assert np.abs(draws.action[:, 2] - ACROSS).max() < 0.6


@pytest.mark.parametrize("gap", [0.0, 0.01])
def test_nothing_between_the_pads_lets_them_meet_in_the_middle(gap):
    grasp = np.array([[0.0, 0.09, ACROSS]])
    neighbour = shapely.box(-0.005, 0.085 + gap, 0.005, 0.087 + gap)
    assert not clear_of([neighbour], BAR, JAW, grasp)[0]
