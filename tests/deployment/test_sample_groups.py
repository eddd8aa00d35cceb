import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from fag_tf.deployment.sample_groups import (
    GROUP_SUFFIXES,
    SampleGroup,
    check_group_suffix,
    write_groups,
)
from fag_tf.errors import InputError

NAMES = ("x", "y")
GROUPS = [
    SampleGroup("a.png", np.float32([[0.1, 0.2], [0.3, 1e-9]]), np.float32([0.9, 0.8])),
    SampleGroup("b, c.png", np.empty((0, 2), np.float32), np.empty(0, np.float32)),
    SampleGroup("d.png", np.float32([[-1.5, 7.0]]), np.float32([1.0])),
]
ROWS = [(g.source, *a, f) for g in GROUPS for a, f in zip(g.action, g.feasibility, strict=True)]


def written(tmp_path, suffix):
    path = tmp_path / f"samples{suffix}"
    write_groups(path, NAMES, iter(GROUPS), {"seed": 3})
    assert list(tmp_path.iterdir()) == [path]
    return path


def test_csv_gives_every_number_exactly(tmp_path):
    with written(tmp_path, ".csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["source", "x", "y", "feasibility"]
    assert [(row[0], *map(np.float32, row[1:])) for row in rows] == ROWS


def test_json_lines_hold_an_object_a_source(tmp_path):
    lines = [json.loads(line) for line in written(tmp_path, ".jsonl").read_text().splitlines()]
    assert [line["source"] for line in lines] == [group.source for group in GROUPS]
    assert all(line["seed"] == 3 for line in lines)
    assert [len(line["actions"]) for line in lines] == [2, 0, 1]
    assert lines[2]["actions"] == [{"x": -1.5, "y": 7.0, "feasibility": 1.0}]


def test_npz_says_which_rows_are_whose(tmp_path):
    with np.load(written(tmp_path, ".npz"), allow_pickle=False) as arrays:
        assert arrays["source"].tolist() == [group.source for group in GROUPS]
        assert arrays["row"].tolist() == [0, 2, 2, 3]
        np.testing.assert_array_equal(arrays["action"][2:3], GROUPS[2].action)
        assert json.loads(str(arrays["about"])) == {"seed": 3}
        assert arrays["names"].tolist() == list(NAMES)


def test_parquet_has_a_row_group_a_source(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    file = parquet.ParquetFile(written(tmp_path, ".parquet"))
    assert file.num_row_groups == 3
    assert json.loads(file.schema_arrow.metadata[b"about"]) == {"seed": 3}
    rows = file.read().to_pylist()
    assert [tuple(map(np.float32, list(row.values())[1:])) for row in rows] == [
        row[1:] for row in ROWS
    ]
    assert [row["source"] for row in rows] == ["a.png", "a.png", "d.png"]


def test_log_densities_are_in_json_lines_and_npz_alone(tmp_path):
    groups = [group._replace(log_density=-group.feasibility) for group in GROUPS]
    for suffix in GROUP_SUFFIXES:
        if suffix == ".parquet":
            pytest.importorskip("pyarrow")
        write_groups(tmp_path / f"a{suffix}", NAMES, iter(groups), {"seed": 3})
    line = json.loads((tmp_path / "a.jsonl").read_text().splitlines()[2])
    assert line["actions"] == [{"x": -1.5, "y": 7.0, "feasibility": 1.0, "log_density": -1.0}]
    with np.load(tmp_path / "a.npz") as arrays:
        np.testing.assert_array_equal(arrays["log_density"], -arrays["feasibility"])
    assert "log_density" not in (tmp_path / "a.csv").read_text()


def test_further_columns_follow_in_every_format(tmp_path):
    groups = [group._replace(more={"row": 100 * group.feasibility}) for group in GROUPS]
    for suffix in GROUP_SUFFIXES:
        if suffix == ".parquet":
            pytest.importorskip("pyarrow")
        write_groups(tmp_path / f"a{suffix}", NAMES, iter(groups), {}, ["row"])
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0] == "source,x,y,feasibility,row"
    assert lines[-1].endswith("1.0,100.0")
    last = json.loads((tmp_path / "a.jsonl").read_text().splitlines()[2])
    assert last["actions"] == [{"x": -1.5, "y": 7.0, "feasibility": 1.0, "row": 100.0}]
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["names"].tolist() == list(NAMES)
        assert arrays["more_names"].tolist() == ["row"]
        np.testing.assert_allclose(arrays["more"], [[90.0], [80.0], [100.0]], rtol=1e-6)
        assert arrays["row"].tolist() == [0, 2, 2, 3]


def test_another_suffix_is_refused():
    with pytest.raises(InputError, match=", ".join(GROUP_SUFFIXES)):
        check_group_suffix(Path("samples.json"))


def test_without_pyarrow_its_install_command_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"fag-tf\[parquet\]"):
        check_group_suffix(Path("samples.parquet"))
