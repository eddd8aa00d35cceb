import numpy as np
import pytest
import shapely
import shapely.affinity
from PIL import Image, ImageDraw, ImageFilter

from fag_tf.environments.planar_grasp.images.perspective import (
    SheetView,
    parse_corners,
    parse_sheet,
    straighten,
)
from fag_tf.environments.planar_grasp.images.placement import SheetOnTable, read_picture
from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.scenes import scene
from fag_tf.errors import InputError

A4 = (0.297, 0.210)
SEEN = np.array([(352.0, 248.0), (1290.0, 215.0), (1452.0, 1010.0), (180.0, 1042.0)]) / 2
PART = shapely.Polygon(
    [
        (-0.055, 0.038),
        (0.07, 0.038),
        (0.07, 0.01),
        (-0.022, 0.01),
        (-0.022, -0.052),
        (-0.055, -0.052),
    ]
)


def view(size=A4):
    """The camera that sees a sheet's corners at SEEN, by a solution of linear equations."""
    w, h = size
    rows, right = [], []
    table = [(-w / 2, h / 2), (w / 2, h / 2), (w / 2, -h / 2), (-w / 2, -h / 2)]
    for (x, y), (u, v) in zip(table, SEEN, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return SheetView(np.append(np.linalg.solve(rows, right), 1).reshape(3, 3))


@pytest.fixture(scope="module")
def photo():
    """A bracket with its shadow on a sheet of A4, seen aslant."""
    image = Image.new("RGB", (3200, 2400), (121, 92, 66))

    def fill(polygon, colour):
        column, row = view().of(np.array(polygon.exterior.coords))
        draw = ImageDraw.Draw(image)
        draw.polygon(list(zip(4 * column + 1.5, 4 * row + 1.5, strict=True)), fill=colour)

    fill(shapely.box(-A4[0] / 2, -A4[1] / 2, A4[0] / 2, A4[1] / 2), (236, 235, 230))
    fill(shapely.affinity.translate(PART, 0.007, -0.005), (140, 139, 136))
    fill(PART, (58, 63, 70))
    small = np.asarray(image.reduce(4).filter(ImageFilter.GaussianBlur(0.7)), np.float32)
    noise = np.random.default_rng(0).normal(0, 3, small.shape)
    return Image.fromarray((small + noise).clip(0, 255).astype(np.uint8))


def test_the_part_lands_within_a_millimetre_where_it_is_on_the_table(photo):
    picture = read_picture(photo, sheet=SheetOnTable(A4))
    assert picture.confidence > 0.5
    assert shapely.hausdorff_distance(picture.outline.exterior, PART.exterior) < 1e-3
    assert "corners were found at" in picture.notes[-1]
    column, row = picture.cover.pixels.of(np.array(PART.exterior.coords))
    wanted = view().of(np.array(PART.exterior.coords))
    np.testing.assert_allclose([column, row], wanted, atol=1.5)


def test_a_scene_takes_the_sheet_by_its_name_or_size(photo):
    by_name, by_size, by_object = (
        scene(photo, sheet=sheet) for sheet in ("a4", "0.297,0.21", SheetOnTable(A4))
    )
    np.testing.assert_array_equal(by_name.image, by_object.image)
    np.testing.assert_array_equal(by_size.image, by_object.image)
    with pytest.raises(InputError, match="'b4'"):
        scene(photo, sheet="b4")


def test_given_corners_are_taken_as_they_are(photo):
    picture = read_picture(photo, sheet=SheetOnTable(A4, SEEN))
    assert shapely.hausdorff_distance(picture.outline.exterior, PART.exterior) < 1e-3
    assert not any("corners" in note for note in picture.notes)
    turned = read_picture(photo, sheet=SheetOnTable(A4[::-1], np.roll(SEEN, -1, axis=0)))
    back = shapely.affinity.rotate(turned.outline, -90, origin=(0, 0))
    assert shapely.hausdorff_distance(back.exterior, PART.exterior) < 1e-3


def test_a_mask_is_straightened_too(photo):
    fine = Image.new("L", (8 * photo.width, 8 * photo.height))
    column, row = view().of(np.array(PART.exterior.coords))
    corners = list(zip(8 * column + 3.5, 8 * row + 3.5, strict=True))
    ImageDraw.Draw(fine).polygon(corners, fill=255)
    mask = fine.reduce(8)
    picture = read_picture(photo, sheet=SheetOnTable(A4, SEEN), mask=mask)
    assert shapely.hausdorff_distance(picture.outline.exterior, PART.exterior) < 1e-3
    assert picture.confidence == 1.0


def test_the_backdrop_lies_on_the_table_as_the_occupancy_does(photo):
    picture = read_picture(photo, sheet=SheetOnTable(A4, SEEN))
    drawn = picture.backdrop()
    left, right, low, high = drawn.extent
    assert right - left == pytest.approx(picture.cover.width)
    assert low == pytest.approx(-high)
    column = round((0.0 - left) / (right - left) * drawn.colour.shape[1])
    row = round((high - 0.024) / (high - low) * drawn.colour.shape[0])
    assert drawn.colour[row, column].max() < 100  # the bracket's upper bar


def test_without_a_sheet_the_corners_are_asked_for():
    plain = Image.new("RGB", (400, 300), (230, 230, 230))
    ImageDraw.Draw(plain).rectangle((100, 100, 200, 200), fill=(20, 20, 20))
    with pytest.raises(InputError, match="--corners"):
        straighten(plain, A4)
    with pytest.raises(InputError, match="outside"):
        straighten(plain, A4, SEEN)


@pytest.mark.parametrize(
    ("text", "size"), [("a4", A4), ("A3", (0.42, 0.297)), ("0.2,0.1", (0.2, 0.1))]
)
def test_sheets_by_name_and_size(text, size):
    assert parse_sheet(text) == size


@pytest.mark.parametrize("text", ["", "b17", "1", "0.2,0", "210,297", "nan,1", "0.1,0.2,0.3"])
def test_what_is_no_sheet_is_refused(text):
    with pytest.raises(InputError, match="a sheet is a5, a4"):
        parse_sheet(text)


def test_corners_are_four_pairs_that_go_round():
    np.testing.assert_array_equal(parse_corners("0,0 9,1 8,7 -1,6")[2], [8, 7])
    for text in ("", "1,2", "0,0 9,1 8,7", "0,0 9,1 8,7 a,b", "0,0 9,1 8,7 nan,3"):
        with pytest.raises(InputError, match="corners are four pixels"):
            parse_corners(text)
    for text in ("0,0 8,7 9,1 0,6", "0,6 8,7 9,1 0,0", "0,0 5,0 9,0 0,6"):
        with pytest.raises(InputError, match="clockwise"):
            parse_corners(text)


def test_a_pixel_of_the_photograph_chooses_on_the_sheet(photo):
    sheet = SheetOnTable(A4, SEEN)
    column, row = view().of(np.array([[-0.04, 0.0]]))
    chosen = Choice(select_pixel=(column.item(), row.item()))
    found = read_picture(photo, choice=chosen, sheet=sheet).outline
    assert shapely.hausdorff_distance(found.exterior, PART.exterior) < 1e-3
    column, row = view().of(np.array([[0.05, -0.04]]))
    with pytest.raises(InputError, match=r"shows no object at .*--select"):
        read_picture(photo, choice=Choice(select_pixel=(column.item(), row.item())), sheet=sheet)
