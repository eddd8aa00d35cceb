import numpy as np
import pytest
import shapely
from PIL import Image, ImageDraw

from fag_tf.environments.planar_grasp.images.segmentation import read_objects
from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.errors import InputError

RING, BAR, BLOCK = (20, 20, 79, 79), (120, 30, 219, 49), (150, 110, 199, 139)


@pytest.fixture
def picture():
    """A ring, a bar and a block, 1 mm a pixel."""
    image = Image.new("L", (240, 160), 240)
    draw = ImageDraw.Draw(image)
    for box in (RING, BAR, BLOCK):
        draw.rectangle(box, fill=30)
    draw.rectangle((40, 40, 59, 59), fill=240)
    return read_objects(image, 0.24)


def metres(box):
    """Outline of pixels (left, top, right, bottom), inclusive."""
    left, top, right, bottom = box
    return shapely.box(*(1e-3 * np.array([left - 120, 79 - bottom, right - 119, 80 - top])))


def test_outlines_are_in_metres_from_left_to_right(picture):
    for found, box in zip(picture.outlines(), (RING, BAR, BLOCK), strict=True):
        wanted = metres(box)
        filled = shapely.Polygon(found.exterior)
        assert filled.symmetric_difference(wanted).area < 0.01 * wanted.area
    assert len(picture.outlines()[0].interiors) == 1


@pytest.mark.parametrize(
    ("choice", "number"),
    [
        (Choice(largest=True), 0),
        (Choice(index=2), 2),
        (Choice(select=(0.05, 0.04)), 1),
        (Choice(select=(-0.07, 0.03)), 0),  # the ring's hole
        (Choice(select_pixel=(175.0, 120.0)), 2),
        (Choice(select_pixel=(219.0, 45.0)), 1),
    ],
)
def test_one_is_chosen_by_size_number_or_place(picture, choice, number):
    assert picture.chosen(choice) == number
    cover = picture.cover(number)
    assert len(cover.neighbours) == 2
    assert not any(shapely.intersects(cover.outline, each) for each in cover.neighbours)


def test_without_a_choice_or_off_all_objects_the_list_is_told(picture):
    with pytest.raises(InputError, match=r"shows 3 objects.*0 \(.*1 \(.*2 \("):
        picture.chosen(Choice())
    with pytest.raises(InputError, match=r"no object at 219\.6,49 "):
        picture.chosen(Choice(select_pixel=(219.6, 49.0)))


def test_a_picture_that_was_averaged_down_keeps_the_pixels_of_its_file():
    image = Image.new("L", (5000, 2500), 240)
    draw = ImageDraw.Draw(image)
    draw.rectangle((500, 500, 1999, 1499), fill=20)
    draw.rectangle((3000, 1000, 3999, 1999), fill=20)
    found = read_objects(image, 0.5)
    assert found.block > 1
    assert found.chosen(Choice(select_pixel=(3005.0, 1990.0))) == 1
    with pytest.raises(InputError, match="no object"):
        found.chosen(Choice(select_pixel=(2980.0, 1500.0)))


def test_a_square_of_the_table_is_drawn_at_any_scale(picture):
    cover = picture.cover(2)
    x, y = shapely.get_coordinates(cover.outline.centroid)[0].tolist()
    for side in (0.3, 0.1):
        window = cover.window((x, y), 64, side)
        assert window.sum() * (side / 64) ** 2 == pytest.approx(0.05 * 0.03, rel=1e-3)
        row, column = np.nonzero(window > 0.5)
        middle = [row.mean() - 31.5, column.mean() - 31.5]
        np.testing.assert_allclose(middle, 0.0, atol=0.6)
