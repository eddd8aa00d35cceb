import numpy as np
import pytest
import shapely
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.networks.image_features import MAPS
from fag_tf.environments.planar_grasp.networks.pad_contacts import CloseUp, PadProfile
from reference.execution import every_execution
from reference.jaw_scenes import PIXEL, assert_mirrored, features_of, pose_of

INWARD, ALONG = (-0.003, 0.0, 0.003), (-0.004, 0.0, 0.004)


def closeup_of(features, pose, lines):
    """The maps `[N, 2, 3, 3, C]` and the places `[N, 2]`."""
    touch = PadProfile(lines).touch(features, pose)
    seen = CloseUp(INWARD, ALONG)(features, pose, touch).numpy()[0]
    return seen[:, :-2].reshape(-1, 2, 3, 3, MAPS), seen[:, -2:]


def travels(part, pose, lines=5, gripper=DEFAULT_GRIPPER):
    """`[N, 2, lines]`: the travels of the pad at -u and of the pad at +u."""
    touch = PadProfile(lines).touch(features_of(part, gripper), pose_of(*pose))
    return touch.travel.numpy()[0].reshape(-1, 2, lines)


def exact_travels(part, pose, lines, gripper=DEFAULT_GRIPPER):
    """The same by cutting the part with each line."""
    x, y, theta = pose
    u, v = np.array([np.cos(theta), np.sin(theta)]), np.array([-np.sin(theta), np.cos(theta)])
    found = np.empty((2, lines))
    for pad, side in enumerate((-1.0, 1.0)):
        for line, share in enumerate(np.linspace(-1.0, 1.0, lines)):
            middle = np.array([x, y]) + 0.5 * gripper.pad_width * share * v
            begin = middle + side * 0.5 * gripper.opening * u
            end = middle - side * 0.5 * gripper.opening * u
            met = shapely.intersection(shapely.LineString([begin, end]), part)
            found[pad, line] = (
                gripper.opening if met.is_empty else shapely.distance(shapely.Point(begin), met)
            )
    return found


def test_pads_travel_to_a_bar_between_them():
    bar = shapely.box(-0.012, -0.05, 0.018, 0.05)
    found = travels(bar, (0.0, 0.0, 0.0))[0]
    np.testing.assert_allclose(found[0], 0.0425 - 0.012, atol=0.1 * PIXEL)
    np.testing.assert_allclose(found[1], 0.0425 - 0.018, atol=0.1 * PIXEL)


@given(
    turn=st.floats(0.0, 180.0),
    theta=st.floats(-0.7, 0.7),
    x=st.floats(-0.01, 0.01),
    pad_width=st.floats(0.010, 0.030),
)
@settings(max_examples=25)
def test_travels_to_a_slanted_bar_are_those_of_cutting_it(turn, theta, x, pad_width):
    gripper = Gripper(pad_width=pad_width)
    bar = shapely.affinity.rotate(shapely.box(-0.01, -0.07, 0.01, 0.07), turn, origin=(0.0, 0.0))
    pose = (x, 0.002, np.deg2rad(turn) + theta)
    found = travels(bar, pose, gripper=gripper)[0]
    np.testing.assert_allclose(found, exact_travels(bar, pose, 5, gripper), atol=0.5 * PIXEL)


def test_a_line_that_meets_nothing_travels_the_opening_and_one_inside_the_object_not_at_all():
    part = shapely.box(-0.03, -0.03, 0.03, 0.03)
    far, within = travels(part, (np.array([0.0, 0.0425]), np.array([0.1, 0.0]), np.zeros(2)))
    np.testing.assert_allclose(far, 0.085, atol=1e-6)
    np.testing.assert_allclose(within[0], 0.0, atol=1e-6)


@every_execution
def test_a_profile_tells_which_lines_touch_within_the_compliance(run):
    # A step of 1 mm, as deep as the pad yields: half of the lines touch, the others just so.
    step = shapely.union(
        shapely.box(-0.01, -0.05, 0.01, 0.05), shapely.box(-0.01, -0.05, 0.011, 0.0)
    )
    features = features_of(step)
    reader = PadProfile(5)
    touch = reader.touch(features, pose_of(0.0, 0.0, 0.0))
    profile = run(reader)(features, touch).numpy().reshape(3, 2, 5)
    assert np.all(np.isfinite(profile))
    np.testing.assert_allclose(profile[0, 0], (0.0425 - 0.01) / 0.085, atol=0.002)
    np.testing.assert_allclose(profile[1, 0], 0.0, atol=0.06)
    np.testing.assert_allclose(profile[1, 1, [0, 1]], 0.0, atol=0.06)
    np.testing.assert_allclose(profile[1, 1, [3, 4]], 0.5, atol=0.06)


