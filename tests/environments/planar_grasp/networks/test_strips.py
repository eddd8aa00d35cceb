import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.networks.object_view import object_view, read_view
from fag_tf.environments.planar_grasp.networks.strips import (
    HALF_TURN_STEP,
    MATERIAL,
    NUM_DIRECTIONS,
    StripGrid,
    column_places,
    direction_angles,
    edge_places,
    scan,
    strip_grid,
    strip_rows,
    union_of_rows,
)
from reference.jaw_scenes import PIXEL
from reference.scan_scenes import (
    lying,
    observation_of,
    of_state,
    plain_material_in_band,
    shifted,
)

BLOCK = shapely.affinity.rotate(shapely.box(-0.045, -0.02, 0.045, 0.02), 25, (0.01, 0.0))
DISC = shapely.Point(-0.02, 0.015).buffer(0.035, quad_segs=64)
PARTS = {"block": BLOCK, "disc": DISC, "H": lying("H"), "C": lying("C", turn=1.0)}


def scanned(observation):
    view = object_view(observation)
    grid = strip_grid(view)
    return view, grid, scan(view, grid)


def by_strip(contacts):
    """The contacts of each strip `[n, 2]`, by state, direction and place v; without the last."""
    arrays = [values.numpy()[:-1] for values in contacts]
    found = {}
    for _, state, direction, v, begin, end in zip(*arrays, strict=True):
        key = int(state), int(direction), round(float(v), 6)
        found.setdefault(key, []).append((begin, end))
    return {key: np.array(pairs) for key, pairs in found.items()}


# The grid ---------------------------------------------------------------------------------------


def test_the_directions_are_the_middles_of_equal_parts_of_half_a_turn():
    expected = (np.arange(NUM_DIRECTIONS) + 0.5) * math.pi / NUM_DIRECTIONS
    np.testing.assert_allclose(direction_angles(), expected, rtol=1e-6)
    assert pytest.approx(np.diff(expected)) == 2 * HALF_TURN_STEP


@pytest.mark.parametrize(
    ("pad_width", "rows"), [(0.04, 8), (0.0145, 8), (0.0143, 4), (0.0073, 4), (0.0071, 2)]
)
def test_a_pad_is_read_along_eight_rows_or_fewer_where_these_would_be_far_below_a_pixel(
    pad_width, rows
):
    gripper = replace(DEFAULT_GRIPPER, pad_width=pad_width)
    grid = strip_grid(object_view(observation_of(BLOCK, gripper=gripper)))
    assert grid.rows_per_pad[0] == rows
    np.testing.assert_allclose(grid.pitch[0], pad_width / rows, rtol=1e-6)
    read = strip_rows(grid).numpy()[0]
    assert read.shape == (9,)
    # From one edge of the pad to the other, at the places of the neighbouring strips.
    expected = (np.arange(rows + 1) / rows - 0.5) * pad_width
    np.testing.assert_allclose(np.unique(read.round(7)), expected, atol=1e-6)


@given(
    st.floats(0.005, 0.04),
    st.floats(0.01, 0.08),
)
def test_strips_lie_about_the_centroid_and_cover_all_places_that_hang_level(pad_width, lever):
    gripper = replace(DEFAULT_GRIPPER, pad_width=pad_width, max_lever=lever)
    view = object_view(observation_of(lying("H"), gripper=gripper, size=64))
    grid = strip_grid(view)
    first, pitch, number = float(grid.first()[0]), float(grid.pitch[0]), int(grid.number[0])
    last = first + (number - 1) * pitch
    assert first == pytest.approx(-last, abs=1e-7)
    assert last + 0.5 * pitch > min(lever, float(view.reach[0]) + 0.5 * pad_width) - 1e-6


def test_readings_along_a_strip_lie_evenly_within_the_view():
    view = object_view(observation_of(BLOCK, DISC))
    for places, reach in zip(column_places(view).numpy(), view.reach.numpy(), strict=True):
        steps = np.diff(places)
        np.testing.assert_allclose(steps, 2 * reach / len(places), rtol=1e-3)
        np.testing.assert_allclose(places[0] + reach, 0.5 * steps[0], rtol=1e-2)
        np.testing.assert_allclose(places, -places[::-1], atol=1e-7)


