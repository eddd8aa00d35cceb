import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import reference.band  # noqa: F401  registers the environment
from fag_tf.rl.agent_run import open_agent_run
from fag_tf.rl.saved_agent import load_agent

pytest.importorskip("stable_baselines3")

TESTS = Path(__file__).parents[1]
BAND = "reference.band:reference/Band-v0"


def command(*arguments):
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-m", "fag_tf.cli.main", "rl", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )


def test_a_killed_training_goes_on_and_leaves_an_agent(tmp_path, band_run):
    out = tmp_path / "agent"
    sizes = {"steps": 600, "eval-every": 100, "eval-episodes": 1, "checkpoint-every": 100}
    options = [text for name, value in sizes.items() for text in (f"--{name}", value)]
    fast = ["--set", "learning_starts=20", "--set", "batch_size=16", "--set", "net_arch=[8,8]"]
    running = command(
        *("--env", BAND, "--model", band_run.directory, *options, *fast, "--out", out)
    )
    deadline = time.monotonic() + 200
    while not (out / "checkpoint.npz").exists() and time.monotonic() < deadline:
        assert running.poll() is None, running.stdout.read()
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    running.stdout.close()
    assert not open_agent_run(out).is_complete

    resumed = command("--resume", "--out", out)
    told, _ = resumed.communicate(timeout=250)
    assert resumed.returncode == 0, told
    assert "trained 600 steps" in told
    assert [row["step"] for row in open_agent_run(out).log()] == list(range(0, 601, 100))
    done = command("--resume", "--out", out)
    told, _ = done.communicate(timeout=100)
    assert "complete: 600 of 600" in told

    description = json.loads((out / "agent" / "agent.json").read_text())
    assert description["method"] == "mapping"
    agent = load_agent(out)
    env = agent.make_env(description["model"])
    observation, _ = env.reset(seed=0)
    assert np.isfinite(env.step(agent(observation))[4]["log_density"])
