"""A worker that is an actor of a Ray cluster. Ray is loaded when the first one starts."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from fag_tf.parallel.search_path import add_search_path, search_path
from fag_tf.parallel.worker_pool import Work, refusable

__all__ = ["RayWorker"]


class RayWorker:
    """An actor with one core, wherever the cluster has one; see `fag_tf.parallel.worker_pool`.

    Ray is connected already, see `fag_tf.parallel.ray_cluster`.

    Args:
        make_work: function of a module that every node can import, called in the actor.
        arguments: its arguments.
    """

    def __init__(self, make_work: Callable[..., Work], arguments: tuple[Any, ...]) -> None:
        from ray import exceptions

        self.lost: tuple[type[BaseException], ...] = (
            exceptions.RayActorError,
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.ObjectLostError,
            exceptions.OutOfMemoryError,
        )
        self._made_of = make_work, arguments
        self._actor: Any = None

    def start(self) -> "Future[Any]":
        """Start the actor, or a new one in its place."""
        import ray

        self.close()
        # No restarts by Ray: an actor may wait for a node long, and must get no task meanwhile.
        actor = ray.remote(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")(_Actor)
        self._actor = actor.remote(search_path())
        started: Future[Any] = self._actor.begin.remote(*self._made_of).future()
        return started

    def submit(self, task: Any) -> "Future[Any]":
        """Compute a task."""
        computed: Future[Any] = self._actor.compute.remote(task).future()
        return computed

    def close(self) -> None:
        """End the actor at once."""
        import ray

        if self._actor is not None:
            if ray.is_initialized():
                ray.kill(self._actor)
            self._actor = None


class _Actor:
    """What runs in the cluster.

    Args:
        folders: where the command looks for modules.
    """

    def __init__(self, folders: list[str]) -> None:
        # Before anything is unpickled that names a module of the user's own.
        add_search_path(folders)
        self._work: Work | None = None

    def begin(self, make_work: Callable[..., Work], arguments: tuple[Any, ...]) -> Any:
        return refusable(self._make, make_work, arguments)

    def _make(self, make_work: Callable[..., Work], arguments: tuple[Any, ...]) -> None:
        self._work = make_work(*arguments)

    def compute(self, task: Any) -> Any:
        assert self._work is not None
        return refusable(self._work, task)
