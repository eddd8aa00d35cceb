"""Graphs that would do more than compute are refused before anything of them runs."""

import pytest

from fag_tf.deployment.model_folders import find_version, shipped_model
from fag_tf.deployment.saved_model_check import check_saved_model
from fag_tf.errors import InputError


def saved(folder, act, init=False):
    """A SavedModel whose signature, or else the table that it makes when it is loaded, acts."""
    import tensorflow as tf

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.scale = tf.Variable(2.0)

        @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
        def serve(self, x):
            with tf.control_dependencies([act(tf)] if not init else []):
                return {"y": self.scale * x}

    model = Model()
    if init:
        model.table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(str(init), tf.string, 0, tf.string, 1), "x"
        )
    tf.saved_model.save(model, str(folder), signatures={"serving_default": model.serve})
    return folder / "saved_model.pb"


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("WriteFile", lambda tf: tf.io.write_file("PWNED", "x")),
        ("ReadFile", lambda tf: tf.io.read_file("/etc/hostname")),
        ("MatchingFiles", lambda tf: tf.io.matching_files("/*")),
        ("PyFunc", lambda tf: tf.numpy_function(lambda: 1, [], tf.int64)),
        ("PrintV2", lambda tf: tf.raw_ops.PrintV2(input="x", output_stream="file://PWNED")),
        (
            "SaveV2",
            lambda tf: tf.raw_ops.SaveV2(
                prefix="PWNED", tensor_names=["x"], shape_and_slices=[""], tensors=[1.0]
            ),
        ),
    ],
)
def test_a_graph_with_an_effect_is_refused_by_its_operation(name, act, tmp_path):
    path = saved(tmp_path / "model", act)
    with pytest.raises(InputError, match=f"saved_model.pb would do more.*{name}") as caught:
        check_saved_model(path)
    assert "\n" not in str(caught.value)


def test_what_would_run_while_it_is_loaded_is_refused(tmp_path):
    (tmp_path / "table.txt").write_text("a\tb\n")
    with pytest.raises(InputError, match="HashTable"):
        check_saved_model(saved(tmp_path / "model", None, init=tmp_path / "table.txt"))


def test_the_models_of_this_package_only_compute(tmp_path, stand_in_model):
    for model in (shipped_model(), stand_in_model):
        check_saved_model(find_version(model) / "saved_model.pb")
    check_saved_model(saved(tmp_path / "plain", lambda tf: tf.random.uniform([])))


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff")
    with pytest.raises(InputError, match=r"saved_model\.pb"):
        check_saved_model(tmp_path / "saved_model.pb")
