import dataclasses
import json
import os

import numpy as np
import onnx
import pytest

from fag_tf.deployment import export
from fag_tf.deployment.agreement import LOG_DENSITY_TOLERANCE, SIZES, Difference
from fag_tf.deployment.export import ExportReport, export_model
from fag_tf.deployment.model_card_files import read_card
from fag_tf.errors import InputError


@pytest.fixture
def altered(stand_in_module):
    """Make a module whose `serving` is that of the stand-in, its outputs changed."""
    import tensorflow as tf

    def make(change, change_sample=lambda outputs, seed: outputs):
        class Altered(tf.Module):
            def __init__(self):
                super().__init__()
                self.inner = stand_in_module

            @tf.function
            def serving(self, **inputs):
                return change(self.inner.serving(**inputs))

            @tf.function
            def sample(self, image, gripper, num_samples, seed):
                outputs = self.inner.sample(
                    image=image, gripper=gripper, num_samples=num_samples, seed=seed
                )
                return change_sample(outputs, seed)

        return Altered()

    return make


def with_action(outputs, action):
    return {**outputs, "action": action}


def test_the_directory_holds_saved_model_onnx_and_card(stand_in_model):
    names = {str(path.relative_to(stand_in_model)) for path in stand_in_model.rglob("*")}
    assert {"1/saved_model.pb", "1/variables", "1/model.onnx", "1/model.json"} <= names


def test_the_signatures_have_the_agreed_names_shapes_and_types(stand_in_model):
    import tensorflow as tf

    signatures = tf.saved_model.load(str(stand_in_model / "1")).signatures
    serving, sample = signatures["serving_default"], signatures["sample"]
    inputs = serving.structured_input_signature[1]
    assert {name: spec.shape.as_list() for name, spec in inputs.items()} == {
        "image": [None, 128, 128, 1],
        "gripper": [None, 6],
        "latent": [None, None, 4],
    }
    assert set(serving.structured_outputs) == {"action", "feasibility"}
    inputs = sample.structured_input_signature[1]
    assert set(inputs) == {"image", "gripper", "num_samples", "seed"}
    assert (inputs["num_samples"].shape, inputs["num_samples"].dtype) == ([], tf.int32)
    assert (inputs["seed"].shape, inputs["seed"].dtype) == ([2], tf.int32)
    assert set(sample.structured_outputs) == {"action", "feasibility"}


