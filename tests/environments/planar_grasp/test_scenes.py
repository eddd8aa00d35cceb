import numpy as np
import pytest
import shapely
from PIL import Image, ImageDraw

from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.images.rendering import occupancy
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES, named_part
from fag_tf.environments.planar_grasp.parts.objects import keep_object, read_object
from fag_tf.environments.planar_grasp.scenes import (
    Scene,
    scene,
    scene_of_object,
    scene_of_picture,
)
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE, longest_side
from fag_tf.errors import InputError

BOX = "POLYGON ((0.01 0.02, 0.11 0.02, 0.11 0.06, 0.01 0.06, 0.01 0.02))"


@pytest.fixture
def box_file(tmp_path):
    path = tmp_path / "box.wkt"
    path.write_text(BOX)
    return path


@pytest.fixture
def silhouette(tmp_path):
    image = Image.new("L", (128, 128), 255)
    ImageDraw.Draw(image).rectangle((44, 54, 83, 73), fill=0)
    image.save(tmp_path / "part.png")
    return tmp_path / "part.png"


@pytest.mark.parametrize("name", PART_NAMES)
def test_a_named_part_lies_centred_and_not_turned(name):
    scene = scene_of_object(name)
    assert isinstance(scene, Scene)
    assert scene.name == name
    assert scene.notes == ()
    np.testing.assert_array_equal(scene.image, occupancy(named_part(name)[1]))


def test_a_file_keeps_its_own_frame(box_file):
    name, part, notes = read_object(str(box_file))
    assert name == "box"
    assert part.equals(shapely.from_wkt(BOX))
    assert notes == ()


def test_units_and_scale_make_metres(tmp_path):
    path = tmp_path / "box.wkt"
    path.write_text("POLYGON ((0 0, 50 0, 50 20, 0 20, 0 0))")
    _, part, _ = read_object(str(path), units="mm", scale=2.0)
    np.testing.assert_allclose(part.bounds, (0, 0, 0.1, 0.04))


def test_a_named_part_can_be_scaled():
    whole, half = (read_object("H", scale=scale)[1] for scale in (None, 0.5))
    np.testing.assert_allclose(np.multiply(whole.bounds, 0.5), half.bounds)


@pytest.mark.parametrize("text", ["hammer", "random:3"])
def test_a_configuration_keeps_a_named_part_by_its_name(text):
    assert keep_object(text) == (text, ())


@pytest.mark.parametrize("scale", [None, 1 / 3])
@pytest.mark.parametrize("name", ["plank", "hammer", "random:3"])
def test_a_configuration_keeps_the_outline_of_a_file_whatever_it_is_called(name, scale, tmp_path):
    file = tmp_path / f"{name}.wkt"
    file.write_text("POLYGON ((0 0, 100.1 0, 100.1 20, 0 20, 0 0))")
    kept, _ = keep_object(str(file), units="mm", scale=scale)
    _, part, _ = read_object(str(file), units="mm", scale=scale)
    assert kept["name"] == name
    assert shapely.from_wkt(kept["outline"]).equals_exact(part, 1e-12)


def test_a_scaled_named_part_is_kept_by_its_outline():
    kept, _ = keep_object("hammer", scale=0.5)
    assert kept["name"] == "hammer"
    (state,) = PlanarGrasp(parts=kept).draw_states(np.random.default_rng(0), 1)
    assert longest_side(state.part) == pytest.approx(0.5 * longest_side(named_part("hammer")[1]))


def test_a_seed_names_a_random_part():
    first, again, other = (read_object(text) for text in ("random:1", "random:1", "random:2"))
    assert first[0] == "random:1"
    assert first[1].equals(again[1])
    assert not first[1].equals(other[1])
    half = read_object("random:1", scale=0.5)[1]
    assert half.area == pytest.approx(0.25 * first[1].area)


def test_an_observation_is_of_one_state(box_file):
    observation = scene_of_object(str(box_file), size=64).observation(Gripper())
    assert observation["image"].shape == (1, 64, 64, 1)
    assert observation["gripper"].shape == (1, 6)


def test_a_picture_and_its_traced_part_agree(silhouette):
    seen = scene_of_picture(str(silhouette), width_m=0.30)
    traced = scene_of_object(str(silhouette), width_m=0.30)
    assert seen.part is None
    np.testing.assert_allclose(seen.image, traced.image, atol=0.3)
    assert np.abs(seen.image - traced.image).mean() < 1e-3


def test_an_unsaid_width_is_told(silhouette):
    assert any("0.30 m wide" in note for note in read_object(str(silhouette))[2])


def test_a_part_of_unusual_size_is_noted(tmp_path):
    path = tmp_path / "box.wkt"
    path.write_text("POLYGON ((0 0, 0.02 0, 0.02 0.01, 0 0.01, 0 0))")
    assert "0.02 m" in read_object(str(path))[2][0]
    assert "--scale" in read_object("H", scale=0.1)[2][0]


