import json

import pytest

from fag_tf.cli.main import run
from fag_tf.experiments.studies.physics import PHYSICS_STUDIES, tabulate


@pytest.mark.parametrize("name", PHYSICS_STUDIES)
def test_every_run_has_a_key_of_its_own_and_more_seeds_only_add(name):
    study = PHYSICS_STUDIES[name]
    keys = [run.key for run in study.runs(2, False)]
    assert len(set(keys)) == len(keys)
    assert keys[: len(keys) // 2] == [run.key for run in study.runs(1, False)]
    assert {run.case for run in study.runs(1, True)} <= {run.case for run in study.runs(1, False)}


def test_a_table_has_means_and_intervals_of_its_cases():
    study = PHYSICS_STUDIES["physics_tuning"]
    rates = (("a", 0.5), ("a", 0.7), ("b", 0.9))
    table = tabulate(study, [{"case": case, "figures": {"rate": rate}} for case, rate in rates])
    assert table.cells["a"]["rate"].mean == pytest.approx(0.6)
    assert table.rows()[1][:3] == ["b", "0.90", "-"]
    assert "| a | 0.60 ±1.27 |" in table.to_markdown()
    assert table.to_csv().splitlines()[2] == "b,rate,0.9,,,1"
    assert table.to_json()["results"]["b"]["rate"]["low"] is None


def test_the_study_is_resumed_and_sums_up(tmp_path, capsys):
    arguments = ["study", "physics", "--quick", "--out", str(tmp_path / "s")]
    assert run(arguments) == 0
    out, _ = capsys.readouterr()
    assert "robotiq_2f85, friction 0.5, 40 N" in out
    content = json.loads((tmp_path / "s" / "results.json").read_text())
    assert content["results"]["robotiq_2f85, friction 0.5, 40 N"]["accepted"]["mean"] > 0.5
    results = sorted((tmp_path / "s" / "runs").iterdir())
    assert len(results) == 4
    results[0].unlink()
    kept = results[1].stat().st_mtime_ns
    assert run(arguments) == 0
    assert sorted((tmp_path / "s" / "runs").iterdir()) == results
    assert results[1].stat().st_mtime_ns == kept


def test_options_of_other_studies_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["study", "physics", "--env", "boxes"]) == 2
    assert "--out, --quick and --seeds alone" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
