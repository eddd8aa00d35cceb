import json

import pytest

from fag_tf.cli.main import run
from fag_tf.rl.saved_agent import load_agent

pytest.importorskip("stable_baselines3")

BAND = "reference.band:reference/Band-v0"


def test_the_study_trains_a_model_and_agents_and_sums_them_up(tmp_path, capsys):
    study = ["study", "action_mapping", "--quick", "--env", BAND, "--out", str(tmp_path)]
    sizes = ["--set", "steps=100", "--set", "eval_every=50"]
    assert run([*study, *sizes]) == 0
    written = json.loads((tmp_path / "results.json").read_text())
    assert set(written["results"][BAND]) == {"mapping", "replacement"}
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} >= {".csv", ".md", ".png"}
    assert "| replacement | 1 |" in capsys.readouterr().out
    for result in written["runs"]:
        assert [row["step"] for row in result["curve"]] == [0, 50, 100]
    for folder in (tmp_path / "agents").iterdir():
        assert load_agent(folder).env == BAND
    # All is done: the same command sums up alone.
    before = {path: path.stat().st_mtime for path in (tmp_path / "runs").iterdir()}
    assert run([*study, *sizes]) == 0
    assert before == {path: path.stat().st_mtime for path in (tmp_path / "runs").iterdir()}
