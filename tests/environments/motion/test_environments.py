"""What holds for both motion environments."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fag_tf.environments.motion.base import MotionEnvironment
from fag_tf.environments.motion.robot_arm.environment import RobotArm
from fag_tf.environments.motion.robot_arm.kinematics import JOINT_HIGH, JOINT_LOW
from fag_tf.environments.motion.robot_arm.rules import clearance
from fag_tf.environments.motion.spline_path.environment import SplinePath
from fag_tf.environments.registry import describe_environment, make_environment
from fag_tf.environments.validation import truth_of, violation
from fag_tf.errors import InputError

ENVIRONMENTS = {"spline_path": SplinePath(), "robot_arm": RobotArm()}
both = pytest.mark.parametrize("name", ENVIRONMENTS)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def scenes():
    """A state of each with its truth."""
    found = {}
    for name, environment in ENVIRONMENTS.items():
        (state,) = environment.draw_states(np.random.default_rng(7), 1)
        found[name] = (state, truth_of(environment, state))
    return found


@both
def test_it_is_installed_with_the_observations_of_its_models(name):
    environment = make_environment(name)
    shapes = {key: entry.shape for key, entry in environment.observation_spec.items()}
    assert (
        shapes
        == {
            "spline_path": {"pose": (4,), "obstacles": (30, 4)},
            "robot_arm": {"joints": (7,), "spheres": (20, 4)},
        }[name]
    )
    assert isinstance(environment, MotionEnvironment)
    assert environment.action_space.dim == {"spline_path": 5, "robot_arm": 7}[name]
    assert describe_environment(environment) == (name, {})
    wanted = ("states_of", "evaluation_states", "truth", "violation", "draw_samples")
    assert environment.offers(*wanted)


@both
@given(seed=seeds)
@settings(max_examples=10)
def test_states_are_found_again_from_what_is_observed_of_them(name, seed):
    environment = ENVIRONMENTS[name]
    states = environment.draw_states(np.random.default_rng(seed), 3)
    seen = environment.observe(states)
    again = environment.states_of(seen)
    for state, other in zip(states, again, strict=True):
        for key in environment.observation_spec:
            np.testing.assert_array_equal(getattr(state, key), getattr(other, key))
    twin = environment.draw_states(np.random.default_rng(seed), 3)
    for key, array in environment.observe(twin).items():
        np.testing.assert_array_equal(array, seen[key])


@both
@given(seed=seeds)
@settings(max_examples=10)
def test_violation_is_zero_where_an_action_is_feasible_and_positive_elsewhere(name, seed):
    environment = ENVIRONMENTS[name]
    rng = np.random.default_rng(seed)
    states = environment.draw_states(rng, 2)
    actions = 1.1 * environment.action_space.sample(rng, (2, 500))
    violation(environment, states, actions)  # held against the labels


def test_maps_are_as_they_are_described():
    seen = SplinePath().observe(SplinePath().draw_states(np.random.default_rng(0), 500))
    place, heading, obstacles = seen["pose"][:, :2], seen["pose"][:, 2:], seen["obstacles"]
    assert np.all((obstacles[..., :2] >= 0.0) & (obstacles[..., :2] <= 1.0))
    sizes = obstacles[..., 2:]
    assert np.float32(0.03) <= sizes.min() < 0.0301
    assert 0.0599 < sizes.max() <= np.float32(0.06)
    np.testing.assert_allclose(np.linalg.norm(heading, axis=-1), 1.0, atol=1e-6)
    assert np.linalg.norm(heading.mean(axis=0)) < 0.15
    apart = np.abs(place[:, None] - obstacles[..., :2])
    assert not np.any(np.all(apart < sizes, axis=-1))
    assert np.all((place >= 0.0) & (place <= 1.0))


def test_arms_are_as_they_are_described():
    seen = RobotArm().observe(RobotArm().draw_states(np.random.default_rng(0), 500))
    joints, spheres = seen["joints"].astype(float), seen["spheres"].astype(float)
    assert np.all((joints > JOINT_LOW - 1e-6) & (joints < JOINT_HIGH + 1e-6))
    np.testing.assert_allclose(joints.mean(axis=0), (JOINT_LOW + JOINT_HIGH) / 2, atol=0.25)
    radii = spheres[..., 3]
    real = radii > 0.0
    assert np.all(np.abs(spheres[..., :3]) <= 0.8071)
    assert np.all((radii[real] >= 0.2 - 1e-7) & (radii[real] <= 0.5 + 1e-7))
    assert np.all(np.diff(radii, axis=1) <= 0.0)
    assert np.all(clearance(joints, spheres) > 0.0)
    # Without the drop of the smallest the mean would be that of the interval, less the large ones
    # that the arm meets.
    assert 0.3 < radii[real].mean() < 0.4


def test_few_actions_of_a_state_are_feasible():
    """0.3 % and 1.9 % on average."""
    for name, low, high in (("spline_path", 0.002, 0.006), ("robot_arm", 0.012, 0.024)):
        environment = ENVIRONMENTS[name]
        rng = np.random.default_rng(0)
        states = environment.draw_states(rng, 100)
        share = environment.feasibility(
            states, environment.action_space.sample(rng, (100, 2000))
        ).mean()
        assert low < share < high


@both
def test_draws_of_the_truth_are_feasible(name, scenes):
    environment = ENVIRONMENTS[name]
    state, truth = scenes[name]
    drawn = truth.sample(np.random.default_rng(0), 500)
    assert environment.feasibility([state], drawn[None]).all()
    assert environment.feasibility([state], drawn[None].astype(np.float32)).all()
    assert environment.truth(state) is truth  # kept, since drawing takes a while


@both
def test_the_largest_action_of_single_precision_is_in_range(name):
    environment = ENVIRONMENTS[name]
    high = environment.action_space.high.astype(np.float32)
    (state,) = environment.draw_states(np.random.default_rng(0), 1)
    assert environment.first_broken_rule([state], high[None, None])[0, 0] != 1
    assert environment.action_space.contains(high)


@both
def test_states_for_evaluation_have_the_environments_name(name):
    environment = ENVIRONMENTS[name]
    states = environment.evaluation_states(np.random.default_rng(0), 2)
    assert [len(each) for each in states.values()] == [2]
    assert list(states) == [name]
    assert list(environment.evaluation_states(np.random.default_rng(0), 1, [name])) == [name]
    with pytest.raises(InputError, match=f"'hammer'.*{name}"):
        environment.evaluation_states(np.random.default_rng(0), 1, ["hammer"])


@both
def test_a_picture_shows_feasible_and_infeasible_samples(name, scenes, tmp_path):
    environment = ENVIRONMENTS[name]
    state, truth = scenes[name]
    rng = np.random.default_rng(0)
    green, red = truth.sample(rng, 20), environment.action_space.sample(rng, 20)
    counts = {}
    for kind, actions in (("green", green), ("red", red), ("none", green[:0])):
        path = tmp_path / f"{kind}.png"
        environment.draw_samples(path, state, actions, None, "$a title_")
        pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
        plain = pixels[pixels.shape[0] // 6 : -pixels.shape[0] // 6]  # without title and legend
        red_first = (plain[..., 0] > plain[..., 1] + 40).sum()
        counts[kind] = (plain[..., 1] > plain[..., 0] + 40).sum(), red_first
    assert counts["green"][0] > 500
    assert counts["red"][1] > 500
    assert counts["none"][0] < counts["green"][0] / 5
    with pytest.raises(InputError, match="'xyz'"):
        environment.draw_samples(tmp_path / "a.xyz", state, green, None, "")


def test_both_can_be_told_in_a_configuration():
    json.dumps([describe_environment(each) for each in ENVIRONMENTS.values()])
