import csv
import json
import shutil

import numpy as np
import pytest
import shapely
from PIL import Image, ImageDraw

from fag_tf.cli.main import run
from fag_tf.environments.planar_grasp.feasibility.rules import first_broken_rule
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from reference.depth_pictures import depth_of
from reference.page import picture as picture_of_a_bar


@pytest.fixture
def picture(tmp_path):
    """A ring drawn in red on white, wider than tall.

    Its pixels are so coarse that only the model judges, here one that knows no rules.
    """
    image = Image.new("RGB", (500, 400), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((150, 100, 350, 300), fill=(200, 30, 30))
    draw.ellipse((220, 170, 280, 230), fill="white")
    image.resize((100, 80), Image.Resampling.BOX).save(tmp_path / "ring.png")
    return tmp_path / "ring.png"


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


# What it writes


def test_a_picture_gives_a_table_and_a_drawing(picture, tmp_path, stand_in_model, fag_tf_command):
    out = tmp_path / "out" / "grasps.csv"
    done = fag_tf_command(
        *("sample", stand_in_model, "--image", picture, "-n", 20, "--out", out, "--seed", 1),
        "--unverified",
    )
    assert done.returncode == 0, done.stderr
    assert out.read_text().splitlines()[0] == "x,y,theta,feasibility,width,column,row"
    rows = read(out)
    assert len(rows) == 20
    for row in rows:  # the stand-in grasps within 10 mm of the centroid
        assert abs(float(row["x"])) < 0.011
        assert 0 <= float(row["theta"]) < np.pi
        assert float(row["feasibility"]) >= 0.5
    with Image.open(out.with_suffix(".png")) as image:
        assert image.format == "PNG"
    assert "0.30 m wide" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_out_the_table_is_printed_alone(sample, picture):
    code, out, err = sample("--image", picture, "-n", 3, "--seed", 1)
    assert code == 0
    assert out.splitlines()[0] == "x,y,theta,feasibility,width,column,row"
    assert len(out.splitlines()) == 4
    assert "3 grasps from" in err


def test_a_seed_repeats(sample, picture):
    assert (
        sample("--image", picture, "--seed", 5)[1]
        == sample("--image", picture, "--seed", 5)[1]
        != sample("--image", picture, "--seed", 6)[1]
    )


def test_without_a_seed_the_one_used_is_told(sample, picture):
    _, first, err = sample("--image", picture)
    seed = err.rsplit("seed ", 1)[1].split(")")[0]
    assert sample("--image", picture, "--seed", seed)[1] == first


def test_json_and_npz_hold_the_same_grasps(sample, picture, tmp_path):
    for suffix in ("csv", "json", "npz"):
        assert sample("--image", picture, "--seed", 2, "--out", tmp_path / f"a.{suffix}")[0] == 0
    rows = read(tmp_path / "a.csv")
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["seed"] == 2
    assert content["gripper"]["opening"] == 0.085
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        action = arrays["action"]
    for index, row in enumerate(rows):
        assert np.float32(row["x"]) == np.float32(content["actions"][index]["x"])
        assert np.float32(row["x"]) == action[index, 0]


def test_both_runtimes_give_the_same_grasps(sample, picture, tmp_path):
    tables = []
    for runtime in ("onnx", "savedmodel"):
        out = tmp_path / f"{runtime}.csv"
        assert sample("--image", picture, "--seed", 2, "--runtime", runtime, "--out", out)[0] == 0
        tables.append([[float(value) for value in row.values()] for row in read(out)])
    np.testing.assert_allclose(*tables, atol=1e-5)


def test_onnx_does_not_import_tensorflow(picture, stand_in_model, tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; from fag_tf.cli.main import run; code = run(sys.argv[1:]);"
        "sys.exit(code or 'tensorflow' in sys.modules)"
    )
    out = tmp_path / "a.csv"
    arguments = ["sample", stand_in_model, "--image", picture, "--out", out, "--unverified"]
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True)


