import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.networks.object_view import (
    VIEW_SIZE,
    object_view,
    read_view,
)
from reference.execution import every_execution
from reference.jaw_scenes import PART
from reference.scan_scenes import (
    SIDE,
    lying,
    observation_of,
    of_state,
    shifted,
    turned,
)

SIZES = [64, 128, 300, 512, (64, 160), (200, 96)]


def bilinear(image, x, y):
    """The picture between the centres of its pixels, at one point; nothing lies beyond it."""
    height, width = image.shape
    column, row = (x + SIDE / 2) * width / SIDE - 0.5, (SIDE / 2 - y) * height / SIDE - 0.5
    found = 0.0
    for i in (math.floor(row), math.floor(row) + 1):
        for j in (math.floor(column), math.floor(column) + 1):
            if 0 <= i < height and 0 <= j < width:
                found += image[i, j] * (1 - abs(row - i)) * (1 - abs(column - j))
    return found


def centres_of(view, columns, rows):
    """Points u, v from the centroid at the middles of pixels of the view of one state."""
    return tuple(
        ((np.asarray(index) + 0.5) * 2 / VIEW_SIZE - 1) * float(view.reach[0])
        for index in (columns, rows)
    )


def read(view, u, v, theta=0.0):
    """Readings of one state at points `[n]`."""
    u, v = (np.asarray(values, np.float32)[None] for values in (u, v))
    cos, sin = np.full_like(u, math.cos(theta)), np.full_like(u, math.sin(theta))
    return read_view(view, cos, sin, u, v).numpy()[0]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_view_is_the_picture_interpolated_at_its_own_pixels(size):
    observation = observation_of(lying("L"), size=size)
    view, image = object_view(observation), observation["image"][0, ..., 0]
    rng = np.random.default_rng(0)
    u, v = centres_of(view, *rng.integers(0, VIEW_SIZE, (2, 400)))
    x, y = u + float(view.centroid[0, 0]), v + float(view.centroid[0, 1])
    expected = [bilinear(image, *point) for point in zip(x, y, strict=True)]
    assert 0.1 < np.mean(expected) < 0.9
    np.testing.assert_allclose(read(view, u, v), expected, atol=2e-3)


@settings(max_examples=25)
@given(
    st.integers(64, 200),
    st.integers(64, 200),
    st.floats(0.0, 2 * math.pi),
    st.floats(-0.05, 0.05),
    st.floats(-0.05, 0.05),
)
def test_a_reading_anywhere_is_no_farther_off_than_half_a_pixel_of_the_view(
    height, width, theta, dx, dy
):
    part = shapely.affinity.translate(PART, dx, dy)
    observation = observation_of(part, size=(height, width))
    view, image = object_view(observation), observation["image"][0, ..., 0]
    u, v = np.random.default_rng(1).uniform(-0.05, 0.05, (2, 60))
    x = float(view.centroid[0, 0]) + math.cos(theta) * u - math.sin(theta) * v
    y = float(view.centroid[0, 1]) + math.sin(theta) * u + math.cos(theta) * v
    step = float(view.reach[0]) / VIEW_SIZE  # half a pixel of the view
    found = read(view, u, v, theta)
    for k in range(len(u)):
        near = [
            bilinear(image, x[k] + i * step, y[k] + j * step)
            for i in np.linspace(-1.01, 1.01, 5)
            for j in np.linspace(-1.01, 1.01, 5)
        ]
        # Bilinear between these points, but for the lines of the picture's pixels.
        slack = 0.01 + 0.25 * (max(near) - min(near))
        assert min(near) - slack <= found[k] <= max(near) + slack


