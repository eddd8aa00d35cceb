import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.parts.resting import resting_poses

CUBE = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))


def test_a_cube_rests_on_each_side_alike():
    poses = resting_poses(CUBE, np.zeros(3))
    np.testing.assert_allclose([pose.chance for pose in poses], 1 / 6)
    np.testing.assert_allclose([pose.height for pose in poses], 2.0)


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_chances_add_up_and_every_pose_holds_the_centre_over_its_support(seed):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(12, 3)) * [1.0, 0.7, 0.4]
    poses = resting_poses(points, points.mean(axis=0))
    assert sum(pose.chance for pose in poses) == pytest.approx(1.0, abs=0.02)
    assert np.all(np.diff([pose.chance for pose in poses]) <= 0)
    for pose in poses:
        np.testing.assert_allclose(pose.rotation @ pose.rotation.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(pose.rotation) == pytest.approx(1.0)
        turned = points @ pose.rotation.T
        # Facets within some thousandths of a radian are one.
        touching = turned[turned[:, 2] < turned[:, 2].min() + 5e-3][:, :2]
        support = shapely.convex_hull(shapely.MultiPoint(touching))
        assert support.area > 0
        centre = shapely.Point((pose.rotation @ points.mean(axis=0))[:2])
        assert support.distance(centre) < 1e-6


def test_a_tall_cylinder_without_a_foot_topples():
    """A tower whose centre of mass is beyond its foot cannot stand on it."""
    tower = CUBE * [0.2, 0.2, 1.0]
    standing = [pose.height for pose in resting_poses(tower, np.zeros(3))]
    leaning = [pose.height for pose in resting_poses(tower, np.array([0.3, 0.0, 0.9]))]
    assert max(standing) == pytest.approx(2.0)
    assert max(leaning) < 1.9


def test_flat_and_tiny_bodies_rest_in_no_pose():
    assert resting_poses(CUBE * [1, 1, 0], np.zeros(3)) == []
    assert resting_poses(CUBE * 0, np.zeros(3)) == []
