"""Reading of a part from an SVG file: the filled areas that are not white, with straight edges.

The centre of the page is the centre of the table, and y is up on the table. If the width of the
page has a physical unit (`width="210mm"`), the drawing has this size. Otherwise the user gives the
unit of the coordinates. By default it is 1/96 inch, a pixel of CSS.
"""

import itertools
import re
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.parts.choice import polygons_of
from fag_tf.environments.planar_grasp.parts.crossings import MOST_POINTS, check_crossings
from fag_tf.environments.planar_grasp.parts.files import UNITS
from fag_tf.environments.planar_grasp.parts.filled_areas import FillRule, filled_area
from fag_tf.environments.planar_grasp.parts.outlines import simplified
from fag_tf.environments.planar_grasp.parts.svg_source import read_source
from fag_tf.errors import InputError

__all__ = ["SVG_SUFFIXES", "read_svg"]

SVG_SUFFIXES = (".svg",)

_PIXEL = 0.0254 / 96  # m
_PHYSICAL = re.compile(r"[\d.eE+-]+\s*(mm|cm|in|pt|pc|q)\s*", re.IGNORECASE)
_WHITE = 0.94  # of the full scale, in every channel
_CURVE = np.linspace(0.0, 1.0, 65)[1:]
_DETAIL = 1e-4  # of the drawing's size
_SPECK = 1e-6  # of the part's area
_MOST_PIXELS = 1e12
_MOST_WORK = 10_000_000  # points of all shapes and of what lies below each

_Floats = NDArray[np.float64]


def read_svg(
    path: str | Path, units: str | None = None, scale: float = 1.0
) -> tuple[list[shapely.Polygon], tuple[str, ...]]:
    """Read the parts in a drawing.

    Shapes are painted in their order. A filled shape is added to the part, and a shape filled with
    white is subtracted. A white page is therefore not a part, and a white disc is a hole. If
    nothing is filled, stroked outlines enclose the part, and an outline inside another outline is
    a hole.

    Args:
        path: the file.
        units: unit of the drawing's coordinates: m, cm, mm or in. It is allowed only if the page
            has no physical size.
        scale: factor by which the part is enlarged about the centre of the page.

    Returns:
        Valid polygons in metres, with the centre of the page at the origin and y up, in the order
        of `choice.in_order`; and notes for the user.

    Raises:
        InputError: the file is missing or is not SVG, it holds text, it has a physical size and
            `units` is given, its lines are too many or cross too often, or the package
            `svgelements` is not installed.
    """
    with np.errstate(all="ignore"):  # sizes that are no numbers are reported
        return _read(Path(path), units, scale)


def _read(
    path: Path, units: str | None, scale: float
) -> tuple[list[shapely.Polygon], tuple[str, ...]]:
    drawing = _parse(path)
    per_unit, notes = _metres(path, drawing, units)
    area = _painted(path, drawing)
    centre = _page_centre(path, drawing)
    factor = scale * per_unit * np.array([1.0, -1.0])
    part = shapely.transform(area, lambda xy: (xy - centre) * factor)
    size = float(np.ptp(shapely.get_coordinates(part), axis=0).max())
    part = simplified(part, _DETAIL * size, path)
    return polygons_of(_without_specks(part), path), notes


def _parse(path: Path) -> Any:
    try:
        import svgelements
    except ModuleNotFoundError as error:
        raise InputError(
            "reading SVG needs svgelements, which is not installed: pip install 'fag-tf[svg]'"
        ) from error
    import io

    text = read_source(path)
    try:
        drawing = svgelements.SVG.parse(io.StringIO(text))
        list(drawing.elements())
    except RecursionError as error:
        raise InputError(f"{path} nests elements without an end; a part needs a few") from error
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise InputError(f"{path} cannot be read as SVG: {str(error) or 'damaged'}") from error
    if not isinstance(drawing, svgelements.SVG):
        raise InputError(f"{path} is no SVG; its outermost element must be <svg>")
    return drawing


def _metres(path: Path, drawing: Any, units: str | None) -> tuple[float, tuple[str, ...]]:
    """Size of a pixel of the parsed drawing, m, and notes for the user."""
    width = str(drawing.values.get("width") or "")
    if _PHYSICAL.fullmatch(width):
        if units is not None:
            raise InputError(
                f"{path} is {width} wide by itself, so its units are known; leave out --units "
                "(--scale changes its size)"
            )
        return _PIXEL, ()
    if units is None:
        told = f"{path} states no physical size; a unit of it is taken as 1/96 inch (--units)"
        sized = re.fullmatch(r"[\d.eE+-]+\s*(px)?\s*", width) is not None
        return _PIXEL / (1.0 if sized else _pixels_per_unit(path, drawing)), (told,)
    return UNITS[units] / _pixels_per_unit(path, drawing), ()


def _page(path: Path, drawing: Any) -> Any:
    """The matrix from the drawing's own coordinates to pixels of the parsed drawing."""
    import svgelements

    try:
        return svgelements.Matrix(drawing.viewbox_transform or "")
    except ArithmeticError as error:
        raise InputError(f"{path} has a viewBox without a size; it needs a width and height") from (
            error
        )


def _pixels_per_unit(path: Path, drawing: Any) -> float:
    """Number of pixels of the parsed drawing per unit of its own coordinates."""
    page = _page(path, drawing)
    across, down = float(page.a), float(page.d)
    if not (across > 0 and abs(across - down) <= 1e-6 * across):
        raise InputError(f"{path} stretches its page unevenly; leave out preserveAspectRatio")
    return across


