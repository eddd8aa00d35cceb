import numpy as np
import pytest
from PIL import Image, ImageDraw

from fag_tf.environments.planar_grasp.images.sheet import find_sheet, refined_corners

CORNERS = np.array([(60.0, 50.0), (350.0, 40.0), (360.0, 270.0), (40.0, 260.0)])


def on_a_sheet(part=60, table=(110, 80, 60), paper=235, holes=(), corners=CORNERS):
    """A sheet on a table, a bar on it; `holes` are further boxes and their colours."""
    image = Image.new("RGB", (1600, 1200), table)
    draw = ImageDraw.Draw(image)
    draw.polygon([tuple(4 * each + 1.5) for each in corners], fill=(paper,) * 3)
    if part is not None:
        draw.rectangle((600, 560, 1000, 680), fill=(part,) * 3)
    for box, colour in holes:
        draw.rectangle(box, fill=colour)
    return np.asarray(image.reduce(4), np.float32) / 255


@pytest.mark.parametrize("table", [(110, 80, 60), (40, 40, 40)])
def test_a_sheet_with_a_part_on_it_is_found(table):
    sheet = find_sheet(on_a_sheet(table=table))
    assert sheet.plain
    np.testing.assert_allclose(sheet.corners, CORNERS, atol=3.0)
    inside = sheet.inside((300, 400))
    assert inside[150, 200]
    assert not inside[45, 55]


def test_corners_are_found_to_a_fraction_of_a_pixel():
    picture = on_a_sheet()
    picture += np.random.default_rng(0).normal(0, 0.02, picture.shape).astype(np.float32)
    refined = refined_corners(picture, find_sheet(picture).corners)
    np.testing.assert_allclose(refined, CORNERS, atol=0.4)


def test_an_empty_sheet_is_a_part():
    assert find_sheet(on_a_sheet(part=None)) is None


def test_a_plate_through_which_the_table_shows_is_a_part():
    small = np.array([(120.0, 90.0), (280.0, 90.0), (280.0, 220.0), (120.0, 220.0)])
    holes = [((560, 440, 700, 560), (110, 80, 60))]
    assert find_sheet(on_a_sheet(part=None, holes=holes, corners=small)) is None


def test_a_part_as_dark_as_the_table_is_doubtful_unless_the_sheet_is_large():
    picture = on_a_sheet(part=40, table=(40, 40, 40))
    assert not find_sheet(picture).plain
    assert find_sheet(picture, pitch=0.001).plain


def test_a_part_alone_on_a_table_is_no_sheet():
    picture = np.full((300, 400, 1), 0.9, np.float32)
    picture[100:200, 100:300] = 0.2
    assert find_sheet(picture) is None
