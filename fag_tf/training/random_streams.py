"""Random numbers of a run: a stream of its own for each purpose and step, so none is saved."""

from collections.abc import Callable
from enum import IntEnum

import numpy as np

__all__ = ["Purpose", "stream_of"]


class Purpose(IntEnum):
    """What a stream is for."""

    COLLECT = 0
    LEARN = 1
    IMITATE = 2


def stream_of(seed: int, purpose: Purpose) -> Callable[[int], np.random.Generator]:
    """The generator of the n-th step, by n, of one purpose in a run of that seed."""

    def generator(count: int) -> np.random.Generator:
        key = np.array([seed, 4 * count + purpose], np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    return generator
