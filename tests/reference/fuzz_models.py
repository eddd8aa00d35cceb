"""Readers that need a model or a message around the fuzzed bytes."""

import functools
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from google.protobuf.message import DecodeError

from fag_tf.deployment.model_folders import shipped_model
from fag_tf.deployment.sampler import SavedModel, load_model
from reference.serving import observation_of

_HEAD = "Inference-Header-Content-Length"


@functools.cache
def _sampler() -> SavedModel:
    return load_model(shipped_model())


@functools.cache
def _folder() -> Path:
    """A copy of the shipped model, to put other files in."""
    target = Path(tempfile.mkdtemp(prefix="fuzz-model-")) / "1"
    shutil.copytree(shipped_model() / "1", target, ignore=shutil.ignore_patterns("variables"))
    return target


def load_with_card(path: Path) -> None:
    """Load and run the shipped model with another card."""
    shutil.copy(path, _folder() / "model.json")
    load_model(_folder()).sample(observation_of("hammer"), 4)


def load_onnx(path: Path) -> None:
    """Load and run another ONNX file with the shipped model's card, its checksum set right."""
    card = json.loads((shipped_model() / "1" / "model.json").read_text())
    shutil.copy(path, _folder() / "model.onnx")
    card["files"]["model.onnx"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (_folder() / "model.json").write_text(json.dumps(card))
    load_model(_folder()).sample(observation_of("hammer"), 4)


def parse_request(body: bytes) -> None:
    """What the server does with the body of a REST request, up to the model.

    The first line of the input says how long the JSON part is, or nothing.
    """
    from fag_tf.deployment.serving.queries import Limits, parse_query
    from fag_tf.deployment.serving.rest_bodies import decode_body
    from fag_tf.deployment.serving.tensors import arrays_of

    first, _, rest = body.partition(b"\n")
    length = first.decode("latin-1").strip() or None
    request = decode_body(rest, length, "planar_grasp")
    arrays = arrays_of(request, _sampler().card.inputs)
    parse_query(_sampler(), arrays, request.parameters, Limits())


def parse_message(message: bytes) -> None:
    """What the server does with a gRPC message, up to the model."""
    from kserve import InferRequest
    from kserve.errors import InvalidInput
    from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest

    from fag_tf.deployment.serving import rpc
    from fag_tf.deployment.serving.queries import Limits, parse_query
    from fag_tf.deployment.serving.tensors import arrays_of
    from fag_tf.deployment.serving.wire_fields import check_fields
    from fag_tf.errors import InputError

    check_fields(message)
    try:
        parsed = ModelInferRequest.FromString(message)
        rpc.Servicer.validate_grpc_request(parsed)
        request = InferRequest.from_grpc(parsed)
    except (DecodeError, InvalidInput) as error:  # the server tells these as bad input
        raise InputError("no message") from error
    parameters = {key: rpc._plain(value) for key, value in parsed.parameters.items()}
    arrays = arrays_of(request, _sampler().card.inputs)
    parse_query(_sampler(), arrays, parameters, Limits())


def parse_page_question(body: bytes) -> None:
    """What the page's server does with a question, up to the model."""
    from fag_tf.deployment.playground.queries import parse_query
    from fag_tf.errors import InputError

    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError("no JSON") from error
    parse_query(content, 128)


def study_result(path: Path) -> None:
    """A study's result of a run; a damaged one counts as missing."""
    from types import SimpleNamespace

    from fag_tf.experiments.studies.folder import StudyFolder

    StudyFolder(path.parents[1]).result(SimpleNamespace(key=path.stem))
