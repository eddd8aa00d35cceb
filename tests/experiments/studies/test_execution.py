import json
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from fag_tf.environments.toys.planar import Ring
from fag_tf.errors import TrainingFailedError
from fag_tf.experiments.studies.catalogue import make_plan
from fag_tf.experiments.studies.execution import critic_figures, execute
from fag_tf.experiments.studies.fitting import Fits
from fag_tf.networks.base import Critic
from fag_tf.training.baselines.registry import fit_method
from reference.tiny_runs import TINY, eagerly

assert eagerly
SETTINGS = tuple(setting for setting in TINY if not setting.startswith("env"))


class RingCritic(Critic):
    """Knows the ring; `margin` widens it."""

    margin = 0.0

    def encode(self, observation):
        return observation

    def logits(self, features, actions):
        radius = tf.norm(actions - features["centre"][:, None], axis=-1)
        inner, outer = tf.split(features["radii"], 2, axis=-1)
        return tf.minimum(radius - inner, outer - radius) + self.margin


def run_of(study, case):
    plan = make_plan(study, seeds=1, places=("ring",), cases=(case,), settings=SETTINGS)
    (run,) = plan.quick(()).runs()
    return run


@pytest.mark.parametrize(
    ("study", "case"),
    [
        pytest.param("divergence", "jensen_shannon", marks=pytest.mark.slow),
        pytest.param("critic", "10% of labels turned round", marks=pytest.mark.slow),
        ("methods", "exact rejection"),
        ("methods", "perfect"),
    ],
)
def test_a_run_gives_plain_figures(study, case):
    result = json.loads(json.dumps(execute(run_of(study, case)), allow_nan=False))
    figures = result["figures"]
    assert 0.0 <= figures["feasible_rate"] <= 1.0
    assert result["seconds"]["fit"] >= 0.0
    learnt = case not in ("exact rejection", "perfect")
    assert ("exploited" in figures) == ("critic_accuracy" in figures) == learnt
    assert (result["interactions"] > 0) == learnt
    assert ("checks_per_sample" in figures) == (case == "exact rejection")


@pytest.mark.slow
def test_the_same_run_gives_the_same_figures():
    run = run_of("divergence", "kl_forward")
    assert execute(run, Fits())["figures"] == execute(run, Fits())["figures"]


@pytest.mark.slow
def test_runs_that_differ_in_the_choice_among_samples_share_a_training(monkeypatch):
    trained = []

    def fit(name, config):
        trained.append(config)
        return fit_method(name, config)

    monkeypatch.setattr("fag_tf.training.baselines.registry.fit_method", fit)
    fits = Fits()
    one = run_of("divergence", "jensen_shannon")
    four = replace(
        one, config={**one.config, "policy": {**one.config["policy"], "num_candidates": 4}}
    )
    shared = [execute(run, fits) for run in (one, four)]
    assert len(trained) == 1
    assert shared[0]["seconds"]["fit_cpu"] == shared[1]["seconds"]["fit_cpu"] > 0.0
    alone = execute(four, Fits())
    assert shared[1]["figures"] == alone["figures"] != shared[0]["figures"]
    execute(replace(one, config={**one.config, "seed": 7}), fits)
    assert len(trained) == 3


def test_a_critic_is_judged_near_the_boundary():
    critic = RingCritic()
    right = critic_figures(Ring(), critic, 3, 0)
    assert right["critic_accuracy"] > 0.999
    critic.margin = 0.05
    lenient = critic_figures(Ring(), critic, 3, 0)
    assert lenient["critic_false_positives"] > 0.1
    assert lenient["critic_false_negatives"] < 0.001
    assert np.isfinite(lenient["critic_accuracy"])


def test_a_training_that_fails_is_a_result_too(monkeypatch):
    def fail(name, config):
        raise TrainingFailedError("at step 2 the networks no longer give numbers")

    monkeypatch.setattr("fag_tf.training.baselines.registry.fit_method", fail)
    result = execute(run_of("divergence", "jensen_shannon"))
    assert result["figures"] == {}
    assert result["failure"].startswith("at step 2")
    assert result["interactions"] is None
