"""Whether what differs from the background has two shades, with a sharp step between them.

A shadow that is nearly as dark as the part cannot be told from it pixel by pixel, least of all in a
grey picture with noise. But the step from one to the other is the part's own outline, and as sharp
as any edge of the picture, while glare and uneven light fade. So colours are averaged over small
windows, and where they fall into two groups, the step between these is measured.
"""

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.thresholds import otsu
from fag_tf.environments.planar_grasp.images.windows import narrowed, widened, window_means

__all__ = ["step_within"]

_REACH, _BESIDE = 3, 6  # pixels: of the windows; and of those on both sides of a step
_RIM = 2  # pixels at the edge, which are mixed
_FEWEST = 200  # pixels
_LEAST_SHARE = 0.05  # of the smaller group
_LEAST_APART, _SPREADS = 0.02, 6.0  # of the two groups: in shares of the background; in spreads
_VALLEY = 0.85  # depth of the valley between two groups, in shares of the lower peak
_DARKEST, _FAINTEST = 0.12, 0.97  # of a shadow, in shares of the background's brightness

_Floats = NDArray[np.float32]
_Booleans = NDArray[np.bool_]


def step_within(ratio: _Floats, differs: _Booleans, noise: float) -> float:
    """How sharp the step is between two shades of what differs from the background.

    Args:
        ratio: colours `[H, W, C]` in shares of the background's.
        differs: pixels `[H, W]` that differ from the background.
        noise: spread of the background's colour, in the same shares.

    Returns:
        The step of colour a few pixels to both sides of where the shades meet, in shares of
        how far apart they are in all: about 1 at an edge, little where one fades into the other.
        0 if there is only one shade that may be a shadow's.
    """
    bright = ratio.mean(axis=2)
    dark = narrowed(differs, _RIM) & (bright < _FAINTEST) & (bright > _DARKEST)
    if dark.sum() < _FEWEST:
        return 0.0
    means, share = _mean(ratio, dark, _REACH)
    inner = dark & (share > 0.3)
    if not inner.any():
        return 0.0
    direction = _widest(means[inner])
    shade, mean = ratio @ direction, means @ direction
    least = max(_LEAST_APART, _SPREADS * noise / (2 * _REACH + 1))
    parted = _parted(mean[inner], least)
    if parted is None:
        return 0.0
    between, apart = parted
    lighter, darker = inner & (mean >= between), inner & (mean < between)
    meet = inner & widened(lighter, 1) & widened(darker, 1)
    above, many = _mean(shade, lighter & ~widened(darker, _RIM), _BESIDE)
    below, others = _mean(shade, darker & ~widened(lighter, _RIM), _BESIDE)
    seen = meet & (many > 0.02) & (others > 0.02)
    if seen.sum() < 20:
        return 0.0
    return float(np.median((above - below)[seen])) / apart


def _mean(values: _Floats, where: _Booleans, reach: int) -> tuple[_Floats, _Floats]:
    """Means `[H, W, ...]` over those pixels of a window that are meant, and their share of it."""
    share = window_means(where, reach)
    weight = where.reshape(where.shape + (1,) * (values.ndim - 2))
    sums = window_means(values * weight, reach)
    seen = np.maximum(share, 1e-6).reshape(weight.shape)
    return np.asarray(sums / seen, np.float32), share


def _widest(colours: _Floats) -> _Floats:
    """The direction `[C]` in which colours `[n, C]` differ most: brightness, if they are grey."""
    _, vectors = np.linalg.eigh(np.cov(colours.T, ddof=0).reshape(colours.shape[1], -1))
    found = vectors[:, -1] * (np.sign(vectors[:, -1].sum()) or 1.0)
    return np.asarray(found, np.float32)


def _parted(values: _Floats, least: float) -> tuple[float, float] | None:
    """The value between two groups, and how far apart their medians are; None if there is one."""
    low, high = np.percentile(values, [1, 99])
    if high - low < least:
        return None
    above = np.clip(values, low, high) - low
    between = otsu(above)
    first, second = above[above < between], above[above >= between]
    if min(len(first), len(second)) < _LEAST_SHARE * len(above):
        return None
    apart = float(np.median(second) - np.median(first))
    if apart < least:
        return None
    counts, edges = np.histogram(above, 40, (0.0, float(high - low)))
    soft = np.convolve(counts, [0.25, 0.5, 0.25], "same")
    split = max(1, int(np.searchsorted(edges, between)) - 1)
    left, right = int(soft[:split].argmax()), split + int(soft[split:].argmax())
    valley = left + int(soft[left : right + 1].argmin())
    if soft[valley] > _VALLEY * min(soft[left], soft[right]):
        return None
    return float(low + 0.5 * (edges[valley] + edges[valley + 1])), apart
