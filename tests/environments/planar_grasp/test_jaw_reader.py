import numpy as np
import pytest
import shapely
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.jaw_reader import JawReader, PadProfile, Pose
from fag_tf.environments.planar_grasp.picture_features import picture_features
from fag_tf.environments.planar_grasp.rendering import occupancy
from reference.execution import every_execution

PIXEL = 0.30 / 128

PART = shapely.Polygon(
    [(-0.020, -0.010), (0.025, -0.012), (0.022, 0.004), (0.003, 0.006), (0.001, 0.018)]
)


def observation_of(part, gripper=DEFAULT_GRIPPER):
    return {"image": occupancy(part)[None, ..., None], "gripper": gripper.vector()[None]}


def pose_of(x, y, theta):
    values = np.broadcast_arrays(x, y, np.cos(theta), np.sin(theta))
    return Pose(*(tf.constant(np.asarray(v, np.float32).reshape(1, -1)) for v in values))


# A pose -------------------------------------------------------------------------------------------


def test_a_pose_moves_in_its_own_frame():
    pose = Pose(*(tf.constant(v) for v in (0.1, 0.0, 0.0, 1.0)))  # closing along y
    moved = pose.moved(tf.constant(0.02), tf.constant(0.01), tf.constant(np.float32(np.pi / 2)))
    np.testing.assert_allclose(tf.stack(moved), [0.09, 0.02, -1.0, 0.0], atol=1e-6)
    back = moved.moved(tf.constant(-0.01), tf.constant(0.02), tf.constant(np.float32(-np.pi / 2)))
    np.testing.assert_allclose(tf.stack(back), tf.stack(pose), atol=1e-6)


# Keypoints ----------------------------------------------------------------------------------------


def test_keypoints_lie_on_the_jaw():
    reader = JawReader(inner=(0.0, 1.0), outer=(0.5, 1.0), across=(-1.0, 0.0, 1.0), lines=3)
    points = (3 + 4) * 3
    # A picture whose occupancy is the column's number tells where each keypoint is.
    observation = observation_of(PART)
    ramp = np.broadcast_to(np.arange(128, dtype=np.float32), (1, 128, 128))
    features = picture_features(observation)
    maps = np.stack([ramp[0], ramp[0].T], axis=-1)
    padded = np.pad(maps, ((0, 1), (0, 1), (0, 0)), mode="edge")
    corners = [padded[i : i + 128, j : j + 128] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))]
    flat = np.concatenate(corners, -1).reshape(1, 128 * 128, 8)
    features = features._replace(maps=tf.constant(flat))
    x, y, theta = 0.013, -0.021, 0.7
    pose = Pose(*(tf.constant([[v]], tf.float32) for v in (x, y, np.cos(theta), np.sin(theta))))
    seen = reader(features, pose).numpy()[0, 0, : 2 * points].reshape(-1, 2)
    found = np.stack([(seen[:, 0] + 0.5) * PIXEL - 0.15, 0.15 - (seen[:, 1] + 0.5) * PIXEL], -1)

    half, thick, pad = 0.0425, 0.0135, 0.011
    expected = set()
    for u in (-half, 0.0, half, *(s * (half + t * thick) for s in (-1, 1) for t in (0.5, 1.0))):
        for v in (-pad, 0.0, pad):
            place = (
                x + np.cos(theta) * u - np.sin(theta) * v,
                y + np.sin(theta) * u + np.cos(theta) * v,
            )
            expected.add(tuple(np.round(place, 5)))
    assert {tuple(place) for place in np.round(found.astype(float), 5)} == expected


# Profiles ---------------------------------------------------------------------------------------


def travels(part, pose, lines=5, gripper=DEFAULT_GRIPPER):
    """`[N, 2, lines]`: the travels of the pad at -u and of the pad at +u."""
    features = picture_features(observation_of(part, gripper))
    travel, _ = PadProfile(lines).travel(features, pose_of(*pose))
    return travel.numpy()[0].reshape(-1, 2, lines)


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
@settings(deadline=None, max_examples=25)
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
    features = picture_features(observation_of(step))
    profile = run(PadProfile(5))(features, pose_of(0.0, 0.0, 0.0)).numpy().reshape(3, 2, 5)
    assert np.all(np.isfinite(profile))
    np.testing.assert_allclose(profile[0, 0], (0.0425 - 0.01) / 0.085, atol=0.002)
    np.testing.assert_allclose(profile[1, 0], 0.0, atol=0.06)
    np.testing.assert_allclose(profile[1, 1, [0, 1]], 0.0, atol=0.06)
    np.testing.assert_allclose(profile[1, 1, [3, 4]], 0.5, atol=0.06)


@pytest.mark.parametrize("axis", [0, 1], ids=["along u", "along v"])
def test_what_is_read_of_a_mirrored_scene_is_the_mirror_of_what_is_read(axis):
    reader = JawReader(inner=(0.0, 1.0), outer=(0.5, 1.0), across=(-1.0, 0.0, 1.0), lines=4)
    here = np.random.default_rng(0).uniform(-0.03, 0.03, (2, 40))
    sign = np.where(np.arange(2) == axis, -1.0, 1.0)
    there = sign[:, None] * here
    part = shapely.affinity.translate(PART, 0.004, 0.003)
    mirrored = shapely.transform(part, lambda xy: xy * sign)
    seen = reader(picture_features(observation_of(part)), pose_of(*here, np.zeros(40))).numpy()
    image = reader(picture_features(observation_of(mirrored)), pose_of(*there, np.zeros(40)))
    np.testing.assert_allclose(image, reader.mirrors[axis](seen), atol=2e-3)
    assert np.abs(image - seen).max() > 0.1
