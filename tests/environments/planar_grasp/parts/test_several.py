import pytest
import shapely
from PIL import Image, ImageDraw

from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.parts.objects import read_parts, read_with_neighbours
from fag_tf.environments.planar_grasp.parts.several import DrawnParts, PicturedParts

LEFT, RIGHT = shapely.box(-90, -10, -20, 10), shapely.box(10, -40, 90, -10)


@pytest.fixture
def drawing(tmp_path):
    path = tmp_path / "two.wkt"
    path.write_text(shapely.MultiPolygon([RIGHT, LEFT]).wkt)
    return str(path)


@pytest.fixture
def silhouettes(tmp_path):
    """The same two, 0.5 mm a pixel."""
    image = Image.new("L", (400, 200), 255)
    draw = ImageDraw.Draw(image)
    for part in (LEFT, RIGHT):
        x0, y0, x1, y1 = part.bounds
        draw.rectangle((2 * x0 + 200, 100 - 2 * y1, 2 * x1 + 199, 99 - 2 * y0), fill=0)
    image.save(tmp_path / "two.png")
    return str(tmp_path / "two.png")


def test_each_part_of_a_drawing_has_the_others_as_neighbours(drawing):
    parts = read_parts(drawing, "mm")
    assert isinstance(parts, DrawnParts)
    assert len(parts) == 2
    one, other = (parts.part(number) for number in (0, 1))
    assert one.neighbours == (other.part,)
    assert other.neighbours == (one.part,)
    assert "the other part" in one.notes[0]
    centred = parts.part(1, center=True)
    assert shapely.get_coordinates(centred.part.centroid)[0] == pytest.approx([0, 0], abs=1e-12)
    assert centred.neighbours[0].bounds[0] == pytest.approx(-0.14)


@pytest.mark.parametrize(("scale", "select"), [(1.0, "0.05,-0.02"), (0.5, "0.025,-0.01")])
def test_a_point_is_in_the_frame_of_the_answer(drawing, silhouettes, scale, select):
    for path, options in ((drawing, {"units": "mm"}), (silhouettes, {"width_m": 0.2})):
        found = read_with_neighbours(path, scale=scale, select=select, **options)
        assert found.part.bounds == pytest.approx(
            [1e-3 * scale * each for each in RIGHT.bounds], abs=6e-4
        )
        (neighbour,) = found.neighbours
        assert neighbour.bounds == pytest.approx(
            [1e-3 * scale * each for each in LEFT.bounds], abs=6e-4
        )


def test_silhouettes_are_chosen_by_their_pixels_too(silhouettes):
    parts = read_parts(silhouettes, width_m=0.2)
    assert isinstance(parts, PicturedParts)
    assert parts.chosen(Choice(select_pixel=(30.0, 100.0))) == 0
    assert parts.chosen(Choice(index=1)) == 1
    assert len(parts) == 2
