import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.images.rendering import occupancy, place, render
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES, named_part
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, Pose
from reference import grasp_oracle


@pytest.mark.parametrize("name", PART_NAMES)
def test_every_pixel_holds_the_area_of_the_overlay(name):
    part, pose = named_part(name)[1], Pose(0.031, -0.052, 0.7)
    picture = render([part], [pose], 32)[0]
    expected = grasp_oracle.occupancy(place(part, pose), 32)
    np.testing.assert_allclose(picture, expected, atol=1e-6)


def test_row_0_is_the_top_and_column_0_the_left():
    corner = shapely.box(-0.15, 0.10, -0.05, 0.15)
    picture = occupancy(corner, 6)
    expected = np.zeros((6, 6))
    expected[0, :2] = 1.0
    np.testing.assert_allclose(picture, expected, atol=1e-7)
    assert picture.dtype == np.float32


def test_a_picture_need_not_be_square():
    picture = occupancy(shapely.box(0.0, 0.0, 0.15, 0.15), (4, 10))
    assert picture.shape == (4, 10)
    assert picture[:2, 5:].min() == pytest.approx(1.0)
    assert picture.sum() == pytest.approx(10.0)


def test_what_is_off_the_table_is_not_seen():
    disc = shapely.Point(0.14, 0.15).buffer(0.06)
    np.testing.assert_allclose(occupancy(disc, 16), grasp_oracle.occupancy(disc, 16), atol=1e-6)
    beyond = shapely.Point(-0.3, 0.0).buffer(0.06)
    assert not occupancy(beyond, 16).any()
    around = shapely.box(-1, -1, 1, 1)
    np.testing.assert_allclose(occupancy(around, 16), 1.0, atol=1e-7)


def test_edges_on_pixel_borders_are_sharp():
    pixel = TABLE_SIDE / 128
    picture = occupancy(shapely.box(-10 * pixel, -5 * pixel, 10 * pixel, 5 * pixel))
    assert np.count_nonzero(picture > 1e-6) == 200
    np.testing.assert_allclose(picture[picture > 1e-6], 1.0, atol=1e-6)


def test_the_way_round_of_a_ring_does_not_matter():
    part = named_part("8")[1]
    other = shapely.Polygon(part.exterior.coords[::-1], [hole.coords for hole in part.interiors])
    np.testing.assert_array_equal(occupancy(part), occupancy(other))


def test_a_batch_is_each_part_by_itself():
    rng = np.random.default_rng(0)
    parts = [random_part(rng) for _ in range(6)]
    poses = [Pose(*rng.uniform(-0.05, 0.05, 2), rng.uniform(-3, 3)) for _ in parts]
    alone = [render([part], [pose], 64)[0] for part, pose in zip(parts, poses, strict=True)]
    np.testing.assert_allclose(render(parts, poses, 64), alone, atol=1e-7)


def test_no_parts_give_no_pictures():
    assert render([], [], 16).shape == (0, 16, 16)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_area_is_kept_at_any_pose_and_size(seed):
    rng = np.random.default_rng(seed)
    part = random_part(rng)
    pose = Pose(0.0, 0.0, rng.uniform(-3, 3))
    for size in (17, 128):
        picture = render([part], [pose], size)[0].astype(float)
        assert 0.0 <= picture.min() <= picture.max() <= 1.0
        assert picture.sum() * (TABLE_SIDE / size) ** 2 == pytest.approx(part.area, rel=1e-5)
