"""Reading of closed outlines from a DXF drawing: its model space, seen along z.

Lines, polylines, arcs, circles, ellipses and splines count, also in blocks. Open ones are joined
where their ends meet. An outline within another is a hole. Hatches, texts, dimensions and points
are passed over, and so is what lies on layers that are off or frozen.
"""

import importlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf._utils.files import read_text
from fag_tf._utils.standard_error import quiet
from fag_tf.environments.planar_grasp.parts.choice import in_order
from fag_tf.environments.planar_grasp.parts.files import UNITS
from fag_tf.environments.planar_grasp.parts.filled_areas import filled_area
from fag_tf.errors import InputError

__all__ = ["DXF_SUFFIXES", "read_dxf"]

DXF_SUFFIXES = (".dxf",)

# Units by the number that $INSUNITS holds; 0 states none. Source: DXF reference, header section.
_INSUNITS = {
    1: ("inches", 0.0254),
    2: ("feet", 0.3048),
    4: ("millimetres", 1e-3),
    5: ("centimetres", 1e-2),
    6: ("metres", 1.0),
    8: ("microinches", 0.0254e-6),
    9: ("mils", 0.0254e-3),
    10: ("yards", 0.9144),
    13: ("micrometres", 1e-6),
    14: ("decimetres", 0.1),
}

_MOST_TEXT = 64 << 20
_MOST_ENTITIES, _MOST_POINTS, _DEEPEST_BLOCK = 20_000, 500_000, 8
_MOST_MEETINGS = 10_000_000  # pairs of ends that are near to each other
_DRAWN = ("LINE", "LWPOLYLINE", "POLYLINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE")
_DETAIL = 1e-4  # of the drawing's size: how far a chord may be from its curve
_JOIN = 1e-4  # of the drawing's size: ends that are nearer to each other meet

_Floats = NDArray[np.float64]


def read_dxf(
    path: str | Path, units: str | None = None, scale: float = 1.0
) -> tuple[list[shapely.Polygon], tuple[str, ...]]:
    """Read the outlines in a drawing.

    Args:
        path: the file, DXF as text.
        units: unit of the coordinates: m, cm, mm or in; None for that of the header, or
            millimetres if it states none.
        scale: factor by which the parts are enlarged about the origin.

    Returns:
        Valid polygons in metres, in the drawing's frame and in the order of
        `fag_tf.environments.planar_grasp.parts.choice.in_order`; and notes for the user.

    Raises:
        InputError: the file is missing, is no DXF, holds no closed outline or far too much, or the
            package `ezdxf` is not installed.
    """
    path = Path(path)
    document, code = _parse(path)
    per_unit, notes = _metres(path, code, units)
    lines = _lines(path, document)
    size = max(float(np.ptp(np.vstack(lines), axis=0).max()), 1e-300)
    rings, gap, left_open = _joined(path, lines, _JOIN * size)
    polygons = [
        piece
        for piece in shapely.get_parts(filled_area(rings, "evenodd"))
        if piece.area > (_JOIN * size) ** 2
    ]
    if not polygons:
        nearest = "" if gap is None else f"; the smallest gap is {1e3 * per_unit * gap:.3g} mm"
        raise InputError(f"{path} holds no closed outline{nearest}")
    if left_open:
        notes = (*notes, f"{left_open} open lines of the drawing are passed over")
    factor = scale * per_unit
    return in_order([shapely.transform(each, lambda xy: xy * factor) for each in polygons]), notes


def _parse(path: Path) -> tuple[Any, int]:
    """The document and the number of its unit in the header, 0 for none."""
    try:
        ezdxf: Any = importlib.import_module("ezdxf")
    except ModuleNotFoundError as error:
        raise InputError(
            "reading DXF needs ezdxf, which is not installed: pip install 'fag-tf[cad]'"
        ) from error
    text = read_text(path, _MOST_TEXT)
    if text.startswith("AutoCAD Binary DXF"):
        raise InputError(f"{path} is binary DXF; save it as ASCII DXF")
    try:
        with quiet("ezdxf"):
            document = ezdxf.read(io.StringIO(text.replace("\r\n", "\n")))
        # Where the file has no such variable, ezdxf puts in a default of its own.
        stated = document.header.get("$INSUNITS", 0) if "$INSUNITS" in text else 0
        return document, int(stated or 0)
    except Exception as error:  # its reader raises anything on damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} is not readable as DXF: {reason}") from error


def _metres(path: Path, code: int, units: str | None) -> tuple[float, tuple[str, ...]]:
    stated = _INSUNITS.get(code)
    if units is not None:
        if units not in UNITS:
            raise InputError(f"no unit is called {units!r}; there are {', '.join(UNITS)}")
        if stated is not None and abs(stated[1] / UNITS[units] - 1) > 1e-9:
            told = f"{path} states {stated[0]} ($INSUNITS); it is read in {units}, as --units says"
            return UNITS[units], (told,)
        return UNITS[units], ()
    if stated is not None:
        return stated[1], (f"{path} is drawn in {stated[0]} ($INSUNITS)",)
    if code:
        raise InputError(
            f"{path} states a unit that no part is drawn in ($INSUNITS {code}); --units"
        )
    return UNITS["mm"], (f"{path} states no unit; it is taken as mm (--units)",)


