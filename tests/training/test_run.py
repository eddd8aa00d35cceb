import fcntl
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fag_tf.config.parsing import config_to_dict
from fag_tf.config.schema import Config
from fag_tf.errors import InputError
from fag_tf.networks.policy import Policy
from fag_tf.training.build import build_trainer
from fag_tf.training.run import RunFolder, create_run, is_run, open_run
from reference.tiny_runs import (
    TINY,
    as_graphs,
    assert_same_state,
    eagerly,  # noqa: F401, used by all tests here
    state_of,
    tiny_config,
)

SHALLOW = ("actor.depth=1", "critic.depth=1")  # most of a compiled run's time is compilation
both_targets = pytest.mark.parametrize("target", ["critic", "environment"])


class CrashError(RuntimeError):
    pass


def train(run, until=None, crash_at=None):
    """Train a run, to the end or until a step, or crash when a step is reported."""
    trainer = run.trainer()

    def report(figures):
        if figures["step"] == crash_at:
            raise CrashError

    run.train(trainer, report, lambda: trainer.step == until)
    return trainer


def checkpoints_of(run):
    return sorted(path.name for path in (run.directory / "checkpoints").iterdir())


def test_a_run_is_trained_by_one_process_at_a_time(tmp_path):
    run = create_run(tmp_path / "run", tiny_config())
    with open(tmp_path / "run" / "config.json", "rb") as elsewhere:
        fcntl.flock(elsewhere, fcntl.LOCK_EX)
        with pytest.raises(InputError, match=f"{run.directory}.*trained"):
            train(run)
    assert train(run).progress == 1.0


# Making and opening -----------------------------------------------------------------------------


def test_a_run_is_its_folder_with_the_whole_configuration(tmp_path):
    folder = tmp_path / "runs" / "one"
    assert not is_run(folder)
    run = create_run(folder, tiny_config("seed=5"))
    assert is_run(folder)
    assert isinstance(run, RunFolder)
    saved = json.loads((folder / "config.json").read_text())
    assert saved == config_to_dict(tiny_config("seed=5"))
    again = open_run(str(folder))
    assert again.config == run.config
    assert again.directory == folder


def test_a_second_run_in_the_same_folder_is_refused(tmp_path):
    create_run(tmp_path, Config())
    with pytest.raises(InputError, match="--resume"):
        create_run(tmp_path, Config())


def test_a_folder_without_a_run_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match=r"no config\.json"):
            open_run(folder)


@pytest.mark.parametrize("text", ["", "{", '{"trainer": {"steps": 0}}', '{"stepps": 3}', "[1]"])
def test_a_configuration_that_cannot_be_read_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError) as caught:
        open_run(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("left", ["checkpoints", "log.jsonl"])
def test_what_is_left_of_a_run_is_not_mixed_with_a_new_one(tmp_path, left):
    (tmp_path / left).mkdir()
    with pytest.raises(InputError, match=rf"{left}.*config\.json"):
        create_run(tmp_path, Config())


@pytest.mark.parametrize(
    "damage", ["", '{"st', "[]", "null", '{"a": 1}', '{"step": "x"}', "[" * 100_000, "\0\udcff"]
)
def test_a_damaged_line_ends_the_log(tmp_path, damage):
    run = create_run(tmp_path, tiny_config())
    text = '{"step": 1}\n{"step": 2}\n' + damage + '\n{"step": 3}\n'
    (tmp_path / "log.jsonl").write_bytes(text.encode(errors="surrogateescape"))
    assert [row["step"] for row in run.log()] == [1, 2]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError):
        create_run(tmp_path / "file" / "run", Config())


# Training ---------------------------------------------------------------------------------------


def test_training_leaves_a_log_curves_and_checkpoints(tmp_path):
    run = create_run(tmp_path, tiny_config())
    seen = []
    trainer = run.trainer()
    assert trainer.step == 0
    run.train(trainer, seen.append)
    assert [row["step"] for row in run.log()] == [2, 4, 6]
    assert run.log() == seen
    assert run.log()[-1]["interactions"] == trainer.interactions
    assert checkpoints_of(run) == ["step-00000004", "step-00000006"]
    assert any((tmp_path / "tensorboard").iterdir())


def test_five_steps_and_five_more_are_ten_bit_by_bit(tmp_path):
    settings = ("trainer.steps=10",)
    whole = train(create_run(tmp_path / "whole", tiny_config(*settings)))
    parts = create_run(tmp_path / "parts", tiny_config(*settings))
    assert train(parts, until=5).step == 5
    assert_same_state(state_of(train(open_run(parts.directory))), state_of(whole))
    assert [row["step"] for row in parts.log()] == list(range(2, 11, 2))


