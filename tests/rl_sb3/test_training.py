import functools
import pickle

import gymnasium
import numpy as np
import pytest

import fag_tf as fag
from fag_tf.rl.action_mapping import ActionMapping
from fag_tf.rl.agent_config import AgentConfig
from fag_tf.rl.agent_run import create_agent_run, open_agent_run
from fag_tf.rl.agent_training import train_agent
from fag_tf.rl.methods import METHODS
from fag_tf.rl.saved_agent import load_agent
from reference.band import Band, BandMapping

pytest.importorskip("stable_baselines3")

BAND = "reference.band:reference/Band-v0"
FAST = {"learning_starts": 20, "batch_size": 16, "net_arch": [8, 8]}
PPO = {"n_steps": 32, "batch_size": 16, "n_epochs": 2, "net_arch": [8, 8]}
SIZES = {"steps": 64, "eval_every": 32, "eval_episodes": 2, "checkpoint_every": 32}


def config(method="penalty", **options):
    return AgentConfig(**{"env": BAND, "method": method, "options": FAST, **SIZES, **options})


def mapped(length=10):
    return ActionMapping(Band(length=length), BandMapping())


def test_the_wrapper_works_in_the_processes_of_a_vectorised_environment():
    from stable_baselines3 import SAC
    from stable_baselines3.common.vec_env import SubprocVecEnv

    env = SubprocVecEnv([functools.partial(mapped, length) for length in (5, 10)])
    try:
        agent = SAC("MultiInputPolicy", env, seed=0, policy_kwargs={"net_arch": [8]}, **_sac())
        agent.learn(80)
        env.reset()
        _, _, _, infos = env.step(np.zeros((2, 2), np.float32))
        assert all(info["feasible"] and info["feasibility"] == 0.75 for info in infos)
    finally:
        env.close()


def _sac():
    return {name: FAST[name] for name in ("learning_starts", "batch_size")}


def test_the_checker_of_stable_baselines_finds_nothing():
    from stable_baselines3.common.env_checker import check_env

    check_env(mapped())


def run_of(method, algorithm, folder, band_run):
    options = {"algorithm": algorithm, "options": FAST if algorithm == "sac" else PPO}
    model = str(band_run.directory) if method == "mapping" else None
    return create_agent_run(folder, config(method, model=model, **options))


@pytest.mark.parametrize(
    ("method", "algorithm"),
    [*((method, "sac") for method in METHODS), ("resampling", "ppo"), ("replacement", "ppo")],
)
def test_every_method_is_trained_evaluated_and_saved(method, algorithm, tmp_path, band_run):
    run = run_of(method, algorithm, tmp_path / "run", band_run)
    assert train_agent(run) == 64
    assert run.is_complete
    assert [row["step"] for row in run.log()] == [0, 32, 64]
    last = run.log()[-1]
    assert {"return", "violations", "milliseconds", "train_return"} <= set(last)
    if method == "resampling":
        # One of 64 proposals is allowed more often than one alone.
        assert last["train_violations"] < 0.6
    assert list((tmp_path / "run" / "tensorboard").iterdir())
    agent = load_agent(tmp_path / "run")
    env = agent.make_env(run.config.model)
    observation, _ = env.reset(seed=0)
    action = agent(observation)
    assert action.shape == (2,)
    assert np.abs(action).max() <= 1.0
    env.step(action)


def test_an_algorithm_of_whole_roll_outs_ends_with_the_last_of_them(tmp_path):
    options = {"algorithm": "ppo", "options": PPO, "steps": 40, "eval_every": 30}
    run = create_agent_run(tmp_path / "run", config(**options))
    assert train_agent(run) == 64
    assert [row["step"] for row in run.log()] == [0, 30, 60, 64]


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(tmp_path):
    run = create_agent_run(tmp_path / "run", config(checkpoint_every=1000))

    class KilledError(Exception):
        pass

    def kill(figures):
        if figures["step"] == 32:
            raise KilledError

    with pytest.raises(KilledError):
        train_agent(run, report=kill)
    assert [row["step"] for row in run.log()] == [0, 32]
    assert train_agent(run) == 64
    assert [row["step"] for row in run.log()] == [0, 32, 64]


