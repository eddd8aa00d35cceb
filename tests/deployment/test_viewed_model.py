import math

import numpy as np

from fag_tf.deployment.samples import Samples
from fag_tf.deployment.viewed_model import ViewedModel, in_table_frame
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from fag_tf.environments.planar_grasp.views import View

IMAGE = np.zeros((8, 8), np.float32)


class Fixed:
    """A model that always gives the same grasp."""

    def run(self, observation, latent):
        grasp = np.array([[[0.1, -0.05, 0.3]]], np.float32)
        return Samples(grasp, np.full((1, 1), 0.7, np.float32), np.full((1, 1), 2.0, np.float32))


def test_grasps_and_densities_are_those_of_the_table():
    view = View(IMAGE, DEFAULT_GRIPPER, 2.0, (0.02, 0.03))
    found = ViewedModel(Fixed(), view).run({}, np.zeros((1, 1, 3), np.float32))
    np.testing.assert_allclose(found.action[0, 0], [0.07, 0.005, 0.3], atol=1e-7)
    np.testing.assert_allclose(found.feasibility, 0.7)
    # An area of the view is four times that of the table.
    np.testing.assert_allclose(found.log_density, 2.0 + math.log(4.0), rtol=1e-6)


def test_the_table_itself_is_left_as_it_is():
    samples = Fixed().run({}, None)
    assert in_table_frame(samples, View(IMAGE, DEFAULT_GRIPPER)) is samples
