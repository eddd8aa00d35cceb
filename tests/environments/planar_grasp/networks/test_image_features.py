import numpy as np
import pytest
import shapely
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.images.rendering import occupancy
from fag_tf.environments.planar_grasp.networks.image_features import (
    GREATEST_DISTANCE,
    PictureFeatures,
    picture_features,
    read_distance,
    read_maps,
    signed_distance,
)
from reference.execution import every_execution

PIXEL = 0.30 / 128
PART = shapely.Polygon(
    [(-0.020, -0.010), (0.025, -0.012), (0.022, 0.004), (0.003, 0.006), (0.001, 0.018)]
)


def observation_of(part, gripper=DEFAULT_GRIPPER):
    return {"image": occupancy(part)[None, ..., None], "gripper": gripper.vector()[None]}


# The distance -----------------------------------------------------------------------------------


@every_execution
def test_far_from_the_edge_the_signed_distance_is_that_of_an_exact_euclidean_transform(run):
    rng = np.random.default_rng(0)
    images = [occupancy(PART, 40), rng.random((40, 40)) > 0.97, rng.random((40, 40)) > 0.2]
    image = np.stack(images).astype(np.float32)
    found = run(signed_distance)(tf.constant(image)).numpy()
    for picture, distance in zip(image >= 0.5, found, strict=True):
        outside = ndimage.distance_transform_edt(~picture)
        inside = ndimage.distance_transform_edt(picture)
        pixels = np.where(picture, 0.5 - inside, outside - 0.5)
        within = np.clip(pixels * 0.30 / 40, -GREATEST_DISTANCE, GREATEST_DISTANCE)
        far = np.abs(pixels) >= 2.5
        np.testing.assert_allclose(distance[far], within[far], atol=1e-6)


def distance_to(outline):
    """The exact signed distance of every pixel's centre to an outline, `[128, 128]`."""
    middles = (np.arange(128) + 0.5) * PIXEL - 0.15
    points = shapely.points(*np.meshgrid(middles, -middles))
    distance = shapely.distance(points, outline.exterior)
    return np.where(shapely.contains(outline, points), -distance, distance)


@given(
    turn=st.floats(0.0, 180.0),
    x=st.floats(-0.01, 0.01),
    y=st.floats(-0.01, 0.01),
    thickness=st.floats(0.008, 0.06),
)
@settings(max_examples=25)
def test_near_a_straight_edge_the_signed_distance_is_exact_to_a_fifth_of_a_pixel(
    turn, x, y, thickness
):
    bar = shapely.box(-0.05, -thickness / 2, 0.05, thickness / 2)
    bar = shapely.affinity.translate(shapely.affinity.rotate(bar, turn), x, y)
    found, expected = signed_distance(occupancy(bar)[None]).numpy()[0], distance_to(bar)
    middles = (np.arange(128) + 0.5) * PIXEL - 0.15
    corners = shapely.MultiPoint(shapely.get_coordinates(bar))
    apart = shapely.distance(shapely.points(*np.meshgrid(middles, -middles)), corners)
    straight = (np.abs(expected) < PIXEL) & (apart > 3.5 * PIXEL)
    assert straight.sum() > 20
    np.testing.assert_allclose(found[straight], expected[straight], atol=0.2 * PIXEL)


def test_the_signed_distance_is_right_to_less_than_a_pixel_everywhere():
    for outline in (
        shapely.Point(0.004, 0.001).buffer(0.03),
        shapely.box(-0.04, -0.02, 0.03, 0.05),
    ):
        expected = np.clip(distance_to(outline), -GREATEST_DISTANCE, GREATEST_DISTANCE)
        found = signed_distance(occupancy(outline)[None]).numpy()[0]
        np.testing.assert_allclose(found, expected, atol=0.9 * PIXEL)


def test_pictures_without_an_object_or_full_of_it_are_as_far_from_an_edge_as_can_be():
    image = np.stack([np.zeros((16, 16)), np.ones((16, 16))]).astype(np.float32)
    found = signed_distance(image).numpy()
    np.testing.assert_allclose(found[0], GREATEST_DISTANCE)
    np.testing.assert_allclose(found[1], -GREATEST_DISTANCE)


# What is computed of a picture ------------------------------------------------------------------


