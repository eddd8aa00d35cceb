"""Photographs of one bracket, each with what makes a picture hard, against its true outline."""

from pathlib import Path

import pytest
import shapely

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
