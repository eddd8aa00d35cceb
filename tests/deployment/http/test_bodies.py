import asyncio
import json

import pytest

from fag_tf.deployment.http.bodies import (
    CutOffError,
    RefusedError,
    attended,
    body_parts,
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


def refused(error, receive, most):
    """What is sent, and how often the body was asked for by then, for each message."""
    sent, asked = [], []

    async def counted():
        asked.append(None)
        return await receive()

    async def send(message):
        sent.append((message, len(asked)))

    asyncio.run(refuse(send, error, body_parts(counted), most))
    return sent


def test_a_refusal_is_sent_before_the_body_is_read_and_closes():
    (start, first), (content, second), (end, third) = refused(
        RefusedError(401, "no", 60.0), stream(*[chunk(b"x" * 10)] * 5), 25
    )
    assert (first, second, third) == (0, 0, 3)  # the rest is read to a bound in bytes
    assert (b"connection", b"close") in start["headers"]
    assert len(content["body"]) == int(dict(start["headers"])[b"content-length"])
    assert end == {"type": "http.response.body", "body": b""}


@pytest.mark.parametrize(
    "messages", [[chunk(b"x")], [{"type": "http.disconnect"}], [chunk(b"", more=False)]]
)
def test_what_still_comes_of_a_refused_body_has_an_end_in_time_too(messages):
    assert len(refused(RefusedError(401, "no", 0.01), stream(*messages), 25)) == 3


def test_an_answer_is_waited_for_as_long_as_the_client_waits():
    ended = []

    async def answer(seconds):
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        ended.append("answered")

    async def wait(seconds, *messages):
        await attended(asyncio.ensure_future(answer(seconds)), stream(*messages))

    asyncio.run(wait(0.01))
    with pytest.raises(CutOffError):
        asyncio.run(wait(60, chunk(b"", more=False), {"type": "http.disconnect"}))
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(wait(60), 0.01))
    assert ended == ["answered", "cancelled", "cancelled"]


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