@pytest.mark.parametrize("size", [64, 128, 256, 400, 512, 1024])
@pytest.mark.parametrize("radius", [0.03, 0.085, 0.11])
def test_the_object_lies_wholly_within_the_view(size, radius):
    """The outermost readings of a strip, a 72nd of the reach from the ends, meet nothing."""
    disc = shapely.Point(0.003, -0.004).buffer(radius, quad_segs=64)
    view = object_view(observation_of(disc, size=size))
    np.testing.assert_allclose(view.centroid[0], [0.003, -0.004], atol=1e-4)
    assert radius < view.reach[0] < 1.1 * radius + 2 * SIDE / size
    theta = np.linspace(0, 2 * math.pi, 500)
    end = (1 - 1 / 72) * float(view.reach[0])
    assert read(view, end * np.cos(theta), end * np.sin(theta)).max() < 0.45
    inside = radius - 1.5 * SIDE / size - 2 * float(view.reach[0]) / VIEW_SIZE
    assert read(view, inside * np.cos(theta), inside * np.sin(theta)).min() > 0.9


@pytest.mark.parametrize("size", [256, 512, 700, 1024])
def test_what_the_object_fills_reads_as_filled_at_any_size_of_the_picture(size):
    disc = shapely.Point(0.0, 0.0).buffer(0.11, quad_segs=64)
    view = object_view(observation_of(disc, size=size))
    columns, rows = np.meshgrid(np.arange(100, 220), np.arange(100, 220))
    np.testing.assert_allclose(read(view, *centres_of(view, columns, rows)), 1.0, atol=1e-3)


def test_nothing_is_read_beyond_the_object():
    view = object_view(observation_of(PART))
    u = np.linspace(0.05, 0.3, 40)
    for theta in (0.0, 1.0, 3.0, 5.0):
        np.testing.assert_array_equal(read(view, u, 0 * u, theta), 0.0)


@pytest.mark.parametrize("size", [64, 128, 512, (96, 128)], ids=str)
def test_an_empty_picture_has_an_empty_view(size):
    view = object_view(observation_of(None, size=size))
    np.testing.assert_array_equal(view.picture, 0.0)
    np.testing.assert_array_equal(view.centroid, 0.0)
    np.testing.assert_allclose(view.reach, 0.01)


@pytest.mark.parametrize(("right", "down"), [(5, 0), (0, -7), (-20, 11)])
def test_the_view_moves_with_the_picture(right, down):
    observation = observation_of(PART)
    here, there = object_view(observation), object_view(shifted(observation, right, down))
    move = np.array([right, -down]) * SIDE / 128
    np.testing.assert_allclose(there.centroid[0] - here.centroid[0], move, atol=1e-6)
    np.testing.assert_allclose(there.reach, here.reach, rtol=1e-5)
    np.testing.assert_allclose(there.picture, here.picture, atol=1e-3)


def test_the_view_turns_with_the_picture():
    observation = observation_of(lying("L"))
    here, there = object_view(observation), object_view(turned(observation))
    x, y = here.centroid[0].numpy()
    np.testing.assert_allclose(there.centroid[0], [-y, x], atol=1e-6)
    np.testing.assert_allclose(there.reach, here.reach, rtol=1e-5)
    u, v = np.random.default_rng(0).uniform(-0.09, 0.09, (2, 500))
    same = np.abs(read(there, u, v, math.pi / 2) - read(here, u, v)) < 1e-3
    assert same.mean() > 0.99  # but for points on the lines between pixels


def test_a_view_depends_on_its_own_picture_alone():
    observation = observation_of(lying("L"), None, PART, lying("X"))
    together = object_view(observation)
    for state in range(4):
        alone = object_view(of_state(observation, state))
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one[0], other[state])


@every_execution
def test_a_view_is_the_same_however_it_is_run(run):
    observation = observation_of(lying("L"), None)
    expected = object_view(observation)
    for one, other in zip(run(object_view)(observation), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_picture_may_be_of_half_precision_or_of_yes_and_no():
    observation = observation_of(PART)
    expected = object_view(observation)
    half = {**observation, "image": observation["image"].astype(np.float16)}
    np.testing.assert_allclose(object_view(half).picture, expected.picture, atol=2e-3)
    mask = observation["image"] >= 0.5
    binary = {**observation, "image": mask}
    by_number = {**observation, "image": mask.astype(np.float32)}
    np.testing.assert_array_equal(object_view(binary).picture, object_view(by_number).picture)
