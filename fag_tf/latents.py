"""Latent noise for training: uniform on [-1, 1), spread more evenly than independent draws."""

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

__all__ = ["stratified_latent"]


@functools.lru_cache(maxsize=8)
def _sobol(count: int, dim: int) -> NDArray[np.float64]:
    exponent = max(count - 1, 1).bit_length()
    return qmc.Sobol(dim, scramble=False).random_base2(exponent)[:count]


def stratified_latent(
    rng: np.random.Generator, batch: int, count: int, dim: int
) -> NDArray[np.float32]:
    """Latents `[batch, count, dim]`, each uniform on [-1, 1), together filling the cube evenly.

    They are Sobol' points, shifted at random and anew for each state (Cranley and Patterson
    1976), so that each one is exactly uniform. A kernel density over the actions of evenly spread
    latents has less noise than over independent ones.
    """
    shift = rng.random((batch, 1, dim))
    points = np.mod(_sobol(count, dim) + shift, 1.0)
    order = rng.permuted(np.broadcast_to(np.arange(count), (batch, count)), axis=1)
    return (2.0 * np.take_along_axis(points, order[..., None], axis=1) - 1.0).astype(np.float32)
