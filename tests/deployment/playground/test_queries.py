import io
import re

import numpy as np
import pytest
import shapely
from PIL import Image, ImageDraw

from fag_tf.deployment.playground.queries import MOST_GRASPS, OpenChoice, parse_query
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from fag_tf.environments.planar_grasp.scenes import scene_of_object
from fag_tf.errors import InputError
from reference.page import base64_of, picture, question

HAMMER = {"name": "hammer"}


def test_a_named_part_is_the_scene_of_the_command_line():
    query = parse_query(question(HAMMER), 128)
    np.testing.assert_array_equal(query.scene.image, scene_of_object("hammer").image)
    assert query.scene.outline() is query.scene.part
    assert query.gripper == DEFAULT_GRIPPER
    assert (query.count, query.seed, query.min_feasibility, query.exact) == (32, 1, 0.5, False)


def test_without_a_seed_one_is_drawn():
    asked = question(HAMMER)
    del asked["seed"]
    assert len({parse_query(asked, 128).seed for _ in range(3)}) == 3


def test_a_drawing_covers_the_table_and_its_ink_is_the_part():
    part = drawn((300, 390, 599, 509), ink=(200, 200, 200, 255))
    query = parse_query(question(part), 128)
    bounds = 0.3 / 900 * np.array([300 - 450, 450 - 510, 600 - 450, 450 - 390])
    np.testing.assert_allclose(query.scene.part.bounds, bounds, atol=2e-4)
    assert query.scene.outline() is query.scene.part
    assert query.scene.name == "the drawing"


def test_a_picture_is_read_as_by_the_command_line_and_traced():
    part = {"picture": base64_of(picture()), "file": "bolt.png", "width_mm": 200.0}
    query = parse_query(question(part), 128)
    assert query.scene.part is None
    assert query.scene.name == "bolt"
    low_x, _, high_x, _ = query.scene.outline().bounds
    assert high_x - low_x == pytest.approx(0.2 * 401 / 900, abs=2e-4)
    area = query.scene.image.sum() * (0.3 / 128) ** 2
    assert area == pytest.approx(shapely.area(query.scene.outline()), rel=0.01)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"part": {"name": "/etc/passwd"}}, "'/etc/passwd'"),
        ({"part": {"name": "../part.wkt"}}, r"'\.\./part\.wkt'"),
        ({"part": {"name": "random:"}}, "'random:'"),
        ({"part": {}}, r"name, drawing, picture.*\b0\b"),
        ({"part": {"name": "H", "drawing": ""}}, r"name, drawing, picture.*\b2\b"),
        ({"part": {"name": 3}}, "name.*3"),
        ({"part": {"drawing": "?"}}, "drawing.*base64"),
        ({"part": {"drawing": ""}}, "drawing.*PNG"),
        ({"part": {"picture": "", "width_mm": "x"}}, "width_mm.*'x'"),
        ({"part": {"picture": "", "file": 1}}, "file.*1"),
        ({"part": None}, "part.*None"),
        ({"gripper": {}}, "gripper.*opening"),
        ({"gripper": {"jaw": 1}}, "gripper.*'jaw'"),
        ({"gripper": dict.fromkeys(vars(DEFAULT_GRIPPER), True)}, "opening.*True"),
        ({"gripper": dict.fromkeys(vars(DEFAULT_GRIPPER), 10**400)}, "opening.*1000000"),
        ({"part": {"picture": "", "width_mm": 10**400}}, "width_mm.*1000000"),
        ({"count": 0}, r"count.*\b0\b"),
        ({"count": MOST_GRASPS + 1}, "count.*1025.*1 to 1024"),
        ({"seed": -1}, "seed.*-1"),
        ({"min_feasibility": 2}, "min_feasibility.*2"),
        ({"exact": 1}, "exact.*1.*true.*false"),
        ({"what": 1}, "'what'"),
    ],
)
def test_what_cannot_be_asked_is_told(changes, message):
    with pytest.raises(InputError, match=message):
        parse_query({**question(HAMMER), **changes}, 128)


def test_a_question_is_an_object():
    with pytest.raises(InputError, match=r"\[\]"):
        parse_query([], 128)


LEFT, RIGHT = (100, 100, 200, 300), (600, 600, 800, 700)


def drawn(*boxes, ink=(0, 0, 0, 255)):
    """Boxes on an empty canvas, as the page sends a drawing."""
    image = Image.new("RGBA", (900, 900))
    for box in boxes:
        ImageDraw.Draw(image).rectangle(box, fill=ink)
    file = io.BytesIO()
    image.save(file, "png")
    return {"drawing": base64_of(file.getvalue())}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (drawn(LEFT, RIGHT), r"\b2\b"),
        (drawn(), "nothing"),
        (drawn((0, 0, 899, 899)), "margin"),
        (drawn((450, 450, 451, 451)), r"0\.39 mm\^2"),
    ],
)
def test_a_drawing_is_refused_in_words_that_fit_a_drawing(part, message):
    with pytest.raises(InputError, match=f"drawing.*{message}") as error:
        parse_query(question(part), 128)
    assert not re.search("picture|file|--|“", str(error.value))


@pytest.mark.parametrize(
    ("box", "named"),
    [
        ((50, 400, 849, 500), r"0\.267 m.*0\.05 to 0\.17 m.*draw"),
        ((0, 400, 399, 500), "table.*edge"),
    ],
)
def test_what_is_remarked_of_a_drawing_fits_a_drawing(box, named):
    (note,) = parse_query(question(drawn(box)), 128).scene.notes
    assert re.search(named, note)
    assert not re.search("picture|file|--", note)


def test_of_several_objects_in_a_picture_one_is_to_be_chosen():
    picture = {"picture": drawn(LEFT, RIGHT)["drawing"], "file": "two.png", "width_mm": 300.0}
    found = parse_query(question(picture), 128)
    assert isinstance(found, OpenChoice)
    assert (found.name, found.notes) == ("two", ())
    left, right = found.objects
    assert left.bounds[2] < right.bounds[0]
    for more, number in (({"index": 0}, 0), ({"index": 1}, 1), ({"largest": True}, 0)):
        query = parse_query(question({**picture, **more}), 128)
        assert (query.index, len(query.objects)) == (number, 2)
        assert query.scene.outline().equals(query.objects[number])
        assert query.scene.neighbours[0].equals(query.objects[1 - number])
    with pytest.raises(InputError, match="no object 2"):
        parse_query(question({**picture, "index": 2}), 128)


def test_what_is_drawn_or_pictured_beside_a_part_is_its_neighbour():
    query = parse_query(question(HAMMER, neighbours=drawn((100, 100, 200, 300), RIGHT)), 128)
    assert len(query.scene.neighbours) == 2
    bounds = 0.3 / 900 * np.array([100 - 450, 450 - 301, 201 - 450, 450 - 100])
    np.testing.assert_allclose(query.scene.neighbours[0].bounds, bounds, atol=2e-4)
    beside = {"picture": base64_of(picture()), "file": "bar.png", "width_mm": 600.0}
    query = parse_query(question({"name": "L"}, neighbours=beside), 128)
    part = query.scene.part
    assert all(shapely.intersection(part, each).area < 1e-12 for each in query.scene.neighbours)
    for wrong, message in (
        ({"name": "L"}, "'name'"),
        ({}, "drawing, picture"),
        ({"drawing": "?"}, "drawing of neighbours.*base64"),
    ):
        with pytest.raises(InputError, match=message):
            parse_query(question(HAMMER, neighbours=wrong), 128)
