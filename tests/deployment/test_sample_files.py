import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fag_tf.deployment.sample_files import (
    TABLE_SUFFIXES,
    check_suffix,
    read_actions,
    samples_csv,
    write_samples,
)
from fag_tf.errors import InputError

NAMES = ("x", "y", "theta")
ACTIONS = np.array([[0.1, -0.2, 3.0], [1e-7, 0.0, 0.5]], np.float32)
FEASIBILITY = np.array([0.9, 0.25], np.float32)


@pytest.fixture
def written(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "actions.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@given(arrays(np.float32, (3, 4), elements=st.floats(-10, 10, width=32)))
@settings(max_examples=25)
def test_csv_holds_every_float_exactly(values):
    rows = list(csv.reader(io.StringIO(samples_csv(NAMES, values[:, :3], values[:, 3]))))
    assert rows[0] == [*NAMES, "feasibility"]
    np.testing.assert_array_equal(np.array(rows[1:], np.float32), values)


def test_no_samples_make_a_header_alone():
    empty = np.empty((0, 3), np.float32)
    assert samples_csv(NAMES, empty, np.empty(0, np.float32)) == "x,y,theta,feasibility\n"


def test_a_written_csv_reads_back(tmp_path):
    path = tmp_path / "new" / "a.csv"
    write_samples(path, NAMES, ACTIONS, FEASIBILITY, {})
    np.testing.assert_array_equal(read_actions(path, NAMES).actions.astype(np.float32), ACTIONS)


def test_json_holds_objects_and_what_it_is_about(tmp_path):
    write_samples(tmp_path / "a.json", NAMES, ACTIONS, FEASIBILITY, {"seed": 3})
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["seed"] == 3
    assert [set(row) for row in content["actions"]] == [{*NAMES, "feasibility"}] * 2
    assert content["actions"][0]["theta"] == 3.0


def test_a_log_density_that_is_not_a_number_is_null_in_json(tmp_path):
    density = np.array([1.5, np.nan], np.float32)
    write_samples(tmp_path / "a.json", NAMES, ACTIONS, FEASIBILITY, {}, density)
    rows = json.loads((tmp_path / "a.json").read_text(), parse_constant=pytest.fail)["actions"]
    assert [row["log_density"] for row in rows] == [1.5, None]


def test_further_columns_follow_in_every_format(tmp_path):
    more = {"width": np.array([0.02, np.nan])}
    for suffix in TABLE_SUFFIXES:
        write_samples(tmp_path / f"a{suffix}", NAMES, ACTIONS, FEASIBILITY, {}, None, more)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0] == "x,y,theta,feasibility,width"
    assert [line.rsplit(",", 1)[1] for line in lines[1:]] == ["0.02", "nan"]
    rows = json.loads((tmp_path / "a.json").read_text())["actions"]
    assert [row["width"] for row in rows] == [pytest.approx(0.02), None]
    with np.load(tmp_path / "a.npz") as arrays:
        np.testing.assert_array_equal(arrays["width"], np.float32([0.02, np.nan]))


def test_npz_holds_arrays_and_loads_without_pickle(tmp_path):
    write_samples(tmp_path / "a.npz", NAMES, ACTIONS, FEASIBILITY, {"seed": 3})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as content:
        np.testing.assert_array_equal(content["action"], ACTIONS)
        np.testing.assert_array_equal(content["feasibility"], FEASIBILITY)
        assert content["names"].tolist() == list(NAMES)
        assert json.loads(str(content["about"])) == {"seed": 3}


def test_log_densities_are_in_json_and_npz_alone(tmp_path):
    log_density = np.float32([-1.5, 2.0])
    for suffix in (".csv", ".json", ".npz"):
        write_samples(tmp_path / f"a{suffix}", NAMES, ACTIONS, FEASIBILITY, {}, log_density)
    rows = json.loads((tmp_path / "a.json").read_text())["actions"]
    assert [row["log_density"] for row in rows] == [-1.5, 2.0]
    with np.load(tmp_path / "a.npz", allow_pickle=False) as content:
        np.testing.assert_array_equal(content["log_density"], log_density)
    assert (tmp_path / "a.csv").read_text() == samples_csv(NAMES, ACTIONS, FEASIBILITY)


@pytest.mark.parametrize("name", ["a.txt", "a", "a.csv.gz", ".csv"])
def test_another_suffix_is_refused(name, tmp_path):
    with pytest.raises(InputError, match=r"\.csv, \.json, \.npz"):
        write_samples(tmp_path / name, NAMES, ACTIONS, FEASIBILITY, {})
    assert list(tmp_path.iterdir()) == []


def test_the_suffix_may_be_in_capitals():
    assert check_suffix("A.CSV") == ".csv"


def test_columns_are_found_by_name_and_others_passed_over(written):
    table = read_actions(written("feasibility,theta,y,x\n0.5,3,2,1\n"), NAMES)
    np.testing.assert_array_equal(table.actions, [[1, 2, 3]])
    assert table.texts == (("1", "2", "3"),)


def test_marks_blank_lines_and_spaces_do_not_matter(written):
    text = "\ufeff x , y,theta\r\n\r\n 1, 2.50 ,3e-1\r\n\r\n"
    assert read_actions(written(text), NAMES).texts == (("1", "2.50", "3e-1"),)


def test_a_header_alone_is_a_table_of_no_actions(written):
    assert read_actions(written("x,y,theta\n"), NAMES).actions.shape == (0, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("1,2,3\n", "'x'.*'1,2,3'"),
        ("x,y\n1,2\n", "'theta'.*'x,y'"),
        ("x,y,theta\n1,2\n", r"line 2\b.*2.*3"),
        ("x,y,theta\n1,2,3\n\n1,two,3\n", r"line 4\b.*y.*'two'"),
        ("x,y,theta\n1,,3\n", r"line 2\b.*y.*''"),
        ("x,y,theta\n1,2,nan\n", r"line 2\b.*theta.*'nan'"),
        ("x,y,theta\n1,inf,2\n", r"line 2\b.*y.*'inf'"),
        ("x,y,theta\n1,2,1e999\n", r"line 2\b.*theta.*'1e999'"),
    ],
)
def test_a_wrong_table_is_refused_with_the_line(text, message, written):
    with pytest.raises(InputError, match=message) as caught:
        read_actions(written(text), NAMES)
    assert "\n" not in str(caught.value)


def test_missing_files_folders_and_bytes_are_refused(tmp_path):
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\xff\xfe")
    for name in ("missing.csv", ".", "picture.csv"):
        with pytest.raises(InputError):
            read_actions(tmp_path / name, NAMES)


def test_a_file_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"/file/a\.csv"):
        write_samples(tmp_path / "file" / "a.csv", NAMES, ACTIONS, FEASIBILITY, {})
