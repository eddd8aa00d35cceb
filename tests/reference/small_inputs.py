"""Observations that are small vectors, latents, and networks away from their start."""

import numpy as np

from fag_tf.spaces import ArraySpec

SPEC = {"place": ArraySpec((3, 2)), "size": ArraySpec(()), "kind": ArraySpec((1,), "int32")}


def observation_of(seed, batch):
    rng = np.random.default_rng(seed)
    return {
        "place": rng.normal(size=(batch, 3, 2)).astype(np.float32),
        "size": rng.normal(size=batch).astype(np.float32),
        "kind": rng.integers(5, size=(batch, 1)).astype(np.int32),
    }


def latent_of(seed, batch, count, dim):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.0, 1.0, (batch, count, dim)).astype(np.float32)


def stirred(network, seed=0, scale=0.5):
    """The network with weights as far from their start as training might take them."""
    rng = np.random.default_rng(seed)
    for variable in network.trainable_variables:
        variable.assign_add(scale * rng.normal(size=variable.shape).astype(np.float32))
    return network
