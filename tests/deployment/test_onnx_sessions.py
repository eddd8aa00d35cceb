import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from fag_tf.deployment.onnx_sessions import open_session
from fag_tf.errors import InputError


@pytest.fixture
def doubled(tmp_path):
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N"]) for n in ("x", "y")]
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])], "graph", values[:1], values[1:]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, tmp_path / "a.onnx")
    return tmp_path / "a.onnx"


def test_a_file_computes_for_any_sizes_or_for_one(doubled):
    numbers = np.arange(3, dtype=np.float32)
    for session in (open_session(doubled), open_session(doubled, {"N": 3}, threads=0)):
        np.testing.assert_array_equal(session.run(["y"], {"x": numbers})[0], 2 * numbers)
    assert open_session(doubled, {"N": 3}).get_inputs()[0].shape == [3]


def test_what_is_no_graph_is_told_in_a_line(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"no graph")
    with pytest.raises(InputError, match=r"cannot load .*a\.onnx") as told:
        open_session(tmp_path / "a.onnx")
    assert len(str(told.value).splitlines()) == 1