def test_the_picture_that_was_read_is_not_overwritten(sample, picture, tmp_path):
    before = picture.read_bytes()
    assert sample("--image", picture, "--out", tmp_path / "ring.csv")[0] == 0
    assert picture.read_bytes() == before
    assert (tmp_path / "ring_grasps.png").exists()


def test_a_named_part_and_a_file_can_be_grasped(sample, tmp_path):
    assert sample("--object", "hammer", "-n", 5)[0] == 0
    path = tmp_path / "bar.wkt"
    path.write_text("POLYGON ((-10 50, 90 50, 90 70, -10 70, -10 50))")
    code, out, err = sample("--object", path, "--units", "mm", "-n", 5, "--unverified")
    assert code == 0
    rows = [list(map(float, line.split(","))) for line in out.splitlines()[1:]]
    assert np.all(np.abs(np.array(rows)[:, :2] - [0.04, 0.06]) < 0.0105)  # where the file says
    assert "the exact rules accept" in err


def test_one_of_several_polygons_is_taken_and_put_in_the_middle(sample, tmp_path):
    path = tmp_path / "two.wkt"
    path.write_text(
        "MULTIPOLYGON (((200 0, 260 0, 260 20, 200 20, 200 0)),"
        "((300 0, 330 0, 330 20, 300 20, 300 0)))"
    )
    arguments = ("--object", path, "--units", "mm", "-n", 4)
    assert "--index" in sample(*arguments)[2]
    code, out, _ = sample(*arguments, "--index", 0, "--center")
    rows = np.array([line.split(",") for line in out.splitlines()[1:]], float)
    assert code == 0
    assert np.all(np.abs(rows[:, :2]) < 0.035)


def test_of_an_object_only_grasps_that_hold_are_written(sample, tmp_path):
    path, out = tmp_path / "bar.wkt", tmp_path / "a.csv"
    bar = shapely.box(-0.05, -0.01, 0.05, 0.01)
    path.write_text(bar.wkt)
    code, _, err = sample("--object", path, "-n", 60, "--seed", 1, "--out", out)
    assert code == 0
    rows = np.array([[float(value) for value in row.values()] for row in read(out)])
    assert rows.shape == (60, 5)
    across = np.abs(rows[:, 2] - np.pi / 2)
    assert np.all(rows[:, 4] >= 0.02 - 1e-9)
    assert np.all(rows[:, 4] <= 0.02 / np.cos(across) + 0.022 * np.tan(across) + 1e-6)
    assert first_broken_rule(bar, DEFAULT_GRIPPER, rows[:, :3]).max() == 0
    assert "all hold by the exact rules" in err


def test_grasps_of_a_picture_hold_by_its_outline_and_the_file_says_so(tmp_path, capsys):
    out, fine = tmp_path / "a.json", tmp_path / "bar.png"
    fine.write_bytes(picture_of_a_bar())
    seen = ["sample", "--image", fine, "--width-m", 0.25, "-n", 5, "--seed", 1, "--out", out]
    assert run(list(map(str, seen))) == 0  # with the shipped model
    told = capsys.readouterr().err
    assert "all hold by the exact rules on the outline traced in the picture" in told
    content = json.loads(out.read_text())
    assert (content["verified"], content["traced"]) == (False, True)
    assert run([*map(str, seen), "--unverified"]) == 0
    assert "all hold" not in capsys.readouterr().err
    assert not json.loads(out.read_text())["traced"]


def test_what_the_model_lacks_is_filled_up_and_counted(sample, tmp_path):
    out = tmp_path / "a.json"
    arguments = ("--object", "O", "-n", 40, "--seed", 1, "--out", out)  # which has a hole there
    code, _, err = sample(*arguments)
    assert code == 0
    assert "0 of the model's from 4096 tried" in err
    assert "40 by the exact rules alone" in err
    content = json.loads(out.read_text())
    assert (content["verified"], content["filled"], len(content["actions"])) == (True, 40, 40)
    assert {row["feasibility"] for row in content["actions"]} == {1.0}


