import itertools
import sys

import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.parts.dxf import read_dxf
from fag_tf.environments.planar_grasp.parts.objects import read_object
from fag_tf.errors import InputError

ezdxf = pytest.importorskip("ezdxf")

# Lines alone and no header, as the oldest programs write them.
PLAIN = "0\nSECTION\n2\nENTITIES\n{}0\nENDSEC\n0\nEOF\n"
CORNERS = [(-30, -10), (30, -10), (30, 10), (-30, 10), (-30, -10)]


def line(a, b):
    return f"0\nLINE\n8\n0\n10\n{a[0]}\n20\n{a[1]}\n11\n{b[0]}\n21\n{b[1]}\n"


def lines(points):
    return "".join(line(a, b) for a, b in itertools.pairwise(points))


@pytest.fixture
def drawing(tmp_path):
    """A drawing made by a function of its model space and document; gives the file."""

    def make(draw, units=4):
        document = ezdxf.new(units=units)
        draw(document.modelspace(), document)
        path = tmp_path / "part.dxf"
        document.saveas(path)
        return path

    return make


def rectangle(space, width, height, x=0.0, y=0.0):
    w, h = 0.5 * width, 0.5 * height
    points = [(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)]
    space.add_lwpolyline(points, close=True)


def test_lines_that_meet_are_one_outline_in_any_order_and_direction(tmp_path):
    path = tmp_path / "a.dxf"
    sides = list(itertools.pairwise(CORNERS))
    text = "".join(line(*side) for side in (sides[2], sides[0][::-1], sides[3], sides[1]))
    path.write_text(PLAIN.format(text))
    (part,), notes = read_dxf(path)
    assert part.equals(shapely.box(-0.03, -0.01, 0.03, 0.01))
    assert "taken as mm (--units)" in notes[0]
    (part,), notes = read_dxf(path, "cm", 0.5)
    assert (part.bounds, notes) == ((-0.15, -0.05, 0.15, 0.05), ())


@pytest.mark.parametrize(("code", "metres"), [(1, 0.0254), (4, 0.001), (5, 0.01), (6, 1.0)])
def test_the_unit_is_that_of_the_header_and_said(drawing, code, metres):
    path = drawing(lambda space, _: rectangle(space, 3, 1), code)
    (part,), (note,) = read_dxf(path)
    np.testing.assert_allclose(part.bounds, np.array([-1.5, -0.5, 1.5, 0.5]) * metres)
    assert "$INSUNITS" in note


def test_units_that_contradict_the_header_are_taken_and_said(drawing):
    path = drawing(lambda space, _: rectangle(space, 60, 20), 1)
    (part,), (note,) = read_dxf(path, "mm")
    assert part.bounds[2] == pytest.approx(0.03)
    assert "inches" in note
    assert "as --units says" in note


def test_circles_arcs_splines_and_ellipses_are_followed_closely(drawing):
    def draw(space, _):
        space.add_circle((0, 0), 20)
        space.add_circle((0, 0), 5)  # a hole
        space.add_arc((50, 0), 10, 0, 180)  # half a disc, closed by a line
        space.add_line((40, 0), (60, 0))
        space.add_ellipse((100, 0), (12, 0), 0.5)
        space.add_spline([(140, 0), (150, 10), (160, 0), (150, -10), (140, 0)])

    disc, half, ellipse, blob = read_dxf(drawing(draw))[0]
    assert disc.area == pytest.approx(np.pi * (0.02**2 - 0.005**2), rel=2e-3)
    assert len(disc.interiors) == 1
    assert half.area == pytest.approx(0.5 * np.pi * 0.01**2, rel=5e-3)
    assert ellipse.area == pytest.approx(np.pi * 0.012 * 0.006, rel=5e-3)
    assert 0.7 * 0.02**2 < blob.area < 0.02**2


def test_bulges_of_polylines_are_arcs(drawing):
    def slot(space, _):
        points = [(-20, -5, 0), (20, -5, 1), (20, 5, 0), (-20, 5, 1)]
        space.add_lwpolyline(points, format="xyb", close=True)

    (part,), _ = read_dxf(drawing(slot))
    assert part.area == pytest.approx(0.04 * 0.01 + np.pi * 0.005**2, rel=2e-3)


def test_outlines_nest_as_part_hole_part(drawing):
    def draw(space, _):
        for size in (60, 40, 20):
            rectangle(space, size, size)

    frame, core = sorted(read_dxf(drawing(draw))[0], key=lambda part: -part.area)
    assert frame.area == pytest.approx(0.06**2 - 0.04**2)
    assert core.area == pytest.approx(0.02**2)


