"""`fag-tf sample` of several parts: one of them, or each, with the others as obstacles."""

import csv
import io
import json

import numpy as np
import pytest
import shapely
from PIL import Image, ImageDraw

from fag_tf.cli.main import run
from fag_tf.environments.planar_grasp.feasibility.obstacles import holds_beside
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from reference.depth_pictures import depth_of

LEFT, RIGHT = shapely.box(-0.13, -0.01, -0.03, 0.01), shapely.box(0.03, -0.01, 0.13, 0.01)
PLATE = shapely.box(-0.06, 0.2, 0.06, 0.32)  # too wide for the jaw
PARTS = (LEFT, PLATE, RIGHT)  # from left to right
CAMERA = (430.0, 430.0, 160.0, 120.0)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    (folder / "parts.wkt").write_text(shapely.MultiPolygon(PARTS).wkt)
    (folder / "two.wkt").write_text(shapely.MultiPolygon([LEFT, RIGHT]).wkt)
    (folder / "plates.wkt").write_text(
        shapely.MultiPolygon([PLATE, shapely.affinity.translate(PLATE, 0.2)]).wkt
    )
    image = Image.new("L", (640, 320), 240)  # 0.5 mm a pixel
    for part in (LEFT, RIGHT):
        x0, y0, x1, y1 = (2000 * each for each in part.bounds)
        box = (320 + x0, 160 - y1, 319 + x1, 159 - y0)
        ImageDraw.Draw(image).rectangle(box, fill=30)
    image.save(folder / "two.png")
    image = Image.new("RGB", (900, 300), (120, 170, 230))  # 1 mm a pixel
    for column in (50, 750):
        ImageDraw.Draw(image).rectangle((column, 40, column + 99, 59), fill=(120, 20, 20))
    image.save(folder / "wide.png")
    np.save(folder / "two.npy", depth_of([(LEFT, 0.02), (RIGHT, 0.03)], CAMERA, (240, 320)))
    return folder


@pytest.fixture
def sample(capsys):
    def call(*arguments):
        code = run(["sample", "-n", "40", "--seed", "1", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def table(text):
    rows = list(csv.DictReader(io.StringIO(text)))
    grasps = np.array([[float(row[name]) for name in ("x", "y", "theta")] for row in rows])
    return grasps, [row["part"] for row in rows]


SOURCES = [
    (("--object", "two.wkt"), 1.0),
    (("--image", "two.png", "--width-m", "0.32"), 0.95),
    (("--depth", "two.npy", "--intrinsics", "430,430,160,120"), 0.90),
]


@pytest.mark.parametrize(("source", "least"), SOURCES)
def test_each_part_has_its_grasps_in_one_table(source, least, sample, files):
    option, name, *more = source
    code, out, _ = sample(option, files / name, *more, "--each")
    assert code == 0
    assert out.splitlines()[0].endswith(",part")
    grasps, part = table(out)
    assert part == ["0"] * 40 + ["1"] * 40
    for own, other, rows in ((LEFT, RIGHT, slice(0, 40)), (RIGHT, LEFT, slice(40, 80))):
        holds = holds_beside([other], own, DEFAULT_GRIPPER, grasps[rows])
        assert holds.mean() >= least


def test_parts_of_a_picture_are_drawn_on_it(sample, files):
    out = files / "drawn.csv"
    arguments = ("--image", files / "wide.png", "--width-m", "0.9", "--each", "--out", out)
    assert sample(*arguments)[0] == 0
    drawn = np.asarray(Image.open(out.with_suffix(".png")).convert("RGB"), np.float64)
    seen = [
        np.mean(np.abs(drawn - (255 - 0.62 * (255 - np.array(colour)))).max(axis=2) < 4)
        for colour in ((120, 170, 230), (120, 20, 20))
    ]
    assert seen[0] > 0.05
    assert seen[1] > 0.0005  # jaws, outlines and numbers hide most of it


def test_parts_off_the_table_and_parts_without_a_grasp(sample, files):
    out = files / "grasps.json"
    code, _, err = sample("--object", files / "parts.wkt", "--each", "--out", out)
    assert code == 0
    assert "80 grasps of 2 of 3 parts" in err
    assert "no grasp of part 1: its narrowest width, 120 mm, exceeds the opening, 85 mm" in err
    actions = json.loads(out.read_text())["actions"]
    assert [each["part"] for each in actions] == [0] * 40 + [2] * 40
    assert out.with_suffix(".png").exists()
    code, _, err = sample("--object", files / "plates.wkt", "--each")
    assert code == 1
    assert "no grasp of any of 2 parts" in err


@pytest.mark.parametrize(("source", "least"), SOURCES)
def test_the_part_at_a_point_is_taken(source, least, sample, files):
    option, name, *more = source
    code, out, _ = sample(option, files / name, *more, "--select", "0.08,0.005")
    assert code == 0
    lines = list(csv.DictReader(io.StringIO(out)))
    assert all(float(row["x"]) > 0 for row in lines)
    assert "part" not in lines[0]
    code, _, err = sample(option, files / name, *more, "--select", "0,0.1")
    assert code == 2
    assert "at 0,0.1 (--select)" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("source", "pixel"),
    [(SOURCES[1][0], "480,160px"), (SOURCES[2][0], "217,120px")],
)
def test_a_point_may_be_a_pixel(source, pixel, sample, files):
    option, name, *more = source
    code, out, _ = sample(option, files / name, *more, "--select", pixel)
    assert code == 0
    assert all(float(row["x"]) > 0 for row in csv.DictReader(io.StringIO(out)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--object", "two.wkt", "--each", "--largest"), "--each.*--largest"),
        (("--object", "two.wkt", "--select", "1,1", "--index", "0"), "--index and --select"),
        (("--object", "two.wkt", "--select", "10,10px"), "no pixels"),
        (("--object", "two.wkt", "--select", "here"), "X,Y in metres"),
        (("--object", "two.wkt", "--index", "2"), "no polygon 2"),
        (("--image", ".", "--each", "--out", "a.csv"), "--each goes with one picture"),
    ],
)
def test_choices_that_do_not_go_together_end_in_one_line(arguments, message, sample, files):
    named = [str(files / each) if "two." in each or each == "." else each for each in arguments]
    code, out, err = sample(*named)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    import re

    assert re.search(message, err)
