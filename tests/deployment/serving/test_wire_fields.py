import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages

from fag_tf.deployment.serving.wire_fields import MOST_FIELDS, check_fields
from fag_tf.errors import InputError
from reference.serving import grpc_request

ARRAYS = {"a": np.zeros((2, 50_000), np.float32), "b": np.ones(3, np.float32)}


def test_requests_of_long_arrays_pass():
    check_fields(grpc_request(ARRAYS, seed=1, min_feasibility=0.5).SerializeToString())
    request = messages.ModelInferRequest(model_name="m")
    request.inputs.add(name="a").contents.fp32_contents.extend([0.5] * 100_000)
    check_fields(request.SerializeToString())
    check_fields(b"")


def many(kind):
    """A message of very many fields of a kind."""
    request = messages.ModelInferRequest()
    tensor = request.inputs.add()
    for number in range(MOST_FIELDS):
        if kind == "outputs":
            request.outputs.add()
        elif kind == "raw":
            request.raw_input_contents.append(b"")
        elif kind == "strings":
            tensor.contents.bytes_contents.append(b"")
        else:
            tensor.parameters[str(number)].int64_param = 1
    return request.SerializeToString()


@pytest.mark.parametrize("kind", ["inputs", "outputs", "raw", "strings", "parameters"])
def test_very_many_fields_are_refused_before_they_are_parsed(kind):
    with pytest.raises(InputError, match="4,096 fields"):
        check_fields(many(kind) if kind != "inputs" else b"*\0" * (16 << 20))


@given(st.binary(max_size=60))
def test_whatever_comes_is_counted_or_refused(data):
    with contextlib.suppress(InputError):
        check_fields(data)


@given(st.integers(0, 300))
def test_a_message_that_is_cut_short_is_refused_or_a_shorter_one(size):
    whole = grpc_request({"a": np.zeros(20, np.float32)}, seed=7).SerializeToString()
    cut = whole[:size]
    try:
        messages.ModelInferRequest.FromString(cut)
    except Exception:
        with pytest.raises(InputError):
            check_fields(cut)
    else:
        check_fields(cut)
