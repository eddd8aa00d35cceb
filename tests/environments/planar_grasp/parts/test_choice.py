import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.parts.choice import chosen, in_order, polygons_of
from fag_tf.errors import InputError

LEFT, RIGHT = shapely.box(-0.04, -0.01, -0.005, 0.01), shapely.box(0.005, -0.02, 0.04, 0.01)


def test_polygons_are_found_in_any_nesting_and_sorted_from_left_to_right():
    inner = shapely.GeometryCollection([shapely.MultiPolygon([RIGHT]), LEFT])
    found = polygons_of(shapely.GeometryCollection([inner]), "file")
    assert [each.bounds for each in found] == [LEFT.bounds, RIGHT.bounds]


def test_closed_lines_enclose_parts_and_holes():
    outer = shapely.LineString([(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)])
    inner = shapely.LineString([(1, 1), (2, 1), (2, 2), (1, 2), (1, 1)])
    apart = shapely.LinearRing([(6, 0), (7, 0), (7, 1)])
    first, second = polygons_of(shapely.GeometryCollection([apart, inner, outer]), "file")
    assert (first.area, len(first.interiors)) == (15.0, 1)
    assert second.area == 0.5


@pytest.mark.parametrize(
    ("wkt", "message"),
    [
        ("LINESTRING (0 0, 1 0, 1 1)", "not closed"),
        ("LINESTRING (0 0, 1 0, 0 0)", "not closed"),
        ("GEOMETRYCOLLECTION (POINT (0 0), POLYGON ((0 0, 1 0, 1 1, 0 0)))", "a Point"),
        ("GEOMETRYCOLLECTION EMPTY", "empty"),
        ("MULTIPOLYGON (((0 0, 1 1, 1 0, 0 1, 0 0)))", "Self-intersection"),
    ],
)
def test_what_encloses_nothing_is_refused(wkt, message):
    with pytest.raises(InputError, match=message):
        polygons_of(shapely.from_wkt(wkt), "file")


def test_one_is_taken_as_it_is_and_several_must_be_chosen_from():
    both = in_order([RIGHT, LEFT])
    assert chosen([RIGHT], "file", False, None) == 0
    assert chosen(both, "file", True, None) == 1
    assert [chosen(both, "file", False, index) for index in (0, 1)] == [0, 1]
    with pytest.raises(InputError, match=r"2 polygons.*--largest.*--index.* 0 \(35 x 20 mm at -22"):
        chosen(both, "file", False, None)
    with pytest.raises(InputError, match=r"no polygon 2.*1 \(35 x 30 mm at 22\.5, -5\)"):
        chosen(both, "file", False, 2)
    with pytest.raises(InputError, match="one of them"):
        chosen(both, "file", True, 1)


def test_a_flood_of_geometries_is_refused():
    many = shapely.MultiPoint(np.zeros((20_000, 2)))
    with pytest.raises(InputError, match="20000 geometries"):
        polygons_of(many, "file")