def test_where_nothing_holds_the_reason_is_said_with_code_1(sample, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "fag_tf.environments.planar_grasp.feasibility.exact_sampling._MOST_TRIES", 20_000
    )
    path = tmp_path / "plate.wkt"
    path.write_text("POLYGON ((-60 -60, 60 -60, 60 60, -60 60, -60 -60))")
    code, out, err = sample("--object", path, "--units", "mm", "-n", 2)
    assert (code, out) == (1, "x,y,theta,feasibility,width\n")
    assert "its narrowest width, 120 mm, exceeds the opening, 85 mm" in err
    assert err.count("\n") == 1


def test_the_width_moves_and_scales_the_grasps(sample, tmp_path):
    image = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(image).rectangle((60, 40, 79, 59), fill=0)
    image.save(tmp_path / "off.png")
    _, out, err = sample("--image", tmp_path / "off.png", "--width-m", 0.25, "-n", 1)
    x = float(out.splitlines()[1].split(",")[0])
    assert x == pytest.approx(0.05, abs=0.0105)
    assert "wide" not in err


def test_columns_and_rows_are_those_of_the_pictures_pixels(sample, tmp_path):
    image = Image.new("L", (100, 80), 255)
    ImageDraw.Draw(image).rectangle((60, 20, 79, 39), fill=0)  # its middle is at 69.5, 29.5
    image.save(tmp_path / "off.png")
    arguments = ("--image", tmp_path / "off.png", "--width-m", 0.25, "-n", 40)
    code, out, _ = sample(*arguments, "--seed", 1)
    table = np.array([line.split(",") for line in out.splitlines()[1:]], float)
    x, y, *_, width, column, row = table.T
    assert code == 0
    np.testing.assert_allclose(column, 49.5 + x / 0.0025, atol=1e-3)
    np.testing.assert_allclose(row, 39.5 - y / 0.0025, atol=1e-3)
    assert np.all(np.abs([column - 69.5, row - 29.5]) < 4.5)
    assert np.all((width > 0.045) & (width < 0.08))


def test_grasps_are_given_in_the_robots_frame_too(sample, tmp_path):
    (tmp_path / "robot.txt").write_text("0 -1 0 0.5\n1 0 0 0\n0 0 1 0.1\n0 0 0 1\n")
    arguments = ("--object", "H", "-n", 6, "--seed", 1, "--to-robot", tmp_path / "robot.txt")
    code, out, _ = sample(*arguments)
    assert code == 0
    header, *lines = out.splitlines()
    assert header == "x,y,theta,feasibility,width,robot_x,robot_y,robot_z,robot_yaw"
    table = np.array([line.split(",") for line in lines], float)
    np.testing.assert_allclose(table[:, 5], 0.5 - table[:, 1], atol=1e-6)
    np.testing.assert_allclose(table[:, 6], table[:, 0], atol=1e-6)
    out = tmp_path / "a.json"
    assert sample(*arguments, "--out", out)[0] == 0
    assert json.loads(out.read_text())["to_robot"][0] == [0, -1, 0, 0.5]


def test_a_wide_picture_answers_in_its_own_frame(sample, tmp_path):
    image = Image.new("L", (800, 600), 255)  # 1 mm a pixel
    ImageDraw.Draw(image).rectangle((600, 100, 679, 119), fill=20)
    image.save(tmp_path / "wide.png")
    arguments = ("--image", tmp_path / "wide.png", "--width-m", 0.8, "-n", 20, "--seed", 1)
    code, _, _ = sample(*arguments, "--out", tmp_path / "a.csv")
    rows = np.array([[float(value) for value in row.values()] for row in read(tmp_path / "a.csv")])
    assert code == 0
    assert np.all(np.abs(rows[:, :2] - [0.24, 0.19]) < 0.0105)  # the stand-in's reach
    assert np.all(np.abs(rows[:, 5:7] - [639.5, 109.5]) < 10.5)
    folder = tmp_path / "views"
    folder.mkdir()
    (tmp_path / "wide.png").rename(folder / "wide.png")
    many = ("--image", folder, *arguments[2:], "--out", tmp_path / "b.csv")
    assert sample(*many)[0] == 0
    again = [[float(value) for value in list(row.values())[1:]] for row in read(tmp_path / "b.csv")]
    np.testing.assert_allclose(again, rows, atol=1e-4)


