"""The background of a photograph: its colour, under light that falls off across the picture.

A lamp at one side and a lens that darkens the corners make the background a smooth surface over the
picture. A polynomial in column and row is fitted to it, robustly, since the part and its shadow
lie on it: first to the picture's border, then to all that is near the fit, and so on.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Background", "border_of", "fit_background", "shrunk"]

BORDER_SHARE = 0.03  # width of the background border, as share of the shorter side
_FITTED = 160  # pixels of the longer side of the picture that the surface is fitted to
_EVEN = 0.03  # share of its brightness by which a background may vary and still count as even
_NEAR = 0.03  # greatest distance of a background pixel from the fit, if the noise is less
_FAR = 0.12  # the same, whatever the noise
_LEAST_SUPPORT = 0.35  # share of the pixels that must be near the fit
_LEAST_BORDER = 0.85  # share of the border's pixels that must be
_DARKEST = 0.02
_BISQUARE = 4.685  # of Tukey's weights, for 95 % efficiency

_Floats = NDArray[np.float32]
_Doubles = NDArray[np.float64]
_Booleans = NDArray[np.bool_]


class Background(NamedTuple):
    """A background.

    Attributes:
        colour: its colour `[C]`, where it is even or in its middle.
        light: brightness `[h, w, C]` of a small picture relative to `colour`; None where it is
            even.
    """

    colour: _Floats
    light: _Floats | None

    def flattened(self, picture: _Floats) -> _Floats:
        """A picture `[H, W, C]` as if the light on it were even."""
        if self.light is None:
            return picture
        return picture / enlarged(self.light, picture.shape[:2])


def border_of(inside: _Booleans) -> _Booleans:
    """The outermost pixels of a region `[H, W]` that does not wind much."""
    wide = max(1, round(BORDER_SHARE * min(inside.shape)))
    border = np.ones(inside.shape, bool)
    border[wide:-wide, wide:-wide] = False
    if inside.all():
        return border
    rows = np.pad(inside, wide)
    near = inside.copy()
    for axis in (0, 1):
        for step in (-wide, wide):
            near &= np.roll(rows, step, axis)[wide:-wide, wide:-wide]
    return inside & ~near


def shrunk(values: NDArray[np.floating], side: int) -> _Floats:
    """Averages of the square blocks of a picture `[H, W, C]`, no more than `side` a side."""
    block = -(-max(values.shape[:2]) // side)
    if block <= 1:
        return values.astype(np.float32)
    rows, columns = (max(1, each // block) for each in values.shape[:2])
    # Sums over whole rows are fast; those over single columns are few by then.
    kept = values[: rows * block, : columns * block].astype(np.float32, copy=False)
    tall = np.add.reduceat(kept, np.arange(0, rows * block, block), axis=0)
    sums = np.add.reduceat(tall, np.arange(0, columns * block, block), axis=1)
    return np.asarray(sums / np.float32(block * block), np.float32)


def enlarged(values: _Floats, shape: tuple[int, ...]) -> _Floats:
    """A small smooth picture `[h, w, C]` in the shape of a large one, interpolated."""
    for axis in (0, 1):
        many, few = shape[axis], values.shape[axis]
        at = np.clip((np.arange(many) + 0.5) * (few / many) - 0.5, 0, few - 1)
        low = np.minimum(at.astype(np.intp), max(few - 2, 0))
        share = (at - low).astype(np.float32)
        share = share[:, None, None] if axis == 0 else share[None, :, None]
        high = np.minimum(low + 1, few - 1)
        values = np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share
    return values


def fit_background(picture: _Floats, inside: _Booleans | None = None) -> Background:
    """Fit the background of a picture.

    Args:
        picture: colours `[H, W, C]` in [0, 1].
        inside: which pixels `[H, W]` are looked at, such as those of a sheet; None for all.

    Returns:
        The background. It is even where no smooth surface explains the picture's border and most of
        the rest.
    """
    within = np.ones(picture.shape[:2], bool) if inside is None else inside
    even = Background(np.median(picture[border_of(within)], axis=0).astype(np.float32), None)
    small = shrunk(picture, _FITTED).astype(np.float64)
    seen = np.ones(small.shape[:2], bool)
    if inside is not None:
        share = shrunk(inside[..., None].astype(np.float32), _FITTED)
        seen = share[..., 0] > 0.999
    if min(small.shape[:2]) < 12 or seen.sum() < 100:
        return even
    surface = _surface(small, seen)
    if surface is None:
        return even
    middle = np.median(surface[seen], axis=0)
    relative = surface / np.maximum(middle, _DARKEST)
    low, high = np.percentile(relative[seen].mean(axis=1), [1, 99])
    if high - low < _EVEN:
        return even
    light = np.clip(relative, 0.1, 10.0).astype(np.float32)
    return Background(middle.astype(np.float32), light)


def _surface(small: _Doubles, seen: _Booleans) -> _Doubles | None:
    """The fitted background `[h, w, C]` of a small picture, or None if there is no good one."""
    rows, columns = small.shape[:2]
    y, x = (axis.ravel() for axis in np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j])
    values, within = small.reshape(rows * columns, -1), seen.ravel()
    chosen = border_of(seen).ravel()
    fit: _Doubles = values
    for degree in (1, 2, 2, 2, 4, 4):
        terms = np.stack(
            [x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)], axis=1
        )
        if chosen.sum() < 4 * terms.shape[1]:
            return None
        found, spread = _robust_fit(terms, values, chosen)
        fit = np.asarray(found, np.float64)
        near = np.abs(values - fit).max(axis=1) < np.clip(3.5 * spread, _NEAR, _FAR)
        chosen = within & near
    border = border_of(seen).ravel()
    if chosen.sum() < _LEAST_SUPPORT * within.sum() or not np.all(np.isfinite(fit)):
        return None
    if (chosen & border).sum() < _LEAST_BORDER * border.sum():
        return None
    # A surface that dives below black, or far from what is seen, explains nothing.
    surface = np.reshape(fit, small.shape)
    low, high = surface[seen].min(), surface[seen].max()
    return None if low < _DARKEST or high > 1.3 * values.max() else surface


def _robust_fit(
    terms: _Doubles, values: _Doubles, chosen: _Booleans
) -> tuple[NDArray[np.floating], float]:
    """A fit `[n, C]` to the chosen values by Tukey's weights, and the spread of what remains."""
    left, right = terms[chosen], values[chosen]
    weight = np.ones(len(left))
    spread = 0.0
    solution: NDArray[np.floating] = np.zeros((terms.shape[1], values.shape[1]))
    for _ in range(6):
        weighted = left * weight[:, None]
        solution = np.linalg.solve(
            weighted.T @ left + 1e-9 * np.eye(left.shape[1]), weighted.T @ right
        )
        apart = np.abs(left @ solution - right).max(axis=1)
        spread = 1.4826 * float(np.median(apart)) + 1e-4
        weight = np.clip(1 - (apart / (_BISQUARE * spread)) ** 2, 0, None) ** 2
    return terms @ solution, spread
