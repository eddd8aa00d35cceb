import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.feasibility.picture_baseline import PictureReader
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.images.rendering import render
from fag_tf.environments.planar_grasp.workspace import Pose
from fag_tf.evaluation.evaluate import READER, READER_KEPT, evaluate

_BAR = shapely.box(-0.05, -0.015, 0.05, 0.015)


def _observed(*parts, gripper=DEFAULT_GRIPPER):
    pictures = render(parts, [Pose(0.02, -0.01, 0.4)] * len(parts), 128)
    return {"image": pictures[..., None], "gripper": np.stack([gripper.vector()] * len(parts))}


def test_grasps_of_a_bar_are_nearly_all_right_and_sure_ones_all():
    actions, kept = PictureReader()(_observed(_BAR), 2000, 0)
    assert actions.shape == (1, 2000, 3)
    assert kept.shape == (1, 2000)
    right = feasibility(_BAR, DEFAULT_GRIPPER, actions[0], Pose(0.02, -0.01, 0.4))
    assert right.mean() > 0.95
    sure = kept[0] == 1.0
    assert sure.mean() > 0.7
    assert right[sure].mean() > 0.99


def test_the_same_seed_gives_the_same_grasps_of_every_picture():
    first = PictureReader()(_observed(_BAR, shapely.Point(0, 0).buffer(0.03)), 50, 7)
    again = PictureReader()(_observed(_BAR, shapely.Point(0, 0).buffer(0.03)), 50, 7)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "observation",
    [
        _observed(_BAR, gripper=Gripper(opening=0.02)),
        {"image": np.zeros((1, 64, 64, 1)), "gripper": DEFAULT_GRIPPER.vector()[None]},
    ],
    ids=["too thick", "nothing there"],
)
def test_where_nothing_can_be_held_nothing_is_kept(observation):
    actions, kept = PictureReader()(observation, 20, 0)
    assert actions.shape == (1, 20, 3)
    assert not kept.any()


def test_its_figures_stand_beside_a_samplers():
    environment = PlanarGrasp()

    def one_grasp(observation, num_samples, seed):
        return np.zeros((len(observation["image"]), num_samples, 3)), None

    found = evaluate(
        environment,
        one_grasp,
        objects=["H"],
        poses=1,
        num_samples=500,
        k_coverage=500,
        c2st_poses=0,
        reader=environment.reader(),
    )
    assert found.rows[READER]["H"]["feasible_rate"] > 0.8
    assert found.rows[READER]["H"]["coverage"] > 0.9
    assert found.rows[READER_KEPT]["H"]["kept"] < 1.0