def _page_centre(path: Path, drawing: Any) -> _Floats:
    """The centre of the page `[2]` in pixels of the parsed drawing; the origin without a page."""
    box = drawing.viewbox
    if box is not None and None not in (box.x, box.y, box.width, box.height):
        middle = (box.x + box.width / 2, box.y + box.height / 2)
        return np.array(_page(path, drawing).point_in_matrix_space(middle), np.float64)
    if drawing.values.get("width") and drawing.values.get("height"):
        return np.array([float(drawing.width) / 2, float(drawing.height) / 2])
    return np.zeros(2)


def _painted(path: Path, drawing: Any) -> shapely.Geometry:
    """The filled areas that are not white, or else the areas in stroked outlines, in pixels."""
    import svgelements

    filled: list[tuple[list[_Floats], FillRule, bool]] = []
    outlines: list[_Floats] = []
    left = MOST_POINTS
    for element in drawing.elements():
        if isinstance(element, svgelements.Text):
            raise InputError(f"{path} holds text; turn it into paths or take it out")
        if isinstance(element, svgelements.Image):
            raise InputError(f"{path} holds a picture; give its own file, or trace it")
        if not isinstance(element, svgelements.Shape) or _is_hidden(element):
            continue
        # abs applies the transforms that remain
        rings = _rings(path, abs(svgelements.Path(element)), left)
        left -= sum(map(len, rings))
        if _is_seen(element.fill):
            rule: FillRule = "evenodd" if _value(element, "fill-rule") == "evenodd" else "nonzero"
            filled.append((rings, rule, _is_white(element.fill)))
        elif _is_seen(element.stroke):
            outlines += [ring for ring in rings if _is_closed(ring)]
    if not filled:
        filled = [(outlines, "evenodd", False)]
    check_crossings(path, [ring for rings, _, _ in filled for ring in rings])
    area = _filled(path, filled)
    if area.is_empty:
        raise InputError(
            f"{path} shows no part: nothing in it is filled (other than white) or a closed outline"
        )
    return area


def _filled(path: Path, shapes: Sequence[tuple[list[_Floats], FillRule, bool]]) -> shapely.Geometry:
    """The area that rings cover by their rules, each over those before it; white takes away."""
    area: shapely.Geometry = shapely.Polygon()
    work = 0
    # Shapes of one colour that follow each other are joined at once, which is much faster.
    for is_white, run in itertools.groupby(shapes, key=itemgetter(2)):
        shape = shapely.union_all([filled_area(rings, rule) for rings, rule, _ in run])
        work += shapely.get_num_coordinates(area) + shapely.get_num_coordinates(shape)
        if work > _MOST_WORK:
            raise InputError(
                f"{path} paints white and other shapes over each other too often; a part is one "
                "plain outline with its holes"
            )
        area = area - shape if is_white else area | shape
    return area


def _value(element: Any, name: str) -> str:
    return str(element.values.get(name) or "").strip().lower()


def _is_hidden(element: Any) -> bool:
    return (
        _value(element, "visibility") in ("hidden", "collapse")
        or _value(element, "display") == "none"
    )


def _is_seen(colour: Any) -> bool:
    return colour is not None and colour.value is not None and (colour.alpha or 0) > 0


def _is_white(colour: Any) -> bool:
    return min(colour.red, colour.green, colour.blue) >= _WHITE * 255


def _is_closed(ring: _Floats) -> bool:
    return len(ring) >= 3 and bool(np.allclose(ring[0], ring[-1], atol=1e-6 * np.ptp(ring)))


def _rings(path: Path, shape: Any, most: int) -> list[_Floats]:
    """Points `[n, 2]` of each subpath, with curves as short lines; a closed one repeats a point."""
    import svgelements

    straight = svgelements.Move | svgelements.Line | svgelements.Close
    if sum(1 if isinstance(each, straight) else len(_CURVE) for each in shape) > most:
        raise InputError(f"{path} has more than {MOST_POINTS:,} points; simplify its outlines")
    rings: list[list[_Floats]] = []
    for segment in shape:
        if isinstance(segment, svgelements.Move):
            rings.append([_point(segment.end)])
        elif isinstance(segment, svgelements.Line | svgelements.Close):
            if segment.end is not None:
                rings[-1].append(_point(segment.end))
        else:
            rings[-1].append(np.asarray(segment.npoint(_CURVE), np.float64))
    joined = [np.vstack(ring) for ring in rings]
    if not all(np.isfinite(ring).all() for ring in joined):
        raise InputError(f"{path} holds a coordinate that is not finite; all must be numbers")
    greatest = max((float(np.abs(ring).max()) for ring in joined), default=0.0)
    if greatest > _MOST_PIXELS:
        raise InputError(f"{path} holds a coordinate of {greatest:.3g} px; no part is as large")
    return joined


def _point(point: Any) -> _Floats:
    return np.array([[float(point.x), float(point.y)]])


def _without_specks(part: shapely.Geometry) -> shapely.Geometry:
    """Remove the tiny pieces that rounding leaves where lines meet."""
    pieces = shapely.get_parts(part)
    area = shapely.area(pieces)
    return shapely.union_all(pieces[area > _SPECK * area.max()])
