import dataclasses
import shutil

import numpy as np
import pytest

from fag_tf.deployment.latent_mapping import MAPPING_FILE, LatentMapping, load_mapping
from fag_tf.deployment.model_folders import find_model
from fag_tf.deployment.sampler import load_model
from fag_tf.environments.registry import make_environment
from fag_tf.errors import InputError


@pytest.fixture(scope="module")
def model():
    return load_model("spline_path")


@pytest.fixture(scope="module")
def observed():
    environment = make_environment("spline_path")
    return environment.observe(environment.draw_states(np.random.default_rng(0), 3))


def latents(seed, *sizes):
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (*sizes, 5)).astype(np.float32)


def of_state(observed, number):
    return {name: array[number : number + 1] for name, array in observed.items()}


def test_latents_become_actions_of_the_space_with_their_density(model, observed):
    actions, feasibility, log_density = model.map_latent(observed, latents(1, 3, 200))
    assert actions.shape == (3, 200, 5)
    assert feasibility.shape == log_density.shape == (3, 200)
    assert np.all(np.abs(actions) <= 1.0)
    assert np.all((feasibility >= 0.0) & (feasibility <= 1.0))
    # The mean of one over the density is the size of what is reached, at most the whole space.
    assert np.all(np.mean(np.exp(-log_density), axis=1) < model.card.action_space.volume)


def test_the_last_axis_increases_with_its_latent_and_leaves_the_others(model, observed):
    latent = np.repeat(latents(2, 3, 1), 60, axis=1)
    latent[..., -1] = np.linspace(-1.0, 1.0, 60)
    actions, _, _ = model.map_latent(observed, latent)
    assert np.all(np.diff(actions @ _ahead(observed), axis=1) > -1e-5)


def _ahead(observed):
    """The vehicle's left, in which the last axis of the path's end is measured, `[3, 5, 1]`."""
    cos, sin = observed["pose"][:, 2], observed["pose"][:, 3]
    zero = np.zeros_like(cos)
    return np.stack([zero, zero, zero, -sin, cos], axis=-1)[..., None]


def test_the_number_of_states_and_latents_changes_nothing(model, observed):
    latent = latents(3, 3, 12)
    together = model.map_latent(observed, latent)
    for count in range(1, 13):  # more sizes than there are sessions for
        found = model.map_latent(of_state(observed, 1), latent[1:2, :count])
        for ours, theirs in zip(found, together, strict=True):
            np.testing.assert_allclose(ours[0], theirs[1, :count], atol=1e-4)


def test_it_is_what_the_model_gives_when_all_its_candidates_are_the_same(model, observed):
    latent = latents(4, 3, 50)
    candidates = (model.card.latent_dim - 1) // 5
    choice = np.zeros((3, 50, 1), np.float32)
    whole = model.run(observed, np.concatenate([latent] * candidates + [choice], axis=-1))
    actions, feasibility, log_density = model.map_latent(observed, latent)
    np.testing.assert_allclose(actions, whole.action, atol=1e-4)
    np.testing.assert_allclose(feasibility, whole.feasibility, atol=1e-3)
    np.testing.assert_allclose(log_density, whole.log_density, atol=1e-2)


def test_wrong_shapes_and_numbers_are_refused(model, observed):
    latent = latents(5, 3, 2)
    for wrong in (latent[:2], latent[..., :4], latent[:, :0], latent + 2.0, latent * np.nan):
        with pytest.raises(InputError):
            model.map_latent(observed, wrong)
    with pytest.raises(InputError, match="inputs"):
        model.map_latent({"pose": observed["pose"]}, latent)


def test_a_damaged_file_and_one_that_is_missing_are_told(model, tmp_path):
    directory = tmp_path / "1"
    shutil.copytree(find_model("spline_path"), directory)
    (directory / MAPPING_FILE).write_bytes(b"not a graph")
    with pytest.raises(InputError, match="SHA-256"):
        load_mapping(directory, model.card)
    with pytest.raises(InputError, match="cannot load"):
        LatentMapping(directory / MAPPING_FILE)(of_state({}, 0), latents(6, 1, 1))
    (directory / MAPPING_FILE).unlink()
    with pytest.raises(InputError, match="cannot read"):
        load_mapping(directory, model.card)
    files = {name: sum_ for name, sum_ in model.card.files.items() if name != MAPPING_FILE}
    with pytest.raises(InputError, match="autoregressive"):
        load_mapping(directory, dataclasses.replace(model.card, files=files))
