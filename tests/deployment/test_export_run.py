import json

import numpy as np
import pytest

from fag_tf.deployment.export_run import export_run
from fag_tf.deployment.model_card_files import read_card
from fag_tf.deployment.runtimes import load_onnx
from fag_tf.deployment.sampler import load_model
from fag_tf.environments.toys.planar import Boxes
from fag_tf.errors import InputError
from fag_tf.latents import draw_latent
from fag_tf.training.build import build_trainer
from fag_tf.training.run import create_run
from reference.tiny_runs import as_graphs, eagerly, tiny_config

assert eagerly

SHALLOW = ("actor.depth=1", "critic.depth=1")
"""Most of an export's time is the conversion, which grows with the number of layers."""


def test_a_run_without_a_checkpoint_is_not_exported(tmp_path):
    run = create_run(tmp_path / "run", tiny_config())
    with pytest.raises(InputError, match="no checkpoint"):
        export_run(run, tmp_path / "model", poses=0)
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_what_is_exported_gives_the_averaged_actors_samples_and_its_figures(tmp_path):
    run = create_run(tmp_path / "run", tiny_config())
    run.train(run.trainer())
    report = export_run(run, tmp_path / "boxes", poses=1, num_samples=64)
    assert report.directory == tmp_path / "boxes" / "1"
    policy, _, interactions = run.trained_policy()
    environment = run.environment
    observation = environment.observe(environment.draw_states(np.random.default_rng(0), 2))
    live = policy(observation, 33, seed=5)
    for runtime in ("onnx", "savedmodel"):
        drawn = load_model(tmp_path / "boxes", runtime).sample(observation, 33, seed=5)
        for ours, theirs in zip(drawn, live, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)
    card = json.loads((report.directory / "model.json").read_text(encoding="utf-8"))
    assert card["figures"]["interactions"] == interactions
    assert card["training"]["env"] == "boxes"
    assert "feasible_rate" in card["figures"]["evaluation"]["mean"]["raw"]


class Untold(Boxes):
    """Boxes of which nobody knows the truth, that count the checks they are asked for."""

    truth = None
    checks = 0

    def feasibility(self, states, actions):
        type(self).checks += np.shape(actions)[0] * np.shape(actions)[1]
        return super().feasibility(states, actions)


@pytest.mark.slow
def test_where_there_is_no_truth_the_rate_takes_few_checks(tmp_path):
    run = create_run(tmp_path / "run", tiny_config(), Untold(dim=2, num_boxes=1))
    run.train(run.trainer())
    before = Untold.checks
    report = export_run(run, tmp_path / "boxes", poses=2)
    evaluation = read_card(report.directory / "model.json").figures["evaluation"]
    assert evaluation["num_samples"] == 256
    assert Untold.checks - before == evaluation["exact_checks"] == 2 * 2 * 256


@pytest.mark.slow
def test_an_exact_actor_is_exported_with_its_log_density(tmp_path):
    config = tiny_config(
        "actor.kind=autoregressive",  # which compares the axes with the boxes one by one
        *SHALLOW,
        "critic.warmup_steps=0",
        "trainer.steps=1",
    )
    run = create_run(tmp_path / "run", config)
    run.train(run.trainer())
    directory = export_run(run, tmp_path / "boxes", poses=0).directory
    card = read_card(directory / "model.json")
    observation = run.environment.observe(run.environment.draw_states(np.random.default_rng(0), 2))
    latent = draw_latent(5, 2, 33, card.latent_dim)
    expected = run.policy().serving(**observation, latent=latent)
    action, _, log_density = load_onnx(directory, card)({**observation, "latent": latent})
    np.testing.assert_allclose(action, expected["action"], atol=1e-4)
    np.testing.assert_allclose(log_density, expected["log_density"], atol=1e-3)
    _check_mapping(load_model(directory), run.policy(), observation)


def _check_mapping(model, policy, observation):
    latent = np.random.default_rng(6).uniform(-1.0, 1.0, (2, 33, 2)).astype(np.float32)
    found = model.map_latent(observation, latent)
    for ours, theirs in zip(found, policy.map_latent(observation, latent), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
    # One state or one latent at a time, or more kinds of sizes than are kept, change nothing.
    for count in range(1, 12):
        again = model.map_latent(observation, latent[:, :count])[0]
        np.testing.assert_allclose(again, found[0][:, :count], atol=1e-5)
    for wrong in (latent[:1], latent[..., :1], latent + 1.0, latent[:, :0]):
        with pytest.raises(InputError):
            model.map_latent(observation, wrong)


@pytest.mark.slow
@pytest.mark.parametrize("num_looks", [1, 2])
def test_the_scanning_actor_is_exported_with_its_log_density(num_looks, tmp_path):
    as_graphs()
    config = tiny_config(
        "env=planar_grasp",
        "env_options={}",
        "actor.kind=scanning",
        "actor.width=8",
        "critic.width=8",
        *SHALLOW,
        f"policy.num_looks={num_looks}",
    )
    run = create_run(tmp_path / "run", config, trainer=build_trainer(config))
    export_run(run, tmp_path / "grasps", poses=0)
    states = run.environment.draw_states(np.random.default_rng(0), 2)
    observation = run.environment.observe(states)
    for runtime in ("onnx", "savedmodel"):
        model = load_model(tmp_path / "grasps", runtime)
        (component,) = model.card.outputs["log_density"].components
        assert component.unit == "log(1/(m^2 rad))"
        samples = model.draw(observation, 100, seed=5)
        latent = draw_latent(5, 2, 100, model.card.latent_dim)
        expected = run.policy().serving(**observation, latent=latent)
        same = np.all(np.abs(samples.action - expected["action"]) < 1e-3, axis=-1)
        assert np.mean(same) >= 0.99  # where two holds tie, runtimes may choose another
        apart = np.abs(samples.log_density - expected["log_density"])[same]
        assert np.mean(apart) < 0.02
