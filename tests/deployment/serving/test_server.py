"""A server's life: where it listens, how it stops, what a client sees while it is away."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import onnxruntime
import psutil
import pytest
import requests
import uvicorn

from fag_tf.deployment.http.listening import HttpServer
from fag_tf.deployment.sampler import load_model
from fag_tf.deployment.serving import server as server_module
from fag_tf.deployment.serving.repository import Registry
from fag_tf.deployment.serving.server import Settings, serve
from fag_tf.errors import InputError
from reference.serving import (
    INFER,
    NAME,
    grpc_arrays,
    grpc_request,
    json_arrays,
    json_request,
    running_server,
)

PAGE = Path(__file__).parents[3] / "docs" / "how_to" / "serve.md"
LONG = 8_192  # actions: some seconds of work for the first model


def refuses(host, port):
    try:
        socket.create_connection((host, port), 2).close()
    except ConnectionRefusedError:
        return True
    return False


def test_it_listens_on_loopback_alone(server):
    for port in (server.port, server.grpc_port):
        assert not refuses("127.0.0.1", port)
        assert refuses("127.0.0.2", port)  # whoever binds all addresses answers there


def test_no_request_is_read_into_memory_without_bound(server):
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    peak = [before]
    done = threading.Event()

    def watch():
        while not done.wait(0.01):
            peak.append(process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    answer = requests.post(server.url + INFER, data=(bytes(1_000_000) for _ in range(200)))
    done.set()
    watcher.join()
    assert answer.status_code == 413
    assert max(peak) - before < 100_000_000


@pytest.mark.parametrize(
    ("host", "port", "grpc_port"),
    [
        ("127.0.0.1", "port", 0),
        ("127.0.0.1", 0, "grpc_port"),
        ("192.0.2.1", 0, 0),
        ("no.such.host.invalid", 0, 0),
    ],
)
def test_an_address_that_cannot_be_had_is_told(server, host, port, grpc_port):
    settings = Settings(host, getattr(server, str(port), 0), getattr(server, str(grpc_port), 0))
    with pytest.raises(InputError, match=f"{host}:") as error:
        serve([], settings, pytest.fail)
    assert "\n" not in str(error.value)


def test_the_pages_client_gets_what_it_asks_for(server, capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = (block for block in blocks if "tritonclient" in block)
    assert "127.0.0.1:8000" in code
    names: dict[str, object] = {}
    exec(compile(code.replace(":8000", f":{server.port}"), PAGE, "exec"), names)
    assert names["answer"].as_numpy("action").shape == (1, 10, 3)
    assert names["answer"].as_numpy("feasibility").min() >= 0.5
    assert capsys.readouterr().out


def test_other_servers_find_the_cards_names_and_shapes_in_the_exported_files(sampler):
    session = onnxruntime.InferenceSession(sampler.directory / "model.onnx")
    for entries, found in (
        (sampler.card.inputs, session.get_inputs()),
        (sampler.card.outputs, session.get_outputs()),
    ):
        assert {each.name: tuple(each.shape) for each in found} == {
            name: tuple(
                f"{name}_axis_{axis}" if axis in entry.free_axes else size
                for axis, size in enumerate(entry.shape)
            )
            for name, entry in entries.items()
        }
        assert {each.type for each in found} == {"tensor(float)"}


def test_it_is_not_ready_from_the_first_signal_on(monkeypatch):
    ends = []
    monkeypatch.setattr(server_module, "_end_after", ends.append)

    async def stop():
        registry, rest = Registry([]), HttpServer(uvicorn.Config(lambda: None))
        stopping = server_module._signals(registry, rest, grpc.aio.server(), 3.0)
        assert await registry.ready()
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(stopping.wait(), 5)
        assert not await registry.ready()

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        asyncio.run(stop())
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert ends == [3.0 + 2.0 * server_module.LAST_SECONDS]


def test_the_process_ends_by_the_deadline_whatever_it_does():
    code = (
        "import time\n"
        "from fag_tf.deployment.serving.server import _end_after\n"
        "_end_after(0.2)\n"
        "time.sleep(60)\n"
    )
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "the server did not stop in time and is ended"
    assert time.monotonic() - begin < 40


@pytest.mark.slow
def test_it_stops_after_the_answers_under_way(tmp_path, first_model, hammer):
    # On a slow machine the two answers take longer than a server waits by default.
    running = running_server(tmp_path / "log", first_model, "--grace", 100)
    with running as server, ThreadPoolExecutor(2) as pool:
        content = json_request(hammer, num_samples=LONG, seed=1)
        by_rest = pool.submit(requests.post, server.url + INFER, json=content)
        with server.grpc_stub() as stub:
            by_grpc = stub.ModelInfer.future(grpc_request(hammer, num_samples=LONG, seed=1))
            time.sleep(0.5)
            family = psutil.Process(server.process.pid).children(recursive=True)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert not by_rest.done()
            assert refuses("127.0.0.1", server.port)
            with pytest.raises(grpc.RpcError), server.grpc_stub() as late:
                late.ModelInfer(grpc_request(hammer, num_samples=1), timeout=2)
            assert by_rest.result(60).status_code == 200
            action, _ = load_model(first_model).sample(hammer, LONG, 1)
            assert set(json_arrays(by_rest.result().json())) == {"action", "feasibility"}
            np.testing.assert_array_equal(json_arrays(by_rest.result().json())["action"], action)
            np.testing.assert_array_equal(grpc_arrays(by_grpc.result(60))["action"], action)
        assert server.process.wait(30) == 0
        assert not [each for each in family if each.is_running()]
        assert "Traceback" not in server.log.read_text()


@pytest.mark.slow
def test_what_outlives_the_grace_is_told_that_it_stops(tmp_path, first_model, hammer):
    served = running_server(tmp_path / "log", first_model, "--grace", 1)
    with served as server, ThreadPoolExecutor(1) as pool:
        content = json_request(hammer, num_samples=2 * LONG, seed=1)
        asked = pool.submit(requests.post, server.url + INFER, json=content)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        answer = asked.result(60)
        assert answer.status_code == 503
        assert answer.json() == {"error": "the server stops; try again later"}
        assert server.process.wait(30) == 0
        assert "Traceback" not in server.log.read_text()


@pytest.mark.slow
def test_who_is_impatient_signals_twice(tmp_path, hammer):
    with running_server(tmp_path / "log", "--grace", 600) as server:
        content = json_request(hammer, num_samples=1)
        assert requests.post(server.url + INFER, json=content).status_code == 200
        with socket.create_connection((server.host, server.port)) as slow:
            slow.sendall(f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1".encode())
            time.sleep(0.3)
            server.process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            assert server.process.poll() is None
            assert server.stop(signal.SIGINT, seconds=20) == 0


@pytest.mark.slow
def test_killed_and_started_again_under_load_it_only_refuses(tmp_path, sampler, hammer):
    expected, _ = sampler.sample(hammer, 8, 1)
    content = json_request(hammer, num_samples=8, seed=1)
    answered, refused, wrong = [], [], []
    done = threading.Event()

    def by_rest(url):
        try:
            answer = requests.post(url + INFER, json=content, timeout=30)
        except requests.ConnectionError:
            refused.append(time.monotonic())
            return
        right = answer.status_code == 200
        right = right and np.array_equal(json_arrays(answer.json())["action"], expected)
        (answered if right else wrong).append(time.monotonic())

    def by_grpc(stub):
        try:
            answer = stub.ModelInfer(grpc_request(hammer, num_samples=8, seed=1), timeout=30)
        except grpc.RpcError as error:
            away = error.code() is grpc.StatusCode.UNAVAILABLE
            (refused if away else wrong).append(time.monotonic())
            return
        right = np.array_equal(grpc_arrays(answer)["action"], expected)
        (answered if right else wrong).append(time.monotonic())

    def load(ask, target):
        while not done.is_set():
            ask(target)
            time.sleep(0.01)

    with running_server(tmp_path / "log") as server, server.grpc_stub() as stub:
        threads = [
            threading.Thread(target=load, args=arguments)
            for arguments in [(by_rest, server.url), (by_grpc, stub)] * 2
        ]
        for thread in threads:
            thread.start()
        try:
            time.sleep(1)
            server.process.kill()
            server.process.wait()
            killed = time.monotonic()
            again = ("--port", server.port, "--grpc-port", server.grpc_port)
            with running_server(tmp_path / "log", *again) as second:
                back = time.monotonic()
                time.sleep(1.5)
                with second.http_client() as client:
                    assert client.is_model_ready(NAME)
                done.set()
                for thread in threads:
                    thread.join()
        finally:
            done.set()
    assert not wrong
    assert any(moment < killed for moment in answered)
    assert any(killed < moment < back for moment in refused)
    assert any(moment > back for moment in answered)
