import pickle
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import fag_tf.rl  # noqa: F401 - registers the tasks
from fag_tf.errors import InputError
from fag_tf.rl.tasks.constrained_mujoco import CONSTRAINTS, TASKS, ConstrainedMujocoEnv

every_task = pytest.mark.parametrize("task", TASKS)


def make(task, **options):
    return gymnasium.make(f"fag_tf/{task}Constrained-v0", **options)


@every_task
def test_it_passes_the_check_of_gymnasium(task):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        check_env(make(task).unwrapped, skip_render_check=True)
    # Observations of the simulation have no bounds.
    assert all("infinity" in str(warning.message) for warning in told)


@every_task
def test_allowed_actions_do_as_in_the_task_itself(task):
    env, plain = make(task), gymnasium.make(TASKS[task])
    assert env.spec.max_episode_steps == plain.spec.max_episode_steps
    np.testing.assert_array_equal(env.reset(seed=4)[0], plain.reset(seed=4)[0])
    rng = np.random.default_rng(0)
    for _ in range(20):
        action = 0.05 * rng.normal(size=env.action_space.shape).astype(np.float32)
        one, other = env.step(action), plain.step(action)
        np.testing.assert_array_equal(one[0], other[0])
        assert one[1:4] == other[1:4]
        assert one[4]["feasible"]
        np.testing.assert_array_equal(one[4]["executed"], action)
        if one[2]:
            break


def set_in_motion(env, plain, rng):
    """Give both fast and bent joints; the observation after it."""
    inner = env._inner
    place = inner.data.qpos.copy()
    place[3:] += rng.normal(size=len(place) - 3)
    speed = 12.0 * rng.normal(size=len(inner.data.qvel))
    for each in (inner, plain):
        each.set_state(place, speed)
    env._observation = inner._get_obs()
    return env._observation


@pytest.mark.parametrize(("task", "name"), [(t, n) for t in TASKS for n in CONSTRAINTS[t]])
def test_instead_of_another_action_the_nearest_allowed_one_is_carried_out(task, name):
    env = make(task, constraint=name).unwrapped
    plain = gymnasium.make(TASKS[task]).unwrapped
    constraint = env.constraint
    assert constraint.action_space.dim == env.action_space.shape[0]
    rng = np.random.default_rng(0)
    told = []
    for seed in range(4):
        env.reset(seed=seed)
        plain.reset(seed=seed)
        observation = set_in_motion(env, plain, rng)
        for _ in range(4):
            inputs = {key: array[None] for key, array in constraint.inputs(observation).items()}
            action = rng.uniform(-1.0, 1.0, env.action_space.shape).astype(np.float32)
            allowed = bool(constraint.feasible(inputs, action[None, None])[0, 0])
            observation, reward, _, _, info = env.step(action)
            assert info["feasible"] is allowed
            assert constraint.feasible(inputs, info["executed"][None, None])[0, 0]
            nearest = constraint.project(inputs, action[None, None])[0, 0]
            np.testing.assert_array_equal(info["executed"], nearest)
            right = plain.step(info["executed"])
            np.testing.assert_array_equal(observation, right[0])
            assert reward == right[1]
            told.append(allowed)
    assert not all(told)


def test_a_copy_by_pickle_begins_anew_and_alike():
    env = make("Reacher", constraint="L2").unwrapped
    copy = pickle.loads(pickle.dumps(env))
    assert copy.constraint is env.constraint or copy.constraint.limit == env.constraint.limit
    np.testing.assert_array_equal(env.reset(seed=2)[0], copy.reset(seed=2)[0])
    action = np.ones(2, np.float32)
    np.testing.assert_array_equal(env.step(action)[0], copy.step(action)[0])


def test_it_steps_in_vectors():
    envs = gymnasium.make_vec("fag_tf/HopperConstrained-v0", num_envs=2)
    envs.reset(seed=0)
    *_, info = envs.step(envs.action_space.sample())
    assert info["feasible"].shape == (2,)
    envs.close()


def test_bad_input_gets_one_clear_line():
    with pytest.raises(InputError, match="no task 'Ant'; it must be one of Reacher, HalfCheetah"):
        ConstrainedMujocoEnv("Ant")
    with pytest.raises(InputError, match="Hopper has no constraint 'L2'; it must be one of M, O"):
        ConstrainedMujocoEnv("Hopper", "L2")
    env = ConstrainedMujocoEnv("Reacher")
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        env.step(np.zeros(2))
    env.reset(seed=0)
    for wrong in (np.zeros(3), np.array([np.nan, 0.0])):
        with pytest.raises(InputError, match=r"must be \[2\] finite torques"):
            env.step(wrong)
