import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.parts.named import TEST_PARTS, named_part
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.environments.planar_grasp.physics.convex_pieces import convex_pieces


def check(part):
    """The pieces are convex, do not overlap, and together are the part."""
    pieces = [shapely.Polygon(corners) for corners in convex_pieces(part)]
    for piece in pieces:
        assert piece.exterior.is_ccw
        assert piece.area == pytest.approx(piece.convex_hull.area, rel=1e-6)
    together = shapely.union_all(pieces)
    assert sum(piece.area for piece in pieces) == pytest.approx(together.area, rel=1e-6)
    # Corners that change the outline by less than 0.05 mm are left out.
    assert shapely.hausdorff_distance(together.boundary, part.boundary) < 2e-4
    assert together.area == pytest.approx(part.area, rel=1e-3)
    return pieces


@pytest.mark.parametrize("name", TEST_PARTS)
def test_named_parts_are_divided(name):
    check(named_part(name)[1])


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_random_parts_are_divided(seed):
    check(random_part(np.random.default_rng(seed)))


def test_a_convex_part_stays_whole_and_an_l_is_two():
    box = shapely.box(0.0, 0.0, 0.1, 0.05)
    assert len(check(box)) == 1
    assert len(check(box.difference(shapely.box(0.02, 0.02, 0.2, 0.2)))) == 2


def test_a_part_with_a_hole_is_divided_around_it():
    ring = shapely.box(0, 0, 0.1, 0.1).difference(shapely.box(0.03, 0.03, 0.07, 0.07))
    assert len(check(ring)) == 4


def test_an_outline_of_very_many_corners_is_made_plainer():
    angle = np.linspace(0.0, 2 * np.pi, 4000, endpoint=False)
    radius = 0.05 + 0.003 * np.sin(700 * angle)
    star = shapely.Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))
    assert 1 <= len(convex_pieces(star)) <= 400


def test_slivers_are_left_out():
    needle = shapely.Polygon([(0, 0), (0.1, 0), (0.1, 0.02), (0.05, 1e-9), (0, 0.02)])
    assert all(np.ptp(corners, axis=0).min() > 1e-6 for corners in convex_pieces(needle))
