"""Training that is killed at random moments and resumed ends in the weights of an undisturbed run.

The long form: `FAG_TF_KILLS=20 pytest -s tests/reliability/test_killed_training.py`.
"""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from fag_tf.training.run import open_run
from reference.tiny_runs import TINY

KILLS = int(os.environ.get("FAG_TF_KILLS", "2"))
STEPS = 20 + 10 * KILLS
SEED = int(os.environ.get("FAG_TF_KILLS_SEED", "0"))


def begun(folder, log, *arguments):
    """`fag-tf train` in a process group of its own, which may be killed as a whole."""
    command = [sys.executable, "-m", "fag_tf.cli.main", "train", "--out", folder, *arguments]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "COLUMNS": "120"}
    with log.open("ab") as file:
        return subprocess.Popen(
            command, stdout=file, stderr=file, env=environment, start_new_session=True
        )


def settings():
    changed = (
        f"trainer.steps={STEPS}",
        "trainer.log_every=1",
        "trainer.checkpoint_every=3",
        "actor.depth=1",  # most of a process is the tracing of its steps
        "critic.depth=1",
    )
    return [word for setting in (*TINY, *changed) for word in ("--set", setting)]


def last_logged(folder):
    try:
        rows = open_run(folder).log()
    except ValueError:  # killed before there was a run
        return 0
    return int(rows[-1]["step"]) if rows else 0


def weights_of_run(folder):
    policy, steps, interactions = open_run(folder).trained_policy()
    assert steps == STEPS
    arrays = [each.numpy() for each in (*policy.actor.variables, *policy.critic.variables)]
    return arrays, interactions


@pytest.mark.slow
def test_training_killed_at_random_moments_ends_in_the_same_weights(tmp_path):
    rng = random.Random(SEED)
    log = tmp_path / "log"
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    assert begun(undisturbed, log, *settings()).wait(300) == 0, log.read_text()
    kills, moments = 0, []
    while kills < KILLS:
        resumed = (killed / "config.json").exists()
        process = begun(killed, log, *(["--resume"] if resumed else settings()))
        start = last_logged(killed) if resumed else 0
        # A step of the log to be reached, then some of the time that a step or a save takes. Some
        # are killed while TensorFlow still loads.
        early = rng.random() < 0.1
        goal = start + rng.randrange(1, 12)
        deadline = time.monotonic() + (rng.uniform(0.0, 4.0) if early else 120.0)
        while process.poll() is None and time.monotonic() < deadline:
            if not early and last_logged(killed) >= goal:
                break
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 0.05))
        if process.poll() is not None:
            assert process.returncode == 0, log.read_text()[-2000:]
            break  # it came to the end before all kills
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
        moments.append(last_logged(killed) if (killed / "config.json").exists() else None)
    last = begun(killed, log, *(["--resume"] if (killed / "config.json").exists() else settings()))
    assert last.wait(300) == 0, log.read_text()[-2000:]
    print(f"\n{kills} kills, after the logged steps {moments} of {STEPS}")
    assert kills == KILLS
    one, other = weights_of_run(undisturbed), weights_of_run(killed)
    assert one[1] == other[1]
    assert len(one[0]) == len(other[0]) > 0
    for array, same in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(array, same)
    rows, again = open_run(undisturbed).log(), open_run(killed).log()
    for row in (*rows, *again):
        row.pop("steps_per_second")
    assert rows == again
    assert "Traceback" not in log.read_text()
    assert not list(killed.glob("**/.*.partial*"))
