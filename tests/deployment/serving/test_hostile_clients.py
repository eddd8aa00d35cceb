"""Clients that a server must outlive, beside an honest one that must not notice them."""

import contextlib
import json
import socket
import threading
import time

import grpc
import pytest
import requests

from reference.serving import INFER, grpc_request, json_request, running_server

SOON = 2.0
"""Longest that an honest small request may take beside them, s."""

FEW_FILES = 400


@pytest.fixture(scope="module")
def few_files(tmp_path_factory):
    """A server behind a token that may open few files."""
    folder = tmp_path_factory.mktemp("few")
    (folder / "token").write_text("secret\n")
    options = ("--token-file", folder / "token", "--grace", 1)
    with running_server(folder / "log", *options, files=FEW_FILES) as running:
        yield running
        assert running.stop() == 0
        log = running.log.read_text()
        assert "Traceback" not in log
        assert log.count("\n") < 10


@pytest.fixture
def honest(few_files, hammer):
    """An honest client's small request; it gives the status and how long it took."""
    content = json_request(hammer, num_samples=1)
    headers = {"Authorization": "Bearer secret"}

    def ask():
        begin = time.monotonic()
        answer = requests.post(
            few_files.url + INFER, json=content, headers=headers, timeout=10 * SOON
        )
        return answer.status_code, time.monotonic() - begin

    assert ask()[0] == 200  # the first one loads
    return ask


def connected(server, count, sent):
    """Connections that have sent something and then say nothing."""
    opened = contextlib.ExitStack()
    for _ in range(count):
        connection = socket.create_connection((server.host, server.port), 10)
        opened.enter_context(connection)
        with contextlib.suppress(ConnectionError):  # it may have been told to go
            connection.sendall(sent)
    return opened


HEAD = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n".encode()


@pytest.mark.parametrize(
    ("count", "sent"),
    [
        (600, b""),
        (600, HEAD),
        (200, HEAD + b"\r\n" + bytes(10)),
        (200, HEAD + b"Authorization: Bearer wrong\r\nExpect: 100-continue\r\n\r\n"),
    ],
    ids=["idle", "half a header", "slow body without the token", "asks before it sends"],
)
def test_many_connections_keep_nobody_out(count, sent, few_files, honest):
    with connected(few_files, count, sent):
        status, spent = honest()
        assert status == 200
        assert spent < SOON


def test_who_has_no_token_is_told_before_it_sends(few_files):
    with socket.create_connection((few_files.host, few_files.port), 5) as connection:
        connection.sendall(HEAD + b"\r\n")
        begin = time.monotonic()
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 401")
        assert time.monotonic() - begin < SOON  # and it is closed


def test_grpc_calls_whose_message_does_not_come_keep_nobody_out(few_files, hammer):
    call = "/inference.GRPCInferenceService/ModelInfer"
    stop = threading.Event()

    def nothing():
        stop.wait(30)
        yield from ()

    with few_files.grpc_stub() as stub:
        address = f"{few_files.host}:{few_files.grpc_port}"
        metadata = (("authorization", "Bearer secret"),)
        stub.ModelInfer(grpc_request(hammer, num_samples=1), metadata=metadata, timeout=10)
        with grpc.insecure_channel(address) as channel:
            begun = [channel.stream_unary(call).future(nothing()) for _ in range(130)]
            begin = time.monotonic()
            stub.ModelInfer(grpc_request(hammer, num_samples=1), metadata=metadata, timeout=10)
            assert time.monotonic() - begin < SOON
            for each in begun:
                with pytest.raises(grpc.RpcError) as error:
                    each.result(SOON)
                assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED
            stop.set()


def test_many_connections_of_grpc_leave_files_for_the_others(few_files, honest, hammer):
    with contextlib.ExitStack() as opened:
        for _ in range(600):
            address = (few_files.host, few_files.grpc_port)
            opened.enter_context(socket.create_connection(address, 10))
        status, spent = honest()
        assert status == 200
        assert spent < SOON
    metadata = (("authorization", "Bearer secret"),)
    with few_files.grpc_stub() as stub:
        request = grpc_request(hammer, num_samples=1)
        stub.ModelInfer(request, metadata=metadata, timeout=10, wait_for_ready=True)


def test_a_message_of_very_many_fields_is_refused(few_files):
    call = "/inference.GRPCInferenceService/ModelInfer"
    metadata = (("authorization", "Bearer secret"),)
    address = f"{few_files.host}:{few_files.grpc_port}"
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(address, options) as channel:
        for message in (b"*\0" * (1 << 20), b"\xff"):
            with pytest.raises(grpc.RpcError) as error:
                channel.unary_unary(call)(message, metadata=metadata, timeout=10)
            assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.slow
def test_large_requests_are_given_up_with_their_clients_and_at_the_end(
    tmp_path, first_model, hammer
):
    large = json.dumps(json_request(hammer, num_samples=1024, min_feasibility=1.0)).encode()
    head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(large)}\r\n\r\n".encode()
    limits = ("--max-seconds", 8, "--grace", 3)
    with running_server(tmp_path / "log", first_model, *limits) as server:
        small = json_request(hammer, num_samples=1)
        assert requests.post(server.url + INFER, json=small).status_code == 200
        connected(server, 6, head + large).close()  # each of a minute of work
        begin = time.monotonic()
        assert requests.post(server.url + INFER, json=small).status_code == 200
        # The parts under way are 4,096 actions of a model that takes seconds for them.
        assert time.monotonic() - begin < 20
        with server.grpc_stub() as stub, pytest.raises(grpc.RpcError) as error:
            stub.ModelInfer(grpc_request(hammer, num_samples=1024, min_feasibility=1.0))
        assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "within the 8 s" in error.value.details()
        with connected(server, 6, head + large):
            time.sleep(1)
            begin = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - begin < 3 + 8
        assert "Traceback" not in server.log.read_text()
