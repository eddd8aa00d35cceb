"""A served model among requests that are large, late or abandoned; its runtime is a stand-in."""

import asyncio
import time

import numpy as np
import pytest
from kserve import InferInput, InferRequest

from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.serving.model import Exchange, ServedModel
from fag_tf.deployment.serving.queries import Limits
from fag_tf.deployment.serving.turns import OverdueError
from fag_tf.deployment.serving.workers import Workers

PART_SECONDS = 0.05  # of 4,096 actions
ROUND = 2048  # actions of a large request that are drawn before the next look


class Slow:
    """A runtime that takes its time; it counts the actions that it was asked for."""

    def __init__(self):
        self.actions = 0

    def __call__(self, inputs):
        states, actions = inputs["latent"].shape[:2]
        self.actions += states * actions
        time.sleep(PART_SECONDS * max(actions, 64) / 4096)
        zeros = np.zeros((states, actions), np.float32)
        return Samples(np.zeros((states, actions, 3), np.float32), zeros, zeros)


@pytest.fixture
def served(sampler):
    """Makes a served model with one lane, and its runtime."""
    made = []

    def make(seconds=60.0):
        runtime, workers = Slow(), Workers(1)
        made.append(workers)
        model = SavedModel(sampler.card, sampler.directory, "onnx", runtime)
        return ServedModel(model, Limits(seconds=seconds), workers), runtime

    yield make
    for workers in made:
        assert workers.stop(5)


def request_of(observation, **parameters):
    inputs = []
    for name, array in observation.items():
        inputs.append(InferInput(name, list(array.shape), "FP32"))
        inputs[-1].set_data_from_numpy(array)
    request = InferRequest("m", inputs, parameters=parameters)
    return Exchange(0, lambda work: request, lambda response: response)


def large(hammer):
    return request_of(hammer, num_samples=1024, min_feasibility=0.9)  # 16 parts


def small(hammer):
    return request_of(hammer, num_samples=1)


def test_abandoned_requests_end_before_their_next_part(served, hammer):
    model, runtime = served()

    async def crowd():
        asked = [asyncio.create_task(model.predict(large(hammer))) for _ in range(6)]
        await asyncio.sleep(3 * PART_SECONDS)
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        begin = time.monotonic()
        await model.predict(small(hammer))
        return time.monotonic() - begin

    assert asyncio.run(crowd()) < 4 * PART_SECONDS  # not 90
    assert runtime.actions < 12 * ROUND


def test_a_small_request_gets_through_beside_large_ones(served, hammer):
    model, _ = served()

    async def crowd():
        await model.predict(small(hammer))  # the cost of one part is known then
        asked = [asyncio.create_task(model.predict(large(hammer))) for _ in range(6)]
        await asyncio.sleep(2.5 * PART_SECONDS)
        begin = time.monotonic()
        await model.predict(small(hammer))
        spent = time.monotonic() - begin
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        return spent

    assert asyncio.run(crowd()) < 4 * PART_SECONDS


def test_the_time_of_a_request_is_bounded(served, hammer):
    model, runtime = served(seconds=3.5 * PART_SECONDS)
    begin = time.monotonic()
    with pytest.raises(OverdueError, match="fewer actions"):
        asyncio.run(model.predict(large(hammer)))
    assert time.monotonic() - begin < 8 * PART_SECONDS
    assert runtime.actions < 8 * ROUND


def test_threads_that_are_busy_are_not_waited_for_without_an_end(served, hammer, sampler):
    workers = Workers(1)
    hung = SavedModel(sampler.card, sampler.directory, "onnx", lambda inputs: time.sleep(1.0))
    model = ServedModel(hung, Limits(), workers)

    async def ask():
        asked = asyncio.create_task(model.predict(small(hammer)))
        await asyncio.sleep(0.1)
        begin = time.monotonic()
        assert not workers.stop(0.1)
        assert time.monotonic() - begin < 0.8
        asked.cancel()

    asyncio.run(ask())
    assert workers.stop(5)
