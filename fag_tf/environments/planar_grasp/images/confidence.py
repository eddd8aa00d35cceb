"""How sure the outline in a photograph is: what speaks against it, as one number and a sentence."""

from typing import NamedTuple

import numpy as np

__all__ = ["DOUBT", "Evidence"]

DOUBT = "doubtful outline"
"""How a note on an outline of low confidence begins."""


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
        weak_edge: share of the edge at which both sides hardly differ.
        soft_edge: share of the edge beside which the part fades, as a shadow does.
        blunt_edge: share of the edge at which the colours fade on both sides, see `sharpness`.
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
    weak_edge: float = 0.0
    soft_edge: float = 0.0
    blunt_edge: float = 0.0
    joined: float = 0.0
    filled: float = 0.0
    hidden: float = 0.0

    def confidence(self) -> float:
        """From 0 to 1; below 0.5 the outline is doubtful."""
        return float(np.prod([rest for rest, _ in self._marks()]))

    def doubts(self) -> tuple[str, ...]:
        """What speaks against the outline, gravest first, in a few words each."""
        marks = sorted((rest, words) for rest, words in self._marks() if rest < 0.8)
        return tuple(words for _, words in marks)

    def _marks(self) -> list[tuple[float, str]]:
        """What each thing leaves of the confidence, and what it is called."""
        marks = [
            (_between(self.contrast, 2.0, 5.0), "the part hardly stands out from the background"),
            (1.0 if self.plain_sheet else 0.4, "what lies on the sheet may be a hole in a plate"),
            (1.0 - _between(self.weak_edge, 0.0, 0.2), "some of its edge is not to be seen"),
            (1.0 - _between(self.soft_edge, 0.1, 0.4), "some of its edge fades like a shadow"),
            (
                1.0 - _between(self.blunt_edge, 0.05, 0.2),
                "some of its edge runs where colours fade",
            ),
            (1.0 - _between(self.inner_step, 0.7, 0.9), "it has two shades, one maybe a shadow's"),
            (1.0 - _between(self.joined, 0.0, 0.05), "it falls into pieces, which were joined"),
            (1.0 - _between(self.filled, 0.05, 0.4), "bright holes in it were taken for glare"),
            (1.0 - _between(self.hidden, 0.2, 0.7), "what was taken for glare may be a hole"),
        ]
        if self.shadow_fit is not None:
            # A poor fit is no shadow, a good one is; in between it may be either.
            lies = max(
                _between(self.shadow_fit, 0.45, 0.6), _between(0.45 - self.shadow_fit, 0.05, 0.35)
            )
            apart = _between(self.shadow_fit - self.shadow_rival, -0.05, 0.1)
            marks += [
                (lies, "a band beside it may be its shadow, or may not"),
                (_between(self.shadow_step, 0.02, 0.2), "part and shadow are almost as dark"),
                (0.5 + 0.5 * apart, "part and shadow may have been mistaken for each other"),
            ]
        return marks


def _between(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))
