"""Configurations of agents, their evaluation, and the methods by name."""

import importlib.util

import numpy as np
import pytest

import fag_tf as fag
from fag_tf.rl.agent_config import AgentConfig
from fag_tf.rl.agent_evaluation import evaluate_agent
from fag_tf.rl.agent_run import create_agent_run, open_agent_run
from fag_tf.rl.agent_training import train_agent
from fag_tf.rl.methods import METHODS, wrap_env
from reference.band import HALF, Band, BandMapping


def test_a_configuration_comes_back_from_its_run(tmp_path):
    config = AgentConfig("Some-v0", "penalty", steps=7, options={"gamma": 0.9})
    run = create_agent_run(tmp_path / "run", config)
    assert open_agent_run(tmp_path / "run").config == config
    assert not run.is_complete
    assert run.log() == []
    with pytest.raises(fag.InputError, match=r"holds agent_config\.json of a run already"):
        create_agent_run(tmp_path / "run", config)
    (tmp_path / "run" / "agent_config.json").write_text('{"env": "Some-v0", "metod": "x"}')
    with pytest.raises(fag.InputError, match="metod"):
        open_agent_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"steps": 1.5}, "steps is 1.5"),
        ({"seed": -1}, "seed is -1"),
        ({"algorithm": "dqn"}, "sac or ppo"),
        ({"options": [1]}, "must be a table"),
        ({"model": "robot_arm"}, "takes no model"),
    ],
)
def test_a_wrong_option_is_one_line(options, message):
    with pytest.raises(fag.InputError, match=message):
        AgentConfig("Some-v0", "penalty", **options)


@pytest.mark.parametrize("method", METHODS)
def test_an_agent_of_every_method_acts_within_one(method):
    env = wrap_env(Band(), method, BandMapping() if method == "mapping" else None)
    assert env.action_space.shape == (2,)
    assert (env.action_space.low == -1).all()
    assert (env.action_space.high == 1).all()
    env.reset(seed=0)
    info = env.step(np.float32([0.9, 0.5]))[4]
    assert info["action"][1] == pytest.approx(0.5, abs=1.0)
    kept = method in ("mapping", "replacement", "projection")
    assert info["feasible"] == kept or abs(1.8 - env.unwrapped.place[0]) <= HALF


def test_the_figures_of_an_agent_are_counted():
    env = wrap_env(Band(length=4), "penalty")

    def alternating(observation):
        # On the band in the first and third step, far beyond it in the others.
        allowed = int(observation["time"][0]) % 2 == 0
        along = observation["place"][0] if allowed else -2.0 * np.sign(observation["place"][0])
        return np.float32([along / 2.0, 0.25])

    figures = evaluate_agent(env, alternating, 3, seed=1)
    assert figures["return"] == pytest.approx(4 * 0.25 - 2 * 1.0)
    assert figures["length"] == 4
    assert figures["violations"] == pytest.approx(0.5)
    assert figures["interventions"] == 0.0
    assert "success" not in figures
    assert figures["milliseconds"] > 0.0


def test_the_success_of_an_agent_is_that_of_its_last_steps():
    class Lucky(Band):
        def step(self, action):
            *result, info = super().step(action)
            return (*result, {**info, "is_success": self.steps == self.length})

    figures = evaluate_agent(wrap_env(Lucky(), "penalty"), lambda _: np.zeros(2), 2)
    assert figures["success"] == 1.0


def test_violations_in_dead_ends_are_counted_by_themselves():
    class Narrowing(Band):
        def step(self, action):
            *result, info = super().step(action)
            return (*result, {**info, "dead_end": not info["feasible"] and self.steps == 4})

    beyond = np.float32([1.0, 0.0])  # 2, which no place allows
    figures = evaluate_agent(wrap_env(Narrowing(length=4), "penalty"), lambda _: beyond, 3)
    assert figures["violations"] == 1.0
    assert figures["dead_ends"] == pytest.approx(0.25)


@pytest.mark.skipif(
    importlib.util.find_spec("stable_baselines3") is not None, reason="it is installed"
)
def test_without_stable_baselines_a_training_says_what_to_install(tmp_path):
    run = create_agent_run(tmp_path / "run", AgentConfig("Some-v0", "penalty"))
    with pytest.raises(fag.InputError, match=r"pip install 'fag-tf\[rl-study\]'"):
        train_agent(run)
