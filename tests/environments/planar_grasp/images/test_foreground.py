"""Photographs of one bracket, each with what makes a picture hard, against its true outline."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image, ImageDraw, ImageFilter

from fag_tf.environments.planar_grasp.images.foreground import separate
from fag_tf.environments.planar_grasp.images.placement import read_picture

SHOTS = Path(__file__).parents[3] / "data" / "photographs"
WIDTH = 0.2


@pytest.fixture(scope="module")
def bracket():
    mm = shapely.from_wkt((SHOTS / "part_mm.wkt").read_text())
    return shapely.transform(mm, lambda xy: xy / 1000)


@pytest.mark.parametrize(
    "name",
    [
        "cast_shadow.jpg",
        "uneven_light.jpg",
        "sheet_edge.png",
        "textured_table.jpg",
        "palette_transparent.png",
        "cmyk.jpg",
        "exif_rotated.jpg",
    ],
)
def test_the_outline_is_that_of_the_part(name, bracket):
    picture = read_picture(SHOTS / name, WIDTH)
    found = picture.outline
    assert shapely.hausdorff_distance(found.exterior, bracket.exterior) < 1.2e-3
    assert found.symmetric_difference(bracket).area < 0.03 * bracket.area
    assert picture.confidence >= 0.5
    assert not any("doubtful" in note for note in picture.notes)


def test_a_part_that_glare_cuts_into_pieces_is_doubtful():
    picture = read_picture(SHOTS / "shiny_part.jpg", WIDTH)
    assert picture.confidence < 0.5
    assert any("doubtful outline" in note and "--mask" in note for note in picture.notes)


def disc(column, radius):
    """A disc `[H, W]` in the middle row, at a column."""
    image = Image.new("L", (320, 240))
    ImageDraw.Draw(image).ellipse(
        (column - radius, 120 - radius, column + radius, 120 + radius), 255
    )
    return np.asarray(image, np.float32) / 255


def soft(mask, blur):
    image = Image.fromarray((mask * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(blur)), np.float32) / 255


def photographed(part, shadow, ink=(0.3, 0.26, 0.2)):
    picture = np.array((0.8, 0.8, 0.78), np.float32) * (1 - shadow)[..., None]
    picture += soft(part, 0.8)[..., None] * (np.array(ink, np.float32) - picture)
    return picture + np.random.default_rng(0).normal(0, 0.008, picture.shape).astype(np.float32)


def test_a_hole_with_the_parts_shadow_in_it_stays_a_hole():
    part = disc(150, 80) - disc(150, 30)
    shadow = 0.35 * soft(np.roll(part, 14, 1), 2)
    found = separate("a ring", photographed(part, shadow), 0.0008)
    assert np.abs(found.share - part).mean() < 0.01
    assert found.share[112:128, 130:170].max() < 0.1
    assert found.evidence.confidence() > 0.9


def test_an_outline_that_runs_through_a_soft_shadow_is_moved_or_doubted():
    part = disc(150, 60)
    shadow = soft(np.roll(part, 25, 1), 12)
    for dark in (0.3, 0.5, 0.6):
        found = separate("a disc", photographed(part, dark * shadow), 0.0005)
        right = np.abs(found.share - part).sum() < 0.03 * part.sum()
        assert right or found.evidence.confidence() < 0.5
