"""Latent noise, uniform on [-1, 1): of a seed for sampling, and spread evenly for training."""

import functools

import numpy as np
from numpy.typing import NDArray

from fag_tf.errors import InputError

__all__ = ["LatentStream", "draw_latent", "stratified_latent"]


@functools.lru_cache(maxsize=8)
def _sobol(count: int, dim: int) -> NDArray[np.float64]:
    from scipy.stats import qmc  # takes half a second, which sampling has no use for

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


def draw_latent(seed: int, batch: int, num_samples: int, latent_dim: int) -> NDArray[np.float32]:
    """The noise of a seed: `[B, N, Z]` float32, uniform on [-1, 1).

    It is `2 u - 1` with `u = Generator(Philox(seed)).random((B, N, Z), float32)` of
    `numpy.random`, so whoever knows the seed draws the same noise, with either runtime.

    Raises:
        InputError: the seed is negative, or a size is not positive.
    """
    return LatentStream(seed, latent_dim).draw(batch, num_samples)


class LatentStream:
    """Successive draws from a seed's stream; for one state they join into one longer draw."""

    def __init__(self, seed: int, latent_dim: int) -> None:
        if seed < 0:
            raise InputError(f"seed is {seed}; it must be 0 or more")
        self._rng = np.random.Generator(np.random.Philox(seed))
        self._latent_dim = latent_dim

    def draw(self, batch: int, num_samples: int) -> NDArray[np.float32]:
        """The next `[B, N, Z]`."""
        if batch < 1 or num_samples < 1:
            raise InputError(
                f"{num_samples} actions for {batch} states asked for; need 1 or more of both"
            )
        unit = self._rng.random((batch, num_samples, self._latent_dim), np.float32)
        return 2.0 * unit - 1.0  # exact in float32, and below 1
