import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from fag_tf.config.schema import Config
from fag_tf.experiments.benchmarks.kernel_speed import SPACE
from fag_tf.experiments.benchmarks.plain_recipe import (
    ConvolutionalActor,
    ConvolutionalCritic,
    PlainEnvironment,
    PlainKernel,
    plain_config,
    plain_trainer,
)
from fag_tf.experiments.benchmarks.training_step import quick_config
from fag_tf.objectives.kernels import ProductKernel
from fag_tf.objectives.mixtures import DefensiveMixture, KernelMixture
from fag_tf.spaces import ArraySpec

SPEC = {"image": ArraySpec((16, 16, 1)), "size": ArraySpec((2,))}


@pytest.fixture
def observation():
    rng = np.random.default_rng(0)
    return {
        name: tf.constant(rng.random((3, *spec.shape)), tf.float32) for name, spec in SPEC.items()
    }


def test_its_networks_give_actions_and_logits_that_depend_on_the_picture(observation):
    actor = ConvolutionalActor(SPACE, SPEC, 3, 8, 1, 0)
    critic = ConvolutionalCritic(SPACE, SPEC, 8, 1, 0)
    latent = tf.random.stateless_uniform([3, 5, 3], [1, 2], -1.0, 1.0)
    actions = actor(observation, latent)
    assert actions.shape == (3, 5, 3)
    logits = critic(observation, actions)
    assert logits.shape == (3, 5)
    other = observation | {"image": 1.0 - observation["image"]}
    assert not np.allclose(critic(other, actions), logits)


def test_its_kernel_is_the_same_density():
    rng = np.random.default_rng(0)
    points, supports = (tf.constant(SPACE.sample(rng, (2, n))) for n in (7, 9))
    np.testing.assert_allclose(
        PlainKernel(SPACE).log_density(points, supports, 0.3),
        ProductKernel(SPACE).log_density(points, supports, 0.3),
        rtol=1e-4,
        atol=1e-4,
    )


def test_its_configuration_keeps_the_schedules_and_may_take_longer():
    config = plain_config(Config(), 10)
    assert config.trainer.steps == 10 * Config().trainer.steps
    assert not config.trainer.compile
    assert config.collect.until * config.trainer.steps == pytest.approx(
        Config().collect.until * Config().trainer.steps
    )
    for share in (0.0, 0.03, 0.05, 0.1):
        ours, theirs = config.objective.bandwidth(share), Config().objective.bandwidth(10 * share)
        assert ours == pytest.approx(theirs)
    assert config.actor.learning_rate(0.5) == pytest.approx(Config().actor.learning_rate.end)


def test_an_environment_loses_only_its_networks():
    environment = PlainEnvironment("planar_grasp", {"image_size": 16})
    assert environment.observation_spec["image"].shape == (16, 16, 1)
    assert environment.offers("evaluation_states", "truth")
    assert isinstance(environment.build_actor(Config()), ConvolutionalActor)
    assert isinstance(environment.build_critic(Config()), ConvolutionalCritic)


@pytest.fixture(scope="module")
def trainer():
    config = quick_config(Config(env_options={"image_size": 16}))
    config = dataclasses.replace(
        config,
        trainer=dataclasses.replace(config.trainer, steps=3),
        critic=dataclasses.replace(config.critic, warmup_steps=1),
    )
    return plain_trainer(plain_config(config, 1))


def test_its_proposal_has_the_density_it_says(trainer):
    objective, space = trainer.learner.objective, trainer.environment.action_space
    supports = tf.constant(space.sample(np.random.default_rng(0), (2, 6)))
    samples, log_proposal = objective.propose(supports, 0.2, 400, tf.constant([3, 4]))
    mixture = DefensiveMixture(KernelMixture(space, supports, 0.2), objective.uniform_weight)
    expected = mixture.log_prob(tf.transpose(samples, [1, 0, 2]))
    np.testing.assert_allclose(log_proposal, tf.transpose(expected), rtol=1e-3, atol=1e-3)
    # Importance weights with a density that is right have a mean of the inside's volume.
    inside = np.all((samples >= space.low) & (samples <= space.high) | space.periodic, axis=-1)
    weights = np.where(inside, np.exp(-log_proposal.numpy()), 0.0) / space.volume
    error = weights.std() / np.sqrt(weights.size)
    assert abs(weights.mean() - 1.0) < 5.0 * error


@pytest.mark.slow
def test_it_trains(trainer):
    before = [variable.numpy().copy() for variable in trainer.learner.actor.trainable_variables]
    trainer.run()
    assert trainer.step == 3
    after = [variable.numpy() for variable in trainer.learner.actor.trainable_variables]
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(np.isfinite(each).all() for each in after)
