"""Each of the other methods where its own literature expects it to do well; `-s` prints figures."""

import numpy as np
import pytest
import tensorflow as tf

from fag_tf.config.parsing import apply_settings, config_from_dict
from fag_tf.environments.registry import make_environment
from fag_tf.environments.toys.planar import Boxes
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
def ring_trainer():
    """A critic of the ring and its experience, from which three methods learn."""
    return gather_experience(config_of("ring", "objective.num_supports=64"))


@pytest.mark.slow
def test_a_flow_comes_most_of_the_way_to_the_best_likelihood_on_a_ring(ring_trainer):
    """Durkan et al. 2019 fit smooth densities closely; here edges are sharp, round a hole."""
    flow = fit_generator("flow", ring_trainer)
    ring = ring_trainer.environment
    rng = np.random.default_rng(0)
    half = np.prod(ring.action_space.half_range)
    gaps = []
    for state in ring.draw_states(rng, 16):
        actions = ring.sample_feasible(rng, state, 1000).astype(np.float32)
        seen = {name: tf.constant(part) for name, part in ring.observe([state]).items()}
        best = -np.log(ring.volume(state) / half)
        gaps.append(best - float(tf.reduce_mean(flow.log_prob(seen, tf.constant(actions[None])))))
    whole = ring.action_space.volume
    uniform = -np.log(np.mean([ring.volume(s) for s in ring.draw_states(rng, 200)]) / whole)
    print(f"flow on ring: {np.mean(gaps):.2f} nats short of the best, uniform {uniform:.2f}")
    assert 0.0 < np.mean(gaps) < uniform / 3.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("cross-entropy search", {"feasible_rate": 0.95}),
        ("filtered uniform", {"feasible_rate": 0.8, "coverage": 0.85}),
    ],
)
def test_a_search_of_the_critic_finds_the_ring(name, least, ring_trainer, monkeypatch):
    gathered = "fag_tf.training.baselines.critic_search.gather_experience"
    monkeypatch.setattr(gathered, lambda config: ring_trainer)
    assert_it_does_well(name, fit_method(name, config_of("ring")), ring_trainer.environment, least)


class OneState(Boxes):
    """Two boxes in the plane that stay where they are."""

    def draw_state(self, rng, kind=None):
        return super().draw_state(np.random.default_rng(3), kind)


@pytest.mark.slow
def test_an_adversary_finds_both_boxes():
    """Gulrajani et al. 2017: all modes of a mixture in the plane; uniform actions have 0.08.

    Adversaries are chaotic: of seven seeds the rate was 0.26 to 0.49, the coverage 0.50 to 0.78.
    """
    settings = ("trainer.steps=300", "trainer.batch=2")
    trainer = gather_experience(config_of("boxes", *settings), OneState(num_boxes=2))
    critic = trainer.learner.averaged_critic
    policy = Policy(fit_generator("wgan", trainer), critic)
    fitted = Fitted(policy, trainer.interactions, critic)
    least = {"mode_recall": 0.99, "feasible_rate": 0.2, "coverage": 0.4}
    assert_it_does_well("wgan", fitted, trainer.environment, least)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "env", "settings", "least"),
    [
        # One Gaussian for one box, as soft actor-critic has for one optimum.
        ("maxent gaussian", "boxes", ["env_options={num_boxes=1}"], {"feasible_rate": 0.75}),
        ("maxent mixture", "boxes", ["env_options={num_boxes=2}"], {"mode_recall": 0.99}),
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
