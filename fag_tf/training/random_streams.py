"""Random numbers of a run. Each purpose and step has its own stream, so no state is saved."""

from collections.abc import Callable
from enum import IntEnum

import numpy as np

__all__ = ["Purpose", "stream_of"]


class Purpose(IntEnum):
    """Purpose of a stream of random numbers."""

    COLLECT = 0
    LEARN = 1
    IMITATE = 2


def stream_of(seed: int, purpose: Purpose) -> Callable[[int], np.random.Generator]:
    """A function from a step number to the random generator of this step.

    Args:
        seed: seed of the run.
        purpose: purpose of the random numbers.
    """

    def generator(count: int) -> np.random.Generator:
        key = np.array([seed, 4 * count + purpose], np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    return generator
