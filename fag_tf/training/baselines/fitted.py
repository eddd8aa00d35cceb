"""What every method gives: a sampler, and what it cost to come by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fag_tf.environments.base import SampleFn

if TYPE_CHECKING:
    from fag_tf.networks.base import Critic

__all__ = ["Fitted"]


@dataclass(frozen=True)
class Fitted:
    """A fitted method.

    Attributes:
        sampler: what it gives actions with.
        interactions: feasibility checks spent on fitting.
        critic: the critic it learnt with, where there is one.
        report: figures of the last steps, as `fag_tf.training.trainer.Trainer.run` reports them.
    """

    sampler: SampleFn
    interactions: int
    critic: "Critic | None" = None
    report: Mapping[str, float] = field(default_factory=dict)
