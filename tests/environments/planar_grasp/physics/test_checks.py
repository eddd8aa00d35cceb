import pickle

import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.feasibility.exact_sampling import draw_near
from fag_tf.environments.planar_grasp.feasibility.rules import first_broken_rule
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.images.rendering import place
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.environments.planar_grasp.physics.checks import (
    LAST_OUTLINE_RULE,
    GraspChecks,
    PartGrasps,
)
from fag_tf.environments.planar_grasp.physics.settings import PhysicsSettings
from fag_tf.environments.planar_grasp.workspace import Pose
from fag_tf.errors import InputError

SETTINGS = PhysicsSettings()


@pytest.fixture(scope="module")
def tasks():
    """Grasps of three parts in poses, by two jaws, most of which the jaw does not reach."""
    rng = np.random.default_rng(1)
    made = []
    for name, gripper in (("T", Gripper()), ("L", Gripper()), ("T", Gripper(friction=0.3))):
        pose = Pose(0.02, -0.03, float(rng.uniform(0, np.pi)))
        part = named_part(name)[1]
        actions, _ = draw_near(place(part, pose), gripper, 80, rng)
        made.append(PartGrasps(part, gripper, actions.astype(np.float64), pose))
    return made


def test_verdicts_do_not_depend_on_the_number_of_processes(tasks):
    alone = GraspChecks(SETTINGS).feasibility(tasks)
    shared = GraspChecks(SETTINGS, workers=2)
    for _ in range(2):
        for one, two in zip(alone, shared.feasibility(tasks), strict=True):
            np.testing.assert_array_equal(one, two)
    assert 0 < sum(map(np.sum, alone)) < sum(map(len, alone))
    # A copy for another process starts a pool of its own.
    copy = pickle.loads(pickle.dumps(shared))
    assert (copy.settings, copy.workers) == (SETTINGS, 2)


def test_what_the_jaw_does_not_reach_is_never_feasible(tasks):
    for task, held in zip(tasks, GraspChecks(SETTINGS).feasibility(tasks), strict=True):
        broken = first_broken_rule(task.part, task.gripper, task.actions, task.pose)
        assert not held[(broken > 0) & (broken <= LAST_OUTLINE_RULE)].any()


def test_grasps_that_are_not_finite_or_off_the_table_are_infeasible():
    box = shapely.box(-0.05, -0.02, 0.05, 0.02)
    actions = np.array([[np.nan, 0, 0], [0.2, 0, 0], [0, 0, np.pi / 2]])
    (held,) = GraspChecks(SETTINGS).feasibility([PartGrasps(box, Gripper(), actions)])
    assert held.tolist() == [False, False, True]


def test_no_grasps_are_no_verdicts():
    none = PartGrasps(named_part("T")[1], Gripper(), np.empty((0, 3)))
    assert GraspChecks(SETTINGS).outcomes([none]) == [[]]
    assert [len(held) for held in GraspChecks(SETTINGS).feasibility([none])] == [0]


@pytest.mark.parametrize("workers", [0, -1, 257])
def test_a_number_of_workers_out_of_range_is_refused(workers):
    with pytest.raises(InputError, match=f"workers is {workers}"):
        GraspChecks(SETTINGS, workers)
