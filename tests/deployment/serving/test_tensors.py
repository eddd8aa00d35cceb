import numpy as np
import pytest
from kserve import InferInput, InferRequest

from fag_tf.deployment.serving.tensors import arrays_of, datatype_of, tensor_metadata
from fag_tf.deployment.tensor_entries import Component, TensorEntry
from fag_tf.errors import InputError

ENTRIES = {
    "x": TensorEntry(("B", 2), (Component("x"),)),
    "mask": TensorEntry(("B",), (Component("mask"),), "uint8"),
}


def tensor(name="x", shape=(1, 2), datatype="FP32", data=None, raw=None):
    each = InferInput(name, list(shape), datatype, data)
    each._raw_data = raw
    return each


def read(*tensors):
    return arrays_of(InferRequest("m", list(tensors)), ENTRIES)


def test_types_have_the_protocols_names():
    assert [datatype_of(entry) for entry in ENTRIES.values()] == ["FP32", "UINT8"]


def test_metadata_say_minus_one_where_a_size_is_free(sampler):
    assert tensor_metadata(ENTRIES) == [
        {"name": "x", "datatype": "FP32", "shape": [-1, 2]},
        {"name": "mask", "datatype": "UINT8", "shape": [-1]},
    ]
    shapes = {each["name"]: each["shape"] for each in tensor_metadata(sampler.card.inputs)}
    assert shapes == {
        "image": [-1, 128, 128, 1],
        "gripper": [-1, 6],
        "latent": [-1, -1, sampler.card.latent_dim],
    }


def test_lists_and_bytes_become_arrays():
    arrays = read(
        tensor(raw=np.array([1, 2], np.float32).tobytes()), tensor("mask", [3], "UINT8", [1, 0, 1])
    )
    np.testing.assert_array_equal(arrays["x"], np.array([[1, 2]], np.float32))
    np.testing.assert_array_equal(arrays["mask"], np.array([1, 0, 1], np.uint8))


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ([tensor("y", data=[1, 2])], "'y'.*x, mask"),
        ([tensor(data=[1, 2])] * 2, "'x'.*twice"),
        ([tensor(datatype="FP64", data=[1, 2])], "x.*FP64.*FP32"),
        ([tensor(raw=b"1234567")], r"^x.*\b8\b.*\b7\b"),
        ([tensor(raw=b"")], r"^x.*\b8\b.*\b0\b"),
        ([tensor(data=[1])], r"^x.*\b2 .*\b1\b"),
        ([tensor(shape=[10**9, 10**9], data=[1])], r"^x.*\b10{18}\b.*\b1\b"),
        ([tensor(shape=[-1, -2], data=[1, 2])], r"^x.*\[-1, -2\]"),
        ([tensor("mask", [1], "UINT8", [300])], "^mask.*UINT8"),
    ],
)
def test_a_wrong_tensor_is_told(tensors, message):
    with pytest.raises(InputError, match=message):
        read(*tensors)
