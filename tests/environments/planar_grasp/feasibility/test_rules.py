import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.feasibility.rules import RULES, feasibility, first_broken_rule
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.images.rendering import place
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES, named_part
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.environments.planar_grasp.workspace import Pose
from reference import grasp_oracle

CASES = json.loads((Path(__file__).parents[3] / "data" / "grasp_cases.json").read_text())["cases"]

seeds = st.integers(0, 2**32 - 1)


def rule(part, action, gripper=DEFAULT_GRIPPER, pose=None):
    broken = first_broken_rule(part, gripper, np.array([action], float), pose)
    assert broken.dtype == np.int8
    assert feasibility(part, gripper, np.array([action], float), pose).tolist() == [not broken[0]]
    return int(broken[0])


def bar(width, length=0.10, y=0.0):
    return shapely.box(-width / 2, y - length / 2, width / 2, y + length / 2)


def near_grasps(rng, part, n):
    """Grasps that have something to do with the part, many of them feasible."""
    centre = shapely.get_coordinates(part.centroid)
    along = rng.uniform(0, np.pi, n)
    places = centre + rng.uniform(-0.07, 0.07, (n, 2)) * rng.uniform(0, 1, (n, 1))
    return np.column_stack([places, along])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["object"])
def test_agrees_with_the_shared_cases_without_exception(case):
    part, gripper = shapely.from_wkt(case["polygon_wkt"]), Gripper(**case["gripper"])
    actions, expected = np.array(case["actions"]), np.array(case["feasible"], bool)
    np.testing.assert_array_equal(feasibility(part, gripper, actions), expected)
    np.testing.assert_array_equal(first_broken_rule(part, gripper, actions) == 0, expected)


@pytest.mark.parametrize("name", PART_NAMES)
def test_agrees_with_one_overlay_a_rule_on_named_parts(name):
    rng = np.random.default_rng(PART_NAMES.index(name))
    pose = Pose(*rng.uniform(-0.05, 0.05, 2), rng.uniform(-3, 3))
    part = named_part(name)[1]
    for gripper in (DEFAULT_GRIPPER, Gripper.random(rng)):
        grasps = near_grasps(rng, place(part, pose), 250)
        expected = [grasp_oracle.first_broken_rule(place(part, pose), gripper, a) for a in grasps]
        np.testing.assert_array_equal(first_broken_rule(part, gripper, grasps, pose), expected)


def test_agrees_with_one_overlay_a_rule_on_random_parts():
    rng = np.random.default_rng(11)
    met = np.zeros(len(RULES), int)
    for _ in range(60):
        part, gripper = random_part(rng), Gripper.random(rng)
        grasps = near_grasps(rng, part, 50)
        expected = [grasp_oracle.first_broken_rule(part, gripper, a) for a in grasps]
        np.testing.assert_array_equal(first_broken_rule(part, gripper, grasps), expected)
        met += np.bincount(expected, minlength=len(RULES))
    assert np.all(met[[0, 2, 3, 4, 5, 6]] > 0)  # the comparison meets every rule but reach


def test_a_bar_across_the_jaw_is_held():
    assert rule(bar(0.04), (0.0, 0.0, 0.0)) == 0


def test_a_midpoint_off_the_table_is_out_of_reach():
    part = shapely.transform(bar(0.04), lambda xy: xy + np.array([0.13, 0.0]))
    assert rule(part, (0.149, 0.0, 0.0)) == 0
    assert rule(part, (0.151, 0.0, 0.0)) == 1
    assert rule(part, (0.0, -0.1501, 0.0)) == 1


def test_without_a_table_nothing_is_out_of_reach():
    part = shapely.transform(bar(0.04), lambda xy: xy + np.array([1.0, 0.0]))
    grasps = np.array([[1.0, 0.0, 0.0], [np.nan, 0.0, 0.0]])
    assert feasibility(part, DEFAULT_GRIPPER, grasps, anywhere=True).tolist() == [True, False]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_action_that_is_not_finite_is_out_of_reach(axis, wrong):
    action = [0.0, 0.0, 0.0]
    action[axis] = wrong
    assert rule(bar(0.04), action) == 1


