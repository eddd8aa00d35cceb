"""The promise of the server under everything at once: 16 clients that are good, bad and slow.

No wrong answer, no fault of the server's, and honest small requests get through. The long form, in
which latency and memory are held too: `FAG_TF_LOAD_SECONDS=600 pytest -s tests/reliability`.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import requests

from fag_tf.deployment.model_folders import shipped_model
from fag_tf.deployment.sampler import load_model
from fag_tf.deployment.serving.queries import Limits
from reference.serving import INFER, running_server
from reference.serving_load import Load, MemoryWatch

CLIENTS = 16
SECONDS = float(os.environ.get("FAG_TF_LOAD_SECONDS", "6"))
LONG = 60.0
TOKEN = "s3cret-of-tests"


@pytest.mark.slow
def test_hostile_clients_harm_no_honest_one(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    sampler = load_model(shipped_model())
    with running_server(tmp_path / "log", "--token-file", tmp_path / "token") as server:
        load = Load(server, sampler, Limits().body, TOKEN)
        quiet = honest(server, load, 3.0)()
        load.run(CLIENTS, min(30.0, max(3.0, SECONDS / 10)))  # until buffers have their size
        load.outcomes.clear()
        load.seconds.clear()
        with MemoryWatch(server.process.pid) as memory:
            beside = honest(server, load, SECONDS)
            load.run(CLIENTS - 1, SECONDS)
            small = beside()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        metrics = requests.get(server.url + "/metrics", headers=headers).text
        stopped = server.stop()
    report(load, memory, quiet, small)
    for kind, outcomes in load.outcomes.items():
        assert set(outcomes) == {"right"}, (kind, outcomes)
    assert {"small", "unauthorised", "slow", "slow, unauthorised", "abandoned"} <= set(
        load.outcomes
    )
    codes = set(re.findall(r'fag_tf_requests_total\{code="(\w+)"', metrics))
    assert codes <= {"200", "400", "401", "408", "413", "503", "cut", "OK", "INVALID_ARGUMENT"}
    assert stopped == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
    if SECONDS >= LONG:  # on a busy machine a few seconds tell nothing of these
        assert np.percentile(small[0], 99) <= 10.0 * np.median(quiet[0])
        tenths = memory.tenths()
        assert tenths[-1] < 1.1 * tenths[0]


def honest(server, load, seconds):
    """Let one client of small requests begin, in a process of its own; it gives their times, s,
    and the server's processor times in them.

    Threads of this process would wait for each other, and measure that.
    """
    script = Path(__file__).parents[1] / "reference" / "honest_client.py"
    words = (server.url + INFER, TOKEN, str(seconds), str(server.process.pid))
    command = [sys.executable, script, *words]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(load.small_body)
    process.stdin.close()

    def times():
        output = process.stdout.read()
        assert process.wait(60) == 0
        return json.loads(output)

    return times


def report(load, memory, quiet, small):
    print(
        f"\n{SECONDS:g} s from {CLIENTS} clients, {len(small[0])} small requests of the honest one"
    )
    for name, alone, beside in zip(("time", "server's processor"), quiet, small, strict=True):
        quiet_p50, quiet_p99 = 1e3 * np.percentile(alone, [50, 99])
        p50, p99 = 1e3 * np.percentile(beside, [50, 99])
        print(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {p99 / quiet_p50:.1f} times the quiet")
        print(f"p50 of {quiet_p50:.1f} ms; the quiet p99 is {quiet_p99:.1f} ms")
    for kind, outcomes in sorted(load.outcomes.items()):
        print(f"{kind}: {dict(outcomes)}")
    for kind, seconds in load.seconds.items():
        p50, p99 = 1e3 * np.percentile(seconds, [50, 99])
        print(f"{kind}: p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(seconds)}")
    print(f"RSS {[round(each / 2**20) for each in memory.tenths()]} MB in each tenth of the time")