def _lines(path: Path, document: Any) -> list[_Floats]:
    """Points `[n, 2]` of every line of the model space, with curves as short chords."""
    from ezdxf.path import make_path

    paths = []
    try:
        for entity in _entities(path, document.modelspace(), document, 0, [0]):
            made = make_path(entity)
            if len(made):
                paths.append(made)
        ends = [point for made in paths for point in made.control_vertices()]
        size = float(np.ptp(np.array([(p.x, p.y) for p in ends]), axis=0).max()) if ends else 0.0
        if not (np.isfinite(size) and size > 0):
            raise InputError(
                f"{path} holds no line of a part; outlines are {', '.join(_DRAWN)} in model space"
            )
        lines, points = [], 0
        for made in paths:
            xy = np.array([(p.x, p.y) for p in made.flattening(_DETAIL * size)], np.float64)
            points += len(xy)
            if points > _MOST_POINTS:
                raise InputError(f"{path} holds more than {_MOST_POINTS} points; simplify it")
            lines.append(xy)
    except InputError:
        raise
    except Exception as error:  # as above
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} cannot be read as DXF: {reason}") from error
    if not all(np.isfinite(xy).all() for xy in lines):
        raise InputError(f"{path} holds a coordinate that is not finite; all must be numbers")
    return lines


def _entities(path: Path, layout: Any, document: Any, depth: int, seen: list[int]) -> Iterator[Any]:
    """What draws lines, blocks resolved, one by one: a few nested blocks can stand for billions."""
    if depth > _DEEPEST_BLOCK:
        raise InputError(f"{path} nests blocks more than {_DEEPEST_BLOCK} deep; explode them")
    for entity in layout:
        kind = entity.dxftype()
        copies = entity.dxf.row_count * entity.dxf.column_count if kind == "INSERT" else 1
        seen[0] += max(1, copies)
        if seen[0] > _MOST_ENTITIES:
            raise InputError(f"{path} holds more than {_MOST_ENTITIES} entities; simplify it")
        if _is_hidden(entity, document):
            continue
        if kind == "INSERT":
            for single in entity.multi_insert() if entity.mcount > 1 else (entity,):
                yield from _entities(path, single.virtual_entities(), document, depth + 1, seen)
        elif kind in _DRAWN:
            yield entity


def _is_hidden(entity: Any, document: Any) -> bool:
    if entity.dxf.get("invisible", 0):
        return True
    name = entity.dxf.get("layer", "0")
    if name not in document.layers:
        return False
    layer = document.layers.get(name)
    return bool(layer.is_off() or layer.is_frozen())


def _joined(
    path: Path, lines: list[_Floats], tolerance: float
) -> tuple[list[_Floats], float | None, int]:
    """Closed rings of lines that meet, the smallest gap that stayed open, and how many stayed."""
    rings: list[_Floats] = []
    open_lines: list[_Floats] = []
    for xy in lines:
        closed = len(xy) > 3 and np.hypot(*(xy[0] - xy[-1])) <= tolerance
        (rings if closed else open_lines).append(xy)
    if not open_lines:
        return rings, None, 0
    met = _snapped(path, np.concatenate([xy[[0, -1]] for xy in open_lines]), tolerance)
    ends = met.reshape(-1, 2, 2)
    parts = [
        shapely.LineString(np.vstack([first, xy[1:-1], last]))
        for xy, (first, last) in zip(open_lines, ends, strict=True)
        if len(xy) > 2 or np.any(first != last)
    ]
    merged = shapely.get_parts(shapely.line_merge(shapely.MultiLineString(parts)))
    closed_ones = [line for line in merged if line.is_closed]
    rings += [shapely.get_coordinates(line) for line in closed_ones]
    left = [shapely.get_coordinates(line) for line in merged if not line.is_closed]
    gap = min((float(np.hypot(*(xy[0] - xy[-1]))) for xy in left), default=None)
    return rings, gap, len(left)


def _snapped(path: Path, points: _Floats, tolerance: float) -> _Floats:
    """Points `[n, 2]`; those that are near to each other become one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    tree = cKDTree(points)
    if tree.count_neighbors(tree, tolerance) > _MOST_MEETINGS:
        raise InputError(f"{path} has too many lines that end at one place; a part has few")
    pairs = tree.query_pairs(tolerance, output_type="ndarray")
    ones = np.ones(len(pairs))
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), (len(points), len(points)))
    count, label = connected_components(graph, directed=False)
    first = np.zeros(count, np.int64)
    first[label[::-1]] = np.arange(len(points))[::-1]
    return points[first[label]]