def test_a_finger_that_comes_down_on_the_object_is_not_clear():
    assert rule(bar(0.04), (0.045, 0.0, 0.0)) == 2


@pytest.mark.parametrize("x", [0.0, 0.1, -0.1])
def test_fingers_deep_inside_a_plate_are_not_clear(x):
    assert rule(shapely.box(-0.15, -0.15, 0.15, 0.15), (x, 0.0, 0.3)) == 2


def test_a_finger_fits_into_a_hole_and_the_wall_is_held():
    ring = shapely.Point(0, 0).buffer(0.07) - shapely.Point(0, 0).buffer(0.04)
    assert rule(ring, (0.055, 0.0, 0.0)) == 0


def test_a_hole_too_small_for_the_finger_is_no_room():
    ring = shapely.Point(0, 0).buffer(0.07) - shapely.Point(0.015, 0).buffer(0.007)
    assert rule(ring, (0.055, 0.0, 0.0)) == 2


def test_a_jaw_beside_the_object_holds_nothing():
    assert rule(bar(0.04), (0.0, 0.08, 0.0)) == 3


def test_touching_the_side_of_the_closing_region_is_nothing_to_hold():
    half_pad = DEFAULT_GRIPPER.pad_width / 2
    assert rule(bar(0.04, 0.05, y=0.025 + half_pad), (0.0, 0.0, 0.0)) == 3


def test_an_object_exactly_as_wide_as_the_opening_is_clear_and_held():
    assert rule(bar(DEFAULT_GRIPPER.opening), (0.0, 0.0, 0.0)) == 0
    assert rule(bar(DEFAULT_GRIPPER.opening + 1e-6), (0.0, 0.0, 0.0)) == 2


def test_a_finger_may_touch_the_object_behind_it():
    behind = 0.5 * DEFAULT_GRIPPER.opening + DEFAULT_GRIPPER.finger_thickness
    fork = shapely.union_all(
        [
            bar(0.02, 0.04),
            shapely.box(behind, -0.02, behind + 0.02, 0.02),
            shapely.box(0, 0.02, behind + 0.02, 0.04),
        ]
    )
    gripper = Gripper(max_lever=0.06)
    assert rule(fork, (0.0, 0.0, 0.0), gripper) == 0
    assert rule(fork, (1e-6, 0.0, 0.0), gripper) == 2


@pytest.mark.parametrize("friction", [0.3, 0.5, 0.9])
def test_an_inclined_face_seats_inside_the_friction_cone_only(friction):
    gripper = Gripper(friction=friction, max_lever=0.06)
    for slope, expected in ((0.97 * friction, 0), (1.03 * friction, 4)):
        lean = 0.05 * slope
        wedge = shapely.Polygon(
            [(-0.02, -0.05), (0.02 - lean, -0.05), (0.02 + lean, 0.05), (-0.02, 0.05)]
        )
        assert rule(wedge, (0.0, 0.0, 0.0), gripper) == expected


def test_a_corner_seats_only_if_it_is_blunt_enough():
    square = shapely.Polygon([(0.03, 0), (0, 0.03), (-0.03, 0), (0, -0.03)])
    # Across the corners both sides fall away by 45 degrees: the patch spans twice the compliance.
    assert rule(square, (0.0, 0.0, 0.0), Gripper(friction=0.51)) == 0
    assert rule(square, (0.0, 0.0, 0.0), Gripper(friction=0.49)) == 4


def test_a_patch_of_exactly_the_least_span_seats():
    gripper = Gripper(pad_width=0.01, friction=0.5, compliance=0.002)
    strip = bar(0.04, gripper.compliance / gripper.friction)
    assert rule(strip, (0.0, 0.0, 0.0), gripper) == 0
    assert rule(bar(0.04, 0.0039), (0.0, 0.0, 0.0), gripper) == 4


