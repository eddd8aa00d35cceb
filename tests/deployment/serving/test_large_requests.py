"""Large work in another process: the same outcome, one line for what is wrong, no orphan."""

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import socket
import threading
import time

import numpy as np
import psutil
import pytest
from kserve.errors import InferenceError

from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.serving import json_heads
from fag_tf.deployment.serving.answers import answer_query
from fag_tf.deployment.serving.json_heads import DTYPES, to_binary
from fag_tf.deployment.serving.large_process import SIZE, message, work
from fag_tf.deployment.serving.large_requests import LargeRequests
from fag_tf.deployment.serving.queries import Limits, Query
from fag_tf.deployment.serving.rest_bodies import decode_body
from fag_tf.errors import InputError
from reference.serving import binary_request, json_request

ARRAYS = {
    "a": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3),
    "b": np.array([0.1], np.float32),
}


def encode(content):
    return json.dumps(content).encode()


@contextlib.contextmanager
def started(*samplers):
    made = LargeRequests(samplers)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def process(sampler):
    with started(sampler) as made:
        yield made


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
    changed, size = asyncio.run(process.to_binary(body, len(body)))
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


def query_of(observation, num_samples, min_feasibility=None):
    return Query(observation, None, num_samples, 5, min_feasibility)


def test_the_answer_is_the_local_one(process, sampler, hammer):
    for query, calls in ((query_of(hammer, 5000), 2), (query_of(hammer, 300, 0.9), 1)):
        ran = asyncio.run(process.answer(sampler, query, Limits()))
        wanted = answer_query(sampler, query, Limits())
        for name, array in wanted.samples.outputs().items():
            np.testing.assert_array_equal(ran.answer.samples.outputs()[name], array)
        assert (ran.answer.tries, ran.answer.parameters) == (wanted.tries, wanted.parameters)
        assert ran.calls == calls
        assert ran.seconds > 0.0


def test_a_process_that_was_killed_is_told_and_replaced(sampler, hammer):
    body = encode(json_request(ARRAYS))
    query = query_of(hammer, 1)
    with started(sampler) as process:

        def read():
            return asyncio.run(process.to_binary(body, len(body)))

        def answer():
            return asyncio.run(process.answer(sampler, query, Limits())).calls

        for ask, error in ((read, InputError), (answer, InferenceError)):
            assert ask()
            first = process._process
            first.send_signal(signal.SIGSTOP)  # it takes no request
            threading.Timer(0.2, first.kill).start()
            with pytest.raises(error, match="ended"):
                ask()
            assert ask()
            assert process._process.pid != first.pid
        last = process._process
        assert psutil.Process(last.pid).nice() > os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getsid(last.pid) == os.getsid(0)  # else its niceness is for itself alone
    assert last.poll() is not None  # ended by the signal, or just before by itself


def test_another_model_in_the_same_folder_is_not_asked(sampler, hammer, capfd):
    card = dataclasses.replace(sampler.card, files={"model.onnx": "0" * 64})
    other = SavedModel(card, sampler.directory, sampler.runtime, sampler._run)
    with started(other) as process, pytest.raises(InferenceError, match="ended"):
        asyncio.run(process.answer(other, query_of(hammer, 1), Limits()))
    assert "has changed; start the server again" in capfd.readouterr().err


def test_it_ends_with_the_process_that_started_it(sampler):
    process = LargeRequests([sampler])
    asyncio.run(process.to_binary(b"{}", 2))
    left = process._process
    process._control.close()
    begin = time.monotonic()
    assert left.wait(10) == 0
    assert time.monotonic() - begin < 5


class Served:
    """The process's work in a thread of this one, on a stand-in for the model."""

    def __init__(self, sampler, run):
        self.control, theirs = socket.socketpair()
        model = SavedModel(sampler.card, sampler.directory, "onnx", run)
        self._thread = threading.Thread(target=work, args=(theirs, {"m": model}))
        self._thread.start()

    def ask(self, *task):
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"."], [theirs.fileno()])
        ours.sendall(message(task))
        return ours

    def close(self):
        self.control.close()
        self._thread.join(10)
        assert not self._thread.is_alive()


def test_who_has_left_costs_the_call_under_way_alone(sampler, hammer):
    calls, going = [], threading.Event()

    def run(inputs):
        calls.append(inputs["latent"].shape)
        going.wait(10)
        array = np.zeros(inputs["latent"].shape[:2], np.float32)
        return Samples(np.zeros((*array.shape, 3), np.float32), array, array)

    served = Served(sampler, run)
    for _ in range(6):
        served.ask("answer", "m", query_of(hammer, 1024, 1.0), Limits()).close()
    stays = served.ask("answer", "m", query_of(hammer, 8), Limits())
    time.sleep(0.2)
    going.set()
    stays.settimeout(10)
    with stays:
        assert len(stays.recv(SIZE.size)) == SIZE.size
    served.close()
    assert len(calls) <= 1 + min(4, os.cpu_count())


def test_calls_of_requests_take_turns(sampler, hammer, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    order, going = [], threading.Event()

    def run(inputs):
        going.wait(10)
        order.append(inputs["latent"].shape[1])
        array = np.zeros(inputs["latent"].shape[:2], np.float32)
        return Samples(np.zeros((*array.shape, 3), np.float32), array, array)

    served = Served(sampler, run)
    large = served.ask("answer", "m", query_of(hammer, 16_384), Limits())  # four calls
    time.sleep(0.2)
    small = served.ask("answer", "m", query_of(hammer, 8), Limits())
    time.sleep(0.2)
    going.set()
    for each in (small, large):
        each.settimeout(10)
        with each:
            assert each.recv(SIZE.size)
    served.close()
    assert order == [4096, 8, 4096, 4096, 4096]
