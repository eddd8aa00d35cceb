"""A served model among requests that are large, late or abandoned; its runtime is a stand-in."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from kserve import InferInput, InferRequest
from kserve.errors import InferenceError

from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.serving.answers import answer_query
from fag_tf.deployment.serving.large_process import Ran
from fag_tf.deployment.serving.model import (
    LARGE_JSON,
    SMALL_ACTIONS,
    Exchange,
    OverdueError,
    ServedModel,
)
from fag_tf.deployment.serving.queries import Limits
from fag_tf.deployment.serving.server import _ended
from fag_tf.errors import InputError


class Runtime:
    """A model that finds few feasible actions, and counts what it was asked for."""

    def __init__(self):
        self.actions = 0

    def __call__(self, inputs):
        latent = inputs["latent"]
        self.actions += latent.shape[0] * latent.shape[1]
        return Samples(latent[..., :3], (latent[..., 0] > 0.99).astype(np.float32), latent[..., 1])


class Large:
    """The other process, as one that may never answer."""

    def __init__(self):
        self.asked, self.left = [], []
        self.answers = True

    async def to_binary(self, body, size):
        self.asked.append((body, size))
        return body[: size // 2], size // 2

    async def answer(self, sampler, query, limits):
        self.asked.append(query)
        try:
            if not self.answers:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.left.append(query)
            raise
        return Ran(answer_query(sampler, query, limits), 7, 0.0)


@pytest.fixture
def large():
    return Large()


@pytest.fixture
def served(sampler, large):
    """Makes a served model with one thread, and its runtime."""
    with ThreadPoolExecutor(1) as threads:

        def make(seconds=60.0):
            runtime = Runtime()
            model = SavedModel(sampler.card, sampler.directory, "onnx", runtime)
            return ServedModel(model, Limits(seconds=seconds), threads, large), runtime

        yield make


def request_of(observation, size=0, **parameters):
    inputs = []
    for name, array in observation.items():
        inputs.append(InferInput(name, list(array.shape), "FP32"))
        inputs[-1].set_data_from_numpy(array)
    request = InferRequest("m", inputs, parameters=parameters)
    return Exchange(b"x" * size, size, lambda body, size: request, lambda response: response)


def asked_for(model, exchange):
    return asyncio.run(model.predict(exchange)).outputs[0].data


def test_a_small_request_is_answered_here(served, hammer, large):
    model, runtime = served()
    assert asked_for(model, request_of(hammer, num_samples=3, seed=1)).shape == (1, 3, 3)
    assert asked_for(model, request_of(hammer, num_samples=SMALL_ACTIONS)).shape[1] == SMALL_ACTIONS
    assert (large.asked, runtime.actions) == ([], 3 + SMALL_ACTIONS)


def test_a_large_one_is_answered_by_the_other_process(served, hammer, large):
    model, _ = served()
    wanted, _ = model._sampler.sample(hammer, SMALL_ACTIONS + 1, 1)
    got = asked_for(model, request_of(hammer, num_samples=SMALL_ACTIONS + 1, seed=1))
    np.testing.assert_array_equal(got, wanted)
    three = {name: np.repeat(array, 3, axis=0) for name, array in hammer.items()}
    assert asked_for(model, request_of(three, num_samples=1)).shape == (3, 1, 3)
    assert len(large.asked) == 2
    counted = model.statistics.content()
    assert (counted["inference_count"], counted["execution_count"]) == (4, 14)


def test_one_that_grows_large_moves_there_after_a_small_ones_work(served, hammer, large):
    model, runtime = served()
    large.answers = False

    async def ask():
        request = request_of(hammer, num_samples=64, min_feasibility=0.9)
        asking = asyncio.create_task(model.predict(request))
        while not large.asked:
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    asyncio.run(ask())
    assert 0 < runtime.actions <= SMALL_ACTIONS
    assert len(large.left) == 1


def test_a_small_request_gets_through_beside_large_ones_and_the_abandoned_leave(
    served, hammer, large
):
    model, _ = served()
    large.answers = False

    async def crowd():
        many = request_of(hammer, num_samples=4096)
        asked = [asyncio.create_task(model.predict(many)) for _ in range(6)]
        await asyncio.sleep(0.1)
        answer = await asyncio.wait_for(model.predict(request_of(hammer, num_samples=1)), 10)
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        return answer

    assert asyncio.run(crowd()).outputs
    assert len(large.left) == 6


def test_large_json_is_read_by_the_other_process(served, hammer, large):
    model, _ = served()
    for size in (LARGE_JSON, LARGE_JSON + 2):
        asyncio.run(model.predict(request_of(hammer, size, num_samples=1)))
    assert large.asked == [(b"x" * (LARGE_JSON + 2), LARGE_JSON + 2)]


def test_the_time_of_a_request_is_bounded(served, hammer, large):
    model, _ = served(seconds=0.2)
    large.answers = False
    begin = time.monotonic()
    with pytest.raises(OverdueError, match="fewer actions"):
        asyncio.run(model.predict(request_of(hammer, num_samples=4096)))
    assert time.monotonic() - begin < 5
    assert len(large.left) == 1
    assert model.statistics.content()["inference_stats"]["fail"]["count"] == 1


def test_a_fault_of_the_model_is_the_servers_wherever_it_runs(served, hammer, sampler):
    model, _ = served()

    def broken(run):
        def fail(inputs):
            raise InputError("broken")

        return fail

    model._sampler = model._sampler.paced(broken)
    for number in (1, 4096):
        with pytest.raises(InferenceError, match="broken"):
            asyncio.run(model.predict(request_of(hammer, num_samples=number)))


def test_threads_that_are_busy_are_not_waited_for_without_an_end():
    threads = ThreadPoolExecutor(1)
    threads.submit(time.sleep, 1.0)
    begin = time.monotonic()
    assert not _ended(threads, 0.1)
    assert time.monotonic() - begin < 0.8
    assert _ended(threads, 10.0)