def test_a_saved_agent_acts_as_the_trained_one(tmp_path):
    from fag_tf.rl.stable_baselines.building import build_algorithm
    from fag_tf.rl.stable_baselines.exporting import export_agent

    for algorithm, options in (("sac", FAST), ("ppo", PPO)):
        settings = config(algorithm=algorithm, options=options)
        trained = build_algorithm(settings)
        export_agent(trained, settings, tmp_path / algorithm)
        agent = load_agent(tmp_path / algorithm)
        rng = np.random.default_rng(0)
        for _ in range(10):
            observation = {
                "place": rng.uniform(-1, 1, 1).astype(np.float32),
                "time": rng.uniform(0, 10, 1).astype(np.float32),
            }
            expected, _ = trained.predict(observation, deterministic=True)
            np.testing.assert_allclose(agent(observation), expected, atol=1e-6)


def test_a_checkpoint_brings_back_all_that_was_learnt(tmp_path):
    from fag_tf.rl.stable_baselines.building import build_algorithm
    from fag_tf.rl.stable_baselines.checkpoints import load_checkpoint, save_checkpoint

    settings = config("lagrangian")
    one, other = build_algorithm(settings), build_algorithm(settings)
    one.learn(50)
    one.env.env_method("set_wrapper_attr", "multiplier", 2.5)
    save_checkpoint(one, tmp_path / "checkpoint.npz")
    load_checkpoint(other, tmp_path / "checkpoint.npz")
    assert other.num_timesteps == 50
    assert other.env.get_attr("multiplier") == [2.5]
    assert one.log_ent_coef.item() == other.log_ent_coef.item()
    held = one.replay_buffer, other.replay_buffer
    assert held[0].pos == held[1].pos == 50
    np.testing.assert_array_equal(held[0].rewards, held[1].rewards)
    for name in ("place", "time"):
        np.testing.assert_array_equal(*(each.observations[name] for each in held))
    # What is learnt next from the same memory is the same too: the optimizers were saved.
    for each in (one, other):
        each.set_random_seed(3)
        each.set_logger(_silent())
        each.train(gradient_steps=3, batch_size=16)
    for a, b in zip(one.policy.parameters(), other.policy.parameters(), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def _silent():
    from stable_baselines3.common.logger import Logger

    return Logger(None, [])


def test_a_checkpoint_that_would_be_unpickled_or_is_cut_off_is_refused(tmp_path):
    from fag_tf.rl.stable_baselines.building import build_algorithm
    from fag_tf.rl.stable_baselines.checkpoints import load_checkpoint, save_checkpoint

    algorithm = build_algorithm(config())
    file = tmp_path / "checkpoint.npz"
    np.savez(file, content=np.array([{"format": 1}], object))
    with pytest.raises(fag.InputError, match="cannot be loaded"):
        load_checkpoint(algorithm, file)
    save_checkpoint(algorithm, file)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(fag.InputError, match="cannot be loaded"):
        load_checkpoint(algorithm, file)
    file.write_bytes(pickle.dumps({}))
    with pytest.raises(fag.InputError, match="cannot be loaded"):
        load_checkpoint(algorithm, file)


def test_a_stopped_run_goes_on(tmp_path):
    run = create_agent_run(tmp_path / "run", config(eval_every=16))
    moved = []
    done = train_agent(run, moved=moved.append, stop=lambda: len(moved) >= 40)
    assert done == 40
    assert not run.is_complete
    again = open_agent_run(tmp_path / "run")
    assert train_agent(again) == 64
    assert [row["step"] for row in again.log()] == [0, 16, 32, 48, 64]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"options": {"learning_rat": 1}}, "no option 'learning_rat'"),
        ({"options": {"batch_size": "many"}}, "batch_size is 'many'; it must be a number"),
        ({"options": {"net_arch": 64}}, "net_arch is 64; it must be a list"),
        ({"env": "no/Such-v0"}, "no/Such"),
    ],
)
def test_what_the_algorithm_cannot_take_is_one_line(options, message, tmp_path):
    run = create_agent_run(tmp_path / "run", config(**options))
    with pytest.raises(fag.InputError, match=message):
        train_agent(run)


def test_a_space_that_the_agent_cannot_observe_is_refused():
    from fag_tf.rl.saved_agent import policy_inputs

    with pytest.raises(fag.InputError, match="Text"):
        policy_inputs(gymnasium.spaces.Text(4))
