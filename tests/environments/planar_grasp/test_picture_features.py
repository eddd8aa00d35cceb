import numpy as np
import pytest
import shapely
import tensorflow as tf
from scipy import ndimage

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.picture_features import (
    GREATEST_DISTANCE,
    PictureFeatures,
    picture_features,
    read_maps,
    signed_distance,
)
from fag_tf.environments.planar_grasp.rendering import occupancy
from reference.execution import every_execution

PIXEL = 0.30 / 128
PART = shapely.Polygon(
    [(-0.020, -0.010), (0.025, -0.012), (0.022, 0.004), (0.003, 0.006), (0.001, 0.018)]
)


def observation_of(part, gripper=DEFAULT_GRIPPER):
    return {"image": occupancy(part)[None, ..., None], "gripper": gripper.vector()[None]}


# The distance -----------------------------------------------------------------------------------


@every_execution
def test_the_signed_distance_is_that_of_an_exact_euclidean_transform(run):
    rng = np.random.default_rng(0)
    images = [occupancy(PART, 40), rng.random((40, 40)) > 0.97, rng.random((40, 40)) > 0.2]
    image = np.stack(images).astype(np.float32)
    found = run(signed_distance)(tf.constant(image)).numpy()
    for picture, distance in zip(image >= 0.5, found, strict=True):
        outside = ndimage.distance_transform_edt(~picture)
        inside = ndimage.distance_transform_edt(picture)
        expected = np.where(picture, 0.5 - inside, outside - 0.5) * 0.30 / 40
        within = np.clip(expected, -GREATEST_DISTANCE, GREATEST_DISTANCE)
        np.testing.assert_allclose(distance, within, atol=1e-6)


def test_the_signed_distance_is_that_of_the_outline_to_a_fraction_of_a_pixel():
    square = shapely.box(-10 * PIXEL, -6 * PIXEL, 20 * PIXEL, 14 * PIXEL)  # along pixel borders
    found = signed_distance(occupancy(square)[None]).numpy()[0]
    middles = (np.arange(128) + 0.5) * PIXEL - 0.15
    x, y = np.meshgrid(middles, -middles)
    points = shapely.points(x, y)
    expected = shapely.distance(points, square.exterior)
    expected[shapely.contains(square, points)] *= -1.0
    expected = np.clip(expected, -GREATEST_DISTANCE, GREATEST_DISTANCE)
    # Straight across an edge it is exact; around a corner the half pixel is off by up to 0.21.
    np.testing.assert_allclose(found, expected, atol=0.21 * PIXEL)
    beside = (np.abs(x - 5 * PIXEL) < 14 * PIXEL) & (y > 14 * PIXEL)
    np.testing.assert_allclose(found[beside], expected[beside], atol=1e-6)


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
    low = Gripper(0.050, 0.010, 0.006, 0.3, 0.0005, 0.015)
    high = Gripper(0.110, 0.030, 0.020, 0.9, 0.002, 0.060)
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


def test_between_the_middles_a_reading_is_bilinear():
    features = picture_features(observation_of(PART))
    rng = np.random.default_rng(1)
    rows, columns = rng.uniform(40.0, 88.0, (2, 60))
    found = readings(features, (columns + 0.5) * PIXEL - 0.15, 0.15 - (rows + 0.5) * PIXEL)
    expected = ndimage.map_coordinates(occupancy(PART), [rows, columns], order=1)
    np.testing.assert_allclose(found[:, 0], expected, atol=2e-4)


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
