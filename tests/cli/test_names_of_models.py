"""The shipped model is there by its name, in every command that takes a model."""

import re

import pytest

from fag_tf.cli.main import run
from reference.tiny_runs import eagerly

assert eagerly

TINY = (
    "trainer.steps=2",
    "trainer.batch=2",
    "trainer.checkpoint_every=2",
    "trainer.compile=false",
    "critic.states=4",
    "critic.experiences=16",
    "critic.updates=1",
    "collect.initial_states=4",
    "collect.states=2",
    "collect.experiences=16",
    "objective.num_supports=16",
    "objective.num_samples=16",
)


def test_a_sample_of_the_shipped_models_name_is_that_of_no_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    drawn = []
    for name in ([], ["planar_grasp"]):
        assert run(["sample", *name, "--object", "H", "-n", "4", "--seed", "1"]) == 0
        drawn.append(capsys.readouterr().out)
    assert drawn[0] == drawn[1]


def test_the_shipped_models_card_is_shown_by_its_name(capsys):
    assert run(["info", "planar_grasp"]) == 0
    assert "planar_grasp, version 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("sample", "planer", "--object", "H"),
        ("evaluate", "planer"),
        ("info", "planer"),
        ("play", "planer"),
        ("serve", "planer"),
        ("benchmark", "planer"),
        ("train", "--finetune", "planer"),
    ],
)
def test_an_unknown_name_ends_in_a_line_that_names_what_ships(arguments, refusal):
    told = refusal(*arguments)
    assert re.search(r"\bplaner\b.*\bplanar_grasp\b", told)


@pytest.mark.parametrize("arguments", [(), ("--object", "H")])
def test_a_model_of_something_else_is_told_how_it_is_asked(arguments, refusal):
    told = refusal("sample", "robot_arm", *arguments)
    assert "image and gripper" in told
    assert re.search(r"fag-tf serve.*fag\.load_model\('.*robot_arm.*'\)\.sample\(", told)


@pytest.mark.slow
def test_finetune_without_a_value_takes_the_shipped_model(here):
    settings = [word for each in TINY for word in ("--set", each)]
    done = here("train", "--finetune", "--object", "H", *settings, "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "before: feasible rate" in done.stderr
    assert "after: feasible rate" in done.stderr
