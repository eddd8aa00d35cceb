"""The foreground of a photograph, told from light, sheet, shadow, glare and noise.

Where the picture is drawn, or as even as if it were, a pixel's distance from the background's
colour is the share of it that the part covers. In a photograph the part is found first, and only
its edge is measured so, against the colours on both sides of it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from fag_tf.environments.planar_grasp.images.background import Background, fit_background
from fag_tf.environments.planar_grasp.images.confidence import Evidence
from fag_tf.environments.planar_grasp.images.connected import connected
from fag_tf.environments.planar_grasp.images.edges import edge_cover, soft_edge
from fag_tf.environments.planar_grasp.images.gaps import Mended, mend
from fag_tf.environments.planar_grasp.images.inner_edges import edge_within
from fag_tf.environments.planar_grasp.images.shades import step_within
from fag_tf.environments.planar_grasp.images.shadows import find_shadow
from fag_tf.environments.planar_grasp.images.sharpness import blunt_edge, edge_marks
from fag_tf.environments.planar_grasp.images.sheet import Sheet, find_sheet
from fag_tf.environments.planar_grasp.images.thresholds import otsu
from fag_tf.environments.planar_grasp.images.windows import narrowed, widened
from fag_tf.errors import InputError

__all__ = ["LEAST_CONTRAST", "Separated", "separate"]

LEAST_CONTRAST = 0.06  # share of the full scale
_STEP = 1.2 / 255  # noise of a picture that was drawn, not taken
_NOISY, _VERY_NOISY = 0.04, 0.1  # spread of the background, in shares of the part's contrast
_SOFTEST = 0.0006  # m: how far a picture may be blurred against noise
_FAINT = 0.3  # share of the part's contrast from where a pixel differs
_SPREADS = 4.0  # of the noise, beyond which a pixel differs
_SOLID, _EVEN = 0.9, 0.95  # a part of even colours: how much of it is that far from the background
_DARKEST = 0.05  # of a background that others are compared with
_FADING = 0.5  # of a step, see `shades.step_within`
_HIGHER = (0.45, 0.6)  # shares of the part's contrast, tried where the edge is not sharp
_GUESSED = 0.04  # share of the edge that is not sharp, from which on it is a guess
_SHARPER = 0.4  # of that share: what is left of it, if another threshold is taken
_NARROW = 0.0008  # m: half the width of a sliver
_LEAST_LEFT = 0.4  # of what was found, at such a threshold
_STRIDE = 3  # of the pixels that statistics are made of

_Floats = NDArray[np.float32]
_Booleans = NDArray[np.bool_]


class Separated(NamedTuple):
    """The part of a photograph.

    Attributes:
        share: share `[H, W]` of each pixel that the part covers.
        evidence: what speaks for and against it.
        sheet: the sheet of paper that it lies on, if one shows.
    """

    share: _Floats
    evidence: Evidence
    sheet: Sheet | None


class _Contrast(NamedTuple):
    """How far a picture's colours are from its background's, `[H, W]`, and what is usual."""

    apart: _Floats
    noise: float
    level: float


def separate(path: str, colour: _Floats, pitch: float, join: bool = True) -> Separated:
    """Tell the part of a picture from its background.

    Args:
        path: name of the picture in messages.
        colour: colours `[H, W, C]` in [0, 1].
        pitch: side of a pixel on the table, m.
        join: whether pieces with narrow gaps between them are one part.

    Raises:
        InputError: nothing stands out.
    """
    sheet = find_sheet(colour, pitch)
    inside = None if sheet is None else sheet.inside(colour.shape[:2])
    ground = fit_background(colour, inside)
    flat = ground.flattened(colour)
    found = _contrast(flat, ground, inside)
    if found is None:
        raise InputError(
            f"{path} shows no object: nothing in it stands out from the colour of its border"
        )
    reach = _blur_for(found, pitch)
    if reach:
        flat = _blurred(flat, reach)
        found = _contrast(flat, ground, inside) or found
    differs = found.apart > max(_FAINT * found.level, min(_SPREADS * found.noise, found.level / 2))
    window = _window(differs, 8 + 4 * reach)
    flat, differs, apart = flat[window], differs[window], found.apart[window]
    shadow = find_shadow(flat, ground.colour, differs, found.noise, pitch)
    drawn = ground.light is None and sheet is None and reach == 0 and found.noise <= _STEP
    evidence = Evidence(found.level / max(found.noise, 1e-6), sheet is None or sheet.plain)
    share = np.zeros(colour.shape[:2], np.float32)
    if drawn and (shadow is None or not shadow.mask.any()):
        measured = _measured(flat, ground, apart)
        core = narrowed(differs, 1)
        if not core.any() or np.mean(measured[core] > _SOLID) > _EVEN:
            share[window] = measured
            return Separated(share, evidence, sheet)
    part, step, shade = differs, 0.0, None
    if shadow is not None and shadow.mask.any():
        part = _without(shadow.mask, differs, apart)
        shade = shadow.mask
    else:
        level = np.maximum(ground.colour, _DARKEST)
        ratio = np.asarray(flat / level, np.float32)
        step = step_within(ratio, differs, found.noise / float(level.mean()))
        # A shadow within what differs would end in a step, at the part's own outline.
        shadow = shadow if step > _FADING else None
    evidence = evidence._replace(inner_step=step)
    if shadow is not None:
        evidence = evidence._replace(
            shadow_fit=shadow.fit, shadow_rival=shadow.rival, shadow_step=shadow.step
        )
    mended = mend(part, apart, found.noise, pitch, join, 2 + reach, shade)
    blunt = blunt_edge(flat, mended.mask, found.noise, reach)
    if part is differs and blunt > _GUESSED:
        mended, blunt = _above_shadow(mended, blunt, flat, apart, found, pitch, join, reach)
    share[window] = edge_cover(flat, mended.mask, found.noise, 2 + reach)
    marks = edge_marks(flat, mended.mask, found.noise, reach, pitch)
    edge = edge_within(flat, mended.mask, ground.colour, found.level, found.noise, reach, pitch)
    evidence = evidence._replace(
        inner_edge=edge,
        soft_edge=soft_edge(apart, mended.mask, found.level, 2 + reach),
        blunt_run=marks.blunt_run,
        faint_run=marks.faint_run,
        slivers=0.0 if shade is None else _slivers(mended.mask, shade, pitch),
        joined=mended.joined,
        filled=mended.filled,
        hidden=mended.hidden,
    )
    return Separated(share, evidence, sheet)


def _above_shadow(
    mended: Mended,
    blunt: float,
    flat: _Floats,
    apart: _Floats,
    found: _Contrast,
    pitch: float,
    join: bool,
    reach: int,
) -> tuple[Mended, float]:
    """The part at a threshold above a soft shadow, and how blunt its edge is, if that is less.

    What was taken for the part together with a soft shadow ends where that fades, at any threshold
    but one that all of the shadow is below.
    """
    least = _SHARPER * (blunt + mended.joined + mended.filled)
    area = _LEAST_LEFT * mended.mask.sum()
    for level in _HIGHER:
        part = apart > level * found.level
        other = mend(part, apart, found.noise, pitch, join, 2 + reach, ~part)
        sharper = blunt_edge(flat, other.mask, found.noise, reach)
        guessed = sharper + other.joined + other.filled
        if guessed < least and other.mask.sum() > area:
            mended, blunt, least = other, sharper, guessed
    return mended, blunt


def _contrast(flat: _Floats, ground: Background, inside: _Booleans | None) -> _Contrast | None:
    """None if nothing stands out."""
    apart = np.abs(flat - ground.colour).max(axis=2)
    if inside is not None:
        apart[~inside] = 0.0
    if apart.max() < LEAST_CONTRAST:
        return None
    between = otsu(apart)
    some = apart[::_STRIDE, ::_STRIDE]
    quiet = some < between
    if inside is not None:
        quiet &= inside[::_STRIDE, ::_STRIDE]
    noise = 1.4826 * float(np.median(some[quiet])) if quiet.any() else 0.0
    return _Contrast(apart, noise, float(np.median(apart[apart > between])))


def _measured(flat: _Floats, ground: Background, apart: _Floats) -> _Floats:
    """Contrast `[H, W]` from the background's colour (0) to the object's colour (1)."""
    # The distance over all channels allows an object of several colours.
    far = np.linalg.norm(flat - ground.colour, axis=2)
    # Edge pixels lie between the two levels, so distinct pixels give the object's level.
    distinct = far[apart > otsu(apart)]
    level = np.median(distinct[distinct > 0.85 * np.percentile(distinct, 90)])
    return np.clip(far / level, 0.0, 1.0).astype(np.float32)


def _blur_for(found: _Contrast, pitch: float) -> int:
    """Pixels over which noise is averaged; none in a picture that has little."""
    ratio = found.noise / found.level
    if ratio < _NOISY:
        return 0
    return min(1 if ratio < _VERY_NOISY else 3, int(_SOFTEST / pitch))


def _blurred(flat: _Floats, reach: int) -> _Floats:
    half = np.clip(flat * 127.5, 0, 255).round().astype(np.uint8)  # light parts may pass 1
    channels = [
        np.asarray(Image.fromarray(half[..., index]).filter(ImageFilter.GaussianBlur(reach)))
        for index in range(half.shape[2])
    ]
    return np.stack(channels, axis=2).astype(np.float32) / np.float32(127.5)


def _without(shadow: _Booleans, differs: _Booleans, apart: _Floats) -> _Booleans:
    """What differs without a shadow, and without its edge, which is a pixel or two wide.

    Tips of the part are as narrow, but further from the background's colour than all of the shadow,
    if the part is.
    """
    rest = differs & ~shadow
    part = widened(narrowed(rest, 1), 1) & rest
    if not part.any():
        return part
    own, other = float(np.median(apart[part])), float(np.percentile(apart[shadow], 90))
    return part | (rest & (apart > 0.5 * (own + other))) if own > other else part


def _slivers(part: _Booleans, shadow: _Booleans, pitch: float) -> float:
    """Area of what is narrow in a part and lies along its shadow, m²."""
    reach = max(1, round(_NARROW / pitch))
    broad = widened(narrowed(part, reach), reach + 1)
    pieces, count = connected(part & ~broad)
    along = np.bincount(pieces[widened(shadow & ~part, 2)], minlength=count + 1) > 0
    along[0] = False
    return float(np.count_nonzero(along[pieces])) * pitch**2


def _window(mask: _Booleans, margin: int) -> tuple[slice, slice]:
    """Rows and columns around all pixels of a mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + margin + 1),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + margin + 1),
    )
