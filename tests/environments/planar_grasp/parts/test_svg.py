import re
import sys

import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.parts.objects import read_object
from fag_tf.environments.planar_grasp.parts.svg import read_svg
from fag_tf.environments.planar_grasp.scenes import scene_of_object
from fag_tf.errors import InputError

MM = 'width="200mm" height="100mm" viewBox="0 0 200 100"'
BAR = '<rect x="60" y="30" width="80" height="20"/>'


@pytest.fixture
def svg(tmp_path):
    """Write a drawing; give its path."""

    def write(content, page=MM):
        path = tmp_path / "part.svg"
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {page}>{content}</svg>')
        return path

    return write


def bounds_mm(part):
    return np.array(part.bounds) * 1e3


def test_a_page_of_a_physical_size_is_that_size_its_centre_the_tables_and_y_up(svg):
    (part,), notes = read_svg(svg(BAR))
    np.testing.assert_allclose(bounds_mm(part), [-40, 0, 40, 20], atol=1e-3)
    assert notes == ()


@pytest.mark.parametrize(
    ("page", "side"),
    [
        ('width="2in" height="2in" viewBox="0 0 20 20"', 25.4),
        ('width="10cm" height="10cm" viewBox="-10 -10 20 20"', 50.0),
        ('width="72pt" height="72pt" viewBox="0 0 20 20"', 12.7),
    ],
)
def test_physical_units_of_the_page_are_known(svg, page, side):
    (part,), _ = read_svg(svg('<rect x="0" y="0" width="10" height="10"/>', page))
    np.testing.assert_allclose(np.ptp(bounds_mm(part).reshape(2, 2), axis=0), side, rtol=1e-5)


@pytest.mark.parametrize(
    "page", ['viewBox="0 0 200 100"', 'width="400" height="200" viewBox="0 0 200 100"']
)
def test_otherwise_units_say_what_a_unit_of_the_coordinates_is(svg, page):
    (part,), notes = read_svg(svg(BAR, page), "mm")
    np.testing.assert_allclose(bounds_mm(part), [-40, 0, 40, 20], atol=1e-3)
    assert notes == ()


@pytest.mark.parametrize(
    ("page", "pixels"),
    [
        ('viewBox="0 0 200 100"', 80),
        ('width="400" height="200" viewBox="0 0 200 100"', 160),
        ('width="400px" height="200px"', 80),
        ("", 80),
    ],
)
def test_without_any_size_pixels_are_those_of_css_and_it_is_said(svg, page, pixels):
    (part,), (note,) = read_svg(svg(BAR, page))
    assert np.ptp(bounds_mm(part)[::2]) == pytest.approx(pixels * 25.4 / 96, rel=1e-5)
    assert re.search("1/96 inch.*--units", note)


def test_the_scale_enlarges_about_the_pages_centre(svg):
    (part,), _ = read_svg(svg(BAR), scale=0.5)
    np.testing.assert_allclose(bounds_mm(part), [-20, 0, 20, 10], atol=1e-3)


def test_transforms_groups_and_uses_are_applied(svg):
    content = (
        '<defs><rect id="r" width="20" height="10"/></defs>'
        '<g transform="translate(100 50) rotate(90)"><use href="#r" x="5" y="-5"/></g>'
    )
    (part,), _ = read_svg(svg(content))
    np.testing.assert_allclose(bounds_mm(part), [-5, -25, 5, -5], atol=1e-3)


def test_curves_are_followed_closely(svg):
    (part,), _ = read_svg(svg('<circle cx="100" cy="50" r="40"/>'))
    assert part.area * 1e6 == pytest.approx(np.pi * 40**2, rel=1e-3)
    circle = shapely.Point(0, 0).buffer(0.040, quad_segs=256)
    assert shapely.hausdorff_distance(part.exterior, circle.exterior) < 2e-5
    (bezier,), _ = read_svg(svg('<path d="M60 50 C60 10 140 10 140 50 Z"/>'))
    assert bezier.area * 1e6 == pytest.approx(80 * 40 * 0.6, rel=1e-3)  # 3/5 of its frame


