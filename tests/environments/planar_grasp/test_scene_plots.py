import numpy as np
import pytest

from fag_tf.environments.planar_grasp.scene_plots import plot
from fag_tf.environments.planar_grasp.scenes import scene
from fag_tf.errors import InputError


def test_grasps_are_plotted():
    found = scene("hammer")
    figure = plot(found, np.zeros((3, 3)), np.array([0.2, 0.5, 1.0]), gripper="franka_hand")
    assert figure.axes[0].get_title() == "hammer: 3 grasps"


@pytest.mark.parametrize(
    ("actions", "feasibility"),
    [
        (np.zeros(3), None),
        (np.full((2, 3), np.nan), None),
        ("grasps", None),
        (np.zeros((2, 3)), np.ones((2, 1))),
        (np.zeros((2, 3)), 0.5),
    ],
)
def test_what_cannot_be_plotted_is_refused(actions, feasibility):
    with pytest.raises(InputError):
        plot(scene("hammer"), actions, feasibility)