def test_blocks_are_drawn_where_and_how_they_are_inserted(drawing):
    def draw(space, document):
        inner = document.blocks.new("inner")
        rectangle(inner, 10, 4)
        outer = document.blocks.new("outer")
        outer.add_blockref("inner", (0, 0), dxfattribs={"rotation": 90})
        space.add_blockref("outer", (30, 0), dxfattribs={"xscale": 2, "yscale": 2})

    (part,), _ = read_dxf(drawing(draw))
    np.testing.assert_allclose(part.bounds, [0.026, -0.01, 0.034, 0.01], atol=1e-9)


def test_texts_points_and_hidden_layers_are_passed_over(drawing):
    def draw(space, document):
        rectangle(space, 60, 20)
        space.add_text("bar")
        space.add_point((100, 100))
        document.layers.add("aside").off()
        space.add_circle((90, 0), 5, dxfattribs={"layer": "aside"})

    (part,), _ = read_dxf(drawing(draw))
    assert part.area == pytest.approx(0.06 * 0.02)


def test_open_lines_beside_an_outline_are_counted(drawing):
    def draw(space, _):
        rectangle(space, 60, 20)
        space.add_line((-40, 0), (40, 0))  # a centre line

    parts, notes = read_dxf(drawing(draw))
    assert len(parts) == 1
    assert "1 open lines" in notes[-1]


def test_small_gaps_are_joined_and_large_ones_measured(tmp_path):
    (tmp_path / "a.dxf").write_text(PLAIN.format(lines([*CORNERS[:-1], (-30, -9.999)])))
    assert len(read_dxf(tmp_path / "a.dxf")[0]) == 1
    (tmp_path / "b.dxf").write_text(PLAIN.format(lines([*CORNERS[:-1], (-30, -9)])))
    with pytest.raises(InputError, match=r"no closed outline.* 1 mm"):
        read_dxf(tmp_path / "b.dxf")


def bomb(space, document):
    block = document.blocks.new("b0")
    rectangle(block, 60, 20)
    for level in range(1, 8):
        block = document.blocks.new(f"b{level}")
        for _ in range(10):
            block.add_blockref(f"b{level - 1}", (0, 0))
    space.add_blockref("b7", (0, 0))


def array(space, document):
    rectangle(document.blocks.new("one"), 1, 1)
    attributes = {"row_count": 30_000, "column_count": 30_000, "row_spacing": 2}
    space.add_blockref("one", (0, 0), dxfattribs={**attributes, "column_spacing": 2})


@pytest.mark.parametrize("draw", [bomb, array])
def test_a_few_blocks_that_stand_for_millions_are_refused(drawing, draw):
    with pytest.raises(InputError, match=r"entities; simplify"):
        read_dxf(drawing(draw))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not readable as DXF|holds no line"),
        ("hello\n", "not readable as DXF"),
        (PLAIN.format(""), "no line of a part"),
        (PLAIN.format(lines(CORNERS)).replace("\n30\n", "\nnan\n"), "finite|no line"),
        ("AutoCAD Binary DXF\r\n", "binary"),
        (PLAIN.format(lines(CORNERS))[:60], "DXF|no line"),
    ],
)
def test_what_is_no_drawing_is_refused_in_one_line(tmp_path, text, message):
    (tmp_path / "a.dxf").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_dxf(tmp_path / "a.dxf")
    assert "\n" not in str(caught.value)


def test_without_ezdxf_its_install_command_is_told(tmp_path, monkeypatch):
    (tmp_path / "a.dxf").write_text(PLAIN.format(lines(CORNERS)))
    monkeypatch.setitem(sys.modules, "ezdxf", None)
    with pytest.raises(InputError, match=r"fag-tf\[cad\]"):
        read_dxf(tmp_path / "a.dxf")


def test_an_object_may_be_a_drawing(drawing):
    def draw(space, _):
        rectangle(space, 60, 20, 100, 0)
        rectangle(space, 50, 10)

    path = drawing(draw)
    with pytest.raises(InputError, match="--index"):
        read_object(str(path))
    name, part, _ = read_object(str(path), largest=True, center=True)
    assert name == "part"
    np.testing.assert_allclose(part.bounds, [-0.03, -0.01, 0.03, 0.01])


def test_very_many_lines_that_end_at_one_point_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fag_tf.environments.planar_grasp.parts.dxf._MOST_MEETINGS", 1000)
    spokes = "".join(line((0, 0), (k, 50)) for k in range(40))  # 1,600 pairs of ends at the origin
    (tmp_path / "a.dxf").write_text(PLAIN.format(spokes))
    with pytest.raises(InputError, match="too many lines that end at one place"):
        read_dxf(tmp_path / "a.dxf")
