import csv
import io
import sys

import pytest

from fag_tf.cli.main import run


@pytest.fixture
def arguments(tmp_path):
    """Four grasps: one holds, one is not clear, one escapes, and one only the rules refuse."""
    part, grasps = tmp_path / "box.wkt", tmp_path / "a.csv"
    part.write_text("POLYGON ((-50 -20, 50 -20, 50 20, -50 20, -50 -20))")
    grasps.write_text("x,y,theta\n0,0,1.5707963\n0,0,0\n0.055,0,1.0\n0.035,0,1.5707963\n")
    return ["check", "--object", str(part), "--units", "mm", "--actions", str(grasps)]


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_simulation_stands_beside_the_rules(arguments, tmp_path, capsys):
    picture = tmp_path / "checks.png"
    assert run([*arguments, "--physics", "--out", str(picture)]) == 0
    out, err = capsys.readouterr()
    head = out.splitlines()[0]
    assert head == "x,y,theta,feasible,rule,broken,physics,slip_mm,slip_deg,failure"
    found = rows(out)
    assert [row["rule"] for row in found] == ["", "2", "4", "6"]
    assert [row["physics"] for row in found] == ["1", "0", "0", "1"]
    assert [row["failure"] for row in found] == [
        "",
        "not clear",
        "gets out as the jaw closes",
        "",
    ]
    assert float(found[0]["slip_mm"]) < 0.1
    assert found[1]["slip_mm"] == found[2]["slip_deg"] == ""
    assert (
        err == "1 of 4 grasps are feasible\n2 hold in simulation, 1 of them feasible by the rules\n"
    )
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_force_mass_and_bounds_decide(arguments, capsys):
    weak = ["--physics", "--mass", "5", "--force", "20", "--shake", "0"]
    assert run([*arguments, *weak]) == 0
    assert rows(capsys.readouterr().out)[0]["failure"] == "slides"
    assert run([*arguments, "--physics", "--force", "lever", "--thickness", "0.03"]) == 0
    assert rows(capsys.readouterr().out)[0]["physics"] == "1"


def test_a_neighbour_in_the_way_is_no_grasp_whatever_else_is_broken(arguments, tmp_path, capsys):
    wall = tmp_path / "wall.wkt"
    wall.write_text("POLYGON ((-20 45, 60 45, 60 55, -20 55, -20 45))")
    assert run([*arguments, "--physics", "--obstacles", str(wall)]) == 0
    found = rows(capsys.readouterr().out)
    assert [row["rule"] for row in found] == ["7", "2", "4", "6"]
    assert found[0]["failure"] == found[3]["failure"] == "meets a neighbour"
    assert {row["physics"] for row in found} == {"0"}


def test_without_physics_nothing_is_added(arguments, capsys):
    assert run(arguments) == 0
    assert capsys.readouterr().out.splitlines()[0] == "x,y,theta,feasible,rule,broken"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--thickness", "0.03"], "--thickness: only with --physics"),
        (["--mass", "1", "--out", "a.png"], "--mass and --out: only with --physics"),
        (["--physics", "--thickness", "20"], "20 mm is 0.02"),
        (["--physics", "--force", "strong"], "newtons"),
        (["--physics", "--mass", "1", "--density", "1000"], "one of them"),
        (["--physics", "--out", "a.jpg"], ".png"),
        (["--physics", "--workers", "1000"], "workers"),
    ],
)
def test_bad_options_end_in_one_line_and_code_2(
    options, message, arguments, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    assert run([*arguments, *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err.splitlines()[-1]
    assert set(tmp_path.iterdir()) == before


def test_without_mujoco_its_extra_is_named(arguments, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    assert run([*arguments, "--physics"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "pip install 'fag-tf[physics]'" in err
