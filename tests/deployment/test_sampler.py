import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.deployment.sampler import SavedModel, load_model
from fag_tf.deployment.samples import Samples
from fag_tf.errors import InputError
from fag_tf.latents import LatentStream, draw_latent


@pytest.fixture(params=["onnx", "savedmodel"])
def sampler(request, stand_in_model) -> SavedModel:
    return load_model(stand_in_model, request.param)


@pytest.fixture
def copy_of_model(stand_in_model, tmp_path):
    """A copy of version 1 that a test may spoil."""
    return shutil.copytree(stand_in_model / "1", tmp_path / "copy" / "1")


def cut(path, share=0.5):
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])


# Noise


def test_the_latent_of_a_seed_is_the_stated_stream():
    unit = np.random.Generator(np.random.Philox(5)).random((2, 3, 4), np.float32)
    latent = draw_latent(5, 2, 3, 4)
    assert latent.dtype == np.float32
    np.testing.assert_array_equal(latent, 2 * unit - 1)


def test_successive_draws_for_one_state_join_into_one_longer_draw():
    stream = LatentStream(5, 4)
    parts = [stream.draw(1, 3), stream.draw(1, 7)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), draw_latent(5, 1, 10, 4))


@given(st.integers(0, 2**40), st.integers(1, 3), st.integers(1, 40), st.integers(1, 5))
@settings(max_examples=25)
def test_the_latent_lies_in_its_bounds_and_repeats(seed, batch, number, dim):
    latent = draw_latent(seed, batch, number, dim)
    assert latent.shape == (batch, number, dim)
    assert latent.min() >= -1
    assert latent.max() < 1
    np.testing.assert_array_equal(latent, draw_latent(seed, batch, number, dim))


def test_a_longer_draw_for_one_state_begins_with_the_shorter():
    np.testing.assert_array_equal(draw_latent(1, 1, 9, 3)[:, :4], draw_latent(1, 1, 4, 3))


@pytest.mark.parametrize("arguments", [(-1, 1, 1, 1), (0, 0, 1, 1), (0, 1, 0, 1)])
def test_a_negative_seed_or_an_empty_draw_is_refused(arguments):
    with pytest.raises(InputError):
        draw_latent(*arguments)


# Sampling


def test_samples_have_the_right_shapes_types_and_bounds(sampler, observation):
    twice = {name: np.repeat(array, 2, axis=0) for name, array in observation.items()}
    action, feasibility = sampler.sample(twice, 7, seed=0)
    assert action.shape == (2, 7, 3)
    assert feasibility.shape == (2, 7)
    assert action.dtype == feasibility.dtype == np.float32
    assert np.all(action[..., 2].astype(np.float64) < np.pi)
    assert np.all(action[..., 2] >= 0)


def test_the_same_seed_gives_the_same_actions_and_another_does_not(sampler, observation):
    first = sampler.sample(observation, 5, seed=1)[0]
    np.testing.assert_array_equal(first, sampler(observation, 5, 1)[0])
    np.testing.assert_array_equal(sampler(observation, 5, 0)[0], sampler.sample(observation, 5)[0])
    np.testing.assert_array_equal(first, sampler.sample(observation, 5, seed=1)[0])
    assert not np.array_equal(first, sampler.sample(observation, 5, seed=2)[0])


