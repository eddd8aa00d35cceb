import numpy as np
import tensorflow as tf

from fag_tf.networks.autoregressive import AutoregressiveActor
from fag_tf.networks.framed import Frame, FramedActor, FramedCritic
from fag_tf.networks.general_critic import GeneralCritic
from fag_tf.spaces import ActionSpace, ArraySpec, Axis
from reference.small_inputs import latent_of, stirred

SPACE = ActionSpace([Axis("x", -1.0, 1.0), Axis("y", -1.0, 1.0)])


class Turned(Frame):
    """The plane turned by the angle that is observed; only the angle's cosine is seen in it."""

    def __init__(self):
        far = float(np.sqrt(2.0))
        self.space = ActionSpace([Axis("ahead", -far, far), Axis("left", -far, far)])
        self.observation_spec = {"cosine": ArraySpec((1,))}

    def observe(self, observation):
        return {"cosine": tf.cos(observation["angle"])}

    def to_frame(self, observation, actions):
        return turned(actions, -observation["angle"])

    def from_frame(self, observation, actions):
        return turned(actions, observation["angle"])

    def consequences(self, observation, actions):
        return tf.norm(actions, axis=-1, keepdims=True)


def turned(actions, angle):
    cos, sin = tf.cos(angle), tf.sin(angle)
    x, y = actions[..., 0], actions[..., 1]
    return tf.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)


FRAME = Turned()
ANGLES = {"angle": tf.constant([[0.4], [2.0]])}


def actor_in_a_frame():
    inner = AutoregressiveActor(FRAME.space, FRAME.observation_spec, 8, 1, 0)
    actor = FramedActor(inner, FRAME, SPACE)
    actor(ANGLES, latent_of(0, 2, 1, 2))
    return stirred(actor, 0, 0.1)


def test_actions_are_those_of_the_inner_actor_turned_back():
    actor, latent = actor_in_a_frame(), latent_of(1, 2, 50, 2)
    inner = actor.inner(FRAME.observe(ANGLES), latent)
    expected = np.clip(FRAME.from_frame(ANGLES, inner), -1.0, 1.0)
    np.testing.assert_allclose(actor(ANGLES, latent), expected, atol=1e-6)


def test_the_density_is_one_in_the_frame_and_nothing_beyond_the_space():
    actor = actor_in_a_frame()
    step = 0.02
    ticks = np.arange(-2.0 + step / 2, 2.0, step, dtype=np.float32)
    grid = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), -1).reshape(1, -1, 2)
    angle = {"angle": ANGLES["angle"][:1]}
    features = actor.encode(angle)
    outside = np.any(np.abs(grid[0]) > 1.0, axis=-1)
    density = np.exp(actor.log_density(features, tf.constant(grid))[0])
    assert np.all(density[outside] == 0.0)
    within = tf.constant(FRAME.to_frame(angle, tf.constant(grid)))
    inside = actor.inner.log_density(features.inner, within)[0]
    np.testing.assert_allclose(density[~outside], np.exp(inside)[~outside], rtol=1e-5)


def test_drawn_densities_and_latents_agree_with_those_of_the_actions():
    actor, latent = actor_in_a_frame(), latent_of(2, 2, 60, 2)
    features = actor.encode(ANGLES)
    actions, log_density, _ = actor.draw(features, latent)
    inside = np.all(np.abs(actions) < 0.999, axis=-1)
    assert inside.mean() > 0.3
    np.testing.assert_allclose(
        actor.log_density(features, actions).numpy()[inside], log_density.numpy()[inside], atol=1e-3
    )
    np.testing.assert_allclose(
        actor.latent_of(features, actions).numpy()[inside], np.asarray(latent)[inside], atol=2e-3
    )


def test_the_critic_sees_actions_in_the_frame_and_what_follows_from_them():
    inner = GeneralCritic(FRAME.space, FRAME.observation_spec, 8, 1, 0)
    critic = FramedCritic(inner, FRAME)
    actions = tf.constant(SPACE.sample(np.random.default_rng(0), (2, 7)))
    logits = critic(ANGLES, actions)
    within = FRAME.to_frame(ANGLES, actions)
    seen = inner.encode(FRAME.observe(ANGLES))
    expected = inner.logits(seen, within, tf.norm(actions, axis=-1, keepdims=True))
    np.testing.assert_allclose(logits, expected, atol=1e-5)
