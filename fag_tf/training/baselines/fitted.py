"""The result of every method: a sampler and the number of interactions that it cost."""

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
        sampler: function that gives the actions.
        interactions: number of feasibility checks used for fitting.
        critic: critic of the method, or None.
        report: figures of the last steps, as `fag_tf.training.trainer.Trainer.run` reports them.
    """

    sampler: SampleFn
    interactions: int
    critic: "Critic | None" = None
    report: Mapping[str, float] = field(default_factory=dict)
