"""What stands before the endpoints, without a network: messages in, messages out."""

import asyncio
import contextlib
import time

import pytest

from fag_tf.deployment.serving import request_limits as guard
from fag_tf.deployment.serving.queries import Limits
from fag_tf.deployment.serving.repository import Registry
from fag_tf.deployment.serving.request_limits import Guard
from fag_tf.deployment.serving.tokens import Token

PATH = "/v2/models/m/infer"
END = {"type": "http.disconnect"}


def part(body, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


class Endpoint:
    """Keeps the bodies that reach it."""

    def __init__(self):
        self.bodies = []
        self.go_on = None

    async def __call__(self, scope, receive, send):
        self.bodies.append((await receive())["body"])
        if self.go_on is not None:
            await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def endpoint():
    return Endpoint()


@pytest.fixture
def guarded(endpoint):
    return Guard(endpoint, Registry([]), Limits(body=10), None)


async def ask(app, messages, headers=(), path=PATH):
    """Status of the answer, or None if there is none."""
    left, sent = list(messages), []

    async def receive():
        if not left:
            await asyncio.sleep(60)
        return left.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": list(headers)}
    await app(scope, receive, send)
    return sent[0]["status"] if sent else None


def test_a_body_in_pieces_reaches_the_endpoint_whole(guarded, endpoint):
    assert asyncio.run(ask(guarded, [part(b"01234", True), part(b"56789")])) == 200
    assert endpoint.bodies == [b"0123456789"]


def test_one_byte_too_many_does_not(guarded, endpoint):
    assert asyncio.run(ask(guarded, [part(b"01234", True), part(b"567890")])) == 413
    assert endpoint.bodies == []


def test_who_breaks_off_gets_no_answer(guarded, endpoint):
    assert asyncio.run(ask(guarded, [part(b"01234", True), END])) is None
    assert endpoint.bodies == []


def test_who_sends_too_much_is_told_before_it_breaks_off(guarded, endpoint):
    assert asyncio.run(ask(guarded, [part(b"01" * 9, True), END])) == 413
    assert endpoint.bodies == []


def test_who_sends_without_end_is_read_to_a_bound(guarded):
    endless = [part(b"0123456789", True)] * 100
    assert asyncio.run(ask(guarded, endless)) == 413


def test_who_is_too_slow_is_told(guarded, endpoint, monkeypatch):
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.05)
    assert asyncio.run(ask(guarded, [part(b"0", True)])) == 408
    assert endpoint.bodies == []


def test_more_requests_than_may_wait_are_told_to_come_back(guarded, endpoint, monkeypatch):
    monkeypatch.setattr(guard, "MOST_WAITING", 3)

    async def crowd():
        endpoint.go_on = asyncio.Event()
        waiting = [asyncio.create_task(ask(guarded, [part(b"")])) for _ in range(3)]
        await asyncio.sleep(0)
        assert await ask(guarded, [part(b"")]) == 503
        endpoint.go_on.set()
        assert await asyncio.gather(*waiting) == [200] * 3
        assert await ask(guarded, [part(b"")]) == 200

    asyncio.run(crowd())


def test_whoever_is_refused_counts_towards_no_limit(endpoint):
    app = Guard(endpoint, Registry([]), Limits(body=10), Token("secret"))

    async def crowd():
        # Bodies that never come, from clients without the token.
        slow = [asyncio.create_task(ask(app, [part(b"0", True)])) for _ in range(200)]
        await asyncio.sleep(0.05)
        for headers in ([(b"authorization", b"Bearer secret")], []):
            right = 200 if headers else 401
            begin = time.monotonic()
            assert await ask(app, [part(b"01")], headers) == right
            assert time.monotonic() - begin < 0.5
        assert await asyncio.wait_for(asyncio.gather(*slow), 5) == [401] * 200

    asyncio.run(crowd())
    assert endpoint.bodies == [b"01"]


def test_bodies_that_do_not_come_keep_nobody_out(guarded, endpoint, monkeypatch):
    monkeypatch.setattr(guard, "MOST_WAITING", 3)

    async def crowd():
        slow = [asyncio.create_task(ask(guarded, [part(b"0", True)])) for _ in range(9)]
        await asyncio.sleep(0)
        assert await ask(guarded, [part(b"01")]) == 200
        for each in slow:
            each.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    asyncio.run(crowd())


def test_the_health_of_a_crowded_server_is_told(guarded, endpoint, monkeypatch):
    monkeypatch.setattr(guard, "MOST_WAITING", 1)

    async def crowd():
        endpoint.go_on = asyncio.Event()
        waiting = asyncio.create_task(ask(guarded, [part(b"")]))
        await asyncio.sleep(0.01)
        health = asyncio.create_task(ask(guarded, [part(b"")], path="/v2/health/live"))
        await asyncio.sleep(0.01)
        endpoint.go_on.set()
        assert (await waiting, await health) == (200, 200)

    asyncio.run(crowd())


def test_an_answer_that_nobody_waits_for_is_given_up(guarded, endpoint):
    endpoint.go_on = asyncio.Event()  # which is never set
    assert asyncio.run(asyncio.wait_for(ask(guarded, [part(b"01"), END]), 5)) is None
    assert endpoint.bodies == [b"01"]
    assert guarded._waiting == guarded._held == 0


def test_who_outlives_the_grace_of_a_server_that_stops_is_told(endpoint):
    registry = Registry([])
    app = Guard(endpoint, registry, Limits(body=10), None)

    async def cancelled():
        endpoint.go_on = asyncio.Event()
        waiting = asyncio.create_task(ask(app, [part(b"")]))
        await asyncio.sleep(0)
        waiting.cancel()
        return await waiting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    registry.draining = True
    assert asyncio.run(cancelled()) == 503


def test_bytes_count_as_they_come(guarded, monkeypatch):
    monkeypatch.setattr(guard, "MOST_HELD_BODIES", 1)

    async def crowd():
        slow = asyncio.create_task(ask(guarded, [part(bytes(10), True)]))
        await asyncio.sleep(0)
        assert await ask(guarded, [part(b"0")]) == 503
        slow.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await slow
        assert await ask(guarded, [part(b"0")]) == 200

    asyncio.run(crowd())


def test_more_bytes_than_may_wait_are_told_to_come_back(guarded, endpoint, monkeypatch):
    monkeypatch.setattr(guard, "MOST_HELD_BODIES", 2)

    async def crowd():
        endpoint.go_on = asyncio.Event()
        waiting = [asyncio.create_task(ask(guarded, [part(bytes(10))])) for _ in range(2)]
        await asyncio.sleep(0)
        assert await ask(guarded, [part(b"0")]) == 503
        endpoint.go_on.set()
        assert await asyncio.gather(*waiting) == [200] * 2
        assert await ask(guarded, [part(bytes(10))]) == 200

    asyncio.run(crowd())
