"""Mixed load: no wrong answer, no fault of the server's; in the long form memory flat too.

The long form: `FAG_TF_LOAD_SECONDS=600 pytest -s tests/deployment/serving/test_load.py`.
"""

import os
import re

import numpy as np
import pytest
import requests

from fag_tf.deployment.serving.queries import Limits
from reference.serving import running_server
from reference.serving_load import Load, MemoryWatch

CLIENTS = 8
SECONDS = float(os.environ.get("FAG_TF_LOAD_SECONDS", "10"))


@pytest.mark.slow
def test_under_mixed_load_every_answer_is_right_and_memory_stays(tmp_path, sampler):
    with running_server(tmp_path / "log") as server:
        load = Load(server, sampler, Limits().body)
        load.run(CLIENTS, max(5.0, SECONDS / 10))  # until buffers have their size
        load.outcomes.clear()
        load.seconds.clear()
        with MemoryWatch(server.process.pid) as memory:
            load.run(CLIENTS, SECONDS)
        report(load, memory)
        metrics = requests.get(server.url + "/metrics").text
    for kind, outcomes in load.outcomes.items():
        assert set(outcomes) == {"right"}, (kind, outcomes)
    assert {"REST JSON", "REST binary", "gRPC", "malformed", "cut off"} <= set(load.outcomes)
    codes = set(re.findall(r'fag_tf_requests_total\{code="(\w+)"', metrics))
    assert codes <= {"200", "400", "413", "cut", "OK", "INVALID_ARGUMENT"}
    # In seconds buffers still come to their size; a leak shows in minutes.
    if SECONDS >= 60.0:
        tenths = memory.tenths()
        assert tenths[-1] < 1.1 * tenths[0]
    assert "Traceback" not in (tmp_path / "log").read_text()


def report(load, memory):
    requests_sent = sum(sum(outcomes.values()) for outcomes in load.outcomes.values())
    print(f"\n{requests_sent} requests in {SECONDS:g} s from {CLIENTS} clients")
    for kind, outcomes in sorted(load.outcomes.items()):
        print(f"{kind}: {dict(outcomes)}")
    for kind, seconds in load.seconds.items():
        p50, p99 = 1e3 * np.percentile(seconds, [50, 99])
        print(f"{kind}: p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(seconds)}")
    megabytes = [round(each / 2**20) for each in memory.tenths()]
    print(f"RSS {megabytes} MB in each tenth of the time, peak {max(memory.bytes) >> 20} MB")
