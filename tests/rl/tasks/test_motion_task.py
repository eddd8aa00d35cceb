"""What holds for both motion tasks."""

import pickle
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

import fag_tf.rl  # noqa: F401 - registers the tasks
from fag_tf.environments.registry import make_environment
from fag_tf.errors import InputError
from fag_tf.rl.tasks.motion_task import RuleConstraint, nearest_single, single_box
from reference import motion_oracle as oracle
from reference.feasible_actions import candidates, feasible_action

NAMES = ("SplinePath", "RobotArm")
both = pytest.mark.parametrize("name", NAMES)
RULES = {"SplinePath": oracle.path_rule, "RobotArm": oracle.arm_rule}


def make(name, **options):
    return gymnasium.make(f"fag_tf/{name}-v0", **options)


def play(task, seed, steps=8):
    """Observations and outcomes of a roll-out with feasible actions."""
    rng = np.random.default_rng(seed)
    told = [task.reset(seed=seed)]
    for _ in range(steps):
        action = feasible_action(task, rng)
        if action is None or told[-1][-1]["is_success"]:
            break
        told.append(task.step(action))
    return told


def assert_same(one, other):
    for mine, yours in zip(one, other, strict=True):
        for name, array in mine[0].items():
            np.testing.assert_array_equal(array, yours[0][name])
        assert mine[1:] == yours[1:]


@both
def test_it_passes_the_check_of_gymnasium_without_a_warning(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(name, render_mode="rgb_array").unwrapped)


@both
def test_an_episode_is_cut_off_at_the_cap(name):
    steps = {"SplinePath": 60, "RobotArm": 100}[name]
    env = make(name)
    assert env.spec.max_episode_steps == steps
    if name == "RobotArm":  # to stay is always feasible
        env.reset(seed=0)
        told = [env.step(np.zeros(7, np.float32)) for _ in range(steps)]
        assert [each[3] for each in told] == [False] * (steps - 1) + [True]
        assert not any(each[2] for each in told)


@both
def test_it_is_determined_by_its_seed(name):
    first, again, other = (play(make(name).unwrapped, seed) for seed in (3, 3, 4))
    assert len(first) > 2
    assert_same(first, again)
    assert any(np.any(first[0][0][key] != other[0][0][key]) for key in first[0][0])


@both
def test_a_copy_by_pickle_goes_on_alike(name):
    task = make(name).unwrapped
    play(task, 1, steps=2)
    copy = pickle.loads(pickle.dumps(task))
    action = feasible_action(task, np.random.default_rng(0))
    assert action is not None
    assert_same([task.step(action)], [copy.step(action)])
    assert_same([task.reset()], [copy.reset()])


@both
def test_what_is_observed_lies_in_the_observation_space(name):
    env = make(name)
    for seed in range(4):
        for observation, *_ in play(env.unwrapped, seed):
            assert env.observation_space.contains(observation)


@both
def test_an_action_ends_the_episode_just_if_it_breaks_a_rule(name):
    """By the rules' text, and by the environment's own verdict."""
    task = make(name).unwrapped
    environment = make_environment({"SplinePath": "spline_path", "RobotArm": "robot_arm"}[name])
    rng = np.random.default_rng(0)
    broken = []
    for seed in range(40):
        observation, _ = task.reset(seed=seed)
        names = list(environment.observation_spec)
        state = [observation[key].astype(float) for key in names]
        tried = [task.action_space.sample() * 1.05, rng.choice(candidates(task, rng))]
        tried.append(tried[-1] + rng.normal(size=tried[-1].shape).astype(np.float32) * 0.05)
        action = tried[seed % 3].astype(np.float32)
        verdict = environment.feasibility(
            environment.states_of({key: observation[key][None] for key in names}),
            action[None, None],
        )[0, 0]
        after, reward, terminated, truncated, info = task.step(action)
        rule, slack = RULES[name](*state, action.astype(float))
        assert slack < 1e-9 or info["rule"] == rule
        assert info["feasible"] == (info["rule"] == 0) == verdict
        assert terminated == (not info["feasible"] or info["is_success"])
        assert not truncated
        broken.append(info["rule"])
        if not info["feasible"]:
            assert reward == 0.0
            for key in observation:
                np.testing.assert_array_equal(after[key], observation[key])
            with pytest.raises(ResetNeeded, match="call reset"):
                task.step(action)
    assert 5 < broken.count(0) < 35


