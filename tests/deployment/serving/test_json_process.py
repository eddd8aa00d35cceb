"""Large JSON read in another process: the same request, one line for what is wrong, no orphan."""

import json
import os
import signal
import threading
import time

import numpy as np
import psutil
import pytest

from fag_tf.deployment.serving import json_heads
from fag_tf.deployment.serving.json_heads import DTYPES, to_binary
from fag_tf.deployment.serving.json_process import JsonProcess
from fag_tf.deployment.serving.rest_bodies import decode_body
from fag_tf.deployment.serving.turns import AbandonedError, Turns, Work
from fag_tf.errors import InputError
from reference.serving import binary_request, json_request

ARRAYS = {
    "a": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3),
    "b": np.array([0.1], np.float32),
}


def encode(content):
    return json.dumps(content).encode()


def work():
    return Work(Turns(1), 60.0)


@pytest.fixture(scope="module")
def process():
    made = JsonProcess()
    yield made
    made.close()


def assert_same_request(left, right):
    assert (left.parameters, left.use_binary_outputs) == (
        right.parameters,
        right.use_binary_outputs,
    )
    for one, other in zip(left.inputs, right.inputs, strict=True):
        assert (one.name, one.shape, one.datatype) == (other.name, other.shape, other.datatype)
        np.testing.assert_array_equal(one.as_numpy(), other.as_numpy())


def test_the_request_is_the_same_with_binary_tensors(process):
    body = encode({"id": "7", **json_request(ARRAYS, seed=1)})
    assert_same_request(read_there(process, body), decode_body(body, None, "m"))


def test_inputs_that_are_binary_already_stay_in_order():
    body, headers = binary_request(ARRAYS)
    size = int(headers["Inference-Header-Content-Length"])
    head = json.loads(body[:size])
    head["inputs"].insert(1, {"name": "c", "shape": [2], "datatype": "INT64", "data": [3, 4]})
    mixed = encode(head)
    changed, length = to_binary(mixed + body[size:], len(mixed))
    got = decode_body(changed, str(length), "m")
    assert_same_request(got, decode_body(mixed + body[size:], str(len(mixed)), "m"))
    assert got.inputs[1].as_numpy().tolist() == [3, 4]


@pytest.mark.parametrize("kind", sorted(DTYPES))
def test_each_type_of_numbers_is_carried(kind):
    data = [True, False] if kind == "BOOL" else [0, 1]
    body = encode({"inputs": [{"name": "a", "shape": [2], "datatype": kind, "data": data}]})
    changed, size = to_binary(body, len(body))
    assert decode_body(changed, str(size), "m").inputs[0].as_numpy().tolist() == data


def read_there(process, body):
    changed, size = process.to_binary(body, len(body), work())
    return decode_body(changed, str(size), "m")


WRONG = [
    b"{",
    b"[1]",
    encode({"inputs": 3}),
    encode({"inputs": [1, {"data": [1]}]}),
    encode({"inputs": [{"name": "a", "shape": [1], "datatype": "FP31", "data": [1]}]}),
    encode({"inputs": [{"name": "a", "shape": [1], "datatype": ["FP32"], "data": [1]}]}),
    encode(
        {"inputs": [{"name": "a", "shape": [1], "datatype": "FP32", "data": [1], "parameters": 1}]}
    ),
    encode({"inputs": [{"name": "a", "shape": [2], "datatype": "FP32", "data": [[1], [2, 3]]}]}),
    encode({"inputs": [{"name": "a", "shape": [2], "datatype": "INT8", "data": [1, 300]}]}),
    encode({"inputs": [{"name": "a\n\ud800", "shape": [1], "datatype": "FP32", "data": ["x"]}]}),
]


@pytest.mark.parametrize("body", WRONG)
def test_what_is_wrong_is_told_as_without_the_process(body, process):
    with pytest.raises(InputError) as here:
        decode_body(body, None, "m")
    with pytest.raises(InputError) as there:
        read_there(process, body)
    assert str(there.value) == str(here.value)


def test_much_json_besides_numbers_is_refused(monkeypatch):
    monkeypatch.setattr(json_heads, "MOST_REST", 1000)
    body = encode({"inputs": [], "parameters": {"x": [0] * 1000}})
    with pytest.raises(InputError, match="besides the data of its inputs"):
        to_binary(body, len(body))


def test_a_process_that_was_killed_is_told_and_replaced():
    process = JsonProcess()
    body = encode(json_request(ARRAYS))
    process.to_binary(body, len(body), work())
    first = process._process
    first.send_signal(signal.SIGSTOP)  # it takes no request
    threading.Timer(0.2, first.kill).start()
    with pytest.raises(InputError, match="binary tensors"):
        process.to_binary(body, len(body), work())
    assert process.to_binary(body, len(body), work())[1] > 0
    assert process._process.pid != first.pid
    assert psutil.Process(process._process.pid).nice() > os.getpriority(os.PRIO_PROCESS, 0)
    last = process._process
    process.close()
    assert last.wait(10) != 0


def test_who_has_left_is_not_read_for():
    process, left = JsonProcess(), work()
    left.abandon()
    with pytest.raises(AbandonedError):
        process.to_binary(b"{}", 2, left)
    assert process._process is None


def test_it_ends_with_the_process_that_started_it():
    process = JsonProcess()
    process.to_binary(b"{}", 2, work())
    started = process._process
    started.stdin.close()
    begin = time.monotonic()
    assert started.wait(10) == 0
    assert time.monotonic() - begin < 5
    started.stdout.close()
