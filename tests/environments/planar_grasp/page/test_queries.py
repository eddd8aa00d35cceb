import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from fag_tf.environments.planar_grasp.page.queries import MOST_GRASPS, parse_query
from fag_tf.environments.planar_grasp.scenes import scene_of_object
from fag_tf.errors import InputError
from reference.page import base64_of, picture, question

HAMMER = {"name": "hammer"}


def test_a_named_part_is_the_scene_of_the_command_line():
    query = parse_query(question(HAMMER), 128)
    np.testing.assert_array_equal(query.scene.image, scene_of_object("hammer").image)
    assert query.outline is query.scene.part
    assert query.gripper == DEFAULT_GRIPPER
    assert (query.count, query.seed, query.min_feasibility, query.exact) == (32, 1, 0.5, False)


def test_without_a_seed_one_is_drawn():
    asked = question(HAMMER)
    del asked["seed"]
    assert len({parse_query(asked, 128).seed for _ in range(3)}) == 3


def test_a_drawing_covers_the_table_and_its_ink_is_the_part():
    drawn = picture("RGBA", (0, 0, 0, 0), (200, 200, 200, 255), (300, 390, 599, 509))
    query = parse_query(question({"drawing": base64_of(drawn)}), 128)
    bounds = 0.3 / 900 * np.array([300 - 450, 450 - 510, 600 - 450, 450 - 390])
    np.testing.assert_allclose(query.scene.part.bounds, bounds, atol=2e-4)
    assert query.outline is query.scene.part
    assert query.scene.name == "the drawing"


def test_a_picture_is_read_as_by_the_command_line_and_traced():
    part = {"picture": base64_of(picture()), "file": "bolt.png", "width_mm": 200.0}
    query = parse_query(question(part), 128)
    assert query.scene.part is None
    assert query.scene.name == "bolt"
    low_x, _, high_x, _ = query.outline.bounds
    assert high_x - low_x == pytest.approx(0.2 * 401 / 900, abs=2e-4)
    area = query.scene.image.sum() * (0.3 / 128) ** 2
    assert area == pytest.approx(shapely.area(query.outline), rel=0.01)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"part": {"name": "/etc/passwd"}}, "no part is called '/etc/passwd'"),
        ({"part": {"name": "../part.wkt"}}, "no part is called"),
        ({"part": {"name": "random:"}}, "no part is called"),
        ({"part": {}}, "this one has 0"),
        ({"part": {"name": "H", "drawing": ""}}, "this one has 2"),
        ({"part": {"name": 3}}, "name is 3; it must be text"),
        ({"part": {"drawing": "?"}}, "the drawing did not come whole"),
        ({"part": {"drawing": ""}}, "the drawing is not a picture"),
        ({"part": {"picture": "", "width_mm": "x"}}, "width_mm is 'x'; it must be a number"),
        ({"part": {"picture": "", "file": 1}}, "file is 1; it must be a name"),
        ({"part": None}, "part is None; it must be an object"),
        ({"gripper": {}}, "the gripper lacks opening"),
        ({"gripper": {"jaw": 1}}, "gripper has 'jaw'"),
        ({"gripper": dict.fromkeys(vars(DEFAULT_GRIPPER), True)}, "opening is True"),
        ({"count": 0}, "count is 0"),
        ({"count": MOST_GRASPS + 1}, "must be a whole number, 1 to 1024"),
        ({"seed": -1}, "seed is -1"),
        ({"min_feasibility": 2}, "min_feasibility is 2"),
        ({"exact": 1}, "exact is 1; it must be true or false"),
        ({"what": 1}, "the question has 'what'"),
    ],
)
def test_what_cannot_be_asked_is_told(changes, message):
    with pytest.raises(InputError) as error:
        parse_query({**question(HAMMER), **changes}, 128)
    assert message in str(error.value)


def test_a_question_is_an_object():
    with pytest.raises(InputError, match="the question is"):
        parse_query([], 128)


def test_two_objects_in_a_drawing_are_refused_in_the_pages_words():
    image = picture("RGBA", (0, 0, 0, 0), (0, 0, 0, 255), (100, 100, 200, 300))
    other = picture("RGBA", (0, 0, 0, 0), (0, 0, 0, 255), (600, 600, 800, 700))
    both = _joined(image, other)
    with pytest.raises(InputError, match=r"the drawing shows 2 objects; .*largest object only"):
        parse_query(question({"drawing": base64_of(both)}), 128)


def _joined(first, second):
    import io

    from PIL import Image

    image = Image.open(io.BytesIO(first))
    image.alpha_composite(Image.open(io.BytesIO(second)))
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()