# The scan ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("pad_width", [0.022, 0.012, 0.006])
@pytest.mark.parametrize("name", PARTS)
def test_contacts_are_where_the_outline_has_them_to_about_a_pixel(name, pad_width):
    """The exact ends of the part within the band of the pads. They may lie a pixel apart, as the
    part in the picture is blurred by one, and so may the band."""
    part = PARTS[name]
    gripper = replace(DEFAULT_GRIPPER, pad_width=pad_width, max_lever=0.05)
    view, grid, contacts = scanned(observation_of(part, gripper=gripper))
    found, angles = by_strip(contacts), direction_angles().numpy()
    steps = range(int(grid.number[0]))
    compared, errors = 0, []
    for direction in range(0, NUM_DIRECTIONS, 4):
        for step in steps[:: max(1, len(steps) // 16)]:
            v = float(grid.first()[0] + step * grid.pitch[0])
            exact = plain_material_in_band(
                part, view.centroid[0], angles[direction], v, pad_width, PIXEL
            )
            if exact is None:
                continue
            seen = found.get((0, direction, round(v, 6)), np.empty((0, 2)))
            assert seen.shape == exact.shape
            errors.extend(np.abs(seen - exact).ravel())
            compared += 1
    assert compared > 40
    assert max(errors) < 1.1 * PIXEL
    assert np.mean(errors) < 0.25 * PIXEL


def plain_scan(view, grid, state, direction, step):
    """One strip alone, reading by reading."""
    theta = float(direction_angles()[direction])
    v = float(grid.first()[state] + step * grid.pitch[state])
    u = column_places(view)[state].numpy()
    readings = np.zeros((9, len(u)))
    for i, row in enumerate(strip_rows(grid)[state].numpy()):
        one = [tf.gather(values, [state]) for values in view]
        line = tf.constant(u[None]), tf.fill([1, len(u)], np.float32(v + row))
        cos, sin = tf.fill([1, len(u)], math.cos(theta)), tf.fill([1, len(u)], math.sin(theta))
        readings[i] = read_view(type(view)(*one), cos, sin, *line)[0]
    along = readings.max(axis=0)
    begins, ends = [], []
    for k in range(len(u) - 1):
        if (along[k] >= MATERIAL) != (along[k + 1] >= MATERIAL):
            share = (MATERIAL - along[k]) / (along[k + 1] - along[k])
            place = u[k] + share * (u[k + 1] - u[k])
            (ends if along[k] >= MATERIAL else begins).append(place)
    return np.stack([begins, ends], axis=-1)


@pytest.mark.parametrize("pad_width", [0.022, 0.012, 0.006])
def test_a_strip_is_the_union_of_its_rows_and_a_contact_is_where_that_is_half_full(pad_width):
    grippers = [Gripper(pad_width=pad_width), Gripper(pad_width=0.03, max_lever=0.05)]
    view, grid, contacts = scanned(observation_of(lying("H"), lying("X"), gripper=grippers))
    found = by_strip(contacts)
    equal = []
    for state in range(2):
        for direction in range(0, NUM_DIRECTIONS, 9):
            for step in range(0, int(grid.number[state]), 5):
                v = float(grid.first()[state] + step * grid.pitch[state])
                seen = found.get((state, direction, round(v, 6)), np.empty((0, 2)))
                expected = plain_scan(view, grid, state, direction, step)
                equal.append(
                    seen.shape == expected.shape and np.allclose(seen, expected, atol=1e-5)
                )
    assert np.mean(equal) > 0.97  # rounding tells some readings on the line between two pixels


def test_contacts_come_in_order_and_the_last_one_holds_nothing():
    _, grid, contacts = scanned(observation_of(lying("H"), None, DISC))
    strip, state, direction, v, begin, end = (values.numpy() for values in contacts)
    assert np.all(np.diff(strip) >= 0)
    same = strip[1:] == strip[:-1]
    assert np.all(begin[1:][same] > end[:-1][same])
    assert np.all(begin[:-1] < end[:-1])
    number = int(np.max(grid.number))
    np.testing.assert_array_equal(strip[:-1] // (NUM_DIRECTIONS * number), state[:-1])
    np.testing.assert_array_equal(strip[:-1] // number % NUM_DIRECTIONS, direction[:-1])
    places = grid.first().numpy()[state] + strip % number * grid.pitch.numpy()[state]
    np.testing.assert_allclose(v[:-1], places[:-1], atol=1e-6)
    assert set(state[:-1]) == {0, 2}
    assert (strip[-1], begin[-1], end[-1]) == (3 * NUM_DIRECTIONS * number, -1.0, 1.0)
    assert strip[-1] > strip[-2]


def test_an_empty_picture_has_no_contact_but_the_one_that_holds_nothing():
    _, _, contacts = scanned(observation_of(None))
    assert contacts.begin.shape == (1,)


@pytest.mark.parametrize("size", [64, 128, 400, 512, 1024, (64, 200)], ids=str)
@pytest.mark.parametrize("radius", [0.035, 0.085, 0.11])
def test_each_strip_that_meets_a_disc_has_a_begin_and_an_end(size, radius):
    disc = shapely.Point(0.01, -0.003).buffer(radius, quad_segs=64)
    gripper = Gripper(max_lever=0.02)
    view, grid, contacts = scanned(observation_of(disc, gripper=gripper, size=size))
    assert len(contacts.begin) == NUM_DIRECTIONS * int(grid.number[0]) + 1
    # Where the middle of the disc is in front of the pads, they touch at its radius.
    within = np.abs(contacts.v.numpy()[:-1]) < 0.5 * float(view.gripper[0, 1])
    # To a pixel, or to half the distance of two readings where that is more.
    near = max(0.30 / np.min(size), float(view.reach[0]) / 72)
    np.testing.assert_allclose(contacts.begin.numpy()[:-1][within], -radius, atol=near)
    np.testing.assert_allclose(contacts.end.numpy()[:-1][within], radius, atol=near)


def test_the_contacts_of_a_state_do_not_depend_on_the_others():
    grippers = [Gripper(max_lever=0.015), Gripper(max_lever=0.06, pad_width=0.007), Gripper()]
    observation = observation_of(lying("H"), DISC, lying("X"), gripper=grippers)
    together = by_strip(scanned(observation)[2])
    for state in range(3):
        alone = by_strip(scanned(of_state(observation, state))[2])
        own = {key[1:]: pairs for key, pairs in together.items() if key[0] == state}
        assert {key[1:] for key in alone} == own.keys()
        for (_, *key), pairs in alone.items():
            np.testing.assert_array_equal(pairs, own[tuple(key)])


def test_contacts_move_with_the_picture():
    observation = observation_of(lying("H"))
    here, there = (by_strip(scanned(o)[2]) for o in (observation, shifted(observation, 9, -4)))
    same = [
        key in there and np.allclose(there[key], pairs, atol=2e-4)
        for key, pairs in here.items()
        if there.get(key, pairs).shape == pairs.shape
    ]
    assert np.mean(same) > 0.97


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-0.1, 0.1), st.floats(1e-4, 0.01))
def test_occupancy_crosses_one_half_on_the_line_between_two_readings(before, after, place, pitch):
    found = float(edge_places(*(tf.constant(x, tf.float32) for x in (before, after, place, pitch))))
    assert place - 1e-6 <= found <= place + pitch + 1e-6
    if (before < 0.49) != (after < 0.49) and abs(before - after) > 0.05:
        share = (found - place) / pitch
        inside = 0.0 <= (MATERIAL - before) / (after - before) <= 1.0
        assert not inside or before + share * (after - before) == pytest.approx(0.5, abs=0.02)


def test_the_union_of_rows_is_full_where_any_row_is():
    rows = np.random.default_rng(0).random((2, 3, 9, 5), np.float32)
    np.testing.assert_array_equal(union_of_rows(tf.constant(rows)), rows.max(axis=-2))


def test_a_grid_is_laid_for_each_state_by_its_own_gripper():
    grippers = [Gripper(pad_width=0.006), Gripper(pad_width=0.012), Gripper(pad_width=0.03)]
    grid = strip_grid(object_view(observation_of(BLOCK, BLOCK, BLOCK, gripper=grippers)))
    assert isinstance(grid, StripGrid)
    np.testing.assert_array_equal(grid.rows_per_pad, [2, 4, 8])
