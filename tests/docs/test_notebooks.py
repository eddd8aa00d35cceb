"""The tutorials' cells, run in an empty folder: as they stand, or with next to no steps."""

import csv
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from fag_tf.deployment.model_folders import shipped_model
from fag_tf.training.run import open_run

DOCS = Path(__file__).parents[2] / "docs"
TUTORIALS = [
    path
    for path in sorted((DOCS / "tutorials").glob("*.md"))
    if "<!-- outputs of" in path.read_text(encoding="utf-8")
]


@pytest.fixture(scope="module")
def notebooks():
    spec = importlib.util.spec_from_file_location("notebooks", DOCS / "site" / "notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(name, *changes):
    """A tutorial with parts replaced, each of which must be there once."""
    page = (DOCS / "tutorials" / f"{name}.md").read_text(encoding="utf-8")
    for before, after in changes:
        assert page.count(before) == 1, before
        page = page.replace(before, after)
    return page


def printed(outputs):
    return "\n".join(output.printed for output in outputs)


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorials_outputs_are_of_its_cells(path, notebooks):
    """If this fails, run `python docs/site/notebooks.py` on the page."""
    page = path.read_text(encoding="utf-8")
    assert notebooks.kept_digest(page) == notebooks.digest(page)


def test_a_notebook_has_cells_and_no_outputs(notebooks):
    page = "# A\n\n```python\nprint(1)\n```\n\n```sh\necho 2\n```\n\nWords.\n"
    outputs = [notebooks.Outputs("1", []), notebooks.Outputs("2", [])]
    whole = notebooks.with_outputs(page, outputs, "a")
    assert "```{.text .output}\n1\n```" in whole
    assert notebooks.without_outputs(whole) == page
    assert notebooks.kept_digest(whole) == notebooks.digest(whole) == notebooks.digest(page)
    cells = notebooks.as_notebook(whole).cells
    assert [cell.source for cell in cells] == ["# A", "print(1)", "%%sh\necho 2", "Words."]


def test_a_block_with_the_name_of_a_file_is_written_to_it(notebooks, tmp_path):
    page = "```python\n# one.py\nprint(1)\n```\n\n```sh\npython one.py; echo 2 >&2\n```\n"
    nothing, printed = notebooks.run(page, tmp_path)
    assert (tmp_path / "one.py").read_text() == "# one.py\nprint(1)\n"
    assert (nothing.printed, printed.printed) == ("", "1")


def test_a_picture_that_the_page_does_not_show_is_told(notebooks):
    with pytest.raises(ValueError, match=r"a-1\.png"):
        notebooks.with_outputs("```python\nx\n```\n", [notebooks.Outputs("", [b"png"])], "a")


@pytest.mark.slow
def test_a_photo_becomes_grasps_in_robot_coordinates(notebooks, tmp_path):
    told = printed(notebooks.run(text("grasps_from_a_photo"), tmp_path))
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


@pytest.mark.slow
def test_a_feasibility_function_becomes_an_exported_actor(notebooks, tmp_path):
    tiny = (
        '"trainer.steps": 4, "actor.width": 8, "critic.width": 8, '
        '"trainer.compile": False, "critic.states": 4, "critic.updates": 1, "collect.states": 2, '
        '"collect.initial_states": 16, "trainer.batch": 2, "policy.num_looks": 2, '
        '"actor.depth": 1, "critic.depth": 1, "objective.num_supports": 16, '
        '"objective.num_samples": 16'
    )
    page = text(
        "first_environment",
        ('out="runs/arm")', f'out="runs/arm", config={{{tiny}}})'),
        ("POSES = 40", "POSES = 1"),
    )
    told = printed(notebooks.run(page, tmp_path))
    assert re.search(r"feasible: \d+\.\d of 1,000", told)
    assert open_run(tmp_path / "runs" / "arm").log()[-1]["step"] == 4
    assert (tmp_path / "models" / "arm" / "1" / "model.onnx").exists()
    assert re.search(r"\d+ found in \d+ tries, \d+ right", told)


@pytest.mark.slow
def test_a_part_is_learnt_by_the_shipped_model(notebooks, tmp_path):
    """Without the export, which takes as long as all else: the shipped model goes on in its place.

    The first environment's tutorial exports, and other tests export a scanning actor.
    """
    tiny = (
        "trainer.steps=2 --set trainer.compile=false --set trainer.batch=2 --set critic.states=4 "
        "--set critic.updates=1 --set collect.initial_states=4 --set collect.states=2 "
    )
    page = text(
        "fine_tuning",
        ("trainer.steps=400", tiny),
        (
            "fag-tf export runs/plane --out models/plane --poses 0",
            f"cp -r {shipped_model()} models",
        ),
        ('"models/plane"', '"models"'),
    )
    told = printed(notebooks.run(page, tmp_path))
    rates = [float(rate) for rate in re.findall(r"(\S+) of the samples hold", told)]
    assert rates[0] == rates[1] > 0.8
    assert "before: feasible rate" in told
    assert "after: feasible rate" in told
    assert open_run(tmp_path / "runs" / "plane").log()[-1]["step"] == 2
