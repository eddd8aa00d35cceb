"""`fag-tf sample` of photographs: masks, sheets, HEIC, and files that are no pictures."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fag_tf.cli.main import run
from fag_tf.errors import InputError

SHOTS = Path(__file__).parents[1] / "data" / "photographs"


@pytest.fixture
def photo(tmp_path):
    """A bar on paper, and its silhouette."""
    image, mask = Image.new("RGB", (320, 240), (230, 230, 225)), Image.new("L", (320, 240))
    for drawn, ink in ((image, (60, 60, 70)), (mask, 255)):
        ImageDraw.Draw(drawn).rectangle((110, 100, 230, 135), fill=ink)
    image.save(tmp_path / "photo.png")
    mask.save(tmp_path / "mask.png")
    return tmp_path / "photo.png"


def sample(model, capsys, *options):
    code = run(["sample", str(model), *map(str, options), "-n", "4", "--seed", "1"])
    return code, *capsys.readouterr()


def test_a_mask_says_where_the_part_is(photo, stand_in_model, capsys):
    options = ("--image", photo, "--width-m", 0.3, "--min-feasibility", 0, "--unverified")
    code, plain, _ = sample(stand_in_model, capsys, *options)
    again, masked, _ = sample(
        stand_in_model, capsys, *options, "--mask", photo.with_name("mask.png")
    )
    assert (code, again) == (0, 0)
    first, second = (
        np.loadtxt(text.splitlines(), delimiter=",", skiprows=1) for text in (plain, masked)
    )
    np.testing.assert_allclose(first[:, :3], second[:, :3], atol=1e-3)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--mask", "{small}"], "8 x 8 pixels"),
        (["--mask", "{missing}"], "does not exist"),
        (["--corners", "0,0 1,0 1,1 0,1"], "--corners go with --sheet"),
        (["--sheet", "a4", "--width-m", "0.3"], "leave --width-m out"),
        (["--sheet", "b9"], "a sheet is a5, a4"),
        (["--sheet", "a4"], "--corners"),
        (["--sheet", "a4", "--corners", "1,2"], "corners are four pixels"),
    ],
)
def test_what_does_not_go_is_told_in_one_line(options, told, photo, stand_in_model, capsys):
    Image.new("L", (8, 8), 255).save(photo.with_name("small.png"))
    names = {"small": photo.with_name("small.png"), "missing": photo.with_name("none.png")}
    given = [option.format(**names) for option in options]
    code, out, error = sample(stand_in_model, capsys, "--image", photo, *given)
    assert (code, out) == (2, "")
    assert told in error
    assert len(error.splitlines()) == 1


def test_masks_and_sheets_go_with_pictures(stand_in_model, capsys):
    code, _, error = sample(stand_in_model, capsys, "--object", "H", "--mask", "m.png")
    assert code == 2
    assert "--mask go with --image" in error


def test_grasps_on_a_sheet_are_in_its_frame(tmp_path, stand_in_model, capsys):
    image = Image.new("RGB", (640, 480), (90, 70, 50))
    draw = ImageDraw.Draw(image)
    draw.rectangle((21, 31, 614, 450), fill=(235, 235, 230))  # 2 pixels a millimetre of A4
    draw.rectangle((420, 140, 539, 179), fill=(40, 40, 60))
    image.save(tmp_path / "photo.png")
    options = ("--image", tmp_path / "photo.png", "--sheet", "a4", "--min-feasibility", 0)
    code, out, error = sample(stand_in_model, capsys, *options, "--unverified")
    assert code == 0
    assert "the sheet's corners were found at" in error
    for row in csv.DictReader(out.splitlines()):
        # The stand-in grasps near the middle of the part, which is seen at 479.5, 159.5.
        assert float(row["column"]) == pytest.approx(317.5 + 2000 * float(row["x"]), abs=1.5)
        assert float(row["row"]) == pytest.approx(240.5 - 2000 * float(row["y"]), abs=1.5)
        assert abs(float(row["x"]) - 0.081) < 0.05


def test_files_that_are_no_pictures_are_counted(photo, tmp_path, stand_in_model, capsys):
    (tmp_path / "depth.npy").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("a note")
    photo.with_name("mask.png").unlink()
    out = tmp_path / "out" / "all.csv"
    out.parent.mkdir()
    options = ("--image", tmp_path, "--out", out, "--width-m", 0.3, "--min-feasibility", 0)
    code, _, error = sample(stand_in_model, capsys, *options, "--unverified")
    assert code == 0
    assert "no pictures: 2 files" in error
    assert "depth.npy, notes.txt" in error


def test_heic_without_its_extra_names_what_to_install(tmp_path, monkeypatch):
    from fag_tf.environments.planar_grasp.images.files import read_channels

    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=r"HEIC.*fag-tf\[photo\]"):
        read_channels(SHOTS / "truncated.heic")


def test_heic_is_read_with_its_extra(photo):
    pillow_heif = pytest.importorskip("pillow_heif")
    from fag_tf.environments.planar_grasp.images.files import read_channels

    with Image.open(photo) as image:
        pillow_heif.from_pillow(image).save(photo.with_suffix(".heic"), quality=90)
        wanted = np.asarray(image, np.float32) / 255
    found = read_channels(photo.with_suffix(".heic")).colour
    assert np.abs(found - wanted).mean() < 0.01
    with pytest.raises(InputError, match=r"truncated\.heic") as caught:
        read_channels(SHOTS / "truncated.heic")
    assert "\n" not in str(caught.value)


def test_a_photograph_loads_no_more_than_a_picture(photo):
    code = (
        "import sys; from fag_tf.environments.planar_grasp.scenes import scene_of_picture;"
        "scene_of_picture(sys.argv[1], 0.3);"
        "print([n for n in ('scipy', 'matplotlib', 'pillow_heif', 'cv2') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, photo], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_each_part_of_a_mask_has_its_grasps(photo, stand_in_model, capsys):
    with Image.open(photo.with_name("mask.png")) as mask:
        ImageDraw.Draw(mask).rectangle((110, 170, 230, 205), fill=255)
        mask.save(photo.with_name("two.png"))
    options = ("--image", photo, "--width-m", 0.3, "--min-feasibility", 0, "--unverified")
    several = (*options, "--mask", photo.with_name("two.png"))
    code, table, _ = sample(stand_in_model, capsys, *several, "--each")
    assert code == 0
    assert [row["part"] for row in csv.DictReader(table.splitlines())] == ["0"] * 4 + ["1"] * 4
    code, _, error = sample(stand_in_model, capsys, *several)
    assert code == 2
    for remedy in ("--mask", "--largest", "--index", "--select", "--each"):
        assert remedy in error
