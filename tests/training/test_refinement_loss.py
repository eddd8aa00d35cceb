import numpy as np
import pytest
import tensorflow as tf

from fag_tf.config.networks import ActorConfig, PolicyConfig
from fag_tf.networks.base import Actor
from fag_tf.training.refinement_loss import refine


class Halving(Actor):
    """Begins at its latent and goes half of the way to the origin, in two steps if asked to."""

    latent_dim = 2

    def __init__(self, steps=1, log_density=0.0, stop=-9.0):
        super().__init__()
        self.steps = steps
        self.stop = self.add_weight(shape=(), initializer="zeros", name="stop")
        self.inside = self.add_weight(shape=(), initializer="zeros", name="inside")
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
        self.stop.assign(stop)
        self.inside.assign(log_density)

    def trajectory(self, features, latent):
        way = np.linspace(1.0, 0.5, self.steps + 1).astype(np.float32)
        path = self.scale * latent[:, :, None] * way[:, None]
        return path, self.stop_logits(features, path)

    def stop_logits(self, features, path):
        return tf.zeros_like(path[:, :, :-1, 0]) + self.stop

    def log_density_ratio(self, features, actions):
        near = tf.reduce_max(tf.abs(actions), axis=-1) < 0.5
        return tf.where(near, self.inside, -20.0)


LATENT = tf.constant(np.random.default_rng(0).uniform(-1, 1, (2, 40_000, 2)), tf.float32)
NEVER = (ActorConfig(critic_stop_probability=1.0), PolicyConfig(stop_probability=1.0))


def no(actions):
    return tf.fill(tf.shape(actions)[:2], -5.0)


def right_of_a_third(actions):
    return 20.0 * (actions[..., 0] - 1 / 3)


def test_a_sample_goes_no_farther_than_the_critic_lets_it():
    supports, _ = refine(
        Halving(),
        right_of_a_third,
        None,
        LATENT,
        ActorConfig(critic_stop_probability=0.5),
        PolicyConfig(),
    )
    stays = LATENT.numpy()[..., :1] >= 1 / 3
    np.testing.assert_allclose(supports, np.where(stays, LATENT, 0.5 * LATENT), atol=1e-6)


def test_an_actor_of_one_step_has_nothing_to_learn_of_itself():
    supports, loss = refine(Halving(steps=0), no, None, LATENT, *NEVER)
    np.testing.assert_array_equal(supports, LATENT)
    assert float(loss) == 0.0


def gradients(actor, judge, settings):
    with tf.GradientTape() as tape:
        _, loss = refine(actor, judge, None, LATENT, *settings)
    return tape.gradient(loss, [actor.stop, actor.inside, actor.scale])


@pytest.mark.parametrize(("logit", "sign"), [(-6.0, -1), (-5.0, 0), (-4.0, 1)])
def test_where_to_stop_is_what_the_critic_says(logit, sign):
    of_stop, _, _ = gradients(Halving(stop=logit), no, NEVER)
    assert np.sign(np.round(float(of_stop), 6)) == sign


@pytest.mark.parametrize("density", [3.0, 4.0, 5.0])
def test_the_log_density_ratio_is_learnt(density):
    # All ends lie in the inner quarter of the square over which the beginnings are even: 4 times
    # as dense. Below that the cross-entropy falls with the logit, above it rises.
    _, of_inside, _ = gradients(Halving(log_density=np.log(density)), no, NEVER)
    share = density / (1.0 + density)
    assert float(of_inside) == pytest.approx(0.25 * share - (1.0 - share), abs=0.015)


def test_ends_are_those_of_the_trained_policy_which_stops_by_the_actors_word():
    # Stopped at once by its own word, ends lie as their beginnings do, whatever the critic says.
    _, of_inside, _ = gradients(
        Halving(stop=5.0), no, (NEVER[0], PolicyConfig(stop_probability=0.5))
    )
    assert abs(float(of_inside)) < 1e-6


def test_what_the_actor_says_of_itself_does_not_move_its_samples():
    _, _, of_samples = gradients(Halving(), no, NEVER)
    assert of_samples is None
