import numpy as np
import pytest
from PIL import Image

from fag_tf.environments.planar_grasp.images.files import LARGEST_SIDE, read_channels
from fag_tf.errors import InputError


def ramp(width=64, height=48):
    """Grey values that tell every corner from the others."""
    return Image.fromarray(np.add.outer(np.arange(height), 3 * np.arange(width)).astype(np.uint8))


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("P", 3), ("CMYK", 3)])
def test_colour_is_given_in_the_unit_interval(mode, channels, saved):
    image = Image.new("L", (9, 7), 51).convert(mode)
    colour, opacity, _ = read_channels(saved(image, "picture.tif"))
    assert colour.shape == (7, 9, channels)
    assert colour.dtype == np.float32
    assert opacity is None
    np.testing.assert_allclose(colour, 0.2, atol=2 / 255)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_opacity_is_given_apart(mode, saved):
    image = Image.new("RGBA", (9, 7), (255, 255, 255, 51)).convert(mode)
    colour, opacity, _ = read_channels(saved(image))
    np.testing.assert_array_equal(colour, 1.0)
    np.testing.assert_allclose(opacity, 0.2)


def test_sixteen_bits_are_kept(saved):
    values = np.array([[0, 1, 65535]] * 3, np.uint16)
    colour, *_ = read_channels(saved(Image.fromarray(values)))
    np.testing.assert_allclose(colour[0, :, 0], [0.0, 1 / 65535, 1.0], rtol=1e-6)


def test_a_photograph_turned_by_its_tag_is_turned(saved):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise when shown
    turned, *_ = read_channels(saved(ramp(), exif=exif))
    plain, *_ = read_channels(saved(ramp(), "plain.png"))
    np.testing.assert_array_equal(turned, np.rot90(plain, -1))


def test_of_several_frames_the_first_is_read(saved):
    frames = [Image.new("L", (20, 20), value) for value in (0, 255)]
    path = saved(frames[0], "picture.gif", save_all=True, append_images=frames[1:])
    assert read_channels(path)[0].max() == 0.0


def test_a_very_large_picture_is_averaged_down_in_its_own_depth(saved):
    wide = np.zeros((30, 20_000), np.uint8)
    wide[:, 10_000:] = 255
    colour, *_ = read_channels(saved(Image.fromarray(wide)))
    assert max(colour.shape) <= LARGEST_SIDE
    assert colour.mean() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("name", ["missing.png", "notes.png", "empty.png", "folder.png"])
def test_missing_and_foreign_files_are_refused_in_one_line(name, tmp_path):
    (tmp_path / "notes.png").write_text("not a picture")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match=name) as caught:
        read_channels(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg", "picture.tif", "picture.bmp"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.8])
def test_a_truncated_file_is_refused(name, share, saved):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    path = saved(Image.fromarray(noise), name)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError, match=name):
        read_channels(path)


def test_values_that_are_not_finite_are_refused(saved):
    values = np.ones((64, 64), np.float32)
    values[30, 30] = np.nan
    with pytest.raises(InputError, match="finite"):
        read_channels(saved(Image.fromarray(values), "picture.tif"))


def test_a_picture_of_too_many_pixels_is_refused(saved, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match="too many"):
        read_channels(saved(ramp()))


@pytest.mark.parametrize("size", [(1, 1), (2, 200), (200, 1)])
def test_a_picture_of_a_line_or_dot_is_refused(size, saved):
    with pytest.raises(InputError, match=f"{size[0]} x {size[1]}"):
        read_channels(saved(Image.new("L", size)))


@pytest.mark.parametrize("name", ["part.png", "part.eps"])
def test_a_picture_that_is_a_program_is_not_run(name, tmp_path, monkeypatch):
    def called(*arguments, **options):
        raise AssertionError("Ghostscript was called")

    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", called)
    text = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n0 0 9 9 rectfill\n"
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match="is not a picture"):
        read_channels(tmp_path / name)
