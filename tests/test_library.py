import dataclasses
import json
import re
import subprocess
import sys

import numpy as np
import pytest

import fag_tf as fag
from fag_tf.config.parsing import config_from_dict, config_to_dict
from reference.tiny_runs import TINY, eager, eagerly, tiny_config  # noqa: F401

OPTIONS = {
    # The default actor, whose steps take longer, is tested with the README and the tutorials.
    "actor": {"kind": "implicit", "width": 8, "depth": 1},
    "critic": {"width": 8, "depth": 1, "states": 4, "experiences": 8, "updates": 1},
    "critic.warmup_steps": 1,
    "objective.num_supports": 8,
    "objective.num_samples": 8,
    "collect": {"states": 2, "experiences": 8, "initial_states": 2},
    "trainer": {"steps": 4, "batch": 2, "log_every": 2, "checkpoint_every": 2, "compile": False},
}


class Tray(fag.Environment):
    """A part in a tray: it may be put anywhere but on a disc, whose centre is observed."""

    name = "tray"
    action_space = fag.ActionSpace([fag.Axis("x", 0.0, 1.0, "m"), fag.Axis("y", 0.0, 1.0, "m")])
    observation_spec = {"disc": fag.ArraySpec((2,))}  # noqa: RUF012

    def draw_states(self, rng, batch):
        return list(rng.random((batch, 2)).astype(np.float32))

    def observe(self, states):
        return {"disc": np.stack(states)}

    def feasibility(self, states, actions):
        return np.linalg.norm(actions - np.stack(states)[:, None], axis=-1) > 0.5


# What is offered --------------------------------------------------------------------------------


def test_importing_it_brings_neither_numpy_nor_tensorflow_nor_does_what_needs_none():
    script = (
        "import sys, fag_tf as fag\n"
        "assert not {'numpy', 'tensorflow', 'keras'} & sys.modules.keys()\n"
        "fag.ActionSpace, fag.Config, fag.Environment, fag.load_model, fag.make_environment\n"
        "fag.planar_grasp.scene, fag.Run, fag.train\n"
        "assert not {'tensorflow', 'keras'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", fag.__all__)
def test_everything_offered_is_there_and_documented(name):
    assert name in dir(fag)
    assert (getattr(fag, name).__doc__ or "").strip()


def test_what_is_not_offered_is_an_attribute_error():
    with pytest.raises(AttributeError):
        _ = fag.no_such_thing


# Training ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tray(tmp_path_factory):
    """A run of an object whose class no command can find."""
    with eager():
        return fag.train(Tray(), out=tmp_path_factory.mktemp("runs") / "tray", config=OPTIONS)


def test_an_object_is_trained_in(tray):
    assert [row["step"] for row in tray.log()] == [2, 4]
    assert tray.config.trainer.steps == 4
    assert (tray.config.critic.width, tray.config.critic.warmup_steps) == (8, 1)


def test_its_policy_draws_actions_and_what_the_critic_thinks_of_them(tray):
    environment = tray.environment
    observation = environment.observe(environment.draw_states(np.random.default_rng(0), 3))
    actions, feasibility = tray.policy()(observation, 5, seed=1)
    assert actions.shape == (3, 5, 2)
    assert feasibility.shape == (3, 5)


def test_its_figures_are_exact(tray):
    mean = tray.evaluate(poses=2, num_samples=64).mean
    assert 0.0 <= mean["raw"]["feasible_rate"] <= 1.0
    assert 0.0 < mean["uniform"]["feasible_rate"] < 1.0


def test_a_complete_run_is_given_back_as_it_is(tray):
    weights = (tray.directory / "checkpoints" / "step-00000004" / "counters.json").stat().st_mtime
    again = fag.train(Tray(), out=tray.directory, config=OPTIONS)
    assert again.config == tray.config
    assert (
        tray.directory / "checkpoints" / "step-00000004" / "counters.json"
    ).stat().st_mtime == weights


def test_a_run_by_another_configuration_is_refused(tray):
    with pytest.raises(fag.InputError, match=r"trainer\.steps"):
        fag.train(Tray(), out=tray.directory, config={**OPTIONS, "trainer.steps": 9})


def test_what_is_exported_is_a_model_at_once(tray, tmp_path):
    saved = tray.export(tmp_path / "tray", poses=0)
    assert saved.directory == tmp_path / "tray" / "1"
    observation = {"disc": np.array([[0.2, 0.3]], np.float32)}
    actions, _ = saved.sample(observation, 7, seed=2)
    assert actions.shape == (1, 7, 2)
    np.testing.assert_allclose(actions, tray.policy()(observation, 7, 2)[0], atol=1e-5)


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path):
    class StopError(Exception):
        pass

    def stop(figures):
        if figures["step"] == 2:
            raise StopError

    with pytest.raises(StopError):
        fag.train(Tray(), out=tmp_path / "stopped", config=OPTIONS, progress=stop)
    stopped = fag.train(Tray(), out=tmp_path / "stopped", config=OPTIONS)
    whole = fag.train(Tray(), out=tmp_path / "whole", config=OPTIONS)
    for one, other in zip(
        *(run.policy().stored_weights["actor_weights"] for run in (stopped, whole)), strict=True
    ):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_configuration_is_an_object_or_a_file_as_well(tmp_path):
    config = tiny_config("trainer.steps=2")
    (tmp_path / "run.json").write_text(json.dumps(config_to_dict(config)))
    one = fag.train(out=tmp_path / "one", config=config)
    other = fag.train(out=tmp_path / "other", config=tmp_path / "run.json")
    assert one.config == other.config == config


