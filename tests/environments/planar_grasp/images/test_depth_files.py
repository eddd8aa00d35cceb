import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from fag_tf.environments.planar_grasp.images.depth_files import parse_intrinsics, read_depth
from fag_tf.errors import InputError

DEPTH = np.full((20, 30), 600, np.uint16)
DEPTH[3, 4] = 0
METRES = np.where(DEPTH == 0, np.nan, 0.6)


def saved(folder, name, values):
    path = folder / name
    if path.suffix in (".png", ".tif"):
        Image.fromarray(values).save(path)
    elif path.suffix == ".npz":
        np.savez_compressed(path, depth=values, other=np.zeros(3))
    else:
        np.save(path, values)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.npy", "a.npz"])
def test_whole_numbers_are_millimetres_and_0_is_missing(tmp_path, name):
    np.testing.assert_allclose(read_depth(saved(tmp_path, name, DEPTH)), METRES)
    np.testing.assert_allclose(read_depth(tmp_path / name, 0.0001), METRES / 10)


@pytest.mark.parametrize("name", ["a.tif", "a.npy", "a.npz"])
def test_floats_are_metres_and_what_is_no_number_is_missing(tmp_path, name):
    values = METRES.astype(np.float32)
    values[0, :4] = [np.inf, -1.0, 0.0, np.nan]
    found = read_depth(saved(tmp_path, name, values))
    assert np.isnan(found[0, :4]).all()
    assert found[10, 10] == pytest.approx(0.6)


def archive(array_bytes):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("depth.npy", array_bytes)
    return file.getvalue()


def header(shape):
    file = io.BytesIO()
    content = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", b"", "not readable"),
        ("a.npy", header((10**6, 10**6)), "not readable"),
        ("a.npz", b"PK", "not readable"),
        ("a.npz", archive(b"\0" * 300_000_000), "too much"),
        ("a.png", b"\x89PNG", "cannot read"),
        ("a.jpg", b"", "must end in"),
    ],
)
def test_broken_and_huge_files_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_depth(tmp_path / name)


def test_pickled_objects_are_not_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([print], object), allow_pickle=True)
    with pytest.raises(InputError, match="not readable"):
        read_depth(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((20, 20), np.uint16), "holds no depth"),
        (np.ones((20, 20, 3)), r"\[20, 20, 3\]"),
        (np.ones((3, 3)), "needs more"),
        (np.ones((20, 20), np.uint8), "uint8"),
    ],
)
def test_arrays_of_no_depths_are_refused(tmp_path, values, message):
    with pytest.raises(InputError, match=message):
        read_depth(saved(tmp_path, "a.npy", values))


def test_a_colour_picture_is_no_depth(tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="mode RGB"):
        read_depth(tmp_path / "a.png")
    with pytest.raises(InputError, match="does not exist"):
        read_depth(tmp_path / "b.png")
    with pytest.raises(InputError, match="--depth-scale"):
        read_depth(tmp_path / "a.png", 0.0)


K = [525.0, 0.0, 319.5, 0.0, 520.0, 239.5, 0.0, 0.0, 1.0]
WANTED = (525.0, 520.0, 319.5, 239.5)


def test_numbers_are_intrinsics():
    assert parse_intrinsics("525,520, 319.5,239.5") == WANTED


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps({"width": 640, "D": [0, 0, 0, 0, 0], "K": K})),
        ("a.json", json.dumps({"camera_matrix": {"rows": 3, "cols": 3, "data": K}})),
        ("a.yaml", f"image_width: 640\ncamera_matrix:\n  rows: 3\n  cols: 3\n  data: {K}\n"),
        ("a.yaml", "d:\n- 0.0\nk:\n" + "".join(f"- {number}\n" for number in K) + "r:\n- 1.0\n"),
    ],
)
def test_camera_info_as_ros_writes_it_is_read(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert parse_intrinsics(str(tmp_path / name)) == WANTED


@pytest.mark.parametrize("text", ["", "1,2,3", "0,1,2,3", "nan,1,2,3", "one,2,3,4"])
def test_what_are_no_intrinsics_is_refused(text):
    with pytest.raises(InputError, match="fx"):
        parse_intrinsics(text)


def test_a_file_without_a_matrix_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("D: [0, 0, 0, 0, 0, 0, 0, 0, 0]\n")
    with pytest.raises(InputError, match="camera matrix"):
        parse_intrinsics(str(tmp_path / "a.yaml"))
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match="JSON"):
        parse_intrinsics(str(tmp_path / "a.json"))


@pytest.mark.parametrize(
    "text",
    [
        "K:\n- 320\n- " + "6" * 400_000 + "\n- x\n",
        "K: [" + "1," * 8 + "1" + " " * 400_000,
        "k:" * 200_000,
        "K: [" + "1" * 400_000,
    ],
    ids=["digits", "blanks", "keys", "one number"],
)
def test_the_time_for_camera_info_grows_with_its_length_only(tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(InputError, match="camera matrix"):
        parse_intrinsics(str(tmp_path / "a.yaml"))
