import dataclasses

import numpy as np
import pytest
import shapely
from PIL import Image, ImageDraw

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.scenes import (
    scene,
    scene_of_object,
    scene_of_picture,
    scenes_of_object,
    scenes_of_picture,
)
from fag_tf.environments.planar_grasp.table_scene import Scene
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.errors import InputError

FINE = Gripper(0.025, 0.006, 0.005, 0.5, 0.0003, 0.010)


@pytest.fixture
def wide():
    """Two screws and a washer in a picture 0.8 m wide, 0.4 mm a pixel."""
    image = Image.new("L", (2000, 1000), 235)
    draw = ImageDraw.Draw(image)
    draw.rectangle((100, 100, 149, 109), fill=40)
    draw.rectangle((1800, 800, 1849, 809), fill=40)
    draw.ellipse((900, 400, 1000, 500), fill=40)
    draw.ellipse((930, 430, 970, 470), fill=235)
    return image


def test_each_object_of_a_wide_picture_is_a_scene_in_the_pictures_frame(wide):
    scenes = scenes_of_picture(wide, 0.8)
    assert all(isinstance(each, Scene) for each in scenes)
    middles = [each.moved(each.outline()).centroid for each in scenes]
    wanted = [(-0.35, 0.158), (-0.02, 0.02), (0.33, -0.122)]
    for middle, place in zip(middles, wanted, strict=True):
        assert shapely.get_coordinates(middle)[0] == pytest.approx(place, abs=4e-4)
    assert scenes[1].origin == (0.0, 0.0)
    assert scenes[0].origin != (0.0, 0.0)
    assert [len(each.neighbours) for each in scenes] == [2, 2, 2]


def test_a_small_object_is_seen_in_the_pictures_own_pixels(wide):
    (seen, *_) = scenes_of_picture(wide, 0.8)
    view = seen.view(FINE)
    assert view.scale == pytest.approx(0.9 * 0.15 / 0.025)
    pixel = TABLE_SIDE / len(view.image)
    area = 50 * 10 * 0.0004**2
    assert view.image.sum() * (pixel / view.scale) ** 2 == pytest.approx(area, rel=0.01)
    # Edges of the screw fall on edges of pixels of the picture, so few pixels are grey.
    assert ((view.image > 0.05) & (view.image < 0.95)).mean() < 0.05
    coarse = wide.resize((250, 125), Image.Resampling.BOX)
    coarse = scene_of_picture(coarse, 0.8, Choice(index=0), anywhere=True)
    assert coarse.view(FINE).is_table


def test_parts_of_a_drawing_that_is_larger_than_the_table_are_scenes_of_their_own(tmp_path):
    path = tmp_path / "nest.wkt"
    boxes = [shapely.box(x, 0, x + 80, 20) for x in (0, 200, 400, 600)]
    path.write_text(shapely.MultiPolygon(boxes).wkt)
    scenes = scenes_of_object(str(path), units="mm")
    for seen, box in zip(scenes, boxes, strict=True):
        wanted = shapely.transform(box, lambda xy: 1e-3 * xy)
        assert seen.moved(seen.part).equals_exact(wanted, 1e-12)
        assert np.abs(seen.part.bounds).max() <= TABLE_SIDE / 2
    alone = scene_of_object(str(path), units="mm", select="0.63,0.01")
    assert alone.moved(alone.part).equals_exact(scenes[3].moved(scenes[3].part), 1e-12)


def test_a_part_larger_than_the_table_is_seen_reduced():
    part = shapely.box(-0.25, -0.02, 0.25, 0.02)
    seen = scene(part)
    view = seen.view()
    assert view.scale < 1
    pixel = TABLE_SIDE / len(view.image) / view.scale
    assert view.image.sum() * pixel**2 == pytest.approx(part.area, rel=1e-3)
    with pytest.raises(InputError, match=r"2 m long.*0\.9 m"):
        scene(shapely.box(-1, -0.02, 1, 0.02))


def test_neighbours_that_were_traced_keep_a_pixels_distance(wide):
    seen = scenes_of_picture(wide, 0.8)[1]
    traced = sum(each.area for each in seen.neighbours)
    assert seen.obstacles.area > traced
    part = shapely.box(-0.04, -0.01, 0.04, 0.01)
    exact = Scene("a", seen.image, part, (), neighbours=(shapely.box(0.05, 0, 0.06, 0.01),))
    assert exact.obstacles.area == pytest.approx(1e-4)


def test_grasps_of_a_picture_hold_by_its_outline_and_miss_its_neighbours():
    bar, beside = shapely.box(-0.05, -0.01, 0.05, 0.01), shapely.box(-0.05, 0.03, 0.05, 0.05)
    grasps = np.array([[0.0, 0.0, 0.5 * np.pi], [0.0, 0.0, 0.0], [0.0, 0.1, 0.5 * np.pi]])
    empty = np.zeros((128, 128), np.float32)
    alone = Scene("bar", empty, None, (), traced=bar, pitch=1e-3)
    assert alone.holds_as_traced(grasps).tolist() == [True, False, False]
    blocked = dataclasses.replace(alone, neighbours=(beside,))
    assert not blocked.holds_as_traced(grasps).any()
    unknown = Scene("bar", empty, None, ())
    assert unknown.holds_as_traced(grasps).all()


def test_fingers_outside_the_picture_are_told_of(wide):
    seen = scene_of_picture(wide, 0.8, Choice(index=0), anywhere=True)
    at = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, np.pi / 2], [-0.05, 0.0, 0.0]])
    assert seen.notes_on(at[:2], FINE) == ()
    (told,) = seen.notes_on(at, FINE)
    assert told.startswith("1 of 3 grasps")
    (told,) = seen.notes_on(at, Gripper())
    assert "outside the picture" in told
    assert scene_of_object("hammer").notes_on(at, FINE) == ()
    assert seen.notes_on(at[:0], FINE) == ()


def test_a_scene_shows_itself_in_one_line(wide):
    seen = scene_of_picture(wide, 0.8, Choice(index=0), anywhere=True)
    assert repr(seen).count("\n") == 0
    assert "outline=traced, neighbours=2" in repr(seen)
    assert repr(scene_of_object("hammer")) == "Scene('hammer', outline=known)"
