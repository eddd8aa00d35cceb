import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.parts.choice import (
    DRAWN,
    Choice,
    chosen,
    in_order,
    polygons_of,
)
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
    assert chosen([RIGHT], "file", Choice(), DRAWN) == 0
    assert chosen(both, "file", Choice(largest=True), DRAWN) == 1
    assert [chosen(both, "file", Choice(index=index), DRAWN) for index in (0, 1)] == [0, 1]
    several = r"2 polygons.*--largest.*--index.*--select.*--each.* 0 \(35 x 20 mm at -22"
    with pytest.raises(InputError, match=several):
        chosen(both, "file", Choice(), DRAWN)
    with pytest.raises(InputError, match=r"no polygon 2.*1 \(35 x 30 mm at 22\.5, -5\)"):
        chosen(both, "file", Choice(index=2), DRAWN)
    with pytest.raises(InputError, match=r"--largest and --index.*one of them"):
        Choice(largest=True, index=1)


def test_a_point_chooses_what_holds_it_or_else_the_least_that_surrounds_it():
    ring = shapely.box(-5, -5, 5, 5) - shapely.box(-4, -4, 4, 4)
    inner = shapely.box(-3, -3, -1, -1) - shapely.box(-2.5, -2.5, -1.5, -1.5)
    both = [ring, inner]
    for point, number in (((4.5, 0.0), 0), ((0.0, 0.0), 0), ((-1.2, -2.0), 1), ((-2.0, -2.0), 1)):
        assert chosen(both, "file", Choice(select=point), DRAWN) == number
        seen = [shapely.transform(each, lambda xy: xy * 10) for each in both]
        pixel = Choice(select_pixel=(10 * point[0], 10 * point[1]))
        assert chosen(both, "file", pixel, DRAWN, seen) == number
    with pytest.raises(
        InputError, match=r"no polygon at 6,0.*holds 2: 0 \(1e\+04 x 1e\+04 mm at 0, 0"
    ):
        chosen(both, "file", Choice(select=(6.0, 0.0)), DRAWN)
    with pytest.raises(InputError, match=r"no pixels.*metres"):
        chosen(both, "file", Choice(select_pixel=(6.0, 0.0)), DRAWN)


def test_a_point_is_read_in_metres_or_pixels():
    assert Choice.of(False, None, " 0.02,-5e-2") == Choice(select=(0.02, -0.05))
    assert Choice.of(False, None, "640,480.5px") == Choice(select_pixel=(640.0, 480.5))
    for text in ("", "1", "1,2,3", "a,b", "1,2 mm", "1px,2px"):
        with pytest.raises(InputError, match=r"--select is.*metres"):
            Choice.of(False, None, text)
    for text in ("nan,0", "inf,0px"):
        with pytest.raises(InputError, match="two numbers"):
            Choice.of(False, None, text)


def test_a_flood_of_geometries_is_refused():
    many = shapely.MultiPoint(np.zeros((20_000, 2)))
    with pytest.raises(InputError, match="20000 geometries"):
        polygons_of(many, "file")


def test_lines_that_cover_each_other_again_and_again_are_refused_before_they_are_cut():
    again = shapely.LineString([(0, 0), (0.1, 0), (0.1, 1e-10), (0, 0)] * 1500)
    with pytest.raises(InputError, match="cover each other"):
        polygons_of(again, "file")