def test_both_runtimes_give_the_same_actions(stand_in_model, observation):
    onnx, saved = (load_model(stand_in_model, runtime) for runtime in ("onnx", "savedmodel"))
    for ours, theirs in zip(
        onnx.sample(observation, 50, 3), saved.sample(observation, 50, 3), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_an_action_depends_on_its_own_latent_alone(sampler, observation):
    latent = draw_latent(0, 1, 9, 4)
    whole = sampler.run(observation, latent)[0]
    np.testing.assert_allclose(
        sampler.run(observation, latent[:, 4:5])[0], whole[:, 4:5], atol=1e-6
    )


def test_many_samples_in_parts_are_those_of_one_go(stand_in_model, observation, monkeypatch):
    sampler = load_model(stand_in_model)
    whole = sampler.sample(observation, 100, 0)[0]
    monkeypatch.setattr("fag_tf.deployment.sampler.MAX_ACTIONS_AT_ONCE", 7)
    np.testing.assert_allclose(sampler.sample(observation, 100, 0)[0], whole, atol=1e-6)


@pytest.mark.parametrize(
    ("batch", "count", "parts"),
    [
        (1, 50, [(1, 50)]),
        (2, 50, [(1, 50), (1, 50)]),
        (3, 20, [(2, 20), (1, 20)]),
        (2, 100, [(1, 64), (1, 36), (1, 64), (1, 36)]),
        (65, 1, [(64, 1), (1, 1)]),
    ],
)
def test_parts_hold_all_actions_of_some_states_or_a_power_of_two_of_one(
    batch, count, parts, stand_in_model, observation, monkeypatch
):
    sampler = load_model(stand_in_model)
    sizes = []

    def run(inputs):
        states, count = inputs["latent"].shape[:2]
        assert all(len(array) == states for array in inputs.values())
        sizes.append((states, count))
        none = np.zeros((states, count), np.float32)
        return Samples(np.zeros((states, count, 3), np.float32), none)

    monkeypatch.setattr("fag_tf.deployment.sampler.MAX_ACTIONS_AT_ONCE", 64)
    monkeypatch.setattr(sampler, "_run", run)
    several = {name: np.repeat(array, batch, axis=0) for name, array in observation.items()}
    assert sampler.sample(several, count, 0)[0].shape == (batch, count, 3)
    assert sizes == parts


def test_onnx_runs_without_importing_tensorflow(stand_in_model):
    code = (
        "import sys, numpy as np; from fag_tf.deployment.sampler import load_model;"
        f"s = load_model({str(stand_in_model)!r});"
        "s.sample({'image': np.ones((1, 128, 128, 1)), 'gripper': np.array([[.085, .022, .0135, .5,"
        " .001, .03]])}, 3, 0); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("gripper"), r"\['image'\].*\['gripper', 'image'\]"),
        (lambda state: state.update(extra=np.zeros((1, 2))), "'extra'"),
        (lambda state: state.update(image=np.zeros((1, 64, 64, 1))), r"image.*\(1, 64, 64, 1\)"),
        (lambda state: state.update(gripper=np.zeros(())), r"gripper.*\(\)"),
        (lambda state: state.update(image=np.full((1, 128, 128, 1), np.nan)), "image.*finite"),
        (lambda state: state.update(image=np.full((1, 128, 128, 1), 255.0)), "occupancy.*255"),
        (lambda state: state.update(image=np.zeros((2, 128, 128, 1))), "'image': 2, 'gripper': 1"),
        (
            lambda state: state.update(image=np.zeros((0, 128, 128, 1)), gripper=np.zeros((0, 6))),
            "'image': 0, 'gripper': 0",
        ),
    ],
)
def test_an_observation_that_does_not_fit_is_refused(change, message, stand_in_model, observation):
    change(observation)
    with pytest.raises(InputError, match=message):
        load_model(stand_in_model).sample(observation, 1, 0)


def test_a_gripper_outside_the_trained_range_is_refused_by_name(stand_in_model, observation):
    observation["gripper"][0, 0] = 0.2
    with pytest.raises(InputError, match=r"gripper opening.*0\.2\b.*0\.02.*0\.15"):
        load_model(stand_in_model).sample(observation, 1, 0)


def test_the_ends_of_a_trained_range_belong_to_it(stand_in_model, observation):
    observation["gripper"][0] = np.float32([0.110, 0.010, 0.020, 0.3, 0.002, 0.060])
    load_model(stand_in_model).sample(observation, 1, 0)


# Log density


@pytest.mark.parametrize("runtime", ["onnx", "savedmodel"])
def test_draw_gives_the_samples_and_their_log_density(
    runtime, dense_model, observation, monkeypatch
):
    monkeypatch.setattr("fag_tf.deployment.sampler.MAX_ACTIONS_AT_ONCE", 16)
    sampler = load_model(dense_model, runtime)
    assert sampler.card.gives_log_density
    twice = {name: np.repeat(array, 2, axis=0) for name, array in observation.items()}
    samples = sampler.draw(twice, 30, seed=3)
    action, feasibility = sampler.sample(twice, 30, seed=3)
    np.testing.assert_array_equal(samples.action, action)
    np.testing.assert_array_equal(samples.feasibility, feasibility)
    assert samples.log_density.dtype == np.float32
    np.testing.assert_allclose(samples.log_density, 2.0 - 100.0 * action[..., 0], atol=1e-5)


def test_a_model_without_a_log_density_says_so(sampler, observation):
    assert not sampler.card.gives_log_density
    assert sampler.draw(observation, 3, seed=0).log_density is None


def test_the_first_release_has_no_log_density_and_works(observation):
    sampler = load_model(Path(__file__).parents[1] / "reference" / "first_model")
    samples = sampler.draw(observation, 3, seed=0)
    assert samples.log_density is None
    np.testing.assert_array_equal(samples.action, sampler.sample(observation, 3, seed=0)[0])


def test_the_shipped_model_has_a_log_density(observation):
    samples = load_model().draw(observation, 300, seed=0)
    # Draws from a density on a set have a mean of 1/q that is the area of the set: here it lies
    # within the action space, and it is no point.
    area = np.mean(np.exp(-samples.log_density))
    assert 1e-6 < area < load_model().card.action_space.volume


# Finding and loading


def test_an_unknown_runtime_is_refused(stand_in_model):
    with pytest.raises(InputError, match="'torch'"):
        load_model(stand_in_model, "torch")  # type: ignore[arg-type]


