"""What every method gives: a sampler, and what it cost to come by."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fag_tf.evaluation import Sampler

if TYPE_CHECKING:
    from fag_tf.networks import Critic

__all__ = ["Fitted"]


@dataclass(frozen=True)
class Fitted:
    """A fitted method.

    Attributes:
        sampler: what it gives actions with.
        interactions: feasibility checks spent on fitting.
        critic: the critic it learnt with, where there is one.
    """

    sampler: Sampler
    interactions: int
    critic: "Critic | None" = None