@both
def test_the_constraint_judges_batches_as_the_environment_does(name):
    task = make(name).unwrapped
    rng = np.random.default_rng(0)
    environment, constraint = task.environment, task.constraint
    assert isinstance(constraint, RuleConstraint)
    states, inputs, actions = [], [], []
    for seed in range(3):
        observation, _ = task.reset(seed=seed)
        inputs.append(constraint.inputs(observation))
        states.append(task.state)
        actions.append(candidates(task, rng)[:40])
    stacked = {key: np.stack([each[key] for each in inputs]) for key in inputs[0]}
    for key, spec in constraint.observation_spec.items():
        assert stacked[key].shape == (3, *spec.shape)
    found = constraint.feasible(stacked, np.stack(actions))
    np.testing.assert_array_equal(found, environment.feasibility(states, np.stack(actions)))
    assert found.shape == (3, 40)
    assert found.any()
    assert constraint.project(stacked, np.stack(actions)) is None
    assert constraint.action_space == environment.action_space


@both
def test_it_steps_in_vectors(name):
    told = []
    for mode in ("sync", "async"):
        envs = gymnasium.make_vec(f"fag_tf/{name}-v0", num_envs=2, vectorization_mode=mode)
        envs.reset(seed=5)
        if name == "RobotArm":
            actions = np.full((2, 7), 0.01, np.float32)
        else:
            actions = np.full((2, 5), 0.3, np.float32)
        told.append([envs.step(actions) for _ in range(2)])
        envs.close()
    for mine, yours in zip(*told, strict=True):
        for key, array in mine[0].items():
            np.testing.assert_array_equal(array, yours[0][key])
        for one, other in zip(mine[1:4], yours[1:4], strict=True):
            np.testing.assert_array_equal(one, other)


@both
def test_its_pictures_show_what_happens(name):
    task = make(name, render_mode="rgb_array").unwrapped
    with pytest.raises(ResetNeeded, match="call reset"):
        task.render()
    task.reset(seed=0)
    before = task.render()
    assert before.shape == (480, 480, 3)
    assert before.dtype == np.uint8
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 10
    task.step(feasible_action(task, np.random.default_rng(0)))
    assert np.any(task.render() != before)
    plain = make(name).unwrapped
    plain.reset(seed=0)
    assert plain.render() is None


@both
def test_bad_input_gets_one_clear_line(name):
    task = make(name).unwrapped
    with pytest.raises(ResetNeeded, match="call reset"):
        task.step(task.action_space.sample())
    task.reset(seed=0)
    with pytest.raises(InputError, match=r"has shape \[3\]; it must be \[[57]\]"):
        task.step(np.zeros(3))
    with pytest.raises(InputError, match="render_mode is 'human'; it must be one of rgb_array"):
        type(task)(render_mode="human")
    _, _, over, _, info = task.step(np.full(task.action_space.shape, np.nan))
    assert over
    assert info["rule"] == 1


# Rounding ---------------------------------------------------------------------------------------


@given(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_rounding_keeps_a_bound_that_the_exact_numbers_keep(values, seed):
    exact = np.array(values) + np.random.default_rng(seed).uniform(-1e-9, 1e-9, len(values))
    asked = []

    def at_most(candidates):
        asked.append(len(candidates))
        return np.all(candidates <= exact, axis=-1)

    rounded = nearest_single(exact, at_most)
    np.testing.assert_array_equal(rounded, rounded.astype(np.float32))
    assert np.all(rounded <= exact)
    assert np.all(exact - rounded <= 2.0**-22)
    assert asked[0] == 1


def test_what_no_rounding_keeps_is_rounded_plainly():
    rounded = nearest_single(np.array([0.1, 1 / 3]), lambda each: np.zeros(len(each), bool))
    np.testing.assert_array_equal(rounded, np.float32([0.1, 1 / 3]))


def test_a_box_has_the_shape_of_its_corners():
    box = single_box(np.array([[0.0, -1.0]]), np.array([[1.0, 2.0]]))
    assert box.shape == (1, 2)
    assert box.dtype == np.float32
