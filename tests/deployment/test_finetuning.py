import json
import shutil

import numpy as np
import pytest

from fag_tf.cli.main import run as run_command
from fag_tf.config.parsing import config_from_dict, config_to_dict
from fag_tf.deployment.export_run import export_run
from fag_tf.deployment.finetuning import finetuning_values, load_weights
from fag_tf.deployment.model_card_files import read_card
from fag_tf.deployment.model_folders import find_version, shipped_model
from fag_tf.errors import InputError
from fag_tf.training.build import build_learner
from fag_tf.training.run import create_run, open_run
from reference.tiny_runs import eager, eagerly, tiny_config

assert eagerly


@pytest.fixture(scope="module")
def run_and_model(tmp_path_factory):
    """A tiny run and the model that was exported from it."""
    folder = tmp_path_factory.mktemp("finetuning")
    run = create_run(folder / "run", tiny_config())
    with eager():
        run.train(run.trainer())
        export_run(run, folder / "boxes", poses=0)
    return run, folder / "boxes"


@pytest.mark.slow
def test_the_networks_of_a_model_are_taken_over(run_and_model):
    run, model = run_and_model
    policy, environment = run.policy(), run.environment
    learner = build_learner(tiny_config("seed=5"), environment)
    load_weights(learner, model)
    rng = np.random.default_rng(0)
    observation = environment.observe(environment.draw_states(rng, 2))
    latent = rng.uniform(-1, 1, (2, 9, policy.actor.latent_dim)).astype(np.float32)
    actions = policy.actor(observation, latent)
    np.testing.assert_allclose(learner.actor(observation, latent), actions, atol=1e-6)
    averaged = learner.averaged_actor(observation, latent)
    np.testing.assert_allclose(averaged, actions, atol=1e-6)
    expected = policy.critic(observation, actions)
    for critic in (learner.critic, learner.averaged_critic):
        np.testing.assert_allclose(critic(observation, actions), expected, atol=1e-5)


@pytest.mark.slow
def test_networks_of_other_shapes_are_refused(run_and_model):
    run, model = run_and_model
    environment = run.environment
    for other in ("actor.width=20", "critic.depth=3"):
        with pytest.raises(InputError, match=f"{model}.*fit"):
            load_weights(build_learner(tiny_config(other), environment), model)


@pytest.mark.slow
def test_schedules_go_on_from_their_end(run_and_model):
    _, model = run_and_model
    config = config_from_dict(finetuning_values(model))
    assert config.env == "boxes"
    assert config.actor.width == 16
    assert {config.objective.bandwidth(progress) for progress in (0.0, 0.5, 1.0)} == {0.1}
    assert config.actor.learning_rate(0.0) > config.actor.learning_rate(1.0) > 0.0


@pytest.mark.slow
def test_a_model_is_finetuned_from_the_command_line_and_both_are_measured(
    run_and_model, tmp_path, capsys
):
    _, model = run_and_model
    out = tmp_path / "tuned"
    settings = (
        "trainer.steps=2",
        "trainer.log_every=1",
        "critic.warmup_steps=0",
        "collect.every=1",
    )
    options = [option for setting in settings for option in ("--set", setting)]
    code = run_command(["train", "--finetune", str(model), *options, "--out", str(out)])
    told = capsys.readouterr().err
    assert code == 0, told
    assert "before: feasible rate" in told
    assert "after: feasible rate" in told
    tuned = open_run(out)
    assert tuned.config.actor.width == 16
    assert json.loads((out / "config.json").read_text())["trainer"]["steps"] == 2


def test_a_model_that_says_nothing_of_its_training_is_refused(stand_in_model, tmp_path, capsys):
    model = shutil.copytree(stand_in_model, tmp_path / "model")
    card = json.loads((model / "1" / "model.json").read_text())
    (model / "1" / "model.json").write_text(json.dumps({**card, "training": {}}))
    arguments = ["--finetune", str(model), "--out", str(tmp_path / "out")]
    assert run_command(["train", *arguments]) == 2
    assert str(model) in capsys.readouterr().err
    other = tmp_path / "other.toml"
    assert run_command(["train", *arguments, "--config", str(other)]) == 2
    assert "--config" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_shipped_model_says_how_it_was_trained():
    config = config_from_dict(finetuning_values(shipped_model()))
    assert config.env == "planar_grasp"
    trained = read_card(find_version(shipped_model()) / "model.json").training
    read = config_to_dict(config_from_dict(trained))
    # Options that came after it.
    later = {"collect": {"tolerated_share": 0.1, "workers": 0, "max_interactions": 0}}
    assert read == {
        name: {**table, **later[name]} if name in later else table
        for name, table in trained.items()
    }


def test_a_card_whose_training_is_no_table_is_refused(stand_in_model, tmp_path):
    model = shutil.copytree(stand_in_model, tmp_path / "model")
    card = json.loads((model / "1" / "model.json").read_text())
    (model / "1" / "model.json").write_text(json.dumps({**card, "training": {"trainer": 5}}))
    with pytest.raises(InputError, match=r"trainer.*\b5\b"):
        finetuning_values(model)


def test_networks_that_are_no_actor_and_critic_leave_nothing(stand_in_model, tmp_path, capsys):
    arguments = ["--finetune", str(stand_in_model), "--out", str(tmp_path / "out")]
    assert run_command(["train", *arguments]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert str(stand_in_model) in told
    assert not (tmp_path / "out").exists()
