"""What the tutorials tell users to write and run, written and run in an empty folder."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fag_tf.training.run import open_run

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"

pytestmark = pytest.mark.slow


def blocks(tutorial, *languages):
    text = (TUTORIALS / tutorial).read_text(encoding="utf-8")
    return re.findall(rf"```(?:{'|'.join(languages)})\n(.*?)```", text, re.DOTALL)


def write_files(tutorial, folder):
    """Every block whose first line is a comment with a file's name, in that file."""
    for code in blocks(tutorial, "python", "toml"):
        name = re.match(r"# (\w+\.\w+)\n", code)[1]
        (folder / name).write_text(code, encoding="utf-8")


def run(command, folder):
    """One line of the shell, with this Python's own commands first; gives what it printed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def commands(tutorial):
    return [line for block in blocks(tutorial, "sh") for line in block.splitlines()]


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_phone_picture_becomes_grasps_in_robot_coordinates(tmp_path):
    write_files("phone.md", tmp_path)
    told = "".join(run(command, tmp_path) for command in commands("phone.md"))
    assert "doubtful" not in told
    # The corners are those that the photograph was drawn by; 1 mm is 3 pixels of it.
    found = re.search(r"corners were found at (\S+) (\S+) (\S+) (\S+)", told).groups()
    corners = [[float(number) for number in pair.strip(";").split(",")] for pair in found]
    drawn = [(352, 248), (1290, 215), (1452, 1010), (180, 1042)]
    np.testing.assert_allclose(corners, drawn, atol=1.5)
    verdicts = [row["feasible"] for row in read(tmp_path / "verdicts.csv")]
    assert len(verdicts) == 100
    assert verdicts.count("1") >= 97
    # The corners that the tutorial touches are of a sheet turned by -30 degrees about this place.
    turn, centre = np.deg2rad(-30), np.array([0.4884, 0.0061])
    for row in read(tmp_path / "robot.csv"):
        x, y, theta = (float(row[name]) for name in ("x", "y", "theta"))
        turned = (x + 1j * y) * np.exp(1j * turn)
        wanted = centre + np.array([turned.real, turned.imag])
        reached = [float(row["robot_x"]), float(row["robot_y"])]
        np.testing.assert_allclose(reached, wanted, atol=1e-3)
        assert float(row["robot_z"]) == pytest.approx(0.002, abs=5e-4)
        apart = float(row["robot_yaw"]) - (theta + turn)
        assert abs(np.exp(2j * apart) - 1) < 0.02


def test_a_feasibility_function_becomes_an_exported_actor(tmp_path):
    """With next to no steps: that all commands fit together, not what is learnt."""
    write_files("environment.md", tmp_path)
    config = tmp_path / "arm.toml"
    few = re.sub(r"^steps = \d+", "steps = 4", config.read_text(), flags=re.MULTILINE)
    config.write_text(few + "[collect]\ninitial_states = 64\n")
    told = {}
    for command in commands("environment.md"):
        short = re.sub(r"--poses \d+ --samples \d+", "--poses 2 --samples 64", command)
        told[command.split()[1]] = run(short, tmp_path)
    assert re.search(r"feasible: \d+\.\d of 1,000", told["try_arm.py"])
    assert open_run(tmp_path / "runs" / "arm").log()[-1]["step"] == 4
    assert (tmp_path / "models" / "arm" / "1" / "model.onnx").exists()
    assert re.search(r"\d+ found in \d+ tries, \d+ right", told["ask_arm.py"])
