import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.feasibility.reference_rules import (
    bounding_square,
    plain_feasibility,
)
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.images.rendering import place
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES, named_part
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.environments.planar_grasp.workspace import Pose
from reference import grasp_oracle


def grasps_near(rng, part, n):
    centre = shapely.get_coordinates(part.centroid)
    return np.column_stack([centre + rng.uniform(-0.06, 0.06, (n, 2)), rng.uniform(0, np.pi, n)])


@pytest.mark.parametrize("name", PART_NAMES)
def test_agrees_with_the_rules_one_grasp_at_a_time(name):
    rng = np.random.default_rng(PART_NAMES.index(name))
    part = place(named_part(name)[1], Pose(*rng.uniform(-0.05, 0.05, 2), rng.uniform(-3, 3)))
    grasps = grasps_near(rng, part, 200)
    expected = [grasp_oracle.first_broken_rule(part, DEFAULT_GRIPPER, a) == 0 for a in grasps]
    np.testing.assert_array_equal(plain_feasibility(part, DEFAULT_GRIPPER, grasps), expected)


def test_agrees_on_random_parts_and_grippers():
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(40):
        part, gripper = random_part(rng), Gripper.random(rng)
        grasps = grasps_near(rng, part, 50)
        expected = [grasp_oracle.first_broken_rule(part, gripper, a) == 0 for a in grasps]
        np.testing.assert_array_equal(plain_feasibility(part, gripper, grasps), expected)
        found += sum(expected)
    assert found > 20


def test_no_grasps_are_no_verdicts():
    part = shapely.box(-0.02, -0.05, 0.02, 0.05)
    assert plain_feasibility(part, DEFAULT_GRIPPER, np.empty((0, 3))).shape == (0,)


def test_off_the_table_nothing_is_feasible():
    part = shapely.box(0.11, -0.05, 0.15, 0.05)
    grasps = np.array([[0.149, 0.0, 0.0], [0.151, 0.0, 0.0]])
    assert plain_feasibility(part, DEFAULT_GRIPPER, grasps).tolist() == [True, False]


def test_the_bounding_square_is_as_wide_as_the_longer_side():
    low, high = bounding_square(shapely.box(0.0, -0.05, 0.04, 0.05))
    np.testing.assert_allclose(low, [-0.03, -0.05, 0.0])
    np.testing.assert_allclose(high, [0.07, 0.05, np.pi])
