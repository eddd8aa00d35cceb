"""Which of the pixels that differ from the background are the part's shadow.

A shadow has the background's own colour, only darker, and by about the same factor throughout. It
lies where the part's outline, moved to one side by the light, covers the background. So of the ways
to divide what differs into part and shadow, by colour or by brightness, that is taken whose shadow
comes nearest to the part's own outline drawn along in some direction; if none comes near, there is
no shadow.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.thresholds import otsu
from fag_tf.environments.planar_grasp.images.windows import closed, narrowed, window_means

__all__ = ["Shadow", "find_shadow", "is_shade"]

_DARKEST, _FAINTEST = 0.12, 0.97  # of a shadow, in shares of the background's brightness
_SAME_COLOUR = 0.07  # how far the ratio of one channel may be from that of all
_LEAST_SHARE = 0.03  # of what differs
_LEAST_FIT = 0.45
_SMALL_PART = 0.3  # what is taken off the fit of a part much smaller than its shadow
_SIDE = 96  # pixels of the picture in which shadows are drawn along
_DIRECTIONS, _LONGEST = 32, 0.022  # m
_SAME_WAY = 0.7  # overlap from which on two ways to tell part and shadow apart are one
_OWN_DIVISION = 0.05  # of fit, for a division that was made by this picture's own colours
_VALLEY = 0.75
_APART = 0.1
_COLOURS_APART = 0.03  # in shares of the brightness

_Floats = NDArray[np.float32]
_Booleans = NDArray[np.bool_]


class Shadow(NamedTuple):
    """A shadow.

    Attributes:
        mask: its pixels `[H, W]`, with those at the edges of the part that are as dark; none if
            the fit is poor.
        fit: intersection over union with the part's outline drawn along.
        rival: the same of the next best way to tell part and shadow apart.
        step: how much brightness parts the part from the darkest of the shadow, as share of what
            parts it from the background; 1 where they are told apart by colour.
    """

    mask: _Booleans
    fit: float
    rival: float
    step: float


def find_shadow(
    flat: _Floats, ground: _Floats, differs: _Booleans, noise: float, pitch: float
) -> Shadow | None:
    """Find the shadow beside a part.

    Args:
        flat: colours `[H, W, C]`, as if under even light.
        ground: the background's colour `[C]`.
        differs: pixels `[H, W]` that differ from the background.
        noise: spread of the background's colours.
        pitch: side of a pixel, m.
    """
    ratio = flat / np.maximum(ground, 0.02)
    bright = ratio.mean(axis=2)
    noise = noise / max(float(ground.mean()), 0.05)
    core = narrowed(differs, 1)
    if core.sum() < 30:
        return None
    neutral = differs & _neutral(ratio, bright, noise)
    coloured = differs & ~neutral
    ways = [neutral] if (coloured & core).sum() > _LEAST_SHARE * core.sum() else []
    pale = _pale(ratio, bright, core, noise) if flat.shape[2] > 1 else None
    if pale is not None:
        ways.append(neutral & pale)
    by_colour = ways.copy()
    parted = _two_shades(bright[neutral & core])
    if parted is not None:
        ways += [neutral & (bright >= parted), neutral & (bright < parted)]
    elif (lightest := _one_shade(bright[neutral & core], noise)) is not None:
        ways.append(neutral & (bright > lightest))  # a soft shadow has all shades
    least = _LEAST_SHARE * core.sum()
    fits = []
    for shadow in ways:
        # Noise makes single pixels look like the other, so their neighbours decide.
        mostly = window_means(core & shadow, 2) > 0.5 * window_means(core, 2)
        part, beside = core & ~mostly, core & mostly
        if beside.sum() > least and part.sum() > least:
            # Two shapes may each be the other drawn along; the larger is likelier the part.
            less = _SMALL_PART * max(0.0, 1.0 - float(part.sum() / beside.sum()))
            fits.append((_drawn_along(part, beside, pitch) - less, shadow))
    if not fits:
        return None
    own_way = None if pale is None else by_colour[-1]
    fits.sort(key=lambda each: -each[0] - _OWN_DIVISION * (each[1] is own_way))
    fit, mask = fits[0]
    rival = next((other for other, way in fits[1:] if _overlap(way, mask) < _SAME_WAY), 0.0)
    if fit < _LEAST_FIT:
        return Shadow(np.zeros_like(mask), fit, rival, 1.0)
    step = (
        1.0 if any(mask is way for way in by_colour) else _step(bright, core & ~mask, core & mask)
    )
    return Shadow(mask, fit, rival, step)


def is_shade(colours: NDArray[np.floating], ground: _Floats, noise: float) -> _Booleans:
    """Whether colours `[..., C]` may be the background's in a shadow; see `find_shadow`."""
    ratio = colours / np.maximum(ground, 0.02)
    return _neutral(ratio, ratio.mean(axis=-1), noise / max(float(ground.mean()), 0.05))


