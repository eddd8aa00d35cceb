import json
import re

import pytest

from fag_tf.cli.main import run
from fag_tf.cli.study_agents import AGENT_STUDY
from fag_tf.experiments.studies.catalogue import study_names
from fag_tf.experiments.studies.physics import PHYSICS_STUDIES

FEW = ("--quick", "--seeds", "1", "--set", "trainer.steps=4", "--set", "critic.warmup_steps=1")


def test_the_help_names_every_study(capsys):
    assert run(["study", "--help"]) == 0
    out = capsys.readouterr().out
    assert {*study_names(), *PHYSICS_STUDIES, AGENT_STUDY} <= set(re.findall(r"\w+", out))


def test_controls_alone_need_no_training(tmp_path, capsys):
    arguments = ["study", "divergence", "--quick", "--seeds", "2", "--out", str(tmp_path / "s")]
    cases = ["--case", "perfect", "--case", "collapsed"]
    assert run([*arguments, *cases]) == 0
    out, err = capsys.readouterr()
    assert "perfect" in out
    assert "collapsed" in out
    assert "run 4/4" in err
    names = {path.name for path in (tmp_path / "s").iterdir()}
    assert {"results.json", "results.csv", "results.md", "boxes_num_boxes_2.png"} <= names
    content = json.loads((tmp_path / "s" / "results.json").read_text())
    assert content["seeds"] == [0, 1]
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "s" / "runs").iterdir()}
    assert run([*arguments, *cases]) == 0
    assert "run " not in capsys.readouterr().err
    assert before == {p: p.stat().st_mtime_ns for p in (tmp_path / "s" / "runs").iterdir()}


def test_without_a_name_every_study_is_listed_with_question_and_cost(tmp_path, fag_tf_command):
    done = fag_tf_command("study")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    names = [line.partition(":")[0] for line in lines[::2]]
    assert names == [*study_names(), *sorted(PHYSICS_STUDIES), AGENT_STUDY]
    assert "bandwidth: How sensitive is the actor to the final bandwidth" in lines[0]
    cost = re.compile(
        r"  \d+ runs \(\d+ x \d seeds\), \d+ trainings of [\d,]+ learning steps in all"
    )
    assert all(cost.fullmatch(line) for line in lines[1::2][: len(study_names())])
    assert lines[-5] == "  216 runs (216 x 1 seeds), no trainings"
    assert lines[1].startswith("  90 runs (18 x 5 seeds), 70 trainings of 46,500 learning steps")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_study_trains_and_sums_up_and_says_which_run_it_is_at(tmp_path, here, monkeypatch):
    monkeypatch.setattr("fag_tf.cli.progress.HEARTBEAT", 0.3)
    done = here("study", "bandwidth", "--case", "fixed 0.1", *FEW, "--out", "s")
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "s" / "results.json").read_text())
    figures = content["results"]["moons"]["fixed 0.1"]
    assert 0.0 <= figures["feasible_rate"]["mean"] <= 1.0
    assert figures["interactions"]["mean"] > 0
    assert "moons" in done.stdout
    run_told = "run 1/1 · moons · fixed 0.1 · seed 0"
    assert re.search(rf"^{run_told}, \d+ s so far$", done.stderr, re.M)
    assert re.search(rf"^{run_told} · feasible ", done.stderr, re.M)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "'nothing'"),
        (["critic", "--seeds", "0"], "'--seeds'"),
        (["critic", "--env", "nowhere"], "'nowhere'"),
        (["critic", "--case", "x"], "case 'x'"),
        (["critic", "--set", "trainer.step=3"], "trainer.step"),
        (["critic", "--set", "env=ring"], "--env"),
        (["--quick"], "bandwidth, critic"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_2(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["study", *arguments]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
