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
        ([], "request.*object"),
        ({}, "request.*'inputs'"),
        ({"inputs": {}}, "inputs.*list"),
        ({"inputs": [1]}, "input.*object"),
        ({"inputs": [], "parameters": 1}, "parameters.*object"),
        ({"inputs": [], "id": 3}, "^id.*text"),
        ({"inputs": [], "outputs": 3}, "outputs.*list"),
        ({"inputs": [], "outputs": [{}]}, "output.*'name'"),
        (
            {"inputs": [], "outputs": [{"name": "x", "parameters": {"binary_data": 1}}]},
            "binary_data.*'1'",
        ),
        ({"inputs": [], "parameters": {"binary_data_output": "x"}}, "binary_data_output.*'x'"),
        (one_input(name=...), "input.*'name'"),
        (one_input(shape=...), "^a .*'shape'"),
        (one_input(datatype=...), "^a .*'datatype'"),
        (one_input(data=...), "^a .*data.*binary_data_size"),
        (one_input(parameters={"binary_data_size": 8}), "^a .*data.*binary_data_size"),
        (one_input(shape=2), r"shape.* a\b.*list"),
        (one_input(shape=[-1]), r"^a .*\[-1\]"),
        (one_input(shape=[2.0]), r"^a .*\[2\.0\]"),
        (one_input(shape=[True]), r"^a .*\[True\]"),
        (one_input(shape=[2**40]), r"^a .*\[1099511627776\]"),
        (one_input(datatype="FP31"), "^a .*'FP31'"),
        (one_input(datatype="BYTES"), "^a .*'BYTES'"),
        (one_input(data=3), r"data.* a\b.*list"),
        (one_input(data=[[1], [2, 3]]), "^a .*rows"),
        (one_input(data=["1", "2"]), "^a .*float32"),
        (one_input(data=[None, 1]), "^a .*float32"),
        (one_input(data=[True, False]), "^a .*float32"),
        (one_input(datatype="INT8", data=[1.5, 1]), "^a .*type int8"),
        (one_input(datatype="INT8", data=[300, 1]), "^a .*beyond int8"),
        (one_input(data=..., parameters={"binary_data_size": -1}), "^a .*binary_data_size.*-1"),
        (one_input(data=..., parameters={"binary_data_size": "8"}), "^a .*binary_data_size.*8"),
        (one_input(data=..., parameters={"binary_data_size": 8}), "^a .* 8 .* 0 "),
    ],
)
def test_what_the_protocol_does_not_have_is_told(content, message):
    with pytest.raises(InputError, match=message):
        decode_body(encode(content), None, "m")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"inputs": [NaN]}'])
def test_what_is_no_json_is_told(body):
    with pytest.raises(InputError, match="JSON"):
        decode_body(body, None, "m")


@pytest.mark.parametrize("length", ["", "-1", "1e3", "x", "9" * 30, "٣", "100000"])
def test_a_wrong_length_of_the_header_is_told(length):
    with pytest.raises(InputError):
        decode_body(binary_request(ARRAYS)[0], length, "m")


def test_bytes_that_belong_to_nothing_are_told():
    body, headers = binary_request(ARRAYS)
    with pytest.raises(InputError, match=r"\b3\b"):
        decode_body(body + b"abc", headers["Inference-Header-Content-Length"], "m")


@given(st.data())
@settings(max_examples=60)
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
@settings(max_examples=200)
def test_any_json_is_read_or_refused(content):
    try:
        body = orjson.dumps(content)
    except TypeError:  # whole numbers that JSON libraries do not all write
        return
    with contextlib.suppress(InputError):
        decode_body(body, None, "m")


@pytest.mark.parametrize(
    ("part", "named"),
    [(b"{},", "objects"), (b'"",', "quotes"), (b"[],", "lists"), (b"0,", "commas")],
)
def test_a_body_of_very_many_values_is_refused_before_it_is_parsed(part, named, monkeypatch):
    monkeypatch.setattr("orjson.loads", pytest.fail)
    body = b'{"inputs":[' + part * (31_000_000 // len(part)) + b"0]}"
    with pytest.raises(InputError, match=f"JSON has .* {named}; a request may have"):
        decode_body(body, None, "m")


def test_as_many_values_as_the_largest_request_has_are_read():
    pixels = np.zeros((32, 128, 128, 1), np.float32)
    tensor = decode_body(orjson.dumps(json_request({"image": pixels})), None, "m").inputs[0]
    assert tensor.as_numpy().shape == pixels.shape
