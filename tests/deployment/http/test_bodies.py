import asyncio
import json

import pytest

from fag_tf.deployment.http.bodies import (
    CutOffError,
    RefusedError,
    body_parts,
    discard,
    refuse,
    replay,
)


def stream(*messages):
    """What a server gives an application to receive, one message after the other."""
    waiting = list(messages)

    async def receive():
        if not waiting:
            await asyncio.sleep(60)
        return waiting.pop(0)

    return receive


def chunk(body, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


async def collected(parts):
    return b"".join([part async for part in parts])


def test_a_body_is_its_parts():
    receive = stream(chunk(b"ab"), chunk(b""), chunk(b"c", more=False))
    assert asyncio.run(collected(body_parts(receive))) == b"abc"


def test_a_client_that_breaks_off_is_told_of():
    receive = stream(chunk(b"ab"), {"type": "http.disconnect"})
    with pytest.raises(CutOffError):
        asyncio.run(collected(body_parts(receive)))


def test_what_is_discarded_has_an_end_in_bytes_and_in_time():
    asyncio.run(discard(body_parts(stream(*[chunk(b"x" * 10)] * 5)), 25, 60.0))
    asyncio.run(discard(body_parts(stream(chunk(b"x"))), 100, 0.01))


def test_an_application_reads_the_whole_body_in_one_piece():
    receive = replay(b"abc", stream({"type": "http.disconnect"}))
    assert asyncio.run(collected(body_parts(receive))) == b"abc"


@pytest.mark.parametrize(("status", "header"), [(401, b"www-authenticate"), (503, b"retry-after")])
def test_a_refusal_says_why_in_json(status, header):
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(refuse(send, RefusedError(status, 'not "so"')))
    assert sent[0]["status"] == status
    assert header in dict(sent[0]["headers"])
    assert json.loads(sent[1]["body"]) == {"error": 'not "so"'}
