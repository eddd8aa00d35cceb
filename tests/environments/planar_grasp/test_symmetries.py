import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS, RANGES
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.environments.planar_grasp.states import GraspState, draw_pose
from fag_tf.environments.planar_grasp.symmetries import symmetric_copy
from fag_tf.environments.planar_grasp.workspace import LONGEST_SIDE, TABLE_SIDE, longest_side

ENVIRONMENT = PlanarGrasp(image_size=16)


def scene(name, rng):
    part = named_part(name)[1]
    return GraspState(part, name, draw_pose(rng, part), DEFAULT_GRIPPER)


def grasps_near(state, rng, count=300):
    """Grasps of which many hold and many do not: around those that do."""
    centres = ENVIRONMENT.truth(state).centres
    chosen = centres[rng.integers(len(centres), size=count)]
    noise = rng.normal(size=chosen.shape) * (0.006, 0.006, 0.2)
    near = ENVIRONMENT.action_space.wrap(chosen + noise).astype(np.float32)
    return near[ENVIRONMENT.action_space.contains(near)]


@pytest.mark.parametrize("scaled", [False, True])
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(["H", "hammer", "C", "Spoon", "T"]))
@settings(max_examples=25)
def test_verdicts_are_those_of_the_copy(scaled, seed, name):
    rng = np.random.default_rng(seed)
    state = scene(name, rng)
    actions = grasps_near(state, rng)
    copy, carried = symmetric_copy(rng, state, actions, scaled)
    on_table = (np.abs(carried[:, :2]) <= TABLE_SIDE / 2).all(axis=1)
    before = ENVIRONMENT.feasibility([state], actions[None])[0]
    after = ENVIRONMENT.feasibility([copy], carried[None])[0]
    # A rounding of the grasp can turn a verdict within nanometres of a boundary.
    assert (before & on_table != after).sum() <= 1
    assert 0.1 < before.mean() < 0.9


def test_copies_differ_and_stay_within_what_is_trained_on():
    rng = np.random.default_rng(0)
    environment = PlanarGrasp(image_size=16)
    states = environment.draw_states(rng, 40)
    actions = environment.action_space.sample(rng, (40, 2))
    copies, carried = environment.symmetric_copies(rng, states, actions)
    assert carried.shape == actions.shape
    assert carried.dtype == np.float32
    grown = 0
    for state, copy in zip(states, copies, strict=True):
        assert LONGEST_SIDE[0] <= longest_side(copy.part) * (1 + 1e-9)
        assert longest_side(copy.part) <= LONGEST_SIDE[1] * (1 + 1e-9)
        for name in FIELDS:
            low, high = RANGES[name]
            assert low * (1 - 1e-9) <= getattr(copy.gripper, name) <= high * (1 + 1e-9)
        assert copy.gripper.friction == state.gripper.friction
        assert copy.pose != state.pose
        grown += copy.gripper != state.gripper
    assert 8 <= grown <= 32  # half of them


@pytest.mark.parametrize("options", [{"gripper": "franka_hand"}, {"parts": "hammer"}])
def test_what_the_user_fixed_stays(options):
    rng = np.random.default_rng(1)
    environment = PlanarGrasp(image_size=16, **options)
    states = environment.draw_states(rng, 20)
    copies, _ = environment.symmetric_copies(rng, states, np.zeros((20, 1, 3), np.float32))
    for state, copy in zip(states, copies, strict=True):
        assert copy.gripper == state.gripper
        assert longest_side(copy.part) == pytest.approx(longest_side(state.part), abs=1e-9)


def test_the_environment_says_that_it_has_symmetries():
    assert ENVIRONMENT.offers("symmetric_copies")
