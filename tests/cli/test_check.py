import csv
import io
import json
import re
from pathlib import Path

import pytest

from fag_tf.cli.main import run
from fag_tf.environments.planar_grasp.feasibility.rules import RULES

CASES = Path(__file__).parents[1] / "data" / "grasp_cases.json"


@pytest.fixture
def actions(tmp_path):
    """A file of five grasps of the box [-50, 50] x [-20, 20] mm, for rules 1, 2, 3, 6 and none."""
    path = tmp_path / "actions.csv"
    path.write_text(
        "x,y,theta\n0.2,0,0\n0.000,0,0\n0.1,0.1,0\n0.035,0,1.5707963\n0.0,0.0,1.5707963\n"
    )
    return path


@pytest.fixture
def box(tmp_path):
    path = tmp_path / "box.wkt"
    path.write_text("POLYGON ((-50 -20, 50 -20, 50 20, -50 20, -50 -20))")
    return path


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_first_broken_rule_is_given_for_each_grasp(box, actions, capsys):
    assert run(["check", "--object", str(box), "--units", "mm", "--actions", str(actions)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "x,y,theta,feasible,rule,broken"
    assert [row["rule"] for row in rows(out)] == ["1", "2", "3", "6", ""]
    assert [row["feasible"] for row in rows(out)] == ["0", "0", "0", "0", "1"]
    assert [row["broken"] for row in rows(out)] == [
        "out of reach",
        "not clear",
        "nothing to hold",
        "does not hang level",
        "",
    ]
    assert err == "1 of 5 grasps are feasible\n"


def test_numbers_are_given_back_as_they_were_written(box, actions, capsys):
    run(["check", "--object", str(box), "--units", "mm", "--actions", str(actions)])
    assert rows(capsys.readouterr().out)[1]["x"] == "0.000"


def test_another_gripper_changes_the_verdict(box, actions, capsys):
    command = ["check", "--object", str(box), "--units", "mm", "--actions", str(actions)]
    run([*command, "--gripper", "opening=0.105,max_lever=0.04"])
    assert [row["rule"] for row in rows(capsys.readouterr().out)] == ["1", "", "3", "", ""]


def test_neighbours_of_the_file_and_obstacles_are_met(tmp_path, capsys):
    part, wall, grasps = (tmp_path / name for name in ("two.wkt", "wall.wkt", "a.csv"))
    part.write_text(
        "MULTIPOLYGON (((-50 -10, 50 -10, 50 10, -50 10, -50 -10)),"
        "((60 20, 80 20, 80 30, 60 30, 60 20)))"
    )
    wall.write_text("POLYGON ((-30 20, -5 20, -5 30, -30 30, -30 20))")
    grasps.write_text("x,y,theta\n0.02,0,1.5707963\n-0.02,0,1.5707963\n")
    arguments = ["check", "--object", str(part), "--units", "mm", "--actions", str(grasps)]
    assert run([*arguments, "--largest"]) == 0
    assert [row["rule"] for row in rows(capsys.readouterr().out)] == ["", ""]
    assert run([*arguments, "--largest", "--obstacles", str(wall)]) == 0
    found = rows(capsys.readouterr().out)
    assert [row["rule"] for row in found] == ["", "7"]
    assert found[1]["broken"] == "meets a neighbour"
    assert run([*arguments, "--largest", "--obstacles", "wall.stl"]) == 2
    assert "no drawing" in capsys.readouterr().err


def test_every_stated_case_of_an_object_agrees(tmp_path, fag_tf_command):
    case = json.loads(CASES.read_text())["cases"][0]
    (tmp_path / "part.wkt").write_text(case["polygon_wkt"])
    lines = [",".join(map(str, action)) for action in case["actions"]]
    (tmp_path / "a.csv").write_text("\n".join(["x,y,theta", *lines]) + "\n")
    gripper = ",".join(f"{key}={value}" for key, value in case["gripper"].items())
    done = fag_tf_command(
        "check", "--object", "part.wkt", "--actions", "a.csv", "--gripper", gripper
    )
    assert done.returncode == 0, done.stderr
    answer = next(value for key, value in case.items() if key.startswith("feasib"))
    assert [int(row["feasible"]) for row in rows(done.stdout)] == [int(one) for one in answer]


def test_grasps_are_read_from_standard_input(box, fag_tf_command):
    done = fag_tf_command(
        "check", "--object", box, "--units", "mm", "--actions", "-", input="x,y,theta\n0,0,1.5708\n"
    )
    assert done.stdout == "x,y,theta,feasible,rule,broken\n0,0,1.5708,1,,\n"


def test_no_grasps_give_a_header_alone(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("x,y,theta\n")
    assert run(["check", "--object", "H", "--actions", str(tmp_path / "a.csv")]) == 0
    assert capsys.readouterr().out == "x,y,theta,feasible,rule,broken\n"


@pytest.mark.parametrize(
    "polygon",
    [
        "",
        "POLYGON EMPTY",
        "POLYGON ((0 0, 0.1 0.1, 0.1 0, 0 0.1, 0 0))",
        "POLYGON ((0 0, 0.1 0, nan 0.1, 0 0))",
        "POLYGON ((0 0, 0.1 0",
        "LINESTRING (0 0, 1 1)",
        "CURVEPOLYGON (CIRCULARSTRING (0 0, 4 0, 4 4, 0 4, 0 0))",
        "GEOMETRYCOLLECTION (" * 50_000,
        "POLYGON ((0 0, 1e300 0, 1e300 1e300, 0 0))",
        "POLYGON ((0 0, 1e400 0, 1 1, 0 0))",
        "POLYGON ((0 0, 1e-300 0, 0 1e-300, 0 0))",
    ],
)
def test_a_bad_polygon_ends_in_one_line_and_code_2(polygon, tmp_path, actions, capsys):
    (tmp_path / "bad.wkt").write_text(polygon)
    assert run(["check", "--object", str(tmp_path / "bad.wkt"), "--actions", str(actions)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--object", "nothing", "--actions", "{a}"], "'nothing'"),
        (["--object", "nothing.wkt", "--actions", "{a}"], r"nothing\.wkt"),
        (["--object", "H", "--actions", "missing.csv"], r"missing\.csv"),
        (["--object", "H", "--actions", "{a}", "--gripper", "hand"], "'hand'"),
        (["--object", "H", "--actions", "{a}", "--gripper", "opening=-1"], "opening.*-1"),
        (["--object", "H", "--actions", "{a}", "--gripper", "opening=nan"], "opening.*nan"),
        (["--object", "H", "--actions", "{a}", "--gripper", "width=1"], "'width'"),
        (["--object", "H", "--actions", "{a}", "--units", "mm"], "--units"),
        (["--object", "H", "--actions", "{a}", "--scale", "0"], r"scale.*\b0\b"),
        (["--object", "H", "--actions", "{a}", "--scale", "1e300"], "--scale"),
        (["--object", "H", "--actions", "{a}", "--scale", "1e-320"], "--scale"),
        (["--object", "H", "--actions", "{a}", "--largest"], "--largest"),
        (["--object", ".", "--actions", "{a}"], r"'\.'"),
        (["--object", "{a}", "--actions", "{a}"], r"\.csv\b.*\.wkt"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_2(arguments, message, actions, capsys):
    assert run(["check", *(part.replace("{a}", str(actions)) for part in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(message, err)
    assert err.count("\n") == 1


def test_a_row_that_is_no_number_is_named(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("x,y,theta\n0,0,0\n0,nan,0\n")
    assert run(["check", "--object", "H", "--actions", str(tmp_path / "a.csv")]) == 2
    assert re.search(r"line 3\b.*y.*'nan'", capsys.readouterr().err)


def test_a_silhouette_cut_out_without_a_margin_is_refused(tmp_path, actions, capsys):
    from PIL import Image, ImageDraw

    image = Image.new("L", (85, 140), 255)
    ImageDraw.Draw(image).polygon([(0, 0), (31, 0), (31, 108), (84, 108), (84, 139), (0, 139)], 0)
    image.save(tmp_path / "L.png")
    arguments = ["--object", str(tmp_path / "L.png"), "--width-m", "0.085"]
    assert run(["check", *arguments, "--actions", str(actions)]) == 2
    assert "margin" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty.*x,y,theta"),
        (b"0,0,0\n", "'x'.*'0,0,0'.*x,y,theta"),
        (b"x;y;theta\n0;0;0\n", "'x;y;theta'.*x,y,theta"),
        (b"x,y\n0,0\n", "'theta'"),
        (b"x,x,y,theta\n0,0,0,0\n", "2 columns 'x'"),
        (b"x,y,theta\n0,0\n", r"line 2\b.*2.*3"),
        (b"x,y,theta\n0,1e999,0\n", r"line 2\b.*y.*'1e999'"),
        ("x,y,theta\n0,0,0\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_actions_that_cannot_be_read_end_in_one_line(content, message, tmp_path, capsys):
    (tmp_path / "a.csv").write_bytes(content)
    assert run(["check", "--object", "H", "--actions", str(tmp_path / "a.csv")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(message, err)
    assert err.count("\n") == 1


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfx,y,theta\r\n0,0,0\r\n", b"x,y,theta\r0,0,0\r"])
def test_a_byte_order_mark_and_any_line_ends_are_read(content, tmp_path, capsys):
    (tmp_path / "a.csv").write_bytes(content)
    assert run(["check", "--object", "H", "--actions", str(tmp_path / "a.csv")]) == 0
    assert len(rows(capsys.readouterr().out)) == 1


def test_a_full_disk_ends_in_one_line_and_code_2(actions, fag_tf_command):
    import subprocess
    import sys

    command = [sys.executable, "-m", "fag_tf.cli.main", "check", "--object", "H"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*command, "--actions", str(actions)], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_rules_name_is_one_cell():
    names = [rule.partition(":")[0] for rule in RULES]
    assert len(set(names)) == len(RULES)
    assert not any("," in name or '"' in name for name in names)
