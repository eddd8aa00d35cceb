"""Verdicts on many grasps: the outline's rules first, then simulation, in parallel processes."""

import functools
import os
import signal
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.feasibility.rules import first_broken_rule
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.physics.jaw_model import import_mujoco
from fag_tf.environments.planar_grasp.physics.settings import PhysicsSettings
from fag_tf.environments.planar_grasp.physics.simulation import GraspOutcome, GraspSimulation
from fag_tf.environments.planar_grasp.workspace import Pose
from fag_tf.errors import InputError

__all__ = ["LAST_OUTLINE_RULE", "MOST_WORKERS", "GraspChecks", "PartGrasps"]

LAST_OUTLINE_RULE = 3
"""Rules up to this one stay as they are: in reach, clear, something between the pads."""

MOST_WORKERS = 256

_MOST_MODELS = 8
"""Compiled models that a process keeps."""

_CHUNK = 16
"""Grasps of one part that a process checks before it takes others; compiling takes as long."""


class PartGrasps(NamedTuple):
    """Grasps of one part by one jaw.

    Attributes:
        part: one valid polygon, m.
        gripper: the jaw.
        actions: grasps (x, y, theta) in the table's frame, `[n, 3]`, m and rad.
        pose: pose of the part on the table; None if its polygon is already in the table's frame.
    """

    part: shapely.Polygon
    gripper: Gripper
    actions: NDArray[np.float64]
    pose: Pose | None = None


class GraspChecks:
    """Checks grasps in this process or in a pool of processes.

    A verdict depends on the part, the jaw, the grasp and the settings alone, and so not on the
    number of processes. The pool is started at its first use and ends with the object or with this
    process. Its processes are spawned, so a script that uses it must start its work under
    `if __name__ == "__main__":`.

    Args:
        settings: the assumptions.
        workers: number of processes, but never more than there are processors; 1 checks in this
            process.

    Raises:
        InputError: MuJoCo is not installed, or `workers` is not 1 to `MOST_WORKERS`.
    """

    def __init__(self, settings: PhysicsSettings, workers: int = 1) -> None:
        if not 1 <= workers <= MOST_WORKERS:
            raise InputError(f"workers is {workers}; it must be 1 to {MOST_WORKERS}")
        import_mujoco()
        self.settings, self.workers = settings, workers
        self._pool: Executor | None = None

    def __getstate__(self) -> dict[str, Any]:
        """What a copy is made of; it starts a pool of its own."""
        return {**vars(self), "_pool": None}

    def outcomes(self, tasks: Sequence[PartGrasps]) -> list[list[GraspOutcome]]:
        """Simulate every grasp, whatever the outline says; one list of outcomes for each task.

        Raises:
            InputError: a process of the pool has died.
        """
        owners, work = [], []
        for number, task in enumerate(tasks):
            wkb, actions = shapely.to_wkb(task.part), _in_part_frame(task.actions, task.pose)
            for start in range(0, len(actions), _CHUNK):
                chunk = actions[start : start + _CHUNK]
                work.append(_Work(wkb, task.gripper, self.settings, chunk))
                owners.append(number)
        found: list[list[GraspOutcome]] = [[] for _ in tasks]
        for number, outcomes in zip(owners, self._run(work), strict=True):
            found[number] += outcomes
        return found

    def feasibility(self, tasks: Sequence[PartGrasps]) -> list[NDArray[np.bool_]]:
        """Whether each grasp is clear by the outline and holds in simulation, `[n]` a task.

        Only grasps that break none of the rules up to `LAST_OUTLINE_RULE` are simulated.
        """
        labels, left = [], []
        for task in tasks:
            broken = first_broken_rule(task.part, task.gripper, task.actions, task.pose)
            labels.append((broken == 0) | (broken > LAST_OUTLINE_RULE))
            left.append(task._replace(actions=task.actions[labels[-1]]))
        for label, outcomes in zip(labels, self.outcomes(left), strict=True):
            label[label] = [outcome.holds for outcome in outcomes]
        return labels

    def _run(self, work: list["_Work"]) -> list[list[GraspOutcome]]:
        # A model's card, which may come from anybody, may ask for any number.
        processes = min(self.workers, os.cpu_count() or 1)
        if processes == 1 or len(work) < 2:
            return list(map(_check, work))
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                processes, get_context("spawn"), initializer=_start_worker
            )
            weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)
        try:
            return list(self._pool.map(_check, work))
        except BrokenProcessPool as error:
            self._pool = None
            raise InputError(
                f"one of the {processes} workers for checks by physics has died: a script must "
                'start its work under `if __name__ == "__main__":`, or memory was short; workers=1 '
                "needs no other process"
            ) from error


class _Work(NamedTuple):
    """What a process gets: the part as bytes, and grasps in the frame of its polygon."""

    wkb: bytes
    gripper: Gripper
    settings: PhysicsSettings
    actions: NDArray[np.float64]


def _in_part_frame(actions: NDArray[np.float64], pose: Pose | None) -> NDArray[np.float64]:
    if pose is None:
        return actions
    cos, sin = np.cos(pose.turn), np.sin(pose.turn)
    x, y = actions[:, 0] - pose.x, actions[:, 1] - pose.y
    return np.stack([cos * x + sin * y, cos * y - sin * x, actions[:, 2] - pose.turn], axis=1)


def _check(work: _Work) -> list[GraspOutcome]:
    lock, simulation = _simulation(work.wkb, work.gripper, work.settings)
    with lock:
        return [simulation.check(action) for action in work.actions]


@functools.lru_cache(_MOST_MODELS)
def _simulation(
    wkb: bytes, gripper: Gripper, settings: PhysicsSettings
) -> tuple[threading.Lock, GraspSimulation]:
    part = shapely.from_wkb(wkb)
    assert isinstance(part, shapely.Polygon)
    return threading.Lock(), GraspSimulation(part, gripper, settings)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end when it does, even if that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def follow() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
