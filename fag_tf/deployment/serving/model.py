"""A saved model in the form of a kserve model, from the protocol's request to its response."""

import asyncio
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from kserve import InferOutput, InferRequest, InferResponse, Model
from kserve.errors import InferenceError
from kserve.protocol.infer_type import to_http_parameters

from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.serving.answers import Answer, answer_query
from fag_tf.deployment.serving.monitoring import count_samples
from fag_tf.deployment.serving.pieces import Costs
from fag_tf.deployment.serving.queries import Limits, parse_query
from fag_tf.deployment.serving.statistics import ModelStatistics, Phases
from fag_tf.deployment.serving.tensors import arrays_of, datatype_of, tensor_metadata
from fag_tf.deployment.serving.turns import Work
from fag_tf.deployment.serving.workers import Workers
from fag_tf.errors import InputError
from fag_tf.spaces import LATENT_INPUT

__all__ = ["PLATFORM", "Exchange", "ServedModel", "served_name"]

PLATFORM = "onnxruntime_onnx"


def served_name(directory: Path) -> tuple[str, str]:
    """Name and version of a served model: the names of its folders, as in other servers."""
    directory = directory.resolve()
    if directory.name.isdecimal():
        return directory.parent.name, directory.name
    return directory.name, "1"


class Exchange(NamedTuple):
    """A request that was not read yet, and how its answer is written.

    Attributes:
        size: bytes of the body that become Python's objects; those of arrays do not.
        read: gives the request of a work; raises `InputError` if the body is not one.
        write: gives the body that goes.
    """

    size: int
    read: Callable[[Work], InferRequest]
    write: Callable[[InferResponse], Any]


class ServedModel(Model):  # type: ignore[misc]
    """One version of a loaded model.

    Attributes:
        name: name under which the model is served.
        version: version number, as text.
        ready: whether the model answers requests.
        statistics: what it has answered.
    """

    def __init__(self, sampler: SavedModel, limits: Limits, workers: Workers) -> None:
        name, self.version = served_name(sampler.directory)
        super().__init__(name)
        self.ready = True
        self.card = sampler.card
        # A model may give more than the sampler passes on.
        self._outputs = {name: self.card.outputs[name] for name in self.card.sample_outputs}
        self._sampler = sampler
        self._limits = limits
        self._workers = workers
        self._costs = Costs()
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
        """Answer a request, in one thread from the body that came to the body that goes.

        Every change of the thread waits for the interpreter's lock and for a core, which is most
        of a small request's time when the server is busy.

        Raises:
            InputError: the request is invalid or beyond the limits.
            InferenceError: the model fails.
            OverdueError: it takes longer than a request may.
        """
        begin = time.perf_counter()
        with self._workers.work(self._limits.seconds) as work:
            try:
                loop = asyncio.get_running_loop()
                job = functools.partial(self._predict, payload, work, begin)
                return await loop.run_in_executor(self._workers.requests, job)
            except Exception:
                self.statistics.count_failure(time.perf_counter() - begin)
                raise

    def _predict(self, exchange: "Exchange", work: Work, begin: float) -> Any:
        started = time.perf_counter()
        least = self._costs.expected(1) or 0.0
        with self._workers.body(work, exchange.size, least):
            request = exchange.read(work)
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
        try:
            sampler = self._sampler.paced(self._workers.pace(work, self._costs))
            answer = answer_query(sampler, query, self._limits)
        except InputError as error:  # the query is valid, so the fault is the server's
            raise InferenceError(str(error)) from error
        count_samples(self.name, answer.tries, answer.filtered)
        sizes = sum(array.nbytes for array in answer.samples.outputs().values())
        with self._workers.body(work, sizes):
            response = exchange.write(self._response(request, answer, names))
        end = time.perf_counter()
        phases = Phases(
            queue=started - begin + work.waited,
            compute_input=parsed - started,
            compute_infer=work.ran,
            compute_output=end - parsed - work.ran - work.waited,
        )
        self.statistics.count_success(query.batch, work.parts, end - begin, phases)
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
