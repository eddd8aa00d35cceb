"""A run's configuration is that of its checkpoints, or the run says what was edited."""

import json
import shutil

import pytest

from fag_tf.cli.main import run as run_command
from fag_tf.config.parsing import config_to_dict
from fag_tf.errors import InputError
from fag_tf.training.kept_configuration import check_unedited
from fag_tf.training.run import create_run, open_run
from reference.tiny_runs import (
    eagerly,  # noqa: F401, used by all tests here
    tiny_config,
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run at its end."""
    run = create_run(tmp_path_factory.mktemp("finished") / "run", tiny_config("trainer.steps=2"))
    run.train(run.trainer())
    return run


@pytest.fixture
def edited(finished, tmp_path):
    """A copy of the run, and what edits its configuration."""
    folder = shutil.copytree(finished.directory, tmp_path / "run")

    def edit(table, option, value):
        values = json.loads((folder / "config.json").read_text())
        values[table][option] = value
        (folder / "config.json").write_text(json.dumps(values))
        return folder

    return edit


@pytest.mark.parametrize(
    ("table", "option", "value", "named"),
    [
        ("trainer", "steps", 3, "trainer.steps is 3, not 2"),
        ("env_options", "num_boxes", 2, "env_options.num_boxes is 2, not 1"),
        ("env_options", "dim", 3, "env_options.dim is 3, not 2"),
        ("policy", "sharpness", 2.5, "policy.sharpness is 2.5, not "),
    ],
)
def test_what_was_edited_in_a_finished_run_is_named(table, option, value, named, edited):
    folder = edited(table, option, value)
    run = open_run(folder)
    for read in (run.trainer, run.policy, run.check_trained):
        with pytest.raises(InputError, match=r"config\.json was edited after step-0+2 ") as caught:
            read()
        assert named in str(caught.value)
        assert "\n" not in str(caught.value)


def test_how_many_workers_check_may_be_edited_since_it_changes_no_result(edited):
    assert open_run(edited("collect", "workers", 4)).trainer().step == 2


def test_a_finished_run_that_was_edited_ends_a_command_in_one_line(edited, capsys):
    folder = edited("actor", "width", 8)
    for command in (["train", "--resume", "--out"], ["evaluate"], ["export", "--out", "m"]):
        assert run_command([*command, str(folder)]) == 2
        assert "actor.width is 8, not 16" in capsys.readouterr().err.splitlines()[-1]


def test_the_same_values_written_otherwise_are_no_edit(finished, edited):
    folder = edited("trainer", "steps", 2)
    values = json.loads((folder / "config.json").read_text())
    del values["trainer"]["target"]  # its default
    (folder / "config.json").write_text(json.dumps(dict(reversed(values.items())), indent=7))
    assert open_run(folder).trainer().step == 2
    assert open_run(folder).config == finished.config


@pytest.mark.parametrize("kept", ["{}", "[]", "{", '{"config": 3}', '{"config": {"x": 1}}'])
def test_a_checkpoint_without_or_with_a_damaged_one_passes(kept, tmp_path):
    (tmp_path / "counters.json").write_text(kept)
    check_unedited(tiny_config(), tmp_path, tmp_path / "config.json")


def test_only_a_few_differences_are_named(tmp_path):
    values = config_to_dict(tiny_config())
    values["actor"].update(width=8, depth=4)
    values["critic"].update(width=8, depth=4, updates=2)
    (tmp_path / "counters.json").write_text(json.dumps({"config": values}))
    with pytest.raises(
        InputError, match=r"actor\.depth .*actor\.width .*critic\.depth .*and 2 more;"
    ):
        check_unedited(tiny_config(), tmp_path, tmp_path / "config.json")
