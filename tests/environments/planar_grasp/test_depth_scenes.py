import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.depth_scenes import scene_of_depth
from fag_tf.errors import InputError
from reference.depth_pictures import depth_of

CAMERA = "430,430,160,120"
BAR = shapely.box(-0.05, -0.01, 0.05, 0.01)


@pytest.fixture
def picture(tmp_path):
    def save(part, distance=0.6):
        numbers = tuple(map(float, CAMERA.split(",")))
        path = tmp_path / "bar.npy"
        np.save(path, depth_of([(part, 0.02)], numbers, (240, 320), distance))
        return path

    return save


def test_an_object_near_the_axis_stays_in_the_frame_of_the_camera(picture):
    part = shapely.transform(BAR, lambda xy: np.add(xy, [0.03, 0.05]))
    scene = scene_of_depth(picture(part), CAMERA)
    assert scene.origin == (0.0, 0.0)
    assert scene.part is None
    assert scene.outline().hausdorff_distance(part) < 0.003
    assert "20 mm above the table" in scene.notes[0]
    found = scene.columns(np.array([[0.03, 0.05, np.pi / 2]]))
    assert found["width"][0] == pytest.approx(0.02, abs=0.002)
    # A point of the table, 0.6 m ahead.
    np.testing.assert_allclose(found["column"], 160 + 430 * 0.03 / 0.6, atol=0.1)
    np.testing.assert_allclose(found["row"], 120 - 430 * 0.05 / 0.6, atol=0.1)


def test_an_object_far_from_the_axis_is_seen_alone_and_answered_in_the_cameras_frame(picture):
    part = shapely.transform(BAR, lambda xy: np.add(xy, [0.25, -0.15]))
    scene = scene_of_depth(picture(part, 1.0), CAMERA)
    np.testing.assert_allclose(scene.origin, [0.25, -0.15], atol=0.003)
    np.testing.assert_allclose(scene.in_frame(np.zeros((1, 3))), [[*scene.origin, 0.0]], atol=1e-12)
    assert np.abs(scene.outline().bounds).max() < 0.06


def test_one_of_intrinsics_and_width_is_needed(picture):
    path = picture(BAR)
    for options in ({}, {"intrinsics": CAMERA, "width_m": 0.2}):
        with pytest.raises(InputError, match=r"--intrinsics.*--width-m"):
            scene_of_depth(path, **options)
    with pytest.raises(InputError, match="--min-height"):
        scene_of_depth(path, CAMERA, min_height=-1.0)
    with pytest.raises(InputError, match=r"bar\.npy: nothing stands"):
        scene_of_depth(path, CAMERA, min_height=0.05)
