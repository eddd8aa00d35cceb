"""Files that cost much more than they are large: each is refused soon, in one line."""

import math
import random
import time

import numpy as np
import pytest
import shapely
from PIL import Image

from fag_tf.cli.main import run
from fag_tf.environments.planar_grasp.parts.objects import read_object
from fag_tf.errors import InputError

SOON = 10.0  # s; without a bound they take minutes


def path(points, **attributes):
    told = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<path d="M{" L".join(f"{x:.3f} {y:.3f}" for x, y in points)}Z"{told}/>'


def copies(levels, times=10):
    """An element that is copied `times` to the power of `levels` times."""
    inner = '<g id="l0"><rect width="60" height="30"/></g>'
    for level in range(levels):
        inner += f'<g id="l{level + 1}">' + f'<use href="#l{level}"/>' * times + "</g>"
    return f'<defs>{inner}</defs><use href="#l{levels}"/>'


def scribble(count):
    rng = random.Random(3)
    return path([(rng.uniform(10, 60), rng.uniform(10, 60)) for _ in range(count)])


def comb(teeth, turned):
    points = [(0.0, 0.0)]
    for tooth in range(teeth):
        left, middle, right = (90 * (tooth + share) / teeth for share in (0, 0.5, 1))
        points += [(left, 80), (middle, 80), (middle, 1), (right, 1)]
    points.append((90.0, 0.0))
    return path([(y, x) if turned else (x, y) for x, y in points])


def wedge(count):
    """One line whose simplification calls itself for each corner."""
    points = [(90 * i / count, 10 + 0.5 * (i % 2) * i / count) for i in range(count)]
    return path([*points, (90, 50), (0, 50)])


DRAWINGS = {
    "copies of copies": (copies(4), "20,000 elements"),
    "very many copies": (copies(40), "20,000 elements"),
    "copies of long outlines": (
        f"<defs><g id='l0'>{wedge(5000)}</g></defs>" + "<use href='#l0'/>" * 100,
        "400,000 numbers",
    ),
    "a scribble": (scribble(1000), "10,000 places"),
    "two combs": (comb(800, False) + comb(800, True), "10,000 places"),
    "the same shape often": ('<rect width="60" height="30"/>' * 1500, "10,000 places"),
    "very many curves": (
        f'<path d="M0 0 {"c1 1 2 1 3 0 " * 6000}Z"/>',
        "200,000 points",
    ),
    "a long zigzag": (wedge(50_000), "25,000"),
    "a long style sheet": (f"<style>{'.a{fill:red}' * 20_000}</style>", "style sheet"),
    "a large file": ("<g></g>" * 700_000, "4 MB"),
    "nested deeply": ("<g>" * 50_000 + "</g>" * 50_000, "20,000 elements"),
}


@pytest.fixture
def drawing(tmp_path):
    """Write a drawing; give its path."""

    def write(content):
        file = tmp_path / "part.svg"
        file.write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="100mm" '
            f'viewBox="0 0 100 100">{content}</svg>'
        )
        return file

    return write


def refused(file):
    begin = time.monotonic()
    with pytest.raises(InputError) as caught:
        read_object(str(file))
    assert time.monotonic() - begin < SOON
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", DRAWINGS)
def test_a_drawing_that_costs_much_is_refused_with_the_bound(kind, drawing):
    content, bound = DRAWINGS[kind]
    assert bound in refused(drawing(content))


def test_drawings_of_some_size_are_read(drawing):
    circle = [(50 + 40 * math.cos(t), 50 + 40 * math.sin(t)) for t in np.linspace(0, 6.28, 2000)]
    holes = "".join(
        f'<circle cx="{x}" cy="{y}" r="0.4" fill="white"/>'
        for x in range(30, 70, 4)
        for y in range(30, 70, 4)
    )
    _, part, _ = read_object(str(drawing(path(circle) + holes)))
    assert len(part.interiors) == 100
    _, part, _ = read_object(str(drawing(copies(2))))
    assert part.area == pytest.approx(0.06 * 0.03, rel=1e-3)


@pytest.mark.parametrize(
    ("data", "corners"),
    [
        ("M10 10 A 0 0 0 0 1 50 50 L 10 50 Z", 3),
        ("M10 10 a0,5 30 1,0 40,40 L10 50z", 3),
        ("M10 10A5 0 0 0150 50-1e-300 7 0 01 10 50Z", 3),
        ("M10 10 A 1e200 1e-200 0 1 1 50 50 L 10 50 Z", 3),
        ("M10 10 A 40 40 0 0 1 50 50 L 10 50 Z", 10),
    ],
)
def test_an_arc_without_a_radius_is_a_straight_line(data, corners, drawing):
    _, part, _ = read_object(str(drawing(f'<path d="{data}"/>')))
    assert len(shapely.get_coordinates(part)) - 1 >= corners
    if corners == 3:
        assert part.area == pytest.approx(0.04 * 0.04 / 2, rel=1e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", ["1e300", "1e200", "1e13"])
def test_a_size_beyond_numbers_is_told_without_a_warning(size, drawing, tmp_path, capsys):
    assert "px" in refused(drawing(f'<rect x="-{size}" width="2{size[1:]}" height="{size}"/>'))
    (tmp_path / "part.wkt").write_text(f"POLYGON ((0 0, {size} 0, {size} {size}, 0 0))")
    refused(tmp_path / "part.wkt")


def polygon_of_holes(count):
    hole = ",(0 1,0 2,1 2,0 1)"
    return f"POLYGON ((0 0,9 0,9 9,0 9,0 0){hole * count})"


@pytest.mark.parametrize(
    ("name", "text", "bound"),
    [
        ("part.wkt", polygon_of_holes(100_000), "100,000"),
        ("part.wkt", f"POLYGON (({'0 1,' * 3_000_000}0 1))", "8 MB"),
        ("part.wkt", f"GEOMETRYCOLLECTION({'POINT(0 1),' * 200_000}POINT(0 1))", "100,000"),
        ("part.json", f'{{"type":"Polygon","coordinates":[[{"[0,1]," * 200_000}[0,1]]]}}', "10"),
    ],
)
def test_coordinates_without_bound_are_refused(name, text, bound, tmp_path):
    (tmp_path / name).write_text(text)
    assert bound in refused(tmp_path / name)


def test_a_picture_of_a_maze_is_refused(tmp_path):
    cells = np.random.default_rng(0).random((340, 340)) < 0.7
    image = np.full((1400, 1400), 255, np.uint8)
    image[20:1380, 20:1380][np.kron(cells, np.ones((4, 4), bool))] = 0
    Image.fromarray(image).save(tmp_path / "maze.png")
    begin = time.monotonic()
    with pytest.raises(InputError, match="200,000"):
        read_object(str(tmp_path / "maze.png"), largest=True)
    assert time.monotonic() - begin < SOON


def test_a_file_of_very_many_actions_is_refused(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("x,y,theta\n" + "0\n" * 4_000_001)
    begin = time.monotonic()
    assert run(["check", "--object", "H", "--actions", str(tmp_path / "a.csv")]) == 2
    assert "4,000,000" in capsys.readouterr().err
    assert time.monotonic() - begin < SOON