def assert_it_goes_on_bit_by_bit(folder, *settings):
    """Train once, then again from the last checkpoint but one."""
    run = create_run(folder, tiny_config(*settings))
    whole = state_of(train(run))
    earlier, last = checkpoints_of(run)
    shutil.rmtree(folder / "checkpoints" / last)
    again = open_run(folder).trainer()
    assert earlier == f"step-{again.step:08}"
    run.train(again)
    assert checkpoints_of(run) == [earlier, last]
    assert_same_state(state_of(again), whole)


@pytest.mark.slow
def test_a_run_of_grasps_goes_on_bit_by_bit_too(tmp_path):
    steps = ("trainer.steps=5", "trainer.checkpoint_every=3")
    grasps = ("env=planar_grasp", "env_options={image_size=32}", "actor.steps=2")
    assert_it_goes_on_bit_by_bit(tmp_path / "run", *grasps, *steps)


@pytest.mark.slow
@both_targets
def test_compiled_ten_steps_and_ten_more_are_twenty_bit_by_bit(tmp_path, target):
    as_graphs()
    steps = ("trainer.steps=20", "trainer.checkpoint_every=10", "trainer.compile=true")
    assert_it_goes_on_bit_by_bit(tmp_path / "run", f"trainer.target={target}", *steps, *SHALLOW)


def test_a_complete_run_has_nothing_left_to_do(tmp_path):
    run = create_run(tmp_path, tiny_config())
    first = state_of(train(run))
    log = run.log()
    assert_same_state(state_of(train(open_run(tmp_path))), first)
    assert run.log() == log


def test_after_a_crash_lines_of_steps_that_are_done_again_are_cut(tmp_path):
    run = create_run(tmp_path, tiny_config("trainer.steps=9", "trainer.log_every=1"))
    with pytest.raises(CrashError):
        train(run, crash_at=7)
    assert [row["step"] for row in run.log()] == [1, 2, 3, 4, 5, 6, 7]
    assert checkpoints_of(run) == ["step-00000004"]
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 8, "feas')  # cut short by the crash
    assert run.log()[-1]["step"] == 7
    train(open_run(tmp_path))
    assert [row["step"] for row in run.log()] == list(range(1, 10))


def test_a_crash_before_the_first_checkpoint_starts_again(tmp_path):
    settings = ("trainer.steps=5", "trainer.log_every=1")
    run = create_run(tmp_path / "crashed", tiny_config(*settings))
    with pytest.raises(CrashError):
        train(run, crash_at=2)
    whole = train(create_run(tmp_path / "whole", tiny_config(*settings)))
    assert_same_state(state_of(train(run)), state_of(whole))
    assert [row["step"] for row in run.log()] == [1, 2, 3, 4, 5]


def test_a_damaged_checkpoint_says_so_when_the_run_is_resumed(tmp_path):
    run = create_run(tmp_path, tiny_config())
    train(run)
    (tmp_path / "checkpoints" / "step-00000006" / "counters.json").write_text("{")
    with pytest.raises(InputError, match="step-00000006"):
        open_run(tmp_path).trainer()


# Killed -----------------------------------------------------------------------------------------

KILLED_WHILE_STEPPING = """
def report(figures):
    if figures["step"] == 14:
        os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED_WHILE_SAVING = """
save = numpy.savez_compressed

def kill(path, **arrays):
    save(path, **arrays)
    if "step-00000012" in str(path):
        with open(path, "r+b") as file:
            file.truncate(100)
        os.kill(os.getpid(), signal.SIGKILL)

