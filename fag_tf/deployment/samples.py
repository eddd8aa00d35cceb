"""Actions of a saved model, each with its feasibility and, if known, its log density."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fag_tf.spaces import ACTION_OUTPUT, FEASIBILITY_OUTPUT, LOG_DENSITY_OUTPUT

__all__ = ["Samples"]


class Samples(NamedTuple):
    """Actions of a saved model. The arrays have the same leading axes, `[B, N]` or `[N]`.

    Attributes:
        action: actions `[..., A]` float32, in the units of the axes.
        feasibility: critic's probability that each action is feasible, `[...]` float32.
        log_density: log of the density with which the model draws each action, per product of the
            units of the axes, `[...]` float32; None for a model without the output `log_density`.
            It is exact for a model that draws one candidate for each action. With several
            candidates, `exp(-log_density)` is an unbiased estimate of one over the density.
    """

    action: NDArray[np.float32]
    feasibility: NDArray[np.float32]
    log_density: NDArray[np.float32] | None = None

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, Any]) -> "Samples":
        """Samples from a model's outputs by name."""
        return cls(
            outputs[ACTION_OUTPUT], outputs[FEASIBILITY_OUTPUT], outputs.get(LOG_DENSITY_OUTPUT)
        )

    def outputs(self) -> dict[str, NDArray[np.float32]]:
        """The arrays by the names of the model's outputs."""
        arrays = {ACTION_OUTPUT: self.action, FEASIBILITY_OUTPUT: self.feasibility}
        if self.log_density is not None:
            arrays[LOG_DENSITY_OUTPUT] = self.log_density
        return arrays

    def each(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> "Samples":
        """Apply the same function to every array, such as a selection along the leading axes."""
        return self.from_outputs({name: change(array) for name, array in self.outputs().items()})

    @classmethod
    def joined(cls, parts: Sequence["Samples"], axis: int) -> "Samples":
        """Join samples of the same model along a leading axis."""
        names = parts[0].outputs()
        of_parts = [part.outputs() for part in parts]
        return cls.from_outputs(
            {name: np.concatenate([part[name] for part in of_parts], axis) for name in names}
        )
