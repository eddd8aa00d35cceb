"""Bounds on connections, with both of uvicorn's parsers, on a server in this process."""

import asyncio
import contextlib
import importlib
import resource
import socket

import pytest
import uvicorn

from fag_tf.deployment.http import connections
from fag_tf.deployment.http.connections import bounded_protocol, most_connections
from fag_tf.deployment.http.listening import HttpServer, bind

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
LARGE = 8_000_000


async def application(scope, receive, send):
    body = bytes(LARGE if scope["path"] == "/large" else 2)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(params=["httptools", "h11"])
def serving(request, monkeypatch):
    """Runs a coroutine of a port beside a server with short times and few connections."""
    parser = importlib.import_module(f"uvicorn.protocols.http.{request.param}_impl")
    name = {"httptools": "HttpToolsProtocol", "h11": "H11Protocol"}[request.param]
    monkeypatch.setattr("uvicorn.protocols.http.auto.AutoHTTPProtocol", getattr(parser, name))
    importlib.reload(connections)
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(connections, "WRITE_SECONDS", 0.3)

    def run(talk, most=4):
        async def main():
            with bind("127.0.0.1", 0) as listener:
                protocol = connections.bounded_protocol(most)
                options = {"log_config": None, "lifespan": "off", "timeout_keep_alive": 60}
                server = HttpServer(uvicorn.Config(application, http=protocol, **options))
                task = asyncio.create_task(server.serve(sockets=[listener]))
                while not server.started:
                    await asyncio.sleep(0.01)
                try:
                    await asyncio.wait_for(talk(listener.getsockname()[1]), 10)
                finally:
                    server.should_exit = server.force_exit = True
                    await task

        asyncio.run(main())

    yield run
    monkeypatch.undo()
    importlib.reload(connections)


async def closed(reader, seconds):
    """Whether the server closes the connection within a time."""
    with contextlib.suppress(ConnectionError):
        try:
            await asyncio.wait_for(reader.read(), seconds)
        except TimeoutError:
            return False
    return True


async def ask(reader, writer):
    writer.write(GET + b"\r\n")
    return (await reader.readuntil(b"\0\0"))[:15]


@pytest.mark.parametrize("begun", [b"", b"GET", GET])
def test_headers_that_do_not_come_are_not_waited_for(begun, serving):
    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        assert not await closed(reader, 0.1)
        assert await closed(reader, 2)

    serving(talk)


def test_a_header_that_trickles_is_not_waited_for_either(serving):
    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await ask(reader, writer) == b"HTTP/1.1 200 OK"  # nor later in a connection
        begin = asyncio.get_running_loop().time()
        for byte in GET * 10:
            writer.write(bytes([byte]))
            if await closed(reader, 0.03):
                break
        assert asyncio.get_running_loop().time() - begin < 2

    serving(talk)


def test_headers_have_a_bound_in_bytes(serving):
    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + b"X: " + b"x" * 1_000_000)
        assert await closed(reader, 0.25)

    serving(talk)


def test_a_connection_is_kept_between_requests(serving):
    async def talk(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            assert await ask(reader, writer) == b"HTTP/1.1 200 OK"
            await asyncio.sleep(0.4)

    serving(talk)


def test_the_longest_idle_connection_makes_room(serving):
    async def talk(port):
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        assert await ask(*opened[0]) == b"HTTP/1.1 200 OK"  # now the latest of all
        others = []
        for _ in range(3):
            others.append(await asyncio.open_connection("127.0.0.1", port))
            assert await ask(*others[-1]) == b"HTTP/1.1 200 OK"
        assert await ask(*opened[0]) == b"HTTP/1.1 200 OK"
        for reader, _ in opened[1:]:
            assert await closed(reader, 0.1)

    serving(talk)


def test_who_reads_nothing_of_its_answer_is_not_waited_for(serving):
    async def talk(port):
        silent = socket.socket()
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(silent, ("127.0.0.1", port))
        await loop.sock_sendall(silent, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.9)
        size = 0
        with contextlib.suppress(ConnectionError):
            while part := await loop.sock_recv(silent, 1 << 20):
                size += len(part)
        assert size < LARGE
        silent.close()

    serving(talk)


@pytest.mark.parametrize(
    ("files", "most"), [(1024, 384), (400, 72), (100, 8), (1 << 20, 1024), (-1, 1024)]
)
def test_there_are_fewer_connections_than_files(files, most, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert most_connections() == most
    assert bounded_protocol(7).most_connections == 7
