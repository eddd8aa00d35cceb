"""A saved model in the form of a kserve model, from the protocol's request to its response."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple

from kserve import InferOutput, InferRequest, InferResponse, Model
from kserve.errors import InferenceError
from kserve.protocol.infer_type import to_http_parameters
from numpy.typing import NDArray

from fag_tf.deployment.runtimes import RunFn
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.serving.answers import Answer, answer_query
from fag_tf.deployment.serving.large_process import Ran
from fag_tf.deployment.serving.large_requests import LargeRequests
from fag_tf.deployment.serving.monitoring import count_samples
from fag_tf.deployment.serving.queries import Limits, Query, parse_query
from fag_tf.deployment.serving.statistics import ModelStatistics, Phases
from fag_tf.deployment.serving.tensors import arrays_of, datatype_of, tensor_metadata
from fag_tf.errors import InputError
from fag_tf.spaces import LATENT_INPUT

__all__ = ["PLATFORM", "Exchange", "OverdueError", "ServedModel", "served_name"]

PLATFORM = "onnxruntime_onnx"

LARGE_JSON = 1 << 18
"""Bytes of JSON from which on another process reads it; as many take 5 to 10 ms."""

SMALL_ACTIONS = 512
"""Number of actions that a small request draws at most; another process draws more."""

_LEAST_ACTIONS = 256
"""What each state counts for at least, since a model computes a part of it once for a state."""


class OverdueError(Exception):
    """The time of a request is over."""


class _LargeError(Exception):
    """A request draws more actions than a small one does."""


def served_name(directory: Path) -> tuple[str, str]:
    """Name and version of a served model: the names of its folders, as in other servers."""
    directory = directory.resolve()
    if directory.name.isdecimal():
        return directory.parent.name, directory.name
    return directory.name, "1"


class Exchange(NamedTuple):
    """A request that was not read yet, and how its answer is written.

    Attributes:
        body: what came.
        size: size of its JSON part, bytes.
        read: gives the request of a body and this size; raises `InputError` if the body is not one.
        write: gives the body that goes.
    """

    body: Any
    size: int
    read: Callable[[Any, int], InferRequest]
    write: Callable[[InferResponse], Any]


class _Asked(NamedTuple):
    """A request that was read.

    Attributes:
        request: the request.
        query: what it asks for.
        names: outputs that it wants; all if there are none.
        queue: time that it waited to be read, s.
        input: time that reading took, s.
    """

    request: InferRequest
    query: Query
    names: list[str]
    queue: float
    input: float


class ServedModel(Model):  # type: ignore[misc]
    """One version of a loaded model.

    Attributes:
        name: name under which the model is served.
        version: version number, as text.
        ready: whether the model answers requests.
        statistics: what it has answered.

    Args:
        sampler: the model.
        limits: limits of one request.
        threads: threads for small requests.
        large: does the work of large ones.
    """

    def __init__(
        self, sampler: SavedModel, limits: Limits, threads: Executor, large: LargeRequests
    ) -> None:
        name, self.version = served_name(sampler.directory)
        super().__init__(name)
        self.ready = True
        self.card = sampler.card
        # A model may give more than the sampler passes on.
        self._outputs = {name: self.card.outputs[name] for name in self.card.sample_outputs}
        self._sampler = sampler
        self._limits = limits
        self._threads = threads
        self._large = large
        self.statistics = ModelStatistics()

    def get_input_types(self) -> list[dict[str, Any]]:
        """Metadata of the inputs; a request with `num_samples` may omit `latent`."""
        return tensor_metadata(self.card.inputs)

    def get_output_types(self) -> list[dict[str, Any]]:
        """Metadata of the outputs."""
        return tensor_metadata(self._outputs)

    def configuration(self) -> dict[str, Any]:
        """The protocol's model configuration: the tensors without their first axis, the states."""

        def listed(tensors: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [
                {
                    "name": tensor["name"],
                    "data_type": f"TYPE_{tensor['datatype']}",
                    "dims": tensor["shape"][1:],
                }
                for tensor in tensors
            ]

        inputs = listed(self.get_input_types())
        for each in inputs:
            if each["name"] == LATENT_INPUT:  # num_samples stands for it
                each["optional"] = True
        return {
            "name": self.name,
            "platform": PLATFORM,
            "backend": "onnxruntime",
            "max_batch_size": self._limits.batch,
            "input": inputs,
            "output": listed(self.get_output_types()),
        }

    def load(self) -> bool:
        """Return whether the model is ready.

        kserve calls this for a model that is not ready. The call must not make the model ready
        again.
        """
        return bool(self.ready)

    def validate(self, payload: "Exchange") -> "Exchange":
        """The payload as it is; `predict` checks it where it is read."""
        return payload

    async def predict(
        self,
        payload: "Exchange",
        headers: dict[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> Any:
        """Answer a request.

        A small one is answered in one thread, from the body that came to the body that goes: every
        change of the thread waits for the interpreter's lock and for a core.

        Raises:
            InputError: the request is invalid or beyond the limits.
            InferenceError: the model fails.
            OverdueError: it takes longer than a request may.
        """
        begin = time.perf_counter()
        seconds = self._limits.seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._answered(payload, begin)
        except TimeoutError as error:
            self.statistics.count_failure(time.perf_counter() - begin)
            raise OverdueError(
                f"there was no answer within the {seconds:g} s that a request may take here; "
                "ask for fewer actions, or again when the server is less busy"
            ) from error
        except Exception:
            self.statistics.count_failure(time.perf_counter() - begin)
            raise

    async def _answered(self, exchange: Exchange, begin: float) -> Any:
        if exchange.size > LARGE_JSON:
            body, size = await self._large.to_binary(exchange.body, exchange.size)
            exchange = exchange._replace(body=body, size=size)
        loop = asyncio.get_running_loop()
        asked, answer = await loop.run_in_executor(self._threads, self._begin, exchange, begin)
        if answer is not None:
            return answer
        try:
            ran = await self._large.answer(self._sampler, asked.query, self._limits)
        except InputError as error:  # the query is valid, so the fault is the server's
            raise InferenceError(str(error)) from error
        return await loop.run_in_executor(self._threads, self._finish, exchange, asked, ran, begin)

    def _begin(self, exchange: Exchange, begin: float) -> tuple[_Asked, Any]:
        """Read a request, and answer it if it is small; else the answer is None."""
        started = time.perf_counter()
        request = exchange.read(exchange.body, exchange.size)
        names = [output.name for output in request.request_outputs or ()]
        for name in names:
            if name not in self._outputs:
                raise InputError(
                    f"output {str(name)[:40]!r} is unknown; known are {', '.join(self._outputs)}"
                )
        arrays = arrays_of(request, self.card.inputs)
        parameters = to_http_parameters(request.parameters or {})
        query = parse_query(self._sampler, arrays, parameters, self._limits)
        parsed = time.perf_counter()
        asked = _Asked(request, query, names, started - begin, parsed - started)
        try:
            ran = self._run_small(query)
        except _LargeError:
            return asked, None
        except InputError as error:  # the query is valid, so the fault is the server's
            raise InferenceError(str(error)) from error
        return asked, self._finish(exchange, asked, ran, begin)

    def _run_small(self, query: Query) -> Ran:
        """Answer a query here.

        Raises:
            _LargeError: it is not small, which may show after some of its calls.
        """
        drawn = calls = 0
        spent = 0.0

        def bounded(run: RunFn) -> RunFn:
            def call(inputs: Mapping[str, NDArray[Any]]) -> Samples:
                nonlocal drawn, calls, spent
                states, actions = inputs[LATENT_INPUT].shape[:2]
                drawn += states * max(_LEAST_ACTIONS, actions)
                if drawn > SMALL_ACTIONS:
                    raise _LargeError
                begin = time.perf_counter()
                samples = run(inputs)
                calls, spent = calls + 1, spent + time.perf_counter() - begin
                return samples

            return call

        answer = answer_query(self._sampler.paced(bounded), query, self._limits)
        return Ran(answer, calls, spent)

    def _finish(self, exchange: Exchange, asked: _Asked, ran: Ran, begin: float) -> Any:
        """Write an answer, and count it."""
        answer = ran.answer
        started = time.perf_counter()
        count_samples(self.name, answer.tries, answer.filtered)
        response = exchange.write(self._response(asked.request, answer, asked.names))
        end = time.perf_counter()
        output, known = end - started, asked.input + ran.seconds
        queue = max(asked.queue, end - begin - output - known)
        phases = Phases(queue, asked.input, ran.seconds, output)
        self.statistics.count_success(asked.query.batch, ran.calls, end - begin, phases)
        return response

    def _response(self, request: InferRequest, answer: Answer, names: list[str]) -> InferResponse:
        outputs = [
            InferOutput(name, list(array.shape), datatype_of(self._outputs[name]), array)
            for name, array in answer.samples.outputs().items()
            if not names or name in names
        ]
        if request.from_grpc:
            for output in outputs:  # kserve cannot convert arrays to gRPC
                output.set_data_from_numpy(output.data)
        return InferResponse(
            request.id,
            self.name,
            outputs,
            model_version=self.version,
            parameters=dict(answer.parameters),
            use_binary_outputs=request.use_binary_outputs,
            requested_outputs=None if request.from_grpc else request.request_outputs,
        )