def _neutral(ratio: NDArray[np.floating], bright: NDArray[np.floating], noise: float) -> _Booleans:
    """Whether colours `[..., C]`, in shares of the background's, are its own but darker."""
    neutral = (bright < _FAINTEST) & (bright > _DARKEST)
    if ratio.shape[-1] > 1:
        strayed = np.abs(ratio - bright[..., None]).max(axis=-1)
        neutral &= strayed < (_SAME_COLOUR + 2 * noise) * np.sqrt(bright.clip(0.05, 1))
    return np.asarray(neutral)


def _step(bright: _Floats, part: _Booleans, shadow: _Booleans) -> float:
    own = float(np.median(bright[part]))
    near = float(np.percentile(bright[shadow], 10 if own < np.median(bright[shadow]) else 90))
    return abs(near - own) / max(abs(1.0 - own), 0.05)


def _pale(
    ratio: NDArray[np.floating], bright: NDArray[np.floating], core: _Booleans, noise: float
) -> _Booleans | None:
    """Pixels with less colour of their own than others that differ; None if all have as much.

    Glare pales a part, and a part of little colour passes for grey: both are told from the grey of
    a shadow by where the colours in this picture divide.
    """
    own = window_means((ratio - bright[..., None]) * core[..., None], 2)
    own /= np.maximum(window_means(bright * core, 2), 0.02)[..., None]
    colour = np.linalg.norm(own, axis=2)
    inner = colour[core]
    between = otsu(inner)
    low, high = inner[inner < between], inner[inner >= between]
    if min(len(low), len(high)) < _LEAST_SHARE * len(inner):
        return None
    if float(np.median(high) - np.median(low)) < max(_COLOURS_APART, noise):
        return None
    return np.asarray(colour < between)


def _two_shades(bright: _Floats) -> float | None:
    """The brightness between two groups, if there are two."""
    if len(bright) < 30:
        return None
    between = otsu(bright)
    low, high = bright[bright < between], bright[bright >= between]
    if min(len(low), len(high)) < _LEAST_SHARE * len(bright):
        return None
    if float(np.median(high) - np.median(low)) < _APART:
        return None
    counts, edges = np.histogram(bright, 40, (0.0, 1.0))
    soft = np.convolve(counts, [0.25, 0.5, 0.25], "same")
    split = int(np.searchsorted(edges, between)) - 1
    left, right = int(soft[:split].argmax()) if split > 0 else 0, split + int(soft[split:].argmax())
    valley = left + int(soft[left : right + 1].argmin())
    if soft[valley] > _VALLEY * min(soft[left], soft[right]):
        return None
    return float(edges[valley] + 0.5 * (edges[1] - edges[0]))


def _one_shade(bright: _Floats, noise: float) -> float | None:
    """The greatest brightness of the commonest shade, noise and all; None if there are few."""
    if len(bright) < 30:
        return None
    counts, edges = np.histogram(bright, 50, (0.0, 1.0))
    peak = float(edges[np.convolve(counts, np.ones(3), "same").argmax()] + 0.01)
    near = np.abs(bright[np.abs(bright - peak) < 0.05] - peak)
    spread = 1.4826 * float(np.median(near)) if len(near) else 0.02
    return peak + max(2.5 * spread, 2.5 * noise, 0.04)


def _drawn_along(part: _Booleans, shadow: _Booleans, pitch: float) -> float:
    """Best intersection over union of a shadow with the part's outline drawn or moved along."""
    both = part | shadow
    row, column = np.flatnonzero(both.any(axis=1)), np.flatnonzero(both.any(axis=0))
    window = np.s_[row[0] : row[-1] + 1, column[0] : column[-1] + 1]
    size = max(len(range(*window[0].indices(10**6))), len(range(*window[1].indices(10**6))))
    block = max(1, -(-size // _SIDE))
    part, shadow = (_coarse(mask[window], block) for mask in (part, shadow))
    part = closed(part, 2)  # streaks of glare leave gaps
    reach = max(2, round(_LONGEST / (pitch * block)))
    reach = min(reach, max(part.shape))
    part, shadow = np.pad(part, reach), np.pad(shadow, reach)
    best = 0.0
    for angle in np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS):
        drawn = part.copy()
        last = (0, 0)
        for step in range(1, reach + 1):
            shift = round(step * np.sin(angle)), round(step * np.cos(angle))
            if shift == last:
                continue
            last = shift
            moved = np.roll(part, shift, (0, 1))
            drawn |= moved
            best = max(best, _overlap(drawn & ~part, shadow), _overlap(moved & ~part, shadow))
    return best


def _coarse(mask: _Booleans, block: int) -> _Booleans:
    rows, columns = (-(-side // block) * block for side in mask.shape)
    whole = np.zeros((rows, columns), bool)
    whole[: mask.shape[0], : mask.shape[1]] = mask
    blocks = whole.reshape(rows // block, block, columns // block, block)
    return np.asarray(blocks.mean(axis=(1, 3)) > 0.5)


def _overlap(first: _Booleans, second: _Booleans) -> float:
    union = np.count_nonzero(first | second)
    return float(np.count_nonzero(first & second) / union) if union else 0.0