def test_a_depth_picture_gives_grasps_in_the_cameras_frame(sample, tmp_path):
    numbers = (430.0, 430.0, 160.0, 120.0)
    bar = shapely.box(0.20, -0.01, 0.30, 0.01)  # beyond the table's square
    np.save(tmp_path / "d.npy", depth_of([(bar, 0.02)], numbers, (240, 320), 1.0))
    arguments = ("--depth", tmp_path / "d.npy", "-n", 20, "--seed", 1)
    out = tmp_path / "a.csv"
    code, _, err = sample(*arguments, "--intrinsics", "430,430,160,120", "--out", out)
    assert code == 0
    assert "20 mm above the table" in err
    rows = np.array([[float(value) for value in row.values()] for row in read(out)])
    assert np.all(np.abs(rows[:, :2] - [0.25, 0.0]) < 0.013)
    np.testing.assert_allclose(rows[:, 5], 160 + 430 * rows[:, 0], atol=0.2)
    assert out.with_suffix(".png").exists()
    code, _, err = sample(*arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert "--intrinsics" in err


def test_one_grasp_is_enough(sample, picture, tmp_path):
    code, _, err = sample("--image", picture, "-n", 1, "--out", tmp_path / "a.csv")
    assert code == 0
    assert "1 grasp in" in err
    assert len(read(tmp_path / "a.csv")) == 1


# When the critic is hard to please


def test_a_threshold_of_zero_keeps_the_first_k(sample, picture):
    assert (
        "30 grasps from 30 tried" in sample("--image", picture, "-n", 30, "--min-feasibility", 0)[2]
    )


def test_fewer_are_given_and_said_when_the_tries_run_out(sample, picture, tmp_path):
    out = tmp_path / "a.csv"
    code, _, err = sample(
        "--image", picture, "-n", 200, "--min-feasibility", 0.9815, "--seed", 0, "--out", out
    )
    assert code == 0
    assert 0 < len(read(out)) < 200
    assert "200" in err
    assert "12800" in err


def test_when_nothing_holds_there_is_one_line_a_header_and_code_1(sample, picture, tmp_path):
    arguments = ("--image", picture, "-n", 2, "--min-feasibility", 0.999)
    code, out, err = sample(*arguments)
    assert (code, out) == (1, "x,y,theta,feasibility,width,column,row\n")
    assert err.count("\n") == 1
    assert "4096" in err
    code, out, err = sample(*arguments, "--out", tmp_path / "a.csv")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert (tmp_path / "a.csv").read_text() == "x,y,theta,feasibility,width,column,row\n"
    assert (tmp_path / "a.png").exists()  # not that of an earlier draw


# What goes wrong


def test_the_table_is_not_left_without_its_picture(sample, picture, tmp_path):
    (tmp_path / "a.png").mkdir()
    code, _, err = sample("--image", picture, "--out", tmp_path / "a.csv")
    assert code == 2
    assert "a.png: Is a directory" in err
    assert not (tmp_path / "a.csv").exists()


def test_a_failed_picture_leaves_the_earlier_table_as_it_was(sample, picture, tmp_path):
    (tmp_path / "a.png").mkdir()
    (tmp_path / "a.csv").write_text("of last week\n")
    code, _, _ = sample("--image", picture, "--out", tmp_path / "a.csv")
    assert code == 2
    assert (tmp_path / "a.csv").read_text() == "of last week\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        {"a.csv", "a.png", *([picture.name] if picture.parent == tmp_path else [])}
    )


