import numpy as np
import pytest
import tensorflow as tf

from fag_tf.networks.autoregressive import AutoregressiveActor
from fag_tf.networks.general_critic import GeneralCritic
from fag_tf.spaces import ArraySpec
from reference.execution import every_execution
from reference.small_inputs import SPEC, observation_of, stirred
from reference.spaces import MIXED

SET = {"goal": ArraySpec((2,)), "things": ArraySpec((4, 3), unordered=True, presence=2)}
RNG = np.random.default_rng(0)
STATES = {
    "goal": RNG.normal(size=(2, 2)).astype(np.float32),
    "things": RNG.uniform(0.1, 1.0, (2, 4, 3)).astype(np.float32),
}
ACTIONS = MIXED.sample(RNG, (2, 30))


def critic_of(spec, seed=0):
    critic = GeneralCritic(MIXED, spec, width=16, depth=3, seed=seed)
    observation = {n: np.zeros((1, *of.shape), of.dtype) for n, of in spec.items()}
    critic(observation, ACTIONS[:1])
    return stirred(critic, 1, 0.1)


def logits_of(critic, observation):
    return critic(observation, tf.constant(ACTIONS)).numpy()


@every_execution
def test_all_is_the_same_however_it_is_run(run):
    critic, observation = critic_of(SPEC), observation_of(0, 2)
    found = run(critic)(observation, tf.constant(ACTIONS))
    np.testing.assert_allclose(found, logits_of(critic, observation), atol=1e-3)


def test_before_training_it_is_undecided():
    critic = GeneralCritic(MIXED, SET, width=16, depth=3, seed=0)
    probability = tf.sigmoid(critic(STATES, ACTIONS)).numpy()
    assert np.all((probability > 0.5) & (probability < 0.98))


def test_a_turn_of_a_circle_changes_nothing():
    critic = critic_of(SET)
    turned = ACTIONS + (MIXED.periodic * MIXED.width).astype(np.float32)
    again = critic(STATES, tf.constant(turned)).numpy()
    np.testing.assert_allclose(again, logits_of(critic, STATES), atol=2e-3)


@pytest.mark.parametrize("kind", ["critic", "actor"])
def test_a_set_has_no_order_and_absent_things_are_not_seen(kind):
    if kind == "critic":
        network = critic_of(SET)
    else:
        network = AutoregressiveActor(MIXED, SET, 16, 2, 0)
        network(STATES, np.zeros((2, 1, MIXED.dim), np.float32))
        stirred(network, 0, 0.1)

    def answers(things):
        observation = {**STATES, "things": things}
        if kind == "critic":
            return logits_of(network, observation)
        features = network.encode(observation)
        return network.log_density(features, tf.constant(ACTIONS)).numpy()

    there = answers(STATES["things"])
    np.testing.assert_allclose(answers(STATES["things"][:, [2, 0, 3, 1]]), there, atol=1e-3)
    assert np.abs(answers(STATES["things"] * 0.5) - there).max() > 1e-3
    absent = STATES["things"].copy()
    absent[:, 1:, 2] = 0.0
    elsewhere = absent.copy()
    elsewhere[:, 1:, :2] = 9.0
    np.testing.assert_allclose(answers(elsewhere), answers(absent), atol=1e-3)
    assert np.all(np.isfinite(answers(np.zeros_like(absent))))


def test_gradients_are_finite_for_wild_weights_and_a_wrong_certainty_is_still_taught():
    critic = stirred(critic_of(SET), 2, 3.0)
    with tf.GradientTape() as tape:
        logits = critic(STATES, tf.constant(ACTIONS))
        loss = tf.reduce_mean(tf.nn.softplus(logits))
    assert np.all(np.isfinite(logits))
    for gradient in tape.gradient(loss, critic.trainable_variables):
        assert np.all(np.isfinite(gradient))
