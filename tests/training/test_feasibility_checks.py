import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fag_tf.environments.registry import make_environment
from fag_tf.errors import InputError
from fag_tf.training.build import build_trainer
from fag_tf.training.feasibility_checks import (
    ParallelChecks,
    SerialChecks,
    make_checks,
    pieces_of,
)
from reference.dear_checks import Dear
from reference.tiny_runs import assert_same_state, eagerly, state_of, tiny_config  # noqa: F401


@pytest.fixture(autouse=True)
def spared(monkeypatch):
    """Only workers end at a deadly check."""
    monkeypatch.setenv("FAG_TF_TEST_MAIN", str(os.getpid()))


def a_round(environment, states=6, actions=8):
    rng = np.random.default_rng(3)
    return environment.draw_states(rng, states), environment.action_space.sample(
        rng, (states, actions)
    )


def checked(environment, workers):
    checks = ParallelChecks(environment, workers)
    try:
        return checks(*a_round(environment))
    finally:
        checks.close()


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 200))
def test_pieces_cover_every_check_once_and_are_as_many_as_wanted(states, actions, wanted):
    pieces = pieces_of(states, actions, wanted)
    seen = np.zeros((states, actions), int)
    for rows, columns in pieces:
        seen[rows, columns] += 1
    assert (seen == 1).all()
    assert len(pieces) >= min(wanted, states * actions)


@pytest.mark.parametrize("workers", [0, 1])
def test_without_workers_the_environment_is_asked_here(workers):
    environment = Dear()
    checks = make_checks(environment, workers)
    assert isinstance(checks, SerialChecks)
    states, actions = a_round(environment)
    np.testing.assert_array_equal(
        checks(states, actions), np.abs(actions[..., 0]) < np.array(states)[:, None]
    )
    checks.close()


def test_workers_label_as_this_process_does_and_a_dead_one_is_replaced(tmp_path):
    deadly = tmp_path / "deadly"
    deadly.touch()
    environment = Dear(deadly=str(deadly))
    expected = SerialChecks(environment)(*a_round(environment))
    assert deadly.exists()
    np.testing.assert_array_equal(checked(environment, 2), expected)
    assert not deadly.exists()
    assert expected.any()
    assert not expected.all()


def test_an_object_that_no_configuration_can_describe_is_sent(tmp_path):
    environment = Dear(seconds=np.float64(0.0))
    expected = SerialChecks(environment)(*a_round(environment))
    np.testing.assert_array_equal(checked(environment, 2), expected)


def test_what_cannot_be_sent_is_told(tmp_path):
    environment = Dear(seconds=np.float64(0.0))
    environment.lock = lambda: None
    with pytest.raises(InputError, match=r"'dear' cannot be sent.*collect\.workers=0"):
        ParallelChecks(environment, 2)


def test_an_environment_that_is_another_one_in_a_worker_is_told():
    with pytest.raises(InputError, match=r"'dear' labels the same actions otherwise.*workers=0"):
        checked(Dear(random=True), 2)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["critic", "environment"])
def test_a_run_is_the_same_to_the_bit_for_any_number_of_workers(target):
    trained = []
    for workers in (0, 2, 3):
        config = tiny_config(
            "env=reference.dear_checks:Dear",
            "env_options={}",
            f"trainer.target={target}",
            f"collect.workers={workers}",
        )
        trainer = build_trainer(config, make_environment(config.env))
        trainer.run()
        trained.append(state_of(trainer))
    assert_same_state(trained[0], trained[1])
    assert_same_state(trained[0], trained[2])