def test_white_is_paper_and_what_is_hidden_is_not_there(svg):
    content = (
        '<style>.hole { fill: white }</style><rect width="200" height="100" fill="#fff"/>'
        f'{BAR}<circle class="hole" cx="80" cy="40" r="5"/>'
        '<rect width="150" height="90" fill="none"/><rect width="9" height="9" display="none"/>'
        '<rect width="9" height="9" visibility="hidden"/><rect width="9" height="9" opacity="1" '
        'fill-opacity="0"/>'
    )
    (part,), _ = read_svg(svg(content))
    assert len(part.interiors) == 1
    np.testing.assert_allclose(bounds_mm(part), [-40, 0, 40, 20], atol=1e-3)


def test_fill_rules_decide_on_holes(svg):
    rings = 'd="M60 20h80v60h-80z M80 30h20v20h-20z"'
    assert len(read_svg(svg(f"<path {rings}/>"))[0][0].interiors) == 0
    assert len(read_svg(svg(f'<path fill-rule="evenodd" {rings}/>'))[0][0].interiors) == 1
    assert len(read_svg(svg(f'<g fill-rule="evenodd"><path {rings}/></g>'))[0][0].interiors) == 1


def test_outlines_alone_enclose_the_part_and_its_holes(svg):
    content = (
        '<g fill="none" stroke="black"><rect x="60" y="30" width="80" height="20"/>'
        '<circle cx="80" cy="40" r="5"/><path d="M0 0 L50 50"/></g>'
    )
    (part,), _ = read_svg(svg(content))
    assert len(part.interiors) == 1
    np.testing.assert_allclose(bounds_mm(part), [-40, 0, 40, 20], atol=1e-3)


def test_an_object_of_the_command_line_may_be_a_drawing(svg):
    name, part, notes = read_object(str(svg(BAR)))
    assert (name, notes) == ("part", ())
    assert scene_of_object(str(svg(BAR))).part.equals(part)
    with pytest.raises(InputError, match="--width-m"):
        read_object(str(svg(BAR)), width_m=0.2)


@pytest.mark.parametrize(
    ("content", "page", "units", "message"),
    [
        (BAR, MM, "mm", "200mm.*--units"),
        (
            BAR,
            'width="9" height="7" viewBox="0 0 9 9" preserveAspectRatio="none"',
            "mm",
            "preserveAspectRatio",
        ),
        ("", MM, None, "no part"),
        ('<rect width="9" height="9" fill="white"/>', MM, None, "no part"),
        ("<text x='9' y='9'>A</text>", MM, None, "holds text"),
        (BAR, 'viewBox="0 0 0 0"', "mm", "viewBox"),
        ("<g id='a'><use href='#a'/></g>", MM, None, "nests"),
        ("<path d='M0 0 L1e999 0 L5 5z'/>", MM, None, "finite"),
        ("<g>", MM, None, "XML"),
    ],
)
def test_drawings_of_no_part_say_what_is_wrong(svg, content, page, units, message):
    path = svg(content, page)
    with pytest.raises(InputError, match=message) as caught:
        read_svg(path, units)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "<html/>", "POLYGON ((0 0, 1 0, 1 1, 0 0))", "\x00"])
def test_what_is_no_svg_is_refused(tmp_path, text):
    path = tmp_path / "part.svg"
    path.write_text(text)
    with pytest.raises(InputError, match="SVG"):
        read_svg(path)


def test_without_its_extra_it_says_what_to_install(svg, monkeypatch):
    monkeypatch.setitem(sys.modules, "svgelements", None)
    with pytest.raises(InputError, match=r"fag-tf\[svg\]"):
        read_svg(svg(BAR))


def test_of_several_shapes_one_is_chosen(svg):
    path = str(svg(BAR + '<rect width="9" height="9"/>'))
    with pytest.raises(InputError, match=r"2 polygons.*--index"):
        read_object(path)
    assert read_object(path, index=0)[1].area == pytest.approx(81e-6, rel=1e-4)
    _, part, notes = read_object(path, largest=True)
    assert part.area == pytest.approx(80e-3 * 20e-3, rel=1e-4)
    assert "other part" in notes[-1]
