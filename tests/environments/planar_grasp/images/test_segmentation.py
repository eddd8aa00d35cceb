import re

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.images.placement import read_picture
from fag_tf.environments.planar_grasp.images.segmentation import read_cover
from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.errors import InputError

PIXEL = 0.30 / 128


def square(size=(128, 128), box=(44, 44, 84, 84), ink=0, paper=255, mode="L"):
    """A picture of one upright rectangle; box is (left, top, right, bottom), exclusive."""
    image = Image.new(mode, size, paper)
    left, top, right, bottom = box
    ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), fill=ink)
    return image


def read_occupancy(path, **options):
    return read_picture(path, **options).occupancy


def rows_and_columns(occupancy):
    row, column = np.nonzero(occupancy > 0.5)
    return row.min(), row.max() + 1, column.min(), column.max() + 1


# What comes in exact goes out exact


@pytest.mark.parametrize("inverted", [False, True])
def test_a_rendered_occupancy_comes_back(inverted, saved):
    env = PlanarGrasp()
    states = env.draw_states(np.random.default_rng(0), 12)
    for occupancy in env.observe(states)["image"][..., 0]:
        grey = np.round(occupancy * 65535).astype(np.uint16)
        path = saved(Image.fromarray(65535 - grey if inverted else grey))
        np.testing.assert_allclose(read_occupancy(path), occupancy, atol=2e-5)


def test_the_result_is_float32_in_the_unit_interval(saved):
    occupancy = read_occupancy(saved(square()))
    assert occupancy.dtype == np.float32
    assert occupancy.shape == (128, 128)
    assert occupancy.min() == 0.0
    assert occupancy.max() == 1.0


def test_up_in_the_picture_is_up_on_the_table(saved):
    occupancy = read_occupancy(saved(square(box=(90, 10, 120, 40))))
    assert rows_and_columns(occupancy) == (10, 40, 90, 120)


def test_the_cover_is_given_in_the_pictures_own_pixels(saved):
    cover = read_cover(saved(square((60, 40), (10, 5, 30, 25))))
    assert cover.share.shape == (40, 60)
    assert cover.width == pytest.approx(0.30)
    assert rows_and_columns(cover.share) == (5, 25, 10, 30)
    assert cover.share.sum() == 400


# Sizes


@pytest.mark.parametrize("factor", [0.5, 2, 3, 7.5])
def test_any_size_shows_the_same_object(factor, saved):
    side = round(128 * factor)
    box = tuple(round(factor * corner) for corner in (40, 48, 80, 72))
    occupancy = read_occupancy(saved(square((side, side), box)))
    np.testing.assert_allclose(occupancy, read_occupancy(saved(square(box=(40, 48, 80, 72)))))


def test_a_very_large_picture_is_read(saved):
    occupancy = read_occupancy(saved(square((5000, 5000), (1500, 2000, 3000, 3000))))
    expected = 1500 * 1000 / 5000**2 * 128**2
    assert occupancy.sum() == pytest.approx(expected, rel=2e-3)


def test_area_is_kept_when_pixels_do_not_line_up(saved):
    occupancy = read_occupancy(saved(square((301, 301), (101, 90, 178, 211))))
    assert occupancy.sum() == pytest.approx(77 * 121 / 301**2 * 128**2, rel=1e-5)
    assert np.any((occupancy > 0) & (occupancy < 1))


def test_a_wide_picture_is_padded_above_and_below(saved):
    occupancy = read_occupancy(saved(square((128, 64), (44, 12, 84, 52))))
    assert rows_and_columns(occupancy) == (44, 84, 44, 84)


def test_a_tall_picture_without_a_width_fits_the_table(saved):
    picture = read_picture(saved(square((64, 128), (12, 44, 52, 84))))
    assert rows_and_columns(picture.occupancy) == (44, 84, 44, 84)
    assert picture.cover.width == pytest.approx(0.15)
    assert "0.30 m" in picture.notes[0]


def test_width_is_that_of_the_picture_as_given(saved):
    tall = read_occupancy(saved(square((64, 128), (12, 44, 52, 84))), width_m=0.15)
    assert rows_and_columns(tall) == (44, 84, 44, 84)


def test_a_narrow_picture_covers_the_middle_of_the_table(saved):
    occupancy = read_occupancy(saved(square((64, 64), (12, 12, 52, 52))), width_m=0.15)
    assert rows_and_columns(occupancy) == (44, 84, 44, 84)


