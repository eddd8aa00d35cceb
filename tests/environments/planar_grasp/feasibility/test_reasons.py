import dataclasses

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.feasibility.reasons import narrowest_width, reason_for_none
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER

BAR = shapely.box(-0.06, -0.01, 0.06, 0.01)


def moved(part, x, y):
    return shapely.transform(part, lambda xy: np.add(xy, [x, y]))


@given(st.floats(0, np.pi), st.floats(0.01, 0.1), st.floats(0.01, 0.1))
@settings(max_examples=25)
def test_the_narrowest_width_of_a_turned_rectangle_is_its_shorter_side(turn, a, b):
    c, s = np.cos(turn), np.sin(turn)
    box = shapely.transform(shapely.box(0, 0, a, b), lambda xy: xy @ np.array([[c, s], [-s, c]]))
    assert narrowest_width(box) == pytest.approx(min(a, b))


def test_the_narrowest_width_of_a_triangle_is_its_least_height():
    assert narrowest_width(shapely.Polygon([(0, 0), (4, 0), (0, 3)])) == pytest.approx(2.4)


def test_a_part_that_is_too_wide_is_told_so_in_numbers():
    plate = shapely.box(-0.06, -0.06, 0.06, 0.06)
    assert reason_for_none(plate, DEFAULT_GRIPPER) == (
        "its narrowest width, 120 mm, exceeds the opening, 85 mm"
    )


def test_a_part_whose_mass_is_out_of_the_levers_reach():
    # A long thin handle on a block that is too wide to be held.
    club = shapely.union(shapely.box(0, -0.05, 0.1, 0.05), shapely.box(-0.1, -0.005, 0, 0.005))
    jaw = dataclasses.replace(DEFAULT_GRIPPER, opening=0.05)
    assert "max_lever, 30 mm" in reason_for_none(club, jaw)


def test_a_part_that_can_only_be_reached_from_beyond_the_table():
    # The jaw's room is less than the part's distance from the table's edge.
    part = moved(shapely.box(-0.001, -0.02, 0.001, 0.02), 0.149, 0)
    jaw = dataclasses.replace(DEFAULT_GRIPPER, opening=0.03)
    outside = moved(part, 0.02, 0)
    assert "off the table" in reason_for_none(outside, jaw)


def test_a_wedge_whose_faces_are_too_steep_seats_no_pad():
    wedge = shapely.Polygon([(-0.03, -0.02), (0.03, -0.02), (0.0, 0.032)])
    jaw = dataclasses.replace(DEFAULT_GRIPPER, friction=0.2, max_lever=0.08)
    assert "both pads seat" in reason_for_none(wedge, jaw)


def test_a_frame_whose_bars_are_too_wide_as_well():
    frame = shapely.box(-0.05, -0.05, 0.05, 0.05) - shapely.box(-0.02, -0.02, 0.02, 0.02)
    jaw = dataclasses.replace(DEFAULT_GRIPPER, opening=0.02)
    reason = reason_for_none(frame, jaw)
    assert reason.startswith("its narrowest width, 100 mm, exceeds the opening, 20 mm, and no ")