def test_the_onnx_graph_names_its_free_sizes_and_uses_standard_operators(stand_in_model):
    model = onnx.load(stand_in_model / "1" / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    sizes = {
        value.name: [part.dim_param or part.dim_value for part in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert sizes == {
        "image": ["B", 128, 128, 1],
        "gripper": ["B", 6],
        "latent": ["B", "N", 4],
        "action": ["B", "N", 3],
        "feasibility": ["B", "N"],
    }
    assert [part.version for part in model.opset_import if part.domain == ""] == [18]
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}


def test_the_card_states_the_differences_found(stand_in_model):
    found = read_card(stand_in_model / "1" / "model.json").figures["export"]
    assert found["sizes"] == [list(size) for size in SIZES]
    for artefact in ("savedmodel", "onnx"):
        assert 0 <= found["largest_difference"][artefact]["action"] <= found["tolerance"]


def test_nothing_of_this_machine_is_in_the_files(stand_in_model):
    here = os.getcwd().encode()
    for path in stand_in_model.rglob("*"):
        if path.is_file():
            assert here not in path.read_bytes(), path


def test_the_report_gives_directory_and_differences(stand_in_module, stand_in_card, tmp_path):
    report = export_model(stand_in_module, stand_in_card, tmp_path / "model" / "7")
    assert isinstance(report, ExportReport)
    assert report.directory == tmp_path / "model" / "7"
    assert report.differences["savedmodel"] == Difference(0.0, 0.0)


def nothing_is_left(folder):
    return not any(path.is_file() for path in folder.rglob("*"))


def test_an_operation_without_onnx_form_is_refused_and_nothing_is_left(
    altered, stand_in_card, tmp_path
):
    import tensorflow as tf

    module = altered(lambda outputs: with_action(outputs, tf.math.erfinv(outputs["action"])))
    with pytest.raises(InputError, match="Erfinv") as caught:
        export_model(module, stand_in_card, tmp_path)
    assert "\n" not in str(caught.value)
    assert nothing_is_left(tmp_path)


def eagerly_changed(change):
    """The live module's numbers, changed, in place of those that are exported."""
    eagerly = export._eagerly

    def changed(serving):
        run = eagerly(serving)
        return lambda inputs: change(run(inputs))

    return changed


def test_a_difference_to_the_live_actor_is_refused_and_nothing_is_left(
    stand_in_module, stand_in_card, tmp_path, monkeypatch
):
    more = eagerly_changed(lambda samples: samples._replace(feasibility=samples.feasibility + 0.01))
    monkeypatch.setattr("fag_tf.deployment.export._eagerly", more)
    with pytest.raises(InputError, match=r"savedmodel.*\b0\.01\b"):
        export_model(stand_in_module, stand_in_card, tmp_path)
    assert nothing_is_left(tmp_path)


def test_a_whole_period_is_no_difference(stand_in_module, stand_in_card, tmp_path, monkeypatch):
    period = np.float32([0, 0, np.pi])
    turned = eagerly_changed(lambda samples: samples._replace(action=samples.action + period))
    monkeypatch.setattr("fag_tf.deployment.export._eagerly", turned)
    export_model(stand_in_module, stand_in_card, tmp_path)


def test_values_that_are_not_finite_are_a_difference(altered, stand_in_card, tmp_path):
    module = altered(lambda outputs: with_action(outputs, outputs["action"] * np.float32(np.nan)))
    with pytest.raises(InputError, match="nan"):
        export_model(module, stand_in_card, tmp_path)
    assert nothing_is_left(tmp_path)


def test_an_output_of_the_wrong_shape_is_refused(altered, stand_in_card, tmp_path):
    module = altered(lambda outputs: with_action(outputs, outputs["action"][..., :2]))
    with pytest.raises(InputError):
        export_model(module, stand_in_card, tmp_path)
    assert nothing_is_left(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda outputs, seed: with_action(outputs, 0.0 * outputs["action"]), "sample.*seed"),
        (
            lambda outputs, seed: with_action(outputs, outputs["action"][:, 1:]),
            r"sample.*\(1, 1, 3\)",
        ),
    ],
)
def test_a_sample_signature_that_does_not_sample_is_refused(
    change, message, altered, stand_in_card, tmp_path
):
    with pytest.raises(InputError, match=message):
        export_model(altered(lambda outputs: outputs, change), stand_in_card, tmp_path)
    assert nothing_is_left(tmp_path)


def test_a_card_that_cannot_be_written_leaves_nothing(stand_in_module, stand_in_card, tmp_path):
    card = dataclasses.replace(stand_in_card, figures={"rate": float("nan")})
    with pytest.raises(InputError, match="JSON"):
        export_model(stand_in_module, card, tmp_path)
    assert nothing_is_left(tmp_path)


def test_the_comparison_can_use_real_observations(
    stand_in_module, stand_in_card, observation, tmp_path
):
    seen = []

    def observe(rng, batch):
        seen.append(batch)
        return {name: np.repeat(array, batch, axis=0) for name, array in observation.items()}

    export_model(stand_in_module, stand_in_card, tmp_path, observe=observe)
    assert set(seen) == {batch for batch, _ in SIZES}


def test_the_card_is_plain_json(stand_in_model):
    content = json.loads((stand_in_model / "1" / "model.json").read_text())
    assert content["format_version"] == 1


def moved(samples, number):
    """The first grasps of the last state are others: by half a turn and in feasibility."""
    action, feasibility = samples.action.copy(), samples.feasibility.copy()
    if feasibility.size > 100:
        action[-1, :number, 2] += 1.5
        feasibility[-1, :number] += 0.5
    return samples._replace(action=action, feasibility=feasibility)


def test_another_choice_in_one_action_of_a_hundred_is_stated(
    stand_in_module, stand_in_card, tmp_path, monkeypatch
):
    jumped = eagerly_changed(lambda samples: moved(samples, 2))
    monkeypatch.setattr("fag_tf.deployment.export._eagerly", jumped)
    report = export_model(stand_in_module, stand_in_card, tmp_path)
    number = sum(batch * count for batch, count in SIZES)
    assert report.differences["savedmodel"] == Difference(0.0, 0.0, None, 2 / number)
    found = read_card(report.directory / "model.json").figures["export"]
    assert found["share_of_other_choices"]["savedmodel"] == 2 / number
    assert found["largest_difference"]["onnx"]["feasibility"] <= found["tolerance"]


