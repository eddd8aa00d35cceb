import json
import re
import shutil
import sys

import pytest

from fag_tf.cli.main import run
from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from reference.tiny_runs import TINY, eagerly

assert eagerly


@pytest.fixture
def evaluate(stand_in_model, tmp_path, capsys):
    """Run `fag-tf evaluate` of the stand-in on little; give exit code, output and messages."""

    def call(*arguments):
        few = ["--poses", "1", "--samples", "64", "--coverage-samples", "64", "--c2st-poses", "0"]
        out = ["--out", str(tmp_path / "out")]
        code = run(["evaluate", str(stand_in_model), *few, *out, *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


def test_a_table_a_file_and_pictures_are_made(evaluate, tmp_path):
    code, out, _ = evaluate("--object", "L", "--object", "O")
    assert code == 0
    for word in ("coverage@64", "L", "O", "mean", "worst", "kept", "uniform"):
        assert word in out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"evaluation.json", "evaluation.png", "L.png", "O.png"}
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert set(content["rows"]) == {"raw", "kept", "uniform"}
    assert set(content["rows"]["raw"]) == {"L", "O"}


def test_one_object_has_no_mean_and_no_worst_beside_it(evaluate):
    code, out, err = evaluate("--object", "L")
    assert code == 0
    assert out.startswith("planar_grasp: 1 poses x 64 samples, coverage@64, seed 0\n")
    assert not re.search(r"^ (mean|worst)\b", out, re.MULTILINE)
    assert "Note" not in err


def test_without_a_truth_the_rates_remain_and_it_is_said(evaluate, monkeypatch):
    monkeypatch.setattr(PlanarGrasp, "truth", None)
    code, out, err = evaluate()
    assert code == 0
    assert "rate" in out
    assert not re.search("coverage|recall|C2ST", out)
    assert "does not offer both evaluation_states and truth" in err


def test_both_runtimes_and_the_same_seed_give_the_same_figures(evaluate):
    first = evaluate("--object", "L")[1]
    assert evaluate("--object", "L", "--runtime", "savedmodel")[1] == first


def test_another_gripper_gives_other_figures(evaluate):
    assert evaluate("--object", "L", "--gripper", "opening=0.06")[1] != evaluate("--object", "L")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--object", "Q"], "'Q'"),
        (["--poses", "0"], "'--poses'"),
        (["--poses", "100000000000"], "'--poses'"),
        (["--samples", "100000000000"], "'--samples'"),
        (["--object", "L", "--object", "l"], "'L'"),
        (["--object", "missing.wkt"], "missing.wkt"),
        (["--gripper", "opening=0.5"], "0.5 m"),
        (["--gripper", "hand"], "'hand'"),
        (["--seed", "-1"], "'--seed'"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_2(arguments, message, evaluate):
    code, _, err = evaluate(*arguments)
    assert code == 2
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err


def test_coverage_spends_no_more_samples_than_there_are(evaluate):
    assert "coverage@64" in evaluate("--object", "L", "--coverage-samples", "1000")[1]


def test_a_name_that_looks_like_markup_is_printed_as_it_is(evaluate, tmp_path):
    folder = tmp_path / "["
    folder.mkdir()
    path = folder / "red].wkt"  # the whole would close a style that was never opened
    path.write_text("POLYGON ((-0.05 -0.02, 0.05 -0.02, 0.05 0.02, -0.05 0.02, -0.05 -0.02))")
    (tmp_path / "[bold].wkt").write_text(path.read_text())
    code, out, _ = evaluate("--object", path, "--object", tmp_path / "[bold].wkt")
    assert code == 0
    assert "red]" in out
    assert "[bold]" in out


def test_an_out_that_is_a_file_is_refused_before_the_work(stand_in_model, tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert run(["evaluate", str(stand_in_model), "--out", str(tmp_path / "out")]) == 2
    assert str(tmp_path / "out") in capsys.readouterr().err


def test_a_run_without_a_checkpoint_is_refused(tmp_path, capsys):
    (tmp_path / "config.json").write_text('{"env": "boxes"}')
    assert run(["evaluate", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"env_options": 3}, "env_options 3"),
        ({"env_options": {"colour": 1}}, "'colour'"),
        ({"env_options": {"image_size": 64}}, "image has"),
    ],
)
def test_a_card_of_another_environment_ends_in_one_line(
    training, message, stand_in_model, tmp_path, capsys
):
    model = shutil.copytree(stand_in_model, tmp_path / "model")
    card = json.loads((model / "1" / "model.json").read_text())
    (model / "1" / "model.json").write_text(json.dumps({**card, "training": training}))
    code = run(["evaluate", str(model), "--poses", "1", "--out", str(tmp_path / "out")])
    assert code == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_neither_run_nor_model_is_refused(tmp_path, capsys):
    assert run(["evaluate", str(tmp_path)]) == 2
    assert f"{tmp_path} holds neither" in capsys.readouterr().err


def test_what_the_picture_allows_stands_beside_the_model(evaluate, tmp_path):
    code, out, _ = evaluate("--object", "L", "--reader")
    assert code == 0
    assert "reader" in out
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert content["rows"]["reader"]["L"]["feasible_rate"] > 0.7


def test_a_file_is_read_with_its_units_and_scale(evaluate, tmp_path):
    outlines = {
        "metres": "POLYGON ((-.04 -.02, .04 -.02, .04 .02, -.04 .02, -.04 -.02))",
        "small": "POLYGON ((-20 -10, 20 -10, 20 10, -20 10, -20 -10))",
    }
    for name, outline in outlines.items():
        (tmp_path / f"{name}.wkt").write_text(outline)
    rows = []
    small = ["--units", "mm", "--scale", 2]
    for name, options in (("metres", []), ("small", small)):
        code, _, told = evaluate("--object", tmp_path / f"{name}.wkt", *options)
        assert code == 0, told
        content = json.loads((tmp_path / "out" / "evaluation.json").read_text())
        rows.append(content["rows"]["raw"][name])
    assert rows[0] == pytest.approx(rows[1], abs=0.02, nan_ok=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--units", "mm"], "--object"),
        (["--object", "L", "--units", "mm"], "--units"),
        (["--object", "L", "--width-m", "0.3"], "--width-m"),
        (["--object", "L", "--largest"], "--largest"),
    ],
)
def test_options_of_files_are_refused_where_there_is_no_file(arguments, message, refusal):
    # Before TensorFlow is loaded: it is given a model, which needs none.
    assert message in refusal("evaluate", *arguments)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spline_path", "robot_arm"])
