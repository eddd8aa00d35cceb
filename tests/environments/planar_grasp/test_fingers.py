import numpy as np
import shapely

from fag_tf.environments.planar_grasp.fingers import at_grasps, open_fingers
from fag_tf.environments.planar_grasp.gripper import Gripper

JAW = Gripper(0.08, 0.02, 0.01, 0.5, 0.0003, 0.030)


def test_the_fingers_are_as_far_apart_and_as_large_as_the_gripper_says():
    left, right = map(shapely.Polygon, open_fingers(JAW))
    assert left.distance(right) == JAW.opening
    for finger in (left, right):
        np.testing.assert_allclose(finger.area, JAW.finger_thickness * JAW.pad_width)


def test_a_turn_by_a_right_angle_puts_them_above_and_below():
    grasps = np.array([[0.1, 0.2, np.pi / 2], [0.0, 0.0, 0.0]])
    placed = at_grasps(grasps, open_fingers(JAW))
    assert placed.shape == (2, 2, 4, 2)
    middles = placed.mean(axis=2) - grasps[:, None, :2]
    far = 0.5 * (JAW.opening + JAW.finger_thickness)
    np.testing.assert_allclose(middles[0], [[0.0, far], [0.0, -far]], atol=1e-12)
    np.testing.assert_allclose(middles[1], [[far, 0.0], [-far, 0.0]], atol=1e-12)
    assert at_grasps(grasps[:0], open_fingers(JAW)).shape == (0, 2, 4, 2)
