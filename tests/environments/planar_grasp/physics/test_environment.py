import numpy as np
import pytest

from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.physics.environment import PlanarGraspPhysics
from fag_tf.environments.registry import describe_environment, make_environment
from fag_tf.errors import InputError


@pytest.fixture(scope="module")
def environment():
    return make_environment("planar_grasp_physics", {"parts": "T", "gripper": "robotiq_2f85"})


def test_the_task_is_that_of_planar_grasps(environment):
    rules = PlanarGrasp(parts="T", gripper="robotiq_2f85")
    assert environment.observation_spec == rules.observation_spec
    assert environment.action_space is rules.action_space
    states = environment.draw_states(np.random.default_rng(0), 2)
    for name, array in environment.observe(states).items():
        np.testing.assert_array_equal(array, rules.observe(states)[name])
    assert environment.offers("build_actor", "build_critic", "evaluation_states")
    assert not environment.offers("truth")


def test_grasps_that_hold_by_the_rules_mostly_hold_in_simulation(environment):
    rules = PlanarGrasp(parts="T", gripper="robotiq_2f85")
    rng = np.random.default_rng(3)
    states = environment.draw_states(rng, 2)
    actions = np.stack([rules.truth(state).sample(rng, 12) for state in states])
    held = environment.feasibility(states, actions)
    assert (held.shape, held.dtype) == ((2, 12), bool)
    assert held[rules.feasibility(states, actions)].mean() > 0.8


def test_copies_have_the_same_labels_and_the_same_size(environment):
    rng = np.random.default_rng(4)
    states = environment.draw_states(rng, 2)
    actions = np.stack([PlanarGrasp().truth(state).sample(rng, 6) for state in states])
    copies, carried = environment.symmetric_copies(rng, states, actions)
    assert [copy.part.area for copy in copies] == pytest.approx([s.part.area for s in states])
    np.testing.assert_array_equal(
        environment.feasibility(copies, carried), environment.feasibility(states, actions)
    )


def test_options_are_kept_in_a_configuration():
    options = {"thickness": 0.03, "force": 20.0, "lever_force": True, "workers": 2}
    name, described = describe_environment(PlanarGraspPhysics(**options))
    assert (name, described) == ("planar_grasp_physics", options)


@pytest.mark.parametrize(
    ("option", "value"), [("thickness", 20.0), ("workers", 0), ("force", "much"), ("mass", 1.0)]
)
def test_bad_options_are_refused(option, value):
    with pytest.raises(InputError, match=option):
        make_environment("planar_grasp_physics", {option: value})
