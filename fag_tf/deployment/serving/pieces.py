"""Calls of a model cut into short pieces, each of which takes a turn of its own."""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.runtimes import RunFn
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.serving.turns import SHORT_SECONDS, Work
from fag_tf.spaces import LATENT_INPUT

__all__ = ["Costs", "in_pieces"]

_LEAST_EXPONENT = 6
"""Models run 64 actions or more."""

_FORGET = 1.05

_DEAREST = 2.0
"""What a cut may cost: all pieces together, by the whole."""


class Costs:
    """What a model takes for one state, by the number of its actions, when nothing else runs.

    Beside other parts a small one may take longer than a large one alone. The least time that was
    measured is therefore kept, and forgotten slowly. The first call of a size is not counted, as
    it may load what later calls use. Models run powers of two.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}
        self._loaded: set[int] = set()

    def expected(self, actions: int) -> float | None:
        """What so many actions of one state take, s; None if nobody knows."""
        return self._seconds.get(_exponent(actions))

    def note(self, actions: int, seconds: float) -> None:
        """A call with so many actions of one state took that long."""
        size = _exponent(actions)
        if size in self._loaded:
            self._seconds[size] = min(seconds, _FORGET * self._seconds.get(size, seconds))
        self._loaded.add(size)

    def step(self, actions: int) -> int:
        """Number of actions at a time by which a call becomes pieces that are short.

        What a model computes once for a state is computed for each piece. Where pieces would cost
        more than twice the whole they stay longer.
        """
        whole = size = _exponent(actions)
        cost = all_cost = self._seconds.get(whole, 0.0)
        while cost > SHORT_SECONDS and size > _LEAST_EXPONENT:
            smaller = self._seconds.get(size - 1, cost / 2.0)
            if smaller * 2 ** (whole - size + 1) > _DEAREST * all_cost:
                break
            cost, size = smaller, size - 1
        if size < whole:  # the whole costs no more than its pieces, if it was slow only once
            self._seconds[whole] = min(all_cost, cost * 2 ** (whole - size))
        return 1 << size


def _exponent(actions: int) -> int:
    return max(_LEAST_EXPONENT, (actions - 1).bit_length())


def in_pieces(run: RunFn, work: Work, costs: Costs, helpers: Executor, most: int) -> RunFn:
    """A model's function whose calls are cut into pieces: one state, and a number of its actions.

    An action depends on its own state and latent alone, so the answer is the same.

    Args:
        run: runs the model.
        work: whose calls they are.
        costs: what the model takes.
        helpers: threads that run pieces beside the calling one.
        most: number of pieces that run at the same time.
    """

    def one(inputs: Mapping[str, NDArray[Any]], more: int) -> tuple[Samples, float, float]:
        actions = inputs[LATENT_INPUT].shape[1]
        expected = costs.expected(actions)
        with work.turn(expected, (expected or 0.0) * more) as waited:
            begin = perf_counter()
            samples = run(inputs)
            spent = perf_counter() - begin
        costs.note(actions, spent)
        return samples, waited, spent

    def cut(inputs: Mapping[str, NDArray[Any]]) -> Samples:
        states, actions = inputs[LATENT_INPUT].shape[:2]
        step = costs.step(actions)
        starts = range(0, actions, step)
        answers: list[list[Samples | None]] = [[None for _ in starts] for _ in range(states)]
        left = deque((state, place) for state in range(states) for place in range(len(starts)))

        def go(note: Callable[[float, float], None]) -> None:
            while left:
                try:
                    state, place = left.popleft()
                except IndexError:  # another thread was faster
                    return
                own = {name: array[state : state + 1] for name, array in inputs.items()}
                latent = own[LATENT_INPUT][:, starts[place] : starts[place] + step]
                own[LATENT_INPUT] = np.ascontiguousarray(latent)
                answers[state][place], waited, spent = one(own, len(left))
                note(waited, spent)

        def note(waited: float, spent: float) -> None:
            work.waited += waited
            work.ran += spent

        work.parts += 1
        helping: list[Future[None]] = [
            helpers.submit(go, lambda waited, spent: None) for _ in range(min(most, len(left)) - 1)
        ]
        try:
            go(note)
        finally:
            left.clear()
            begin = perf_counter()
            failures = _ended(helping)
            work.ran += perf_counter() - begin
        if failures:
            raise failures[0]
        rows = [Samples.joined([each for each in row if each], axis=1) for row in answers]
        return Samples.joined(rows, axis=0)

    return cut


def _ended(helping: list["Future[None]"]) -> list[BaseException]:
    """Wait for threads that help, except those that have not begun; what they failed of."""
    errors = [each.exception() for each in helping if not each.cancel()]
    return [error for error in errors if error is not None]