numpy.savez_compressed = kill
report = lambda figures: None
"""
SCRIPT = """
import os, signal, sys
import numpy
from fag_tf.training.run import open_run
{kill}
run = open_run(sys.argv[1])
run.train(run.trainer(), report)
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A run of 20 steps as graphs, which nobody killed, and its state at the end."""
    config = tiny_config("trainer.steps=20", "trainer.log_every=1")
    run = create_run(tmp_path_factory.mktemp("runs") / "whole", config)
    return run, state_of(train(run))


@pytest.mark.slow
@pytest.mark.parametrize(
    "kill", [KILLED_WHILE_STEPPING, KILLED_WHILE_SAVING], ids=["while stepping", "while saving"]
)
def test_a_run_that_was_killed_and_resumed_is_the_undisturbed_run_bit_by_bit(
    tmp_path, kill, undisturbed
):
    as_graphs()
    whole, state = undisturbed
    run = create_run(tmp_path / "killed", whole.config)
    command = [sys.executable, "-c", SCRIPT.format(kill=kill), str(run.directory)]
    killed = subprocess.run(command, capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-500:]
    assert "step-00000008" in checkpoints_of(run)

    assert_same_state(state_of(train(open_run(run.directory))), state)
    assert [row["step"] for row in run.log()] == [row["step"] for row in whole.log()]
    # What is random is the same; what is timed is not.
    for one, other in zip(run.log(), whole.log(), strict=True):
        one.pop("steps_per_second"), other.pop("steps_per_second")
        assert one == other
    assert not [name for name in checkpoints_of(run) if not name.startswith("step-")]


# What comes of it -------------------------------------------------------------------------------


def test_the_policy_of_a_run_is_the_averaged_networks_of_its_last_checkpoint(tmp_path, monkeypatch):
    run = create_run(tmp_path, tiny_config())
    trained = train(run)
    # There is no need of a replay memory.
    monkeypatch.setattr("fag_tf.training.trainer.Trainer.__init__", None)
    policy, steps, interactions = run.trained_policy()
    assert isinstance(policy, Policy)
    assert run.environment.name == "boxes"
    assert (steps, interactions) == (6, trained.interactions)
    learner = trained.learner
    for used, averaged in (
        (policy.actor, learner.averaged_actor),
        (policy.critic, learner.averaged_critic),
    ):
        for one, other in zip(used.trainable_variables, averaged.trainable_variables, strict=True):
            assert (one.numpy() == other.numpy()).all()


def test_a_run_that_begins_with_other_networks_is_none_before_they_are_saved(tmp_path, monkeypatch):
    trainer = build_trainer(tiny_config("seed=9"))
    run = create_run(tmp_path / "run", tiny_config(), trainer=trainer)
    begun = run.trainer().learner.actor.trainable_variables
    for one, other in zip(begun, trainer.learner.actor.trainable_variables, strict=True):
        assert (one.numpy() == other.numpy()).all()

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("fag_tf.training.checkpoints.save_checkpoint", killed)
    with pytest.raises(KeyboardInterrupt):
        create_run(tmp_path / "killed", tiny_config(), trainer=trainer)
    assert not is_run(tmp_path / "killed")


def test_a_run_without_a_checkpoint_has_no_policy(tmp_path):
    run = create_run(tmp_path, tiny_config())
    with pytest.raises(InputError, match="no checkpoint"):
        run.policy()


def test_a_log_that_is_not_there_is_empty(tmp_path):
    assert create_run(tmp_path, tiny_config()).log() == []


def test_the_tiny_configuration_is_the_one_that_is_saved():
    assert len(TINY) == len({setting.partition("=")[0] for setting in TINY})
    assert not Path("config.json").exists()


# Other methods ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("method", ["flow", "maxent mixture"])
def test_another_method_is_trained_into_the_same_folder_and_read_from_it(tmp_path, method):
    run = create_run(tmp_path / "run", tiny_config(f"method='{method}'"))
    trainer = train(run)
    assert run.is_complete(trainer)
    observation = trainer.environment.observe(
        trainer.environment.draw_states(np.random.default_rng(0), 2)
    )
    policy = open_run(run.directory).policy()
    assert isinstance(policy, Policy)
    actions, _ = policy(observation, 5, 0)
    again, _ = open_run(run.directory).policy()(observation, 5, 0)
    np.testing.assert_array_equal(actions, again)
    (run.directory / "generator.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"generator\.npz"):
        open_run(run.directory).policy()


def test_another_method_is_fitted_at_the_end_alone_and_its_fit_can_be_done_again(tmp_path):
    run = create_run(tmp_path / "run", tiny_config("method='wgan'"))
    trainer = train(run, until=4)
    assert not run.is_complete(trainer)
    with pytest.raises(InputError, match="wgan"):
        run.policy()
    assert run.is_complete(train(open_run(run.directory)))
    (run.directory / "generator.npz").unlink()
    trainer = open_run(run.directory).trainer()
    assert not run.is_complete(trainer)
    run.train(trainer)
    assert run.is_complete(trainer)
    assert run.policy().latent_dim == 4


def test_the_actor_does_not_learn_where_another_method_is_trained(tmp_path):
    trainer = build_trainer(tiny_config("method='flow'"))
    before = [variable.numpy() for variable in trainer.learner.actor.trainable_variables]
    trainer.run()
    for old, variable in zip(before, trainer.learner.actor.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())