def test_the_centroid_and_the_reach_are_those_of_the_part():
    x, y = 0.03, -0.05
    part = shapely.affinity.translate(PART, x, y)
    features = picture_features(observation_of(part))
    assert isinstance(features, PictureFeatures)
    np.testing.assert_allclose(
        features.centroid[0], [part.centroid.x, part.centroid.y], atol=0.05 * PIXEL
    )
    corners = shapely.get_coordinates(part) - [part.centroid.x, part.centroid.y]
    reach = np.linalg.norm(corners, axis=1).max()
    assert features.reach.numpy()[0] == pytest.approx(reach, abs=1.5 * PIXEL)


def test_grippers_at_the_ends_of_their_ranges_are_coded_as_minus_one_and_one():
    low = Gripper(0.020, 0.005, 0.004, 0.2, 0.0003, 0.010)
    high = Gripper(0.150, 0.040, 0.030, 1.0, 0.003, 0.080)
    for gripper, code in ((low, -1.0), (high, 1.0)):
        features = picture_features(observation_of(PART, gripper=gripper))
        np.testing.assert_allclose(features.gripper_code, code, atol=1e-4)


# Reading ----------------------------------------------------------------------------------------


def readings(features, x, y):
    """Readings `[K, 3]` of the three maps at points `[K]` of one picture."""
    points = (np.asarray(values, np.float32)[None, None] for values in (x, y))
    return read_maps(features, *points).numpy().reshape(-1, 3)


def test_a_reading_at_the_middle_of_a_pixel_is_that_pixel():
    features = picture_features(observation_of(PART))
    rows, columns = np.random.default_rng(0).integers(128, size=(2, 60))
    x, y = (columns + 0.5) * PIXEL - 0.15, 0.15 - (rows + 0.5) * PIXEL
    found = readings(features, x, y)
    picture = occupancy(PART)
    np.testing.assert_allclose(found[:, 0], picture[rows, columns], atol=1e-4)
    distance = signed_distance(picture[None]).numpy()[0, rows, columns]
    np.testing.assert_allclose(found[:, 2] * 0.03, distance, atol=1e-5)


def test_the_distance_is_read_in_metres_as_among_all_maps():
    features = picture_features(observation_of(PART))
    x, y = np.random.default_rng(3).uniform(-0.16, 0.16, (2, 60))
    points = (np.asarray(values, np.float32)[None, None] for values in (x, y))
    found = read_distance(features, *points).numpy()
    assert found.shape == (1, 1, 60)
    np.testing.assert_allclose(found[0, 0], readings(features, x, y)[:, 2] * 0.03, atol=1e-6)


def test_between_the_middles_a_reading_is_bilinear():
    features = picture_features(observation_of(PART))
    rng = np.random.default_rng(1)
    rows, columns = rng.uniform(40.0, 88.0, (2, 60))
    found = readings(features, (columns + 0.5) * PIXEL - 0.15, 0.15 - (rows + 0.5) * PIXEL)
    expected = ndimage.map_coordinates(occupancy(PART), [rows, columns], order=1)
    np.testing.assert_allclose(found[:, 0], expected, atol=2e-4)


def test_a_reading_is_the_same_by_products_of_matrices():
    fused, unfused = (picture_features(observation_of(PART), fused) for fused in (True, False))
    points = np.random.default_rng(4).uniform(-0.17, 0.17, (2, 1, 30, 7)).astype(np.float32)
    for read in (read_maps, read_distance):
        expected = read(fused, *points).numpy()
        np.testing.assert_allclose(read(unfused, *points), expected, atol=1e-5)
        assert np.ptp(expected) > 0.01


def test_beyond_the_picture_its_edge_is_read():
    part = shapely.affinity.translate(PART, 0.10, 0.0)
    features = picture_features(observation_of(part))
    beyond = readings(features, [0.2, 0.5, -3.0], [0.01, 0.01, -3.0])
    edge = readings(features, [0.15, 0.15, -0.15], [0.01, 0.01, -0.15])
    np.testing.assert_allclose(beyond, edge, atol=1e-4)


def test_the_blurred_map_is_a_gaussian_blur_of_two_pixels():
    features = picture_features(observation_of(PART))
    rows, columns = np.random.default_rng(2).integers(45, 83, size=(2, 60))
    found = readings(features, (columns + 0.5) * PIXEL - 0.15, 0.15 - (rows + 0.5) * PIXEL)
    expected = ndimage.gaussian_filter(occupancy(PART), 2.0, truncate=3.0)[rows, columns]
    np.testing.assert_allclose(found[:, 1], expected, atol=2e-4)
