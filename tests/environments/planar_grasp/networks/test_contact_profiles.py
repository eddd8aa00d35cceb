import math

import numpy as np
import pytest
import shapely
import tensorflow as tf

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.networks.contact_profiles import (
    Profile,
    contact_profiles,
    touch_places,
)
from fag_tf.environments.planar_grasp.networks.object_view import object_view, read_view
from reference.execution import every_execution
from reference.scan_scenes import lying, observation_of, of_state

DISC = shapely.Point(-0.02, 0.015).buffer(0.035, quad_segs=64)
PROFILE = Profile((-0.0015, 0.0, 0.0015, 0.003, 0.0045), touch=2, rows_beyond=1)


def by_pair(profiles):
    """Occupancy `[2, K, 5, 11]` of left and right contacts."""
    return 0.5 * (profiles.numpy() + 1.0).reshape(2, -1, 5, 11)


def profile_of(part, theta, v, touch, side, pad_width=0.022):
    """Readings `[5, 11]` of the left (side 1) or the right contact (-1), and its first touch."""
    view = object_view(observation_of(part, gripper=Gripper(pad_width=pad_width)))
    cos, sin, v = (np.float32([value]) for value in (math.cos(theta), math.sin(theta), v))
    # The other pad is far from the part, and should not matter.
    touches = np.float32([[touch], [0.2]] if side > 0 else [[-0.2], [touch]])
    state = np.zeros(1, np.int32)
    profiles = contact_profiles(view, state, cos, sin, v, touches, PROFILE)
    places = touch_places(view, state, profiles, PROFILE)
    assert profiles.shape == (2, 5 * 11)
    assert places.shape == (2, 1)
    number = 0 if side > 0 else 1
    return by_pair(profiles)[number, 0], float(places[number, 0])


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


def test_the_profiles_of_a_state_do_not_depend_on_the_others():
    grippers = [Gripper(pad_width=0.01), Gripper(pad_width=0.03)]
    observation = observation_of(lying("H"), DISC, gripper=grippers)
    rng = np.random.default_rng(0)
    bounds = [[[0]], [[-0.02]], [[-0.06]]], [[[3]], [[0.02]], [[0.06]]]
    theta, v, touch = rng.uniform(*bounds, (3, 2, 9)).astype(np.float32)

    def read(view, own):
        state = tf.constant(np.repeat(np.arange(len(own), dtype=np.int32), 9))
        angle, first = theta[own].ravel(), touch[own].ravel()
        frame = np.cos(angle), np.sin(angle), v[own].ravel()
        profiles = contact_profiles(view, state, *frame, np.stack([first, first + 0.02]), PROFILE)
        return by_pair(profiles), touch_places(view, state, profiles, PROFILE)

    together, places = read(object_view(observation), [0, 1])
    for state in (0, 1):
        alone, place = read(object_view(of_state(observation, state)), [state])
        mine = slice(9 * state, 9 * state + 9)
        assert np.mean(np.abs(together[:, mine] - alone) > 1e-4) < 0.01
        np.testing.assert_allclose(places[:, mine], place, atol=1e-4)


@every_execution
def test_a_profile_is_the_same_however_it_is_read(run):
    view = object_view(observation_of(lying("H")))
    rng = np.random.default_rng(0)
    v = rng.uniform(-0.05, 0.05, 50).astype(np.float32)
    touches = rng.uniform(-0.05, 0.05, (2, 50)).astype(np.float32)
    one, state = np.ones(50, np.float32), np.zeros(50, np.int32)

    def read(picture, v, touches):
        seen = view._replace(picture=picture)
        profile = contact_profiles(seen, state, one, 0 * one, v, touches, PROFILE)
        return profile, touch_places(seen, state, profile, PROFILE)

    profile, place = read(view.picture, v, touches)
    found, found_place = run(read)(view.picture, v, touches)
    assert np.mean(np.abs(found - profile) > 1e-4) < 0.01
    assert np.mean(np.abs(found_place - place) > 1e-5) < 0.05
