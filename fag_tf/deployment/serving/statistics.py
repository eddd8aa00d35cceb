"""What a model has answered and how long it took, as the protocol's statistics extension has it.

Clients such as perf_analyzer read it before and after a measurement and take the difference.
"""

import threading
import time
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["ModelStatistics", "Phases"]


@dataclass
class Phases:
    """Times of one answered request, s.

    Attributes:
        queue: waiting for a thread and for turns.
        compute_input: reading and checking the tensors.
        compute_infer: the model itself.
        compute_output: making the answer.
    """

    queue: float = 0.0
    compute_input: float = 0.0
    compute_infer: float = 0.0
    compute_output: float = 0.0


class ModelStatistics:
    """Counters of one model; several threads may count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals = {name: _Total() for name in ("success", "fail")}
        self._totals |= {field.name: _Total() for field in fields(Phases)}
        self._batches: dict[int, dict[str, _Total]] = {}
        self._inferences = self._executions = self._last = 0

    def count_success(self, batch: int, executions: int, seconds: float, phases: Phases) -> None:
        """Count an answered request.

        Args:
            batch: number of states B.
            executions: number of calls of the model.
            seconds: time from request to answer, s.
            phases: what it was spent on.
        """
        with self._lock:
            self._last = time.time_ns() // 1_000_000
            self._inferences += batch
            self._executions += executions
            self._totals["success"].add(seconds)
            sizes = self._batches.setdefault(batch, {})
            for field in fields(Phases):
                spent = getattr(phases, field.name)
                self._totals[field.name].add(spent)
                if field.name != "queue":
                    sizes.setdefault(field.name, _Total()).add(spent)

    def count_failure(self, seconds: float) -> None:
        """Count a request that was refused or failed after that time, s."""
        with self._lock:
            self._totals["fail"].add(seconds)

    def content(self) -> dict[str, Any]:
        """The counters, under the names of the protocol's `ModelStatistics`."""
        with self._lock:
            return {
                "last_inference": self._last,
                "inference_count": self._inferences,
                "execution_count": self._executions,
                "inference_stats": {name: each.content() for name, each in self._totals.items()},
                "batch_stats": [
                    {"batch_size": size, **{name: each.content() for name, each in totals.items()}}
                    for size, totals in sorted(self._batches.items())
                ],
            }


class _Total:
    """Number and time of events."""

    def __init__(self) -> None:
        self._count, self._nanoseconds = 0, 0

    def add(self, seconds: float) -> None:
        self._count += 1
        self._nanoseconds += max(0, round(1e9 * seconds))

    def content(self) -> dict[str, int]:
        return {"count": self._count, "ns": self._nanoseconds}
