"""What a report of a training says, in a line for people."""

from collections.abc import Mapping

from fag_tf.config.schema import Config

__all__ = ["ReportText"]

_SHOWN = {"feasible_rate": "feasible", "critic_accuracy": "critic"}
_BELIEVED = {"believed": "believed feasible"}
"""Once no more interactions are spent there is only what the critic believes."""

_SMOOTHING = 0.7
"""Weight of the earlier speeds in the time left: the first report includes the compilation."""


class ReportText:
    """Turns the reports of one training into text; one report after the other.

    Args:
        config: configuration of the run.
    """

    def __init__(self, config: Config) -> None:
        self._steps = config.trainer.steps
        self._warmup = config.critic.warmup_steps
        self._speed = 0.0

    def __call__(self, figures: Mapping[str, float]) -> str:
        """The figures of a report: rates, interactions, steps per second and the time left."""
        now = figures["steps_per_second"]
        earlier = self._speed or now
        self._speed = _SMOOTHING * earlier + (1.0 - _SMOOTHING) * now
        left = (self._steps - figures["step"]) / max(self._speed, 1e-9)
        shown = _SHOWN if "feasible_rate" in figures else _BELIEVED
        parts = [f"{label} {figures[name]:.2f}" for name, label in shown.items() if name in figures]
        parts.append(f"{figures['interactions']:,.0f} interactions")
        parts.append(f"{now:.1f} steps/s")
        parts.append(f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left")
        if figures["step"] <= self._warmup < self._steps:
            parts.append(f"the actor learns after step {self._warmup}")
        return " · ".join(parts)
