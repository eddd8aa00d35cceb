"""Each of the other methods where its own literature expects it to do well; `-s` prints figures."""

import numpy as np
import pytest
import tensorflow as tf

from fag_tf.config.parsing import apply_settings, config_from_dict
from fag_tf.environments.registry import make_environment
from fag_tf.evaluation.evaluate import RAW, evaluate
from fag_tf.experiments.studies.catalogue import make_plan
from fag_tf.networks.policy import Policy
from fag_tf.training.baselines.experience import gather_experience
from fag_tf.training.baselines.fitted import Fitted
from fag_tf.training.baselines.registry import fit_generator, fit_method

SMALL = make_plan("methods").study.settings


def config_of(env, *settings):
    return config_from_dict(apply_settings({}, [*SMALL, f"env={env}", *settings]))


@pytest.fixture(scope="module")
def moons_trainer():
    """A critic of the moons and its experience, from which two generators learn."""
    return gather_experience(config_of("moons", "trainer.steps=2000"))


@pytest.mark.slow
def test_a_flow_comes_most_of_the_way_to_the_best_likelihood_on_moons(moons_trainer):
    """Durkan et al. 2019 fit smooth densities closely; here edges are sharp, and a seam is open."""
    flow = fit_generator("flow", moons_trainer)
    moons = moons_trainer.environment
    rng = np.random.default_rng(0)
    gaps = []
    for state in moons.draw_states(rng, 16):
        actions = moons.sample_feasible(rng, state, 1000).astype(np.float32)
        seen = {name: tf.constant(part) for name, part in moons.observe([state]).items()}
        best = -np.log(moons.volume(state) / np.prod(moons.action_space.half_range))
        gaps.append(best - float(tf.reduce_mean(flow.log_prob(seen, tf.constant(actions[None])))))
    uniform = -np.log(np.mean([moons.volume(s) for s in moons.draw_states(rng, 200)]) / 4 / np.pi)
    print(f"flow on moons: {np.mean(gaps):.2f} nats short of the best, uniform {uniform:.2f}")
    assert 0.0 < np.mean(gaps) < uniform / 3.0


@pytest.mark.slow
def test_an_adversary_finds_both_moons(moons_trainer):
    """Gulrajani et al. 2017: all modes of a mixture in the plane; uniform actions have 0.08."""
    critic = moons_trainer.learner.averaged_critic
    policy = Policy(fit_generator("wgan", moons_trainer), critic)
    fitted = Fitted(policy, moons_trainer.interactions, critic)
    least = {"mode_recall": 0.99, "feasible_rate": 0.4}
    assert_it_does_well("wgan", fitted, moons_trainer.environment, least)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "env", "settings", "least"),
    [
        # One Gaussian for one box, as soft actor-critic has for one optimum.
        ("maxent gaussian", "boxes", ["env_options={num_boxes=1}"], {"feasible_rate": 0.75}),
        ("maxent mixture", "boxes", ["env_options={num_boxes=2}"], {"mode_recall": 0.99}),
        ("cross-entropy search", "ring", [], {"feasible_rate": 0.95}),
        ("filtered uniform", "ring", [], {"feasible_rate": 0.8, "coverage": 0.85}),
    ],
)
def test_a_method_does_well_where_it_should(name, env, settings, least):
    config = config_of(env, *settings)
    environment = make_environment(env, config.env_options)
    assert_it_does_well(name, fit_method(name, config), environment, least)


def assert_it_does_well(name, fitted, environment, least):
    found = evaluate(environment, fitted.sampler, num_samples=1024, c2st_poses=0).mean[RAW]
    shown = {key: round(found[key], 2) for key in ("feasible_rate", "mode_recall", "coverage")}
    print(f"{name} on {environment.name}: {shown}")
    for key, value in least.items():
        assert found[key] > value
