"""Feasibility checks of a round: in this process, or shared among workers."""

import pickle
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.base import Environment
from fag_tf.environments.registry import describe_environment, make_environment
from fag_tf.environments.validation import draw_states, feasibility
from fag_tf.errors import InputError
from fag_tf.parallel.local_worker import LocalWorker
from fag_tf.parallel.worker_pool import WorkerFactory, WorkerPool
from fag_tf.spaces import State

__all__ = ["Checks", "ParallelChecks", "SerialChecks", "make_checks", "pieces_of"]

_PIECES_A_WORKER = 4
"""More than one, so that a slow check does not leave the other workers idle for long."""

_Piece = tuple[Sequence[State], NDArray[Any]]


class SerialChecks:
    """Checks in this process.

    Args:
        environment: labels the actions.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __call__(self, states: Sequence[State], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Label actions `[B, E, A]` of B states: `[B, E]`; errors are those of `feasibility`."""
        return feasibility(self._environment, states, actions)

    def close(self) -> None:
        """There is nothing to end."""


class ParallelChecks:
    """Checks that several workers share; the labels do not depend on their number.

    Each worker makes the environment anew, from what a configuration says of it. An environment
    that no configuration can describe is sent to the workers as an object. States and actions are
    sent to them; `draw_states` and all else stays in this process.

    Args:
        environment: labels the actions.
        workers: how many.
        worker: what they are: processes of this machine, or
            `fag_tf.parallel.ray_worker.RayWorker`.
    """

    def __init__(
        self, environment: Environment, workers: int, worker: WorkerFactory = LocalWorker
    ) -> None:
        self._environment = environment
        self._workers = workers
        source = _source(environment)
        what = f"environment {environment.name!r} in collect.workers"
        self._pool = WorkerPool([worker(_make_check, source) for _ in range(workers)], what)
        self._confirmed = False

    def __call__(self, states: Sequence[State], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Label actions `[B, E, A]` of B states: `[B, E]`.

        Raises:
            InputError: as `feasibility`; or the states cannot be sent to workers, the environment
                labels otherwise there, or a check ends its worker again and again.
        """
        if not self._confirmed:
            self._confirm()
            self._confirmed = True
        return self._label(states, actions)

    def close(self) -> None:
        """End the workers; the next checks start new ones."""
        self._pool.close()

    def _label(self, states: Sequence[State], actions: NDArray[Any]) -> NDArray[np.bool_]:
        labels = np.empty(actions.shape[:2], bool)
        pieces = pieces_of(len(states), actions.shape[1], _PIECES_A_WORKER * self._workers)
        tasks = [(states[rows], actions[rows, columns]) for rows, columns in pieces]
        for (rows, columns), found in zip(pieces, self._pool.map(tasks), strict=True):
            labels[rows, columns] = found
        return labels

    def _confirm(self) -> None:
        """Try some actions here and there: a worker's environment must be the same."""
        rng = np.random.default_rng(0)
        states = draw_states(self._environment, rng, 2)
        wrong = f"environment {self._environment.name!r}"
        _check_sendable(states, f"{wrong}: its states")
        actions = self._environment.action_space.sample(rng, (2, 5))
        here = feasibility(self._environment, states, actions)
        if not np.array_equal(here, self._label(states, actions)):
            raise InputError(
                f"{wrong} labels the same actions otherwise in a worker: feasibility must be a "
                "function of the state and the one action alone, and the constructor's arguments "
                "must say all of the environment; else set collect.workers=0"
            )


Checks = SerialChecks | ParallelChecks


def make_checks(
    environment: Environment, workers: int, worker: WorkerFactory = LocalWorker
) -> Checks:
    """Checks in this process for 0 or 1 workers, else in as many workers; see `ParallelChecks`."""
    if workers <= 1:
        return SerialChecks(environment)
    return ParallelChecks(environment, workers, worker)


def pieces_of(states: int, actions: int, wanted: int) -> list[tuple[slice, slice]]:
    """Cut a table of states and actions into pieces of about equal size.

    A piece holds whole states where there are enough of them, since a check may prepare a state
    once for all of its actions.

    Args:
        states: number of states B.
        actions: number of actions of each state E.
        wanted: least number of pieces, if there are as many checks.

    Returns:
        States and actions of each piece.
    """
    rows = min(states, wanted)
    columns = min(actions, -(-wanted // rows))
    return [(row, column) for row in _cuts(states, rows) for column in _cuts(actions, columns)]


def _cuts(length: int, parts: int) -> list[slice]:
    ends = [length * part // parts for part in range(parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(ends)]


def _source(environment: Environment) -> tuple[Any, ...]:
    """What a worker makes the environment of: its name and options, or the object itself."""
    try:
        name, options = describe_environment(environment)
    except InputError:
        name = ""
    if name and not name.startswith("__main__:") and "<locals>" not in name:
        return name, options
    _check_sendable(environment, f"environment {environment.name!r}")
    return (environment,)


def _check_sendable(value: Any, what: str) -> None:
    try:
        pickle.dumps(value)
    except Exception as error:  # whatever its parts raise
        raise InputError(
            f"{what} cannot be sent to another process ({' '.join(str(error).split())[:200]}); "
            "set collect.workers=0"
        ) from error


def _make_check(*source: Any) -> Callable[[_Piece], NDArray[np.bool_]]:
    """Runs in a worker: the environment's checks of one piece."""
    environment = source[0] if len(source) == 1 else make_environment(*source)

    def check(piece: _Piece) -> NDArray[np.bool_]:
        return feasibility(environment, *piece)

    return check
