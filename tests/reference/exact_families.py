"""Small families of densities with every formula by hand, and an actor made of one of them."""

import math

import keras
import numpy as np
import tensorflow as tf

from fag_tf.networks.base import Actor, flatten
from fag_tf.objectives.mixtures import ExactDistribution
from fag_tf.spaces import ActionSpace, Axis


class Tilted:
    """q ~ exp(theta a) on an interval; one parameter."""

    space = ActionSpace([Axis("a", -1.0, 2.0, "m")])
    parameters = np.array([0.7])
    grid = np.linspace(-1.0, 2.0, 6001)

    @staticmethod
    def pdf(parameters, a):
        (theta,) = parameters
        return theta * np.exp(theta * a) / (math.exp(2.0 * theta) - math.exp(-theta))

    @staticmethod
    def log_density(parameters, actions):
        theta, a = parameters[:, :1], actions[..., 0]
        density = tf.math.log(theta / (tf.exp(2.0 * theta) - tf.exp(-theta))) + theta * a
        return tf.where((a >= -1.0) & (a <= 2.0), density, -math.inf)

    @staticmethod
    def act(parameters, latent):
        theta, share = parameters[:, :1, None], 0.5 * (latent + 1.0)
        return -1.0 + tf.math.log(1.0 + share * (tf.exp(3.0 * theta) - 1.0)) / theta


class WrappedCauchy:
    """The Cauchy distribution wrapped around a circle of length pi; its middle and its length."""

    space = ActionSpace([Axis("turn", 0.0, math.pi, "rad", periodic=True)])
    parameters = np.array([0.4, 0.6])
    grid = np.linspace(0.0, math.pi, 6001)

    @staticmethod
    def pdf(parameters, a):
        middle, length = parameters
        return (1.0 - length**2) / (
            math.pi * (1.0 + length**2 - 2.0 * length * np.cos(2.0 * (a - middle)))
        )

    @staticmethod
    def log_density(parameters, actions):
        middle, length = parameters[:, :1], parameters[:, 1:]
        spread = 1.0 + length**2 - 2.0 * length * tf.cos(2.0 * (actions[..., 0] - middle))
        return tf.math.log((1.0 - length**2) / (math.pi * spread))

    @staticmethod
    def act(parameters, latent):
        middle, length = parameters[:, :1, None], parameters[:, 1:, None]
        half_angle = tf.atan((1.0 - length) / (1.0 + length) * tf.tan(0.5 * math.pi * latent))
        return tf.math.floormod(middle + half_angle, math.pi)


FAMILIES = {"interval": Tilted, "circle": WrappedCauchy}


def distribution_of(family, parameters):
    """The exact distribution for parameters `[B, P]`."""
    return ExactDistribution(
        family.space,
        lambda latent: family.act(parameters, latent),
        lambda actions: family.log_density(parameters, actions),
        1,
        tf.shape(parameters)[0],
    )


class TiltedActor(Actor):
    """On every bounded axis q ~ exp(theta x), x in half-ranges; theta is linear in what is seen."""

    exact_density = True

    def __init__(self, space, observation_spec, latent_dim, *_):
        super().__init__(name="actor")
        self.space, self.spec, self.latent_dim = space, observation_spec, latent_dim
        start = keras.initializers.GlorotUniform(seed=0)
        self.tilt = keras.layers.Dense(space.dim, name="output", kernel_initializer=start)

    def encode(self, observation):
        # Away from 0, where the formulas divide by it.
        return 0.5 + tf.nn.softplus(self.tilt(flatten(observation, self.spec)))[:, None]

    def act(self, features, latent):
        share = 0.5 * (latent + 1.0)
        x = tf.math.log(1.0 + share * (tf.exp(2.0 * features) - 1.0)) / features - 1.0
        return self.space.denormalise(x)

    def log_density(self, features, actions):
        x = self.space.normalise(actions)
        each = tf.math.log(features / (tf.exp(features) - tf.exp(-features))) + features * x
        log_density = tf.reduce_sum(each - np.log(self.space.half_range), axis=-1)
        return tf.where(tf.reduce_all(tf.abs(x) <= 1.0, axis=-1), log_density, -math.inf)
