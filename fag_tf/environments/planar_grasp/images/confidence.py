"""How sure the outline in a photograph is: what speaks against it, as one number and a sentence."""

from typing import NamedTuple

import numpy as np

__all__ = ["DOUBT", "Evidence"]

DOUBT = "doubtful outline"
"""How a note on an outline of low confidence begins."""

_DOUBTFUL = 0.98  # sum of the marks: just below 1, so that each alone can make an outline doubtful
_FAINT = 0.8  # an edge beside a shadow is faint, and yet found


class Evidence(NamedTuple):
    """What a photograph's outline was found by.

    Attributes:
        contrast: of the part against its background, in spreads of the background's noise.
        plain_sheet: whether what lies on a sheet is surely no hole; True without a sheet.
        shadow_fit: how well what was taken for a shadow lies as one would, in [0, 1]; None
            without a shadow.
        shadow_rival: the same, had part and shadow been told apart otherwise.
        shadow_step: how much brightness parts the part from its shadow, see `shadows.Shadow`.
        inner_step: how sharp the step is between two shades of the part, see `shades.step_within`.
        inner_edge: longest sharp edge within the part beside what may be a shadow, m.
        soft_edge: share of the edge beside which the part fades, as a shadow does.
        blunt_run: longest piece of the edge at which the colours fade on both sides, m.
        faint_run: longest piece of the edge at which the colours differ little, m.
        slivers: area of what is narrow and lies along the shadow, m².
        joined: share of the part that joins what were pieces.
        filled: share of the part that were holes.
        hidden: how sharp the edge of such a hole is, see `gaps.Mended`.
    """

    contrast: float
    plain_sheet: bool = True
    shadow_fit: float | None = None
    shadow_rival: float = 0.0
    shadow_step: float = 1.0
    inner_step: float = 0.0
    inner_edge: float = 0.0
    soft_edge: float = 0.0
    blunt_run: float = 0.0
    faint_run: float = 0.0
    slivers: float = 0.0
    joined: float = 0.0
    filled: float = 0.0
    hidden: float = 0.0

    def confidence(self) -> float:
        """From 0 to 1; below 0.5, the outline is doubtful: the marks add up to about 1."""
        return float(1.0 / (1.0 + (sum(mark for mark, _ in self._marks()) / _DOUBTFUL) ** 4))

    def doubts(self) -> tuple[str, ...]:
        """What speaks against the outline, gravest first, in a few words each."""
        marks = sorted(
            ((mark, words) for mark, words in self._marks() if mark > 0.2),
            key=lambda each: -each[0],
        )
        return tuple(words for _, words in marks)

    def _marks(self) -> list[tuple[float, str]]:
        """How much each thing speaks against the outline, in [0, 1], and what it is called.

        All count alike. Weights that were fitted to half of some photographs told no more of the
        other half.
        """
        marks = [
            (1.0 - _between(self.contrast, 2.0, 8.0), "the part hardly stands out"),
            (0.0 if self.plain_sheet else 1.2, "what lies on the sheet may be a hole in a plate"),
            (_between(self.soft_edge, 0.05, 0.35), "some of its edge fades like a shadow"),
            (_ratio(self.blunt_run, 0.001, 0.008), "some of its edge runs where colours fade"),
            (_FAINT * _ratio(self.faint_run, 0.005, 0.05), "some of its edge is hardly to be seen"),
            (_between(self.inner_step, 0.5, 0.9), "it has two shades, one maybe a shadow's"),
            (_ratio(self.inner_edge, 0.002, 0.04), "there is an edge in it, maybe a shadow's"),
            (_between(self.slivers, 0.0, 15e-6), "some of its shadow may be left at its edge"),
            (_between(self.joined, 0.0, 0.04), "it falls into pieces, which were joined"),
            (_between(self.filled, 0.02, 0.2), "bright holes in it were taken for glare"),
            (_between(self.hidden, 0.1, 0.6), "what was taken for glare may be a hole"),
        ]
        if self.shadow_fit is not None:
            # A poor fit is no shadow, a good one is; in between it may be either.
            fit = self.shadow_fit
            lies = max(_between(fit, 0.45, 0.65), _between(0.45 - fit, 0.05, 0.35))
            apart = _between(fit - self.shadow_rival, -0.05, 0.3) if fit >= 0.45 else 1.0
            marks += [
                (1.0 - lies, "a band beside it may be its shadow, or may not"),
                (1.0 - _between(self.shadow_step, 0.02, 0.4), "part and shadow are almost as dark"),
                (1.0 - apart, "part and shadow may have been mistaken for each other"),
            ]
        return marks


def _between(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _ratio(length: float, low: float, high: float) -> float:
    """The same of a length, m, by its ratio to a millimetre more than both ends."""
    return _between(np.log(length + 1e-3), np.log(low + 1e-3), np.log(high + 1e-3))