def test_what_is_read_is_not_written_over(sample, tmp_path):
    part = tmp_path / "part.json"
    shapely_json = '{"type":"Polygon","coordinates":[[[0,0],[0.06,0],[0.06,0.02],[0,0.02],[0,0]]]}'
    part.write_text(shapely_json)
    code, _, err = sample("--object", part, "--out", part)
    assert (code, err.count("\n")) == (2, 1)
    assert "part.json" in err
    assert part.read_text() == shapely_json


def test_a_name_that_a_formula_or_no_font_could_hold_is_drawn(sample, picture, tmp_path):
    for name in ("$\\foo$.png", "零件.png"):
        (tmp_path / name).write_bytes(picture.read_bytes())
        arguments = ("--image", tmp_path / name, "--width-m", 0.3, "--out", tmp_path / "a.csv")
        code, _, err = sample(*arguments)
        assert code == 0
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--image.*--object"),
        (["--image", "{picture}", "--object", "H"], "--image.*--object"),
        (["--image", "missing.png"], r"missing\.png"),
        (["--image", "{picture}", "-n", "0"], "'-n'"),
        (["--image", "{picture}", "-n", "-3"], "'-n'"),
        (["--image", "{picture}", "-n", "many"], "'-n'.*'many'"),
        (["--image", "{picture}", "--seed", "-1"], "'--seed'"),
        (["--image", "{picture}", "--min-feasibility", "2"], "'--min-feasibility'"),
        (["--image", "{picture}", "--min-feasibility", "nan"], "feasibility"),
        (["--image", "{picture}", "--out", "a.txt"], r"a\.txt.*\.csv, \.json, \.npz"),
        (["--image", "{picture}", "--out", "{picture}/a.csv"], r"/ring\.png: .*/ring\.png\b"),
        (["--image", "{picture}", "--width-m", "0"], " 0 m"),
        (["--image", "{picture}", "--width-m", "nan"], " nan m"),
        (["--image", "{picture}", "--width-m", "3"], r"0\.30 m.*--width-m"),
        (["--image", "{picture}", "--units", "mm"], "--units.*--object"),
        (["--image", "{picture}", "--center"], "--center.*--object"),
        (["--object", "H", "--index", "-1"], "'--index'"),
        (["--object", "H", "--largest"], "--largest"),
        (["--object", "H", "--width-m", "0.3"], "--width-m"),
        (["--object", "H", "--to-robot", "missing.toml"], r"missing\.toml"),
        (["--object", "H", "--intrinsics", "1,1,1,1"], "--intrinsics.*--depth"),
        (["--depth", "missing.png", "--width-m", "0.2"], r"missing\.png"),
        (["--depth", "a.npy", "--units", "mm"], "--units.*--object"),
        (["--object", "Q"], "'Q'"),
        (["--object", "q.wkt"], "q.wkt"),
        (["--image", "{picture}", "--gripper", "opening=0.9"], r"opening.*0\.9 m.*0\.02 to 0\.15"),
        (["--image", "{picture}", "--gripper", "opening"], "'opening'"),
        (["--image", "{picture}", "--runtime", "torch"], "'torch'"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_2(arguments, message, sample, picture):
    import re

    code, out, err = sample(*(part.replace("{picture}", str(picture)) for part in arguments))
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert re.search(message, err)
    assert err.count("\n") == 1


def test_the_smaller_objects_of_a_picture_are_obstacles(tmp_path, capsys):
    """A bar 90 x 24 mm with another 12 mm above it, too near for the fingers of a 2F-85."""
    image = Image.new("L", (400, 400), 255)  # 0.5 mm a pixel
    draw = ImageDraw.Draw(image)
    draw.rectangle((110, 176, 289, 223), fill=30)
    draw.rectangle((130, 132, 269, 151), fill=30)
    image.save(tmp_path / "two.png")
    words = ("sample", "--image", tmp_path / "two.png", "--width-m", 0.2, "--largest", "-n", 30)
    arguments = [*map(str, words), "--seed", "1"]
    assert run(arguments) == 1
    assert "a finger meets a neighbour" in capsys.readouterr().err
    out = tmp_path / "a.csv"
    thin = "opening=0.04,finger_thickness=0.006"
    assert run([*arguments, "--gripper", thin, "--out", str(out)]) == 0
    neighbour = tmp_path / "neighbour.wkt"
    neighbour.write_text("POLYGON ((-35 34, 35 34, 35 24, -35 24, -35 34))")
    part = tmp_path / "part.wkt"
    part.write_text("POLYGON ((-45 12, 45 12, 45 -12, -45 -12, -45 12))")
    capsys.readouterr()
    checked = ["check", "--object", str(part), "--units", "mm", "--gripper", thin]
    assert run([*checked, "--obstacles", str(neighbour), "--actions", str(out)]) == 0
    rules = [row["rule"] for row in csv.DictReader(capsys.readouterr().out.splitlines())]
    assert rules.count("") >= 28
    assert rules.count("7") <= 1  # outlines of pixels are good to half a pixel


def test_two_objects_name_largest_which_takes_one(sample, picture):
    with Image.open(picture) as image:
        ImageDraw.Draw(image).rectangle((2, 2, 10, 10), fill="black")
        image.save(picture)
    code, _, err = sample("--image", picture)
    assert code == 2
    assert "--largest" in err
    assert sample("--image", picture, "--largest")[0] == 0


@pytest.mark.parametrize("content", [b"", b"no picture", "blank"])
def test_a_file_without_an_object_ends_in_code_2(content, sample, tmp_path):
    path = tmp_path / "a.png"
    if content == "blank":
        Image.new("L", (50, 50), 255).save(path)
    else:
        path.write_bytes(content)
    code, _, err = sample("--image", path)
    assert code == 2
    assert err.count("\n") == 1


@pytest.mark.parametrize("file", ["model.onnx", "model.json"])
def test_a_truncated_model_ends_in_one_line_and_code_2(
    file, picture, stand_in_model, tmp_path, capsys
):
    model = shutil.copytree(stand_in_model, tmp_path / "model")
    data = (model / "1" / file).read_bytes()
    (model / "1" / file).write_bytes(data[: len(data) // 2])
    assert run(["sample", str(model), "--image", str(picture)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_truncated_saved_model_ends_in_one_line_and_code_2(
    picture, stand_in_model, tmp_path, fag_tf_command
):
    model = shutil.copytree(stand_in_model, tmp_path / "model")
    path = model / "1" / "saved_model.pb"
    path.write_bytes(path.read_bytes()[:5000])
    done = fag_tf_command("sample", model, "--image", picture, "--runtime", "savedmodel")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "saved_model.pb" in done.stderr


def test_a_model_of_other_inputs_is_refused(picture, stand_in_card, tmp_path, capsys):
    import dataclasses

    from fag_tf.deployment.model_card_files import write_card

    inputs = {name: stand_in_card.inputs[name] for name in ("image", "latent")}
    card = dataclasses.replace(stand_in_card, inputs=inputs)
    write_card(card, tmp_path / "model" / "1" / "model.json")
    assert run(["sample", str(tmp_path / "model"), "--image", str(picture)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_closed_pipe_ends_quietly(picture, stand_in_model):
    import subprocess
    import sys

    command = [sys.executable, "-m", "fag_tf.cli.main", "sample", stand_in_model]
    process = subprocess.Popen(
        [*map(str, command), "--image", str(picture), "-n", "20000", "--min-feasibility", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.wait(60)
    process.stderr.close()
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
