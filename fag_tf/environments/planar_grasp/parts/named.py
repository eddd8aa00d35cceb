"""The nine named parts: four for training and five for tests.

The sizes of each part are given in metres. The centroid of its area is at the origin of its frame.
The longest side of each part, the longer side of its smallest enclosing rectangle, is 0.14 m.
"""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.workspace import centred
from fag_tf.errors import InputError

__all__ = [
    "PART_NAMES",
    "TEST_PARTS",
    "TRAINING_PARTS",
    "named_part",
]

TRAINING_PARTS: tuple[str, ...] = ("H", "8", "Spoon", "T")
"""Named parts that training may draw."""

TEST_PARTS: tuple[str, ...] = ("C", "L", "X", "hammer", "O")
"""Named parts that training never draws."""

PART_NAMES: tuple[str, ...] = TRAINING_PARTS + TEST_PARTS


# Segments of a quarter circle. For a circle of 70 mm the error is 0.1 mm.
_QUARTER = 16


def _disc(x: float, y: float, radius: float) -> shapely.Polygon:
    return shapely.Point(x, y).buffer(radius, quad_segs=_QUARTER)


def _joined(*pieces: shapely.Geometry) -> shapely.Polygon:
    return shapely.union_all(pieces)


def _letter_h() -> shapely.Polygon:
    bars = (shapely.box(x, 0.0, x + 0.034, 0.140) for x in (0.0, 0.089))
    return _joined(*bars, shapely.box(0.034, 0.053, 0.089, 0.087))


def _figure_eight() -> shapely.Polygon:
    outside = _joined(_disc(0.0, 0.0, 0.040), _disc(0.0, 0.067, 0.033))
    return outside - _joined(_disc(0.0, 0.0, 0.019), _disc(0.0, 0.067, 0.014))


def _spoon() -> shapely.Polygon:
    angle = np.linspace(0.0, 2 * np.pi, 4 * _QUARTER, endpoint=False)
    bowl = shapely.Polygon(np.stack([0.024 + 0.024 * np.cos(angle), 0.016 * np.sin(angle)], 1))
    handle = shapely.Polygon([(0.040, -0.0035), (0.040, 0.0035), (0.135, 0.006), (0.135, -0.006)])
    return _joined(bowl, handle, _disc(0.134, 0.0, 0.006))


def _letter_t() -> shapely.Polygon:
    return _joined(shapely.box(0.0, 0.108, 0.120, 0.140), shapely.box(0.044, 0.0, 0.076, 0.108))


def _letter_c() -> shapely.Polygon:
    ring = _disc(0.0, 0.0, 0.070) - _disc(0.0, 0.0, 0.042)
    mouth = shapely.Polygon([(0.0, 0.0), (0.100, 0.070), (0.100, -0.070)])
    return ring - mouth


def _letter_l() -> shapely.Polygon:
    return _joined(shapely.box(0.0, 0.0, 0.032, 0.140), shapely.box(0.0, 0.0, 0.085, 0.032))


def _letter_x() -> shapely.Polygon:
    bar = shapely.box(-0.0855, -0.011, 0.0855, 0.011)
    turns = (np.deg2rad(angle) for angle in (47.0, -47.0))
    return _joined(
        *(
            shapely.transform(
                bar,
                lambda xy, t=turn: xy @ np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]]),
            )
            for turn in turns
        )
    )


def _hammer() -> shapely.Polygon:
    handle = shapely.box(-0.009, 0.0, 0.009, 0.115)
    head = shapely.Polygon(
        [
            (-0.040, 0.108),
            (0.032, 0.108),
            (0.047, 0.128),
            (0.047, 0.134),
            (0.030, 0.140),
            (-0.040, 0.140),
        ]
    )
    return _joined(handle, head)


def _letter_o() -> shapely.Polygon:
    outside, hole = _disc(0.0, 0.0, 0.070), _disc(0.0, 0.0, 0.044)
    narrow = np.array([0.80, 1.0])
    return shapely.transform(outside, lambda xy: xy * narrow) - shapely.transform(
        hole, lambda xy: xy * narrow
    )


_MAKERS: Mapping[str, Callable[[], shapely.Polygon]] = MappingProxyType(
    dict(
        zip(
            PART_NAMES,
            (
                _letter_h,
                _figure_eight,
                _spoon,
                _letter_t,
                _letter_c,
                _letter_l,
                _letter_x,
                _hammer,
                _letter_o,
            ),
            strict=True,
        )
    )
)
_ALIASES: Mapping[str, str] = MappingProxyType(
    {name.lower(): name for name in PART_NAMES} | {"eight": "8"}
)


@functools.cache
def _made(name: str) -> shapely.Polygon:
    return centred(_MAKERS[name]())


def named_part(name: str) -> tuple[str, shapely.Polygon]:
    """The part of a name, in upper or lower case. `eight` is another name of `8`.

    Returns:
        The name as in `PART_NAMES`, and the part with its centroid at the origin, m.

    Raises:
        InputError: there is no part of that name.
    """
    written = _ALIASES.get(name.strip().lower())
    if written is None:
        raise InputError(f"no part is called {name!r}; there are {', '.join(PART_NAMES)}")
    return written, _made(written)