def test_a_missing_directory_a_file_and_an_empty_directory_are_refused(tmp_path):
    with pytest.raises(InputError, match="/none"):
        load_model(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="/file"):
        load_model(tmp_path / "file")
    with pytest.raises(InputError, match=rf"^{tmp_path} .*model\.json"):
        load_model(tmp_path)


@pytest.mark.parametrize("runtime", ["onnx", "savedmodel"])
def test_a_missing_card_is_an_error_and_not_an_older_version(runtime, copy_of_model):
    shutil.copytree(copy_of_model, copy_of_model.parent / "2")
    (copy_of_model.parent / "2" / "model.json").unlink()
    with pytest.raises(InputError, match=r"2/model\.json"):
        load_model(copy_of_model.parent, runtime)


@pytest.mark.parametrize(
    ("runtime", "file"), [("onnx", "model.onnx"), ("savedmodel", "saved_model.pb")]
)
def test_a_missing_model_file_is_named(runtime, file, copy_of_model):
    (copy_of_model / file).unlink()
    with pytest.raises(InputError, match=f" {file}"):
        load_model(copy_of_model, runtime)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize(
    ("runtime", "file"),
    [
        ("onnx", "model.onnx"),
        ("savedmodel", "saved_model.pb"),
        ("savedmodel", "variables/variables.index"),
        ("savedmodel", "variables/variables.data-00000-of-00001"),
    ],
)
@pytest.mark.parametrize("with_sums", [True, False], ids=["sums", "no sums"])
def test_a_truncated_model_file_is_refused_in_one_line(
    runtime, file, share, with_sums, copy_of_model
):
    if not with_sums:  # a card may do without them; then the libraries must notice
        card = json.loads((copy_of_model / "model.json").read_text())
        del card["files"]
        (copy_of_model / "model.json").write_text(json.dumps(card))
    cut(copy_of_model / file, share)
    with pytest.raises(InputError) as caught:
        load_model(copy_of_model, runtime)
    assert "\n" not in str(caught.value)
    assert str(copy_of_model) in str(caught.value)


@pytest.mark.parametrize(
    ("runtime", "file"),
    [("onnx", "model.onnx"), ("savedmodel", "variables/variables.data-00000-of-00001")],
)
def test_a_single_wrong_bit_is_noticed(runtime, file, copy_of_model):
    data = bytearray((copy_of_model / file).read_bytes())
    data[len(data) // 2] ^= 1
    (copy_of_model / file).write_bytes(data)
    with pytest.raises(InputError, match=f"{file}.*SHA-256"):
        load_model(copy_of_model, runtime)


@pytest.mark.parametrize("name", ["action", "feasibility", "log_density"])
def test_answers_that_are_not_numbers_are_refused(name, dense_model, observation, monkeypatch):
    sampler = load_model(dense_model)
    run = sampler._run

    def broken(inputs):
        samples = run(inputs)
        return samples._replace(**{name: getattr(samples, name) * np.nan})

    monkeypatch.setattr(sampler, "_run", broken)
    with pytest.raises(InputError, match=f"{name}.*finite"):
        sampler.sample(observation, 4, seed=0)


def test_the_card_of_another_model_is_refused(copy_of_model):
    path = copy_of_model / "model.json"
    card = json.loads(path.read_text())
    card["inputs"]["scene"] = card["inputs"].pop("gripper")
    path.write_text(json.dumps(card))
    for runtime in ("onnx", "savedmodel"):
        with pytest.raises(InputError, match=r"'gripper'.*'scene'"):
            load_model(copy_of_model, runtime)


# Latents from outside


def test_a_latent_that_fits_is_passed_on(stand_in_model):
    sampler = load_model(stand_in_model)
    latent = draw_latent(0, 2, 3, 4)
    np.testing.assert_array_equal(sampler.check_latent(latent.tolist(), 2), latent)


@pytest.mark.parametrize(
    ("latent", "message"),
    [
        (np.zeros((2, 3, 5)), r"latent.*\(2, 3, 5\)"),
        (np.zeros((2, 4)), r"latent.*\(2, 4\)"),
        (np.zeros((1, 3, 4)), r"latent.*\(1, 3, 4\).*\b2\b"),
        (np.zeros((2, 0, 4)), r"latent.*\(2, 0, 4\)"),
        (np.full((2, 3, 4), np.inf), "latent.*finite"),
        (np.full((2, 3, 4), -1.01), r"latent.*-1\.01\b.*-1 to 1"),
    ],
)
def test_a_latent_that_does_not_fit_is_told(stand_in_model, latent, message):
    with pytest.raises(InputError, match=message):
        load_model(stand_in_model).check_latent(latent, 2)


def test_a_model_that_maps_no_latents_says_so(observation):
    with pytest.raises(InputError, match="autoregressive"):
        load_model().map_latent(observation, np.zeros((1, 1, 3)))