def test_background_beyond_the_table_is_cropped(saved):
    occupancy = read_occupancy(saved(square((256, 256), (108, 108, 148, 148))), width_m=0.60)
    assert rows_and_columns(occupancy) == (44, 84, 44, 84)


def test_an_object_beyond_the_table_is_refused(saved):
    with pytest.raises(InputError, match=r"0\.30 m.*--width-m"):
        read_occupancy(saved(square((256, 256), (10, 10, 60, 60))), width_m=0.60)


def test_another_resolution_can_be_asked_for(saved):
    assert read_occupancy(saved(square()), size=64).shape == (64, 64)


# Modes and polarity


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (90, 140), (140, 90), (255, 200)])
def test_dark_on_light_and_light_on_dark_are_the_same(ink, paper, saved):
    occupancy = read_occupancy(saved(square(ink=ink, paper=paper)))
    np.testing.assert_allclose(occupancy, read_occupancy(saved(square())))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "I", "F"])
def test_every_mode_shows_the_same_object(mode, saved):
    plain = square()
    if mode == "I;16":
        image = Image.fromarray(np.asarray(plain, np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(np.asarray(plain, np.float32) / 255)
    else:
        image = plain.convert(mode)
    path = saved(image, "picture.tif" if mode in ("F", "CMYK", "I") else "picture.png")
    np.testing.assert_allclose(read_occupancy(path), read_occupancy(saved(plain)), atol=1e-6)


@pytest.mark.parametrize("colours", [(0, 255), ((230, 30, 30), (30, 30, 230))])
def test_an_object_of_two_colours_is_one_object(colours, saved):
    image = square(mode="RGB", box=(44, 44, 64, 84), ink=_rgb(colours[0]), paper=(128, 128, 128))
    ImageDraw.Draw(image).rectangle((64, 44, 83, 83), fill=_rgb(colours[1]))
    assert rows_and_columns(read_occupancy(saved(image))) == (44, 84, 44, 84)


def _rgb(colour):
    return colour if isinstance(colour, tuple) else (colour,) * 3


def test_colours_of_the_same_brightness_are_told_apart(saved):
    image = square(mode="RGB", ink=(200, 0, 0), paper=(0, 102, 0))
    assert rows_and_columns(read_occupancy(saved(image))) == (44, 84, 44, 84)


@pytest.mark.parametrize("ink", [(0, 0, 0, 255), (255, 255, 255, 255), (9, 200, 30, 255)])
def test_on_a_transparent_background_the_opaque_is_the_object(ink, saved):
    image = square(mode="RGBA", ink=ink, paper=(0, 0, 0, 0))
    assert rows_and_columns(read_occupancy(saved(image))) == (44, 84, 44, 84)


def test_a_palette_with_a_transparent_colour_is_read(saved):
    image = square(mode="P", ink=1, paper=0)
    image.putpalette([0, 0, 0] * 256)
    path = saved(image, transparency=0)
    assert rows_and_columns(read_occupancy(path)) == (44, 84, 44, 84)


def test_a_soft_edge_keeps_its_grey_values(saved):
    image = square()
    soft = np.asarray(image, np.float32).copy()
    soft[44:84, 83] = 255 * 0.75  # a quarter covered
    occupancy = read_occupancy(saved(Image.fromarray(soft.astype(np.uint8))))
    np.testing.assert_allclose(occupancy[44:84, 83], 0.25, atol=0.005)


def test_holes_stay_holes(saved):
    image = square((256, 256), (60, 60, 200, 200))
    ImageDraw.Draw(image).ellipse((65, 65, 195, 195), fill=255)  # most of it is hole
    occupancy = read_occupancy(saved(image))
    assert occupancy[64, 64] == 0.0
    assert occupancy[31, 31] == 1.0


def test_a_noisy_photograph_gives_a_clean_background(saved):
    rng = np.random.default_rng(0)
    grey = np.asarray(square((400, 400), (140, 140, 260, 260)).filter(ImageFilter.GaussianBlur(2)))
    noisy = np.clip(grey * 0.6 + 50 + rng.normal(0, 4, grey.shape), 0, 255).astype(np.uint8)
    occupancy = read_occupancy(saved(Image.fromarray(noisy), "picture.jpg", quality=80))
    exact = read_occupancy(saved(square((400, 400), (140, 140, 260, 260))))
    assert occupancy[:40].max() == 0.0
    assert np.abs(occupancy - exact).mean() < 0.005
    assert occupancy[60:68, 60:68].min() > 0.9


# Specks and several objects


def test_specks_below_a_hundredth_are_ignored(saved):
    image = square()
    ImageDraw.Draw(image).rectangle((10, 10, 12, 12), fill=0)  # 9 of 1600 pixels
    np.testing.assert_array_equal(read_occupancy(saved(image)), read_occupancy(saved(square())))


def test_two_objects_are_refused_and_the_largest_can_be_taken(saved):
    image = square()
    ImageDraw.Draw(image).rectangle((10, 10, 15, 15), fill=0)  # 36 of 1600 pixels
    path = saved(image)
    with pytest.raises(InputError, match=r" 2 .*--largest"):
        read_occupancy(path)
    alone = read_occupancy(saved(square(), "alone.png"))
    np.testing.assert_array_equal(read_occupancy(path, choice=Choice(largest=True)), alone)


def test_parts_joined_by_a_faint_line_are_one_object(saved):
    image = square(box=(30, 54, 60, 74))
    draw = ImageDraw.Draw(image)
    draw.rectangle((68, 54, 97, 73), fill=0)
    draw.line((60, 64, 67, 64), fill=150)
    occupancy = read_occupancy(saved(image))
    assert 0.3 < occupancy[64, 63] < 0.5


# What is no picture of an object


def test_a_picture_of_nothing_is_refused(saved):
    with pytest.raises(InputError, match="no object"):
        read_occupancy(saved(Image.new("L", (100, 100), 200)))


def test_a_picture_that_is_all_object_is_refused(saved):
    with pytest.raises(InputError, match="no object"):
        read_occupancy(saved(square(box=(0, 0, 128, 128))))


@pytest.mark.parametrize("opacity", [0, 255])
def test_a_picture_all_transparent_or_all_opaque_is_refused(opacity, saved):
    with pytest.raises(InputError, match="no object"):
        read_occupancy(saved(Image.new("RGBA", (100, 100), (10, 20, 30, opacity))))


def test_faint_noise_is_no_object(saved):
    noise = np.random.default_rng(0).integers(195, 205, (100, 100)).astype(np.uint8)
    with pytest.raises(InputError, match="no object"):
        read_occupancy(saved(Image.fromarray(noise)))


def test_an_object_that_fills_the_edge_is_refused(saved):
    cropped = square(box=(0, 0, 40, 128))
    ImageDraw.Draw(cropped).rectangle((0, 100, 127, 127), fill=0)
    with pytest.raises(InputError, match="margin"):
        read_occupancy(saved(cropped))


def letter_l(arm):
    """An L cut out without a margin, each arm that thick."""
    image = Image.new("L", (85, 140), 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, arm - 1, 139), fill=0)
    draw.rectangle((0, 140 - arm, 84, 139), fill=0)
    return image


@pytest.mark.parametrize("arm", [4, 12, 32, 60, 80])
def test_an_object_cut_out_without_a_margin_is_refused_rather_than_inverted(arm, saved):
    with pytest.raises(InputError, match="margin"):
        read_occupancy(saved(letter_l(arm)), width_m=0.085)


def test_an_object_that_touches_the_edge_is_noted(saved):
    picture = read_picture(saved(square(box=(0, 44, 40, 84))), width_m=0.30)
    assert any("edge" in note for note in picture.notes)


def test_a_closely_cut_out_object_is_read_by_its_opacity(saved):
    image = square((64, 64), (0, 0, 64, 20), mode="RGBA", ink=(9, 9, 9, 255), paper=(0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 19, 63), fill=(9, 9, 9, 255))
    occupancy = read_occupancy(saved(image), width_m=0.15)
    assert rows_and_columns(occupancy) == (32, 96, 32, 96)


def test_an_object_of_an_unusual_length_is_noted(saved):
    for box, length in (((10, 60, 118, 68), "0.253 m"), ((60, 60, 68, 68), "0.0187 m")):
        (note,) = read_picture(saved(square(box=box)), width_m=0.30).notes
        assert length in note
        assert "--width-m" in note
    assert read_picture(saved(square()), width_m=0.30).notes == ()


def test_a_speck_of_an_object_is_refused(saved):
    with pytest.raises(InputError, match=r"mm\^2.*--width-m"):
        read_occupancy(saved(square(box=(64, 64, 66, 66))), width_m=0.1)


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf"), 1e6])
def test_an_impossible_width_is_refused(width, saved):
    with pytest.raises(InputError, match=re.escape(f" {width:g} m")):
        read_occupancy(saved(square()), width_m=width)
