import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from fag_tf.environments.planar_grasp.images.corners import sharpened
from fag_tf.environments.planar_grasp.images.rendering import occupancy
from fag_tf.environments.planar_grasp.parts.outlines import traced
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE

SIDE = 200


def seen(polygon, blur):
    """The outline that is traced of a polygon, in pixels, after a blur of `blur` pixels."""
    placed = shapely.transform(polygon, lambda xy: xy * (TABLE_SIDE / SIDE))
    return traced(gaussian_filter(occupancy(placed, SIDE).astype(float), blur))[0]


def off(outline, polygon):
    """How far each corner of a polygon is from an outline."""
    corners = shapely.get_coordinates(polygon)
    return np.array([shapely.boundary(outline).distance(shapely.Point(xy)) for xy in corners])


@given(st.floats(0, 90), st.floats(0.5, 1.3), st.floats(30, 120))
@settings(max_examples=15)
def test_corners_are_where_they_were_before_the_blur(turn, blur, angle):
    apex = np.array([-60.0, 0.0])
    arms = [apex + 110 * np.array([np.cos(a), np.sin(a)]) for a in np.radians([-angle, angle]) / 2]
    triangle = shapely.affinity.rotate(shapely.Polygon([apex, *arms]), turn, origin=(0, 0))
    outline = seen(triangle, blur)
    before = off(outline, triangle).max()  # up to 3 pixels where the angle is small
    assert before > 0.3 * blur
    assert off(sharpened(outline), triangle).max() < 0.1 + 0.25 * before


def test_corners_of_holes_and_bays_are_sharp_too():
    frame = shapely.box(-70, -70, 70, 70) - shapely.box(-40, -40, 40, 20)
    frame -= shapely.box(-20, 40, 20, 80)
    outline = sharpened(seen(shapely.affinity.rotate(frame, 20), 1.0))
    assert off(outline, shapely.affinity.rotate(frame, 20)).max() < 0.3


@pytest.mark.parametrize("radius", [6, 12, 25, 60])
def test_an_arc_stays_round(radius):
    outline = seen(shapely.Point(0, 0).buffer(radius, 64), 1.0)
    assert shapely.hausdorff_distance(outline, sharpened(outline)) < 0.3


def test_what_is_too_small_to_tell_is_left_as_it_is():
    outline = seen(shapely.box(-2, -2, 2, 2), 1.0)
    assert sharpened(outline).equals(outline)
