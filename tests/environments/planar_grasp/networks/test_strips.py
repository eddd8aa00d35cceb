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
    Profile,
    StripGrid,
    column_places,
    contact_features,
    direction_angles,
    edge_places,
    of_each,
    scan,
    strip_grid,
    strip_rows,
    touch_places,
    union_of_rows,
)
from reference.execution import every_execution
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
PROFILE = Profile((-0.0015, 0.0, 0.0015, 0.003, 0.0045), touch=2, rows_beyond=1)


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


# The profile of a contact -----------------------------------------------------------------------


def profile_of(part, theta, v, touch, side, pad_width=0.022):
    """Readings `[5, 11]` of the left (side 1) or the right contact (-1), and its first touch."""
    view = object_view(observation_of(part, gripper=Gripper(pad_width=pad_width)))
    cos, sin, v = (np.float32([[value]]) for value in (math.cos(theta), math.sin(theta), v))
    # The other pad is far from the part, and should not matter.
    touches = np.float32([[[touch, 0.2] if side > 0 else [-0.2, touch]]])
    profiles = contact_features(view, None, cos, sin, v, touches, PROFILE)
    places = touch_places(view, None, profiles, PROFILE)
    assert profiles.shape == (1, 1, 2, 5, 11)
    number = 0 if side > 0 else 1
    return profiles.numpy()[0, 0, number], float(places[0, 0, number])


def test_rows_lie_an_eighth_of_a_pad_apart_and_as_many_beyond_each_edge_as_wanted():
    np.testing.assert_allclose(PROFILE.across, np.arange(-5, 6) / 8)
    on_pad = Profile((0.0,), touch=0, rows_beyond=0)
    np.testing.assert_allclose(on_pad.across, np.arange(-4, 5) / 8)


@pytest.mark.parametrize("side", [1.0, -1.0], ids=["left", "right"])
def test_the_profile_of_a_flat_face_is_empty_before_it_and_full_behind(side):
    block = shapely.box(-0.03, -0.04, 0.03, 0.04)
    profile, place = profile_of(block, 0.0, 0.0, -0.03 * side, side)
    assert np.all(profile[0] < 0.35)  # 1.5 mm before the touch
    assert np.all(profile[3:] > 0.9)  # 3 mm behind it and more
    assert np.all(np.ptp(profile, axis=1) < 0.1)
    assert place == pytest.approx(0.0, abs=0.001)


@pytest.mark.parametrize("side", [1, -1], ids=["left", "right"])
def test_a_profile_is_what_the_view_shows_at_its_depths_and_rows(side):
    theta, v, touch, pad_width = 0.7, 0.004, -0.02 * side, 0.022
    profile, _ = profile_of(lying("H"), theta, v, touch, side, pad_width)
    view = object_view(observation_of(lying("H"), gripper=Gripper(pad_width=pad_width)))
    depths, rows = np.meshgrid(PROFILE.depths, PROFILE.across, indexing="ij")
    u = np.float32(touch + side * depths.ravel()[None])
    along_pads = np.float32(v + pad_width * rows.ravel()[None])
    cos, sin = np.full_like(u, math.cos(theta)), np.full_like(u, math.sin(theta))
    expected = read_view(view, *(tf.constant(x) for x in (cos, sin, u, along_pads)))
    # Rounding tells some readings on the line between two pixels of the view.
    assert np.mean(np.abs(expected.numpy().reshape(5, 11) - profile) > 1e-4) <= 2 / 55


def test_the_first_touch_is_where_the_part_reaches_farthest():
    # A stud on the left, 7 mm above the middle of the pad.
    part = shapely.union_all(
        [shapely.box(-0.02, -0.03, 0.02, 0.03), shapely.box(-0.028, 0.004, -0.02, 0.010)]
    )
    x, y = part.centroid.coords[0]
    profile, place = profile_of(part, 0.0, -y, -0.028 - x, 1.0)
    assert place == pytest.approx(0.007, abs=0.002)
    full, empty = profile[3, [7, 8]], profile[3, [1, 2, 3, 4, 5]]
    assert full.min() > 0.6
    assert empty.max() < 0.3


def test_a_profile_reads_beyond_the_edges_of_the_pad():
    profile, _ = profile_of(shapely.box(-0.03, -0.011, 0.03, 0.011), 0.0, 0.0, -0.03, 1.0)
    assert np.all(profile[3:, [0, -1]] < 0.4)
    assert np.all(profile[3:, 2:-2] > 0.9)


def test_contacts_may_be_given_for_all_states_together_or_state_by_state():
    grippers = [Gripper(pad_width=0.01), Gripper(pad_width=0.03)]
    view = object_view(observation_of(lying("H"), DISC, gripper=grippers))
    rng = np.random.default_rng(0)
    theta, v, touch = rng.uniform(
        [[[0]], [[-0.02]], [[-0.06]]], [[[3]], [[0.02]], [[0.06]]], (3, 2, 9)
    )
    cos, sin, v = (values.astype(np.float32) for values in (np.cos(theta), np.sin(theta), v))
    touches = np.stack([touch, touch + 0.02], axis=-1).astype(np.float32)
    profile = contact_features(view, None, cos, sin, v, touches, PROFILE)
    place = touch_places(view, None, profile, PROFILE)
    state = tf.constant(np.repeat([0, 1], 9), tf.int32)
    flat = [cos.ravel(), sin.ravel(), v.ravel(), touches.reshape(18, 2)]
    together = contact_features(view, state, *flat, PROFILE)
    places = touch_places(view, state, together, PROFILE)
    np.testing.assert_array_equal(together, tf.reshape(profile, [18, 2, 5, 11]))
    np.testing.assert_allclose(places, tf.reshape(place, [18, 2]), atol=1e-7)
    np.testing.assert_array_equal(of_each(view.reach, state)[:9], np.repeat(view.reach[0], 9))
    assert of_each(view.reach, None).shape == (2, 1)


@every_execution
def test_a_profile_is_the_same_however_it_is_read(run):
    view = object_view(observation_of(lying("H")))
    rng = np.random.default_rng(0)
    v = rng.uniform(-0.05, 0.05, (1, 50)).astype(np.float32)
    touches = rng.uniform(-0.05, 0.05, (1, 50, 2)).astype(np.float32)
    one = np.ones((1, 50), np.float32)

    def read(picture, v, touches):
        seen = view._replace(picture=picture)
        profile = contact_features(seen, None, one, 0 * one, v, touches, PROFILE)
        return profile, touch_places(seen, None, profile, PROFILE)

    profile, place = read(view.picture, v, touches)
    found, found_place = run(read)(view.picture, v, touches)
    assert np.mean(np.abs(found - profile) > 1e-4) < 0.01
    assert np.mean(np.abs(found_place - place) > 1e-5) < 0.05


def test_a_grid_is_laid_for_each_state_by_its_own_gripper():
    grippers = [Gripper(pad_width=0.006), Gripper(pad_width=0.012), Gripper(pad_width=0.03)]
    grid = strip_grid(object_view(observation_of(BLOCK, BLOCK, BLOCK, gripper=grippers)))
    assert isinstance(grid, StripGrid)
    np.testing.assert_array_equal(grid.rows_per_pad, [2, 4, 8])
