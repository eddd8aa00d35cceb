import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.images.depth import find_objects, fit_table
from fag_tf.environments.planar_grasp.images.depth_files import Intrinsics
from fag_tf.errors import InputError
from reference.depth_pictures import camera_over_table, depth_of

CAMERA = Intrinsics(430.0, 430.0, 170.0, 118.0)
SHAPE = (240, 320)
BRACKET = shapely.Polygon(
    [(-0.04, 0.03), (0.05, 0.03), (0.05, 0.01), (-0.015, 0.01), (-0.015, -0.04), (-0.04, -0.04)]
)
FRAME = shapely.box(-0.03, -0.03, 0.03, 0.03) - shapely.box(-0.015, -0.015, 0.015, 0.015)


def off(found, wanted):
    """Share of the area by which two outlines differ."""
    return shapely.symmetric_difference(found, wanted).area / wanted.area


@given(st.floats(-0.25, 0.25), st.floats(-0.25, 0.25), st.floats(0.4, 0.9))
@settings(max_examples=10)
def test_the_table_is_found_however_it_is_tilted(tilt, turn, distance):
    depth = depth_of([(BRACKET, 0.03)], CAMERA, SHAPE, distance, tilt, turn)
    origin, axes = fit_table(depth, CAMERA).axes()
    wanted, at = camera_over_table(distance, tilt, turn)
    np.testing.assert_allclose(origin, at, atol=1e-4)
    np.testing.assert_allclose(axes, wanted, atol=1e-3)


@pytest.mark.parametrize("height", [0.006, 0.05])
@pytest.mark.parametrize("tilt", [0.0, 0.2])
def test_an_object_is_dropped_onto_the_table_at_its_own_height(height, tilt):
    """50 mm high, it seems 9 percent larger than its foot, and further from the middle."""
    part = shapely.transform(BRACKET, lambda xy: np.add(xy, [0.06, -0.03]))
    depth = depth_of([(part, height)], CAMERA, SHAPE, 0.6, tilt)
    (found,), _ = find_objects(depth, CAMERA)
    assert found.height == pytest.approx(height, abs=5e-4)
    pixel = 0.6 / 430
    assert found.outline.hausdorff_distance(part) < 1.5 * pixel
    assert off(found.outline, part) < 0.5 * pixel * part.length / part.area


def test_noise_and_missing_depths_leave_the_object_whole():
    rng = np.random.default_rng(0)
    depth = depth_of([(FRAME, 0.02)], CAMERA, SHAPE) + rng.normal(0, 0.0006, SHAPE)
    depth[rng.random(SHAPE) < 0.03] = np.nan
    depth[60:64, :] = np.nan
    (found,), _ = find_objects(depth, CAMERA)
    assert len(found.outline.interiors) == 1
    assert off(found.outline, FRAME) < 0.1


def test_pixels_of_points_on_the_table_are_where_they_are_seen():
    depth = depth_of([(shapely.box(0.029, 0.019, 0.031, 0.021), 1e-4)], CAMERA, SHAPE, tilt=0.2)
    view = fit_table(depth, CAMERA)
    column, row = view.of(np.array([[0.03, 0.02], [0.0, 0.0]]))
    point = view.points(column, row, np.full(2, np.nan))
    assert point.shape == (2, 3)
    np.testing.assert_allclose([column[1], row[1]], CAMERA[2:], atol=0.05)
    ahead = depth[round(row[0]), round(column[0])]
    placed = view.on_table(view.points(column[:1], row[:1], np.array([ahead])))
    np.testing.assert_allclose(placed, [[0.03, 0.02, 0.0]], atol=1e-3)


def test_a_parallel_view_needs_no_camera():
    pitch = 0.2 / 320
    row, column = np.mgrid[:240, :320]
    x, y = (column - 159.5) * pitch, (119.5 - row) * pitch
    depth = np.where(shapely.contains_xy(BRACKET, x, y), 0.58, 0.6)
    (found,), view = find_objects(depth, None, 0.2)
    assert found.outline.hausdorff_distance(BRACKET) < 0.001
    column, row = view.of(np.array([[0.01, 0.02]]))
    np.testing.assert_allclose([column[0], row[0]], [159.5 + 16, 119.5 - 32], atol=1e-6)


def test_several_objects_are_found_from_left_to_right_each_at_its_height():
    small = shapely.box(0.06, -0.05, 0.08, -0.03)
    depth = depth_of([(small, 0.03), (BRACKET, 0.02)], CAMERA, SHAPE)
    (left, right), view = find_objects(depth, CAMERA)
    assert off(left.outline, BRACKET) < 0.5 * 0.6 / 430 * BRACKET.length / BRACKET.area
    assert right.outline.hausdorff_distance(small) < 0.0021
    assert (left.height, right.height) == (
        pytest.approx(0.02, abs=5e-4),
        pytest.approx(0.03, abs=5e-4),
    )
    assert not left.cut
    assert view.pixel == pytest.approx(0.6 / 430, rel=1e-3)
    # Its top, 30 mm nearer to the camera, is seen further from the middle.
    column, row = shapely.get_coordinates(right.seen.centroid)[0]
    np.testing.assert_allclose(
        [column, row], [170 + 430 * 0.07 / 0.57, 118 + 430 * 0.04 / 0.57], atol=0.6
    )


def test_what_is_no_object_or_no_table_is_said():
    flat = depth_of([], CAMERA, SHAPE)
    with pytest.raises(InputError, match=r"3 mm or more above.*--min-height"):
        find_objects(flat, CAMERA)
    with pytest.raises(InputError, match="3 mm"):
        find_objects(depth_of([(BRACKET, 0.002)], CAMERA, SHAPE), CAMERA)
    assert find_objects(depth_of([(BRACKET, 0.002)], CAMERA, SHAPE), CAMERA, min_height=0.001)
    with pytest.raises(InputError, match="no table"):
        find_objects(np.random.default_rng(0).uniform(0.3, 3.0, SHAPE), CAMERA)
    with pytest.raises(InputError, match="from aside"):
        find_objects(depth_of([], CAMERA, SHAPE, tilt=0.75), CAMERA)
