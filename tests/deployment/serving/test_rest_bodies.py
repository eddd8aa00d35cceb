import contextlib
import json

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.deployment.serving.rest_bodies import decode_body
from fag_tf.errors import InputError
from reference.serving import binary_request, json_request

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([0.5], np.float32),
}


def encode(content) -> bytes:
    return json.dumps(content).encode()


def test_json_is_read():
    request = decode_body(encode({"id": "7", **json_request(ARRAYS, seed=1)}), None, "m")
    assert (request.id, request.model_name, request.parameters) == ("7", "m", {"seed": 1})
    for tensor, (name, array) in zip(request.inputs, ARRAYS.items(), strict=True):
        assert tensor.name == name
        np.testing.assert_array_equal(tensor.as_numpy(), array)


def test_flat_json_is_read_in_the_shape_that_it_says():
    content = json_request(ARRAYS)
    content["inputs"][0]["data"] = list(range(6))
    tensor = decode_body(encode(content), None, "m").inputs[0]
    np.testing.assert_array_equal(tensor.as_numpy(), ARRAYS["a"])


def test_binary_tensors_are_read():
    body, headers = binary_request(ARRAYS, top_k=2)
    request = decode_body(body, headers["Inference-Header-Content-Length"], "m")
    for tensor, array in zip(request.inputs, ARRAYS.values(), strict=True):
        np.testing.assert_array_equal(tensor.as_numpy(), array)
    assert request.parameters == {"top_k": 2}


def test_a_request_without_an_id_gets_one():
    first, second = (decode_body(encode({"inputs": []}), None, "m").id for _ in range(2))
    assert first
    assert first != second


def test_each_output_may_be_binary_or_follow_the_request():
    content = {
        "inputs": [],
        "parameters": {"binary_data_output": True},
        "outputs": [{"name": "x"}, {"name": "y", "parameters": {"binary_data": False}}],
    }
    outputs = decode_body(encode(content), None, "m").request_outputs
    assert [(output.name, output.binary_data) for output in outputs] == [("x", True), ("y", False)]


def one_input(**changes):
    tensor = {"name": "a", "shape": [2], "datatype": "FP32", "data": [1, 2]}
    tensor.update(changes)
    return {"inputs": [{key: value for key, value in tensor.items() if value is not ...}]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "the request must be an object"),
        ({}, "the request lacks 'inputs'"),
        ({"inputs": {}}, "inputs of the request must be a list"),
        ({"inputs": [1]}, "an input must be an object"),
        ({"inputs": [], "parameters": 1}, "parameters of the request must be an object"),
        ({"inputs": [], "id": 3}, "id must be text"),
        ({"inputs": [], "outputs": 3}, "outputs of the request must be a list"),
        ({"inputs": [], "outputs": [{}]}, "an output lacks 'name'"),
        (
            {"inputs": [], "outputs": [{"name": "x", "parameters": {"binary_data": 1}}]},
            "binary_data is '1'; it must be true or false",
        ),
        ({"inputs": [], "parameters": {"binary_data_output": "x"}}, "must be true or false"),
        (one_input(name=...), "an input lacks 'name'"),
        (one_input(shape=...), "a lacks 'shape'"),
        (one_input(datatype=...), "a lacks 'datatype'"),
        (one_input(data=...), "a needs either data or a binary_data_size"),
        (one_input(parameters={"binary_data_size": 8}), "a needs either data or a"),
        (one_input(shape=2), "shape of a must be a list"),
        (one_input(shape=[-1]), "a has shape [-1]; sizes are whole numbers"),
        (one_input(shape=[2.0]), "sizes are whole numbers"),
        (one_input(shape=[True]), "sizes are whole numbers"),
        (one_input(shape=[2**40]), "sizes are whole numbers"),
        (one_input(datatype="FP31"), "a is of type 'FP31', which no model takes"),
        (one_input(datatype="BYTES"), "a is of type 'BYTES'"),
        (one_input(data=3), "data of a must be a list"),
        (one_input(data=[[1], [2, 3]]), "a has data of uneven rows"),
        (one_input(data=["1", "2"]), "a has data that are not all numbers"),
        (one_input(data=[None, 1]), "a has data that are not all numbers"),
        (one_input(data=[True, False]), "a has data that are not all numbers"),
        (one_input(datatype="INT8", data=[1.5, 1]), "a has data that are not all numbers"),
        (one_input(datatype="INT8", data=[300, 1]), "a has numbers beyond int8"),
        (one_input(data=..., parameters={"binary_data_size": -1}), "has binary_data_size -1"),
        (one_input(data=..., parameters={"binary_data_size": "8"}), "has binary_data_size 8"),
        (one_input(data=..., parameters={"binary_data_size": 8}), "a should have 8 bytes; only 0"),
    ],
)
def test_what_the_protocol_does_not_have_is_told(content, message):
    with pytest.raises(InputError) as error:
        decode_body(encode(content), None, "m")
    assert message in str(error.value)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"inputs": [NaN]}'])
def test_what_is_no_json_is_told(body):
    with pytest.raises(InputError, match="not whole JSON"):
        decode_body(body, None, "m")


@pytest.mark.parametrize("length", ["", "-1", "1e3", "x", "9" * 30, "٣", "100000"])
def test_a_wrong_length_of_the_header_is_told(length):
    with pytest.raises(InputError):
        decode_body(binary_request(ARRAYS)[0], length, "m")


def test_bytes_that_belong_to_nothing_are_told():
    body, headers = binary_request(ARRAYS)
    with pytest.raises(InputError, match="3 bytes follow that belong to no input"):
        decode_body(body + b"abc", headers["Inference-Header-Content-Length"], "m")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_body_cut_anywhere_is_told(data):
    body, headers = binary_request(ARRAYS, seed=1)
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(InputError):
        decode_body(body[:cut], headers["Inference-Header-Content-Length"], "m")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["inputs", "outputs", "parameters", "name", "shape", "datatype", "data", "id"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
@settings(max_examples=200, deadline=None)
def test_any_json_is_read_or_refused(content):
    try:
        body = orjson.dumps(content)
    except TypeError:  # whole numbers that JSON libraries do not all write
        return
    with contextlib.suppress(InputError):
        decode_body(body, None, "m")