def test_a_motion_is_trained_and_measured_without_networks_of_its_own(name, tmp_path, here):
    tiny = [each for each in TINY if not each.startswith("env")]
    settings = [word for each in (*tiny, "trainer.steps=3") for word in ("--set", each)]
    done = here("train", "--env", name, *settings, "--out", "run")
    assert done.returncode == 0, done.stderr
    done = here("evaluate", "run", "--poses", 1, "--samples", 1500, "--out", "found")
    assert done.returncode == 0, done.stderr
    assert "recall" not in done.stdout  # modes are unknown
    found = json.loads((tmp_path / "found" / "evaluation.json").read_text())
    row = found["mean"]["raw"]
    assert 0.0 <= row["feasible_rate"] < 0.2
    assert 0.0 <= row["coverage"] < 0.5
    assert found["c2st_poses"] == 1
    names = {path.name for path in (tmp_path / "found").iterdir()}
    assert names == {"evaluation.json", "evaluation.png", f"{name}.png"}


@pytest.fixture
def foreign_model(stand_in_model, tmp_path, monkeypatch):
    """A model whose card names code that is not installed, and where that code would be found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "foreign_code.py").write_text(
        "open('PWNED', 'w').close()\n"
        "from fag_tf.environments.planar_grasp.environment import PlanarGrasp\n\n"
        "class Mine(PlanarGrasp):\n    pass\n"
    )
    monkeypatch.delitem(sys.modules, "foreign_code", raising=False)
    model = shutil.copytree(stand_in_model, tmp_path / "model")
    card = json.loads((model / "1" / "model.json").read_text())
    card["environment"] = "foreign_code:Mine"
    card["training"] = {"env": "foreign_code:Mine"}
    (model / "1" / "model.json").write_text(json.dumps(card))
    return model


@pytest.mark.parametrize("command", ["evaluate", "train --finetune", "benchmark --only latency"])
def test_a_card_loads_no_code_that_is_not_installed(command, foreign_model, tmp_path, capsys):
    assert run([*command.split(), str(foreign_model)]) == 2
    (told,) = capsys.readouterr().err.splitlines()[-1:]
    assert "'foreign_code:Mine'" in told
    assert "boxes" in told
    assert "fag_tf.environments" in told
    assert ("--env foreign_code:Mine" in told) == ("benchmark" not in command)
    assert not (tmp_path / "PWNED").exists()
    assert "foreign_code" not in sys.modules


def test_whoever_runs_it_may_name_that_code(foreign_model, tmp_path, capsys):
    few = ["--poses", "1", "--samples", "64", "--coverage-samples", "64", "--object", "L"]
    named = ["--env", "foreign_code:Mine"]
    assert run(["evaluate", str(foreign_model), *few, *named, "--out", "out"]) == 0
    assert (tmp_path / "PWNED").exists()
    assert run(["train", "--finetune", str(foreign_model), *named]) == 2
    # It came as far as the stand-in's networks, which are none that can be trained.
    assert "networks" in capsys.readouterr().err.splitlines()[-1]


def test_a_run_is_evaluated_in_its_own_environment(tmp_path, capsys):
    (tmp_path / "config.json").write_text('{"env": "boxes"}')
    assert run(["evaluate", str(tmp_path), "--env", "ring"]) == 2
    assert "--env" in capsys.readouterr().err
