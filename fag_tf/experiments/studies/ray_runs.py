"""Runs of a study as tasks of a Ray cluster. Ray is loaded when they are executed."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from fag_tf.config.parsing import config_from_dict
from fag_tf.errors import InputError
from fag_tf.experiments.studies.fitting import training_key
from fag_tf.experiments.studies.plan import StudyRun
from fag_tf.parallel.search_path import add_search_path, search_path
from fag_tf.parallel.worker_pool import Refusal, refusable

__all__ = ["execute_on_ray", "shared_trainings"]

Result = dict[str, Any]

_RETRIES = 5
"""How often a task is repeated whose node was lost."""

_TASKS_A_PROCESS = 20
"""TensorFlow keeps some tens of megabytes of every network that it has compiled."""

_ONE_CORE = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


def execute_on_ray(runs: Sequence[StudyRun]) -> Iterator[tuple[StudyRun, Result]]:
    """Execute runs in a cluster; see `fag_tf.parallel.ray_cluster`, which connects to one.

    A task has one core. Runs that share a training are one task.

    Args:
        runs: the runs that are not finished.

    Yields:
        Each run with its result, in the order in which they end.

    Raises:
        InputError: an environment cannot be made, or a task is lost again and again.
    """
    import ray
    from ray import exceptions

    remote = ray.remote(
        num_cpus=1,
        max_retries=_RETRIES,
        max_calls=_TASKS_A_PROCESS,
        scheduling_strategy="SPREAD",
    )(_execute_group)
    folders = search_path()
    pending = {remote.remote(folders, group): group for group in shared_trainings(runs)}
    while pending:
        (ended,), _ = ray.wait(list(pending), num_returns=1)
        group = pending.pop(ended)
        try:
            results = ray.get(ended)
        except (
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.OutOfMemoryError,
        ) as error:
            raise InputError(
                f"run {group[0].key} lost its process or its node {_RETRIES + 1} times; it crashes "
                "or needs more memory than a node has. The same command goes on with all others"
            ) from error
        if isinstance(results, Refusal):
            raise InputError(results.message)
        yield from zip(group, results, strict=True)


def shared_trainings(runs: Sequence[StudyRun]) -> list[list[StudyRun]]:
    """The runs in groups: those whose actors are trained alike are together.

    The groups have the order of their first runs.
    """
    groups: dict[str, list[StudyRun]] = {}
    for run in runs:
        shares = run.method == "actor"
        key = training_key(config_from_dict(run.config)) if shares else f"run {run.key}"
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def _execute_group(folders: Sequence[str], runs: Sequence[StudyRun]) -> Any:
    """Runs in the cluster; results or a `Refusal`."""
    add_search_path(folders)
    for variable in _ONE_CORE:  # TensorFlow reads them when it is loaded
        os.environ.setdefault(variable, "1")
    return refusable(_execute_each, runs)


def _execute_each(runs: Sequence[StudyRun]) -> list[Result]:
    from fag_tf._utils.tensorflow import import_tensorflow, keep_keras_small

    keep_keras_small()
    import_tensorflow()
    from fag_tf.experiments.studies.execution import execute

    return [execute(run) for run in runs]
