import numpy as np
import shapely
import shapely.affinity

from fag_tf.environments.planar_grasp.images.rendering import render
from fag_tf.environments.planar_grasp.parts.outlines import traced
from fag_tf.environments.planar_grasp.workspace import Pose


def test_an_outline_with_a_hole_lies_where_it_was_drawn():
    part = shapely.box(-0.05, -0.02, 0.05, 0.04) - shapely.Point(0.02, 0.01).buffer(0.015)
    (found,) = traced(render([part], [Pose(0.03, 0.01, 0.0)], 128)[0])
    found = shapely.transform(found, lambda xy: xy * 0.30 / 128)
    there = shapely.affinity.translate(part, 0.03, 0.01)
    assert len(found.interiors) == 1
    assert found.symmetric_difference(there).area < 0.02 * there.area


def test_an_empty_picture_holds_none_and_a_full_one_its_frame():
    assert traced(np.zeros((16, 16))) == []
    (full,) = traced(np.ones((16, 16)))
    assert abs(full.area - 256) < 8