def test_another_choice_in_more_actions_is_refused(
    stand_in_module, stand_in_card, tmp_path, monkeypatch
):
    jumped = eagerly_changed(lambda samples: moved(samples, 3))
    monkeypatch.setattr("fag_tf.deployment.export._eagerly", jumped)
    with pytest.raises(InputError, match="savedmodel"):
        export_model(stand_in_module, stand_in_card, tmp_path)
    assert nothing_is_left(tmp_path)


def test_one_value_that_is_no_number_is_no_choice(
    stand_in_module, stand_in_card, tmp_path, monkeypatch
):
    def spoil(samples):
        feasibility = samples.feasibility.copy()
        feasibility[0, 0] = np.nan
        return samples._replace(feasibility=feasibility)

    monkeypatch.setattr("fag_tf.deployment.export._eagerly", eagerly_changed(spoil))
    with pytest.raises(InputError, match="nan"):
        export_model(stand_in_module, stand_in_card, tmp_path)


def test_a_log_density_is_in_both_signatures_and_the_graph_by_its_name(dense_model):
    import tensorflow as tf

    signatures = tf.saved_model.load(str(dense_model / "1")).signatures
    for name in ("serving_default", "sample"):
        outputs = signatures[name].structured_outputs
        assert set(outputs) == {"action", "feasibility", "log_density"}
        assert outputs["log_density"].shape.as_list() == [None, None]
    graph = onnx.load(dense_model / "1" / "model.onnx").graph
    (output,) = (value for value in graph.output if value.name == "log_density")
    assert [part.dim_param for part in output.type.tensor_type.shape.dim] == ["B", "N"]
    assert len(graph.output) == 3


def test_the_card_states_the_difference_of_the_log_density(dense_model, stand_in_model):
    found = read_card(dense_model / "1" / "model.json").figures["export"]
    assert set(found["mean_difference_of_log_density"]) == {"savedmodel", "onnx"}
    for difference in found["mean_difference_of_log_density"].values():
        assert 0 <= difference <= found["log_density_tolerance"] == LOG_DENSITY_TOLERANCE
    assert "log_density" not in str(read_card(stand_in_model / "1" / "model.json").figures)


def test_a_log_density_that_differs_is_refused(dense_module, dense_card, tmp_path, monkeypatch):
    more = eagerly_changed(lambda samples: samples._replace(log_density=samples.log_density + 1.0))
    monkeypatch.setattr("fag_tf.deployment.export._eagerly", more)
    with pytest.raises(InputError, match=r"savedmodel.* 1 in the mean log density"):
        export_model(dense_module, dense_card, tmp_path)
    assert nothing_is_left(tmp_path)


def test_one_odd_log_density_among_many_is_no_difference(
    dense_module, dense_card, tmp_path, monkeypatch
):
    def one_less(samples):
        apart = np.zeros_like(samples.log_density)
        apart[-1, -1] = samples.log_density.size > 100
        return samples._replace(log_density=samples.log_density + apart)

    monkeypatch.setattr("fag_tf.deployment.export._eagerly", eagerly_changed(one_less))
    export_model(dense_module, dense_card, tmp_path)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_log_density_that_is_no_number_is_a_difference(
    value, dense_module, dense_card, tmp_path, monkeypatch
):
    spoilt = eagerly_changed(
        lambda samples: samples._replace(log_density=np.full_like(samples.log_density, value))
    )
    monkeypatch.setattr("fag_tf.deployment.export._eagerly", spoilt)
    with pytest.raises(InputError, match="mean log density"):
        export_model(dense_module, dense_card, tmp_path)


def test_a_log_density_of_the_wrong_shape_is_refused(altered, dense_card, tmp_path):
    module = altered(lambda outputs: {**outputs, "log_density": outputs["feasibility"][:, :1]})
    with pytest.raises(InputError, match=r"log_density.*\(2, 1\)"):
        export_model(module, dense_card, tmp_path)
    assert nothing_is_left(tmp_path)


def test_a_card_that_lists_a_log_density_needs_one(stand_in_module, altered, dense_card, tmp_path):
    with pytest.raises(InputError, match="log_density"):
        export_model(stand_in_module, dense_card, tmp_path)
    only_in_serving = altered(lambda outputs: {**outputs, "log_density": outputs["feasibility"]})
    with pytest.raises(InputError, match=r"sample.*no log_density"):
        export_model(only_in_serving, dense_card, tmp_path)
    assert nothing_is_left(tmp_path)