def test_a_part_off_the_table_cannot_be_seen(tmp_path):
    path = tmp_path / "box.wkt"
    path.write_text("POLYGON ((0 0, 100 0, 100 50, 0 50, 0 0))")
    with pytest.raises(InputError, match=r"100 m long.*0\.9 m.*units"):
        scene_of_object(str(path))
    read_object(str(path))  # its grasps can be checked all the same


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("Q", {}, "'Q'"),
        ("missing.wkt", {}, "missing.wkt"),
        ("folder/missing", {}, "folder/missing"),
        ("random:", {}, "'random:'.*seed"),
        ("random:-1", {}, "'random:-1'.*seed"),
        ("H", {"units": "mm"}, "--units"),
        ("H", {"width_m": 0.3}, "--width-m"),
        ("H", {"largest": True}, "--largest"),
        ("H", {"index": 0}, "--index"),
        ("H", {"pose": "0"}, "--pose"),
        ("a.png", {"index": 0, "largest": True}, "--largest and --index"),
        ("H", {"select": "0,0"}, "--select"),
        ("H", {"scale": 0.0}, r"scale.*\b0\b"),
        ("H", {"scale": float("nan")}, "scale.*nan"),
    ],
)
def test_a_wrong_object_or_option_is_refused(text, options, message):
    with pytest.raises(InputError, match=message):
        read_object(text, **options)


# A scene from anything --------------------------------------------------------------------------


def bar(value=1.0, dtype=np.float32):
    """A dark bar on a light table, 64 pixels a side."""
    picture = np.full((64, 64), value)
    picture[28:36, 16:48] = 0.1 * value
    return picture.astype(dtype)


@pytest.mark.parametrize(
    "source",
    [
        bar(),
        bar(255.0, np.uint8),
        bar() > 0.5,
        np.repeat(bar()[..., None], 3, axis=2),
        np.repeat(bar(255.0, np.uint8)[..., None], 3, axis=2),
        Image.fromarray(bar(255.0, np.uint8)),
    ],
)
def test_an_array_or_an_image_is_a_picture(source):
    found = scene(source, width_m=0.2)
    assert found.part is None
    assert found.image.shape == (128, 128)
    width = found.image.sum() / (found.image > 0.5).any(axis=1).sum() * 0.3 / 128
    assert width == pytest.approx(0.1, rel=0.1)


def test_a_polygon_lies_where_it_is(tmp_path):
    part = shapely.box(0.0, -0.01, 0.08, 0.01)
    found = scene(part)
    assert found.part.equals(part)
    assert scene(part, scale=0.5).part.bounds == pytest.approx((0.0, -0.005, 0.04, 0.005))
    (tmp_path / "bar.wkt").write_text(shapely.to_wkt(part))
    np.testing.assert_allclose(scene(tmp_path / "bar.wkt").image, found.image)


def test_a_state_can_be_checked_by_the_exact_rules():
    known, seen = scene("hammer"), scene(1.0 - scene("hammer").image, width_m=0.3)
    grasps = ACTION_SPACE.sample(np.random.default_rng(0), (1, 20_000))
    labels = [PlanarGrasp().feasibility([each.state()], grasps) for each in (known, seen)]
    assert labels[0].sum() > 50
    assert np.mean(labels[0] != labels[1]) < 0.003
    assert known.state("opening=0.02").gripper.opening == 0.02


@pytest.mark.parametrize(
    ("source", "options"),
    [
        (shapely.box(0, 0, 0.1, 0.1), {"units": "mm"}),
        (shapely.box(0, 0, 0.1, 0.1), {"width_m": 0.1}),
        (shapely.box(0, 0, 0.1, 0.1), {"scale": -1.0}),
        (shapely.box(0, 0, 0.1, 0.1), {"scale": "2"}),
        (shapely.box(0, 0, 100.0, 10.0), {}),
        (shapely.MultiPolygon([shapely.box(0, 0, 0.1, 0.1)]), {}),
        (bar(), {"scale": 2.0}),
        (bar(), {"width_m": float("nan")}),
        (bar(), {"size": 0}),
        ("hammer", {"size": 1.5}),
        (np.zeros((2, 3, 4, 5)), {}),
        (np.full((64, 64), np.nan), {}),
        (None, {}),
    ],
)
def test_what_is_no_scene_is_refused(source, options):
    with pytest.raises(InputError):
        scene(source, **options)


@pytest.mark.parametrize("gripper", [3, None, {"opening": 0.05}, "no such hand"])
def test_what_is_no_gripper_is_refused(gripper):
    found = scene("hammer")
    with pytest.raises(InputError):
        found.state(gripper)
    with pytest.raises(InputError):
        found.observation(gripper)
