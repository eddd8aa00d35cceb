"""`--gripper` wherever it is taken: presets, files, and jaws that a model does not know."""

import csv
import io
import json
import re
import shutil

import pytest

from fag_tf.cli.main import run
from fag_tf.environments.planar_grasp.gripper import PRESETS, Gripper, parse_gripper
from fag_tf.training.run import open_run
from reference.tiny_runs import eagerly

assert eagerly

WIDE = PRESETS["robotiq_2f140"]
SHORT = (
    "trainer.steps=2",
    "trainer.batch=2",
    "trainer.compile=false",
    "critic.warmup_steps=1",
    "critic.states=4",
    "critic.experiences=8",
    "collect.initial_states=2",
    "collect.states=2",
    "collect.experiences=8",
    "objective.num_supports=8",
    "objective.num_samples=8",
    "actor.width=8",
    "critic.width=8",
)


@pytest.fixture
def model_of_the_wide_one(stand_in_model, tmp_path):
    """The stand-in model with a card that knows one gripper."""
    folder = tmp_path / "mine"
    shutil.copytree(stand_in_model, folder)
    path = folder / "1" / "model.json"
    card = json.loads(path.read_text())
    for part in card["inputs"]["gripper"]["components"]:
        part["low"] = part["high"] = getattr(WIDE, part["name"])
    path.write_text(json.dumps(card))
    return folder


def test_the_help_names_every_preset(capsys):
    assert run(["check", "--help"]) == 0
    told = re.findall(r"\w+", capsys.readouterr().out)
    assert set(PRESETS) <= set(told)


def test_a_model_of_one_gripper_is_asked_about_that_one(model_of_the_wide_one, tmp_path, capsys):
    arguments = ["sample", str(model_of_the_wide_one), "--object", "H", "-n", "4", "--seed", "1"]
    assert run([*arguments, "--out", str(tmp_path / "a.json")]) == 0
    assert json.loads((tmp_path / "a.json").read_text())["gripper"] == vars(WIDE)
    assert run([*arguments, "--gripper", "robotiq_2f85"]) == 2
    assert re.search(r"opening.*0\.085 m.*0\.14 to 0\.14 m", capsys.readouterr().err)


def test_a_gripper_from_a_file_is_taken_and_one_beyond_the_model_refused(
    stand_in_model, tmp_path, capsys
):
    jaw = tmp_path / "jaw.toml"
    jaw.write_text("opening = 0.1\n")
    arguments = ["sample", str(stand_in_model), "--object", "H", "-n", "4", "--gripper"]
    assert run([*arguments, str(jaw), "--out", str(tmp_path / "a.json")]) == 0
    assert json.loads((tmp_path / "a.json").read_text())["gripper"]["opening"] == 0.1
    jaw.write_text("opening = 0.9\n")
    assert run([*arguments, str(jaw)]) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert re.search(r"opening.*0\.9 m", err)


def test_check_judges_with_any_gripper(tmp_path, capsys):
    """A bar 120 mm wide fits between the pads of the widest gripper alone."""
    (tmp_path / "bar.wkt").write_text("POLYGON ((-60 -20, 60 -20, 60 20, -60 20, -60 -20))")
    (tmp_path / "grasp.csv").write_text("x,y,theta\n0,0,0\n")
    (tmp_path / "jaw.json").write_text(json.dumps({"opening": 0.13}))
    verdicts = {}
    for gripper in (None, "robotiq_2f140", str(tmp_path / "jaw.json")):
        chosen = [] if gripper is None else ["--gripper", gripper]
        part = ["--object", str(tmp_path / "bar.wkt"), "--units", "mm"]
        assert run(["check", *part, "--actions", str(tmp_path / "grasp.csv"), *chosen]) == 0
        (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
        verdicts[gripper] = row["feasible"]
    assert list(verdicts.values()) == ["0", "1", "1"]


@pytest.mark.parametrize("command", ["sample", "check", "train", "evaluate"])
def test_a_file_that_is_no_gripper_is_told_in_one_line(command, stand_in_model, tmp_path, capsys):
    (tmp_path / "jaw.toml").write_text("opening = 85\n")
    (tmp_path / "grasp.csv").write_text("x,y,theta\n0,0,0\n")
    before = sorted(tmp_path.iterdir())
    others = {
        "sample": [str(stand_in_model), "--object", "H"],
        "check": ["--object", "H", "--actions", str(tmp_path / "grasp.csv")],
        "train": ["--out", str(tmp_path / "run")],
        "evaluate": [str(stand_in_model), "--out", str(tmp_path / "out")],
    }
    arguments = [command, *others[command], "--gripper", str(tmp_path / "jaw.toml")]
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert re.search(r"jaw\.toml.*opening.*85", err)
    assert err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.slow
def test_training_takes_a_gripper_of_any_range_and_keeps_its_numbers(tmp_path):
    jaw = tmp_path / "jaw.toml"
    jaw.write_text("opening = 0.14\npad_width = 0.027\n")
    settings = [word for setting in SHORT for word in ("--set", setting)]
    assert run(["train", "--gripper", str(jaw), "--out", str(tmp_path / "run"), *settings]) == 0
    jaw.unlink()  # the run does not need the file again
    config = open_run(tmp_path / "run").config
    assert parse_gripper(config.env_options["gripper"]) == Gripper(opening=0.14, pad_width=0.027)