def test_progress_tells_every_report(tmp_path, capsys):
    reports = []
    fag.train(Tray(), out=tmp_path / "run", config=OPTIONS, progress=reports.append)
    assert [report["step"] for report in reports] == [2, 4]
    fag.train(Tray(), out=tmp_path / "lines", config=OPTIONS, progress=True)
    first, *others = capsys.readouterr().out.splitlines()
    assert re.search("collecting.* every 2 steps", first)
    assert [re.match(r"step (\d) of 4 · ", line)[1] for line in others] == ["2", "4"]
    assert "s left" in others[0]


@pytest.mark.parametrize(
    ("environment", "config"),
    [
        (Tray(), {"env": "boxes"}),
        ("no_such_environment", None),
        (object(), None),
        (Tray(), {"trainer.step": 4}),
        (Tray(), {"trainer": 4, "trainer.steps": 4}),
        (Tray(), "no_such_file.toml"),
        (Tray(), 5),
        (Tray(), {"env_options": {"radius": 1.0}}),
        (Tray(), {"actor.latent_dim": 1}),
        (Tray(), {"objective.axis_bandwidth": {"z": 2.0}}),
        (Tray(), {"memory.capacity": 1 << 39}),
        (Tray(), fag.Config(env="boxes")),
    ],
)
def test_what_cannot_be_used_is_refused_and_leaves_no_folder(environment, config, tmp_path):
    with pytest.raises(fag.InputError):
        fag.train(environment, out=tmp_path / "run", config=config)
    assert not (tmp_path / "run").exists()


# Objects and their classes ----------------------------------------------------------------------


class Shelf(Tray):
    """A tray that is made with what may or may not be written into a configuration."""

    def __init__(self, radius=0.5):
        self.radius = radius


def test_a_run_says_with_what_its_object_was_made(tmp_path):
    run = fag.train(Shelf(radius=0.25), out=tmp_path / "run", config=OPTIONS)
    assert run.config.env_options == {"radius": 0.25}
    for other in (Shelf(radius=0.5), Shelf(), Tray()):
        with pytest.raises(fag.InputError, match="env_options"):
            fag.train(other, out=tmp_path / "run")
        with pytest.raises(fag.InputError, match="env_options"):
            fag.open_run(tmp_path / "run", other)
    run = fag.open_run(tmp_path / "run", Shelf(0.25))
    assert run.environment.radius == 0.25
    assert repr(run).startswith(f"Run('{tmp_path / 'run'}', env=")


def test_a_default_is_the_same_whether_it_is_written_or_not(tmp_path):
    fag.train(Shelf(), out=tmp_path / "run", config=OPTIONS)
    fag.train(Shelf(radius=0.5), out=tmp_path / "run")


def test_a_whole_configuration_goes_with_an_object(tmp_path):
    config = config_from_dict({**config_to_dict(tiny_config("trainer.steps=2")), "env": "tray"})
    config = dataclasses.replace(config, env=fag.Config.env, env_options={})
    run = fag.train(Tray(), out=tmp_path / "run", config=config)
    assert run.config.trainer.steps == 2
    assert run.environment.name == "tray"
    again = fag.train(Tray(), out=tmp_path / "run", config=tmp_path / "run" / "config.json")
    assert again.config == run.config == fag.train(out=tmp_path / "run").config


def test_an_object_that_has_the_methods_alone_will_do(tmp_path):
    class Plain:
        pass

    plain = Plain()
    for part in ("name", "action_space", "observation_spec"):
        setattr(plain, part, getattr(Tray(), part))
    for method in ("draw_states", "observe", "feasibility"):
        setattr(plain, method, getattr(Tray(), method))
    run = fag.train(plain, out=tmp_path / "run", config=OPTIONS)
    assert fag.open_run(tmp_path / "run", plain).config == run.config


def test_an_object_that_no_configuration_can_hold_is_needed_again(tmp_path, fag_tf_command):
    made_with = np.array(0.25)
    fag.train(Shelf(made_with), out=tmp_path / "run", config=OPTIONS)
    assert fag.train(Shelf(made_with), out=tmp_path / "run").directory == tmp_path / "run"
    done = fag_tf_command("train", "--resume", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "fag.train(environment, out=...)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("place", ["", 3, None, b"run"])
def test_what_names_no_folder_is_refused(place):
    for call in (lambda: fag.train(Tray(), out=place), lambda: fag.open_run(place)):
        with pytest.raises(fag.InputError):
            call()


@pytest.mark.parametrize("environment", [Tray, 3, [], "no:such"])
def test_what_is_no_environment_is_named(environment, tmp_path):
    with pytest.raises(fag.InputError, match=r"Tray|int|list|no:such"):
        fag.train(environment, out=tmp_path / "run")