def test_the_closeup_shows_the_corner_that_a_pad_touches_first():
    # A corner that points at the pad at -u, 4 mm off its middle, and a flat back.
    part = shapely.Polygon(
        [(-0.015, 0.004), (0.0, -0.02), (0.02, -0.02), (0.02, 0.03), (0.0, 0.03)]
    )
    features, pose = features_of(part), pose_of(0.0, 0.0, 0.0)
    touch = PadProfile(23).touch(features, pose)
    first, place = touch.first.numpy()[0, 0], touch.place.numpy()[0, 0]
    np.testing.assert_allclose(first, [0.0425 - 0.015, 0.0425 - 0.02], atol=0.6 * PIXEL)
    np.testing.assert_allclose(place, [0.004, 0.0], atol=0.0006)
    maps, places = closeup_of(features, pose, 23)
    np.testing.assert_allclose(places[0], place / 0.011, rtol=1e-6)
    occupied = maps[0, ..., 0]
    assert np.all(occupied[0, 2] > [0.1, 0.9, 0.1])  # behind the corner, its flanks are near
    assert np.all(occupied[0, 0] < 0.1)
    np.testing.assert_allclose(occupied[1].T, [[0.0, 0.5, 1.0]] * 3, atol=0.25)


def test_the_closeup_of_a_bar_stays_the_same_as_the_jaw_slides_towards_it():
    features = features_of(shapely.box(-0.012, -0.05, 0.018, 0.05))
    x = tf.Variable([[0.0, 0.002]])
    pose = pose_of(np.zeros(2), np.zeros(2), np.zeros(2))
    with tf.GradientTape(persistent=True) as tape:
        moved = pose._replace(x=x)
        touch = PadProfile(5).touch(features, moved)
        distances = CloseUp(INWARD, ALONG)(features, moved, touch)[..., 2:-2:MAPS]
        apart = touch.first[0, :, 0] - touch.first[0, :, 1]
        everything = tf.reduce_sum(PadProfile(5)(features, touch))
    np.testing.assert_allclose(tape.gradient(apart, x)[0], [-2.0, -2.0], atol=0.05)
    assert np.all(np.isfinite(tape.gradient(everything, x)))
    slope = tape.jacobian(distances, x)
    assert np.abs(slope).max() < 0.05 / 0.03  # of the slope that a fixed point would see


class _Profile:
    """A profile with its touch, as one reader."""

    def __init__(self):
        self.profile, self.mirrors = PadProfile(4), PadProfile(4).mirrors

    def __call__(self, features, pose):
        return self.profile(features, self.profile.touch(features, pose))


class _CloseUp:
    """A close-up with its touch, as one reader."""

    def __init__(self):
        self.closeup, self.mirrors = CloseUp(INWARD, ALONG), CloseUp(INWARD, ALONG).mirrors

    def __call__(self, features, pose):
        return self.closeup(features, pose, PadProfile(4).touch(features, pose))


@pytest.mark.parametrize("reader", [_Profile(), _CloseUp()], ids=["profile", "close-up"])
@pytest.mark.parametrize("axis", [0, 1], ids=["along u", "along v"])
def test_what_is_read_of_a_mirrored_scene_is_the_mirror_of_what_is_read(axis, reader):
    assert_mirrored(reader, axis)


def test_every_second_line_finds_what_fewer_lines_do():
    part = shapely.affinity.rotate(shapely.box(-0.01, -0.07, 0.012, 0.03), 20.0, origin=(0.0, 0.0))
    features, pose = features_of(part), pose_of(0.003, 0.002, 0.5)
    fine, coarse = PadProfile(lines=9), PadProfile(lines=5)
    thinned = coarse.thinned(features, fine.touch(features, pose))
    for part, expected in zip(thinned, coarse.touch(features, pose), strict=True):
        np.testing.assert_allclose(part, expected, atol=1e-6)