def test_pads_that_meet_the_object_too_far_apart_do_not_oppose():
    # Two blocks joined by a thin web: left contact low, right contact high.
    def zig(gap):
        left, right = -gap / 2, gap / 2
        lower = [(-0.005, -0.009), (0.0, -0.009), (0.0, right), (0.005, right)]
        upper = [(0.005, 0.009), (0.0, 0.009), (0.0, left), (-0.005, left)]
        return shapely.Polygon(lower + upper)

    assert rule(zig(0.0046), (0.0, 0.0, 0.0)) == 0
    assert rule(zig(0.0054), (0.0, 0.0, 0.0)) == 5


def test_a_centre_of_mass_too_far_along_the_pads_does_not_hang_level():
    lever = DEFAULT_GRIPPER.max_lever
    assert rule(bar(0.04), (0.0, lever - 1e-4, 0.0)) == 0
    assert rule(bar(0.04), (0.0, lever + 1e-4, 0.0)) == 6


def test_the_pieces_between_the_pads_are_held_together():
    tines = shapely.union_all(
        [shapely.box(x, -0.03, x + 0.01, 0.03) for x in (-0.03, 0.02)]
        + [shapely.box(-0.03, 0.03, 0.03, 0.04)]
    )
    assert rule(tines, (0.0, 0.0, 0.0)) == 0


def test_rules_are_named():
    assert len(RULES) == 7


def test_no_grasps_have_no_verdicts():
    none = np.zeros((0, 3))
    assert feasibility(bar(0.04), DEFAULT_GRIPPER, none).shape == (0,)
    assert first_broken_rule(bar(0.04), DEFAULT_GRIPPER, none).shape == (0,)


def test_a_block_of_grasps_is_judged_as_each_by_itself():
    rng = np.random.default_rng(5)
    part = named_part("8")[1]
    grasps = near_grasps(rng, part, 700)
    alone = [first_broken_rule(part, DEFAULT_GRIPPER, grasp[None])[0] for grasp in grasps]
    np.testing.assert_array_equal(first_broken_rule(part, DEFAULT_GRIPPER, grasps), alone)


@settings(max_examples=25)
@given(seeds, st.floats(-3.1, 3.1), st.floats(-0.03, 0.03), st.floats(-0.03, 0.03))
def test_part_and_grasp_may_be_moved_together(seed, turn, x, y):
    rng = np.random.default_rng(seed)
    part, gripper = random_part(rng), Gripper.random(rng)
    grasps = near_grasps(rng, part, 200)
    cos, sin = np.cos(turn), np.sin(turn)
    moved = np.column_stack(
        [
            cos * grasps[:, 0] - sin * grasps[:, 1] + x,
            sin * grasps[:, 0] + cos * grasps[:, 1] + y,
            grasps[:, 2] + turn,
        ]
    )
    here = first_broken_rule(part, gripper, grasps)
    np.testing.assert_array_equal(first_broken_rule(part, gripper, moved, Pose(x, y, turn)), here)
    there = first_broken_rule(place(part, Pose(x, y, turn)), gripper, moved)
    np.testing.assert_array_equal(there, here)


@settings(max_examples=25)
@given(seeds, st.integers(-3, 3))
def test_half_a_turn_of_the_jaw_is_the_same_grasp(seed, half_turns):
    rng = np.random.default_rng(seed)
    part, gripper = random_part(rng), Gripper.random(rng)
    grasps = near_grasps(rng, part, 200)
    np.testing.assert_array_equal(
        first_broken_rule(part, gripper, grasps + np.array([0.0, 0.0, half_turns * np.pi])),
        first_broken_rule(part, gripper, grasps),
    )


@settings(max_examples=25)
@given(seeds)
def test_more_friction_and_a_longer_lever_never_lose_a_grasp(seed):
    rng = np.random.default_rng(seed)
    part, gripper = random_part(rng), Gripper.random(rng)
    grasps = near_grasps(rng, part, 200)
    values = {name: getattr(gripper, name) for name in gripper.__dataclass_fields__}
    better = Gripper(**values | {"friction": 1.0, "max_lever": 0.08})
    lost = feasibility(part, gripper, grasps) & ~feasibility(part, better, grasps)
    assert not lost.any()
