import json
import subprocess
import sys

import pytest

from fag_tf.cli.main import run
from fag_tf.experiments.benchmarks.registry import choose

ENTRIES = {"name", "value", "unit", "reference", "ratio", "target", "met", "against", "spread"}


@pytest.mark.slow
def test_quick_runs_every_row_in_a_process_of_its_own(tmp_path):
    # No `fag_tf_command`: on a busy machine it takes longer than that allows.
    command = [sys.executable, "-m", "fag_tf.cli.main", "benchmark", "--quick"]
    done = subprocess.run(
        [*command, "--json", "found.json"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for name in choose([]):
        assert f"{name}: " in done.stderr
    assert "left out" not in done.stderr
    rows = json.loads((tmp_path / "found.json").read_text())
    assert all(set(row) == ENTRIES for row in rows)
    assert all(isinstance(row["value"], (int, float)) for row in rows)
    assert all(row["met"] is None for row in rows if row["target"] is None)
    assert sum(row["target"] is not None for row in rows) >= 9
    assert len({row["name"] for row in rows}) > 20
    for word in ("quick sizes", "kernel mixture", "SavedModel", "overlays", "onnxruntime"):
        assert word in done.stdout


def test_one_row_of_a_given_model_as_table_and_json(stand_in_model, tmp_path, capsys):
    out = tmp_path / "found.json"
    arguments = ["benchmark", str(stand_in_model), "--quick", "--only", "checks"]
    assert run([*arguments, "--json", str(out)]) == 0
    table = capsys.readouterr().out
    rows = json.loads(out.read_text())
    assert [set(row) for row in rows] == [ENTRIES] * 2
    for row in rows:
        assert row["name"] in table
    assert rows[0]["target"] == ">= 4 x"
    assert rows[1]["met"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "speed"], "'speed'"),
        (["nowhere"], "nowhere"),
        (["--minutes", "0"], "'--minutes'"),
        (["--figure", "growth.txt"], "growth.txt"),
        (["--json", "/dev/null/x.json"], "/dev/null"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_2(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["benchmark", *arguments]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
