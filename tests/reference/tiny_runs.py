"""Configurations small enough that a whole training run takes seconds, and what a run consists of.

They are not compiled, and most tests run them eagerly: at this size compiling or tracing takes
longer than the steps.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import tensorflow as tf

from fag_tf.config.parsing import apply_settings, config_from_dict

TINY = (
    "env=boxes",
    "env_options={dim=2, num_boxes=1}",
    "actor.kind=implicit",
    "actor.width=16",
    "critic.width=16",
    "critic.depth=2",
    "critic.states=4",
    "critic.experiences=16",
    "critic.updates=1",
    "critic.warmup_steps=2",
    "objective.divergence={jensen_shannon=1.0}",
    "objective.bandwidth={start=0.4, end=0.1}",
    "objective.num_supports=16",
    "objective.num_samples=16",
    "collect.states=4",
    "collect.experiences=32",
    "collect.initial_states=12",
    "collect.every=2",
    "collect.until=1.0",
    "memory.capacity=20",
    "trainer.steps=6",
    "trainer.batch=4",
    "trainer.log_every=2",
    "trainer.checkpoint_every=4",
    "trainer.compile=false",
)


@contextmanager
def eager() -> Iterator[None]:
    """Within it steps run eagerly; for fixtures of a module, which come before `eagerly`."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture(autouse=True)
def eagerly() -> Iterator[None]:
    """Steps run eagerly in a module that imports this, unless a test calls `as_graphs` first."""
    with eager():
        yield


def as_graphs() -> None:
    """For the rest of the test, steps run as users run them."""
    tf.config.run_functions_eagerly(False)


def tiny_config(*settings):
    """The tiny configuration with settings of the command line's form laid over it."""
    return config_from_dict(apply_settings({}, [*TINY, *settings]))


def state_of(trainer):
    """Everything that decides how training goes on, as arrays by name."""
    learner = trainer.learner
    arrays = {}
    for part in (
        "actor",
        "critic",
        "averaged_actor",
        "averaged_critic",
        "actor_optimizer",
        "critic_optimizer",
    ):
        for i, variable in enumerate(getattr(learner, part).variables):
            arrays[f"{part}.{i}"] = variable.numpy()
    for average in ("actor_average", "critic_average"):
        arrays[f"{average}.steps"] = getattr(learner, average).steps.numpy()
    kept = trainer.memory.state_arrays() | trainer.collector.state_arrays()
    for name, array in kept.items():
        arrays[f"memory.{name}"] = array.copy()
    for name, count in trainer.counters().items():
        arrays[f"counter.{name}"] = np.array(count)
    return arrays


def assert_same_state(one, other):
    """Bit by bit."""
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
