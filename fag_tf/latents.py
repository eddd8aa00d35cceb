"""Latents, uniform on [-1, 1): drawn from a seed for sampling, stratified for training."""

import functools

import numpy as np
from numpy.typing import NDArray

from fag_tf.errors import InputError

__all__ = ["LatentStream", "draw_latent", "stratified_latent"]


@functools.lru_cache(maxsize=8)
def _sobol(count: int, dim: int) -> NDArray[np.float64]:
    from scipy.stats import qmc  # loading takes half a second, and sampling does not need it

    exponent = max(count - 1, 1).bit_length()
    return qmc.Sobol(dim, scramble=False).random_base2(exponent)[:count]


def stratified_latent(
    rng: np.random.Generator, batch: int, count: int, dim: int
) -> NDArray[np.float32]:
    """Draw latents `[batch, count, dim]`, uniform on [-1, 1), that fill the cube evenly.

    The latents are Sobol' points with a random shift for each state (Cranley and Patterson 1976).
    The shift makes each latent exactly uniform. A kernel density of the resulting actions has less
    noise than a kernel density of actions from independent latents.
    """
    shift = rng.random((batch, 1, dim))
    points = np.mod(_sobol(count, dim) + shift, 1.0)
    order = rng.permuted(np.broadcast_to(np.arange(count), (batch, count)), axis=1)
    return (2.0 * np.take_along_axis(points, order[..., None], axis=1) - 1.0).astype(np.float32)


def draw_latent(seed: int, batch: int, num_samples: int, latent_dim: int) -> NDArray[np.float32]:
    """Draw the latents of a seed: `[B, N, Z]` float32, uniform on [-1, 1).

    The latents are `2 u - 1` with `u = Generator(Philox(seed)).random((B, N, Z), float32)` of
    `numpy.random`. A seed therefore gives equal latents in every runtime.

    Raises:
        InputError: the seed is negative, or a size is not positive.
    """
    return LatentStream(seed, latent_dim).draw(batch, num_samples)


class LatentStream:
    """Successive draws from the stream of a seed.

    For one state, successive draws give together what one longer draw would give.

    Args:
        seed: seed of the stream, 0 or more.
        latent_dim: Z.

    Raises:
        InputError: the seed is negative.
    """

    def __init__(self, seed: int, latent_dim: int) -> None:
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise InputError(f"seed is {seed!r:.100}; it must be a whole number, 0 or more")
        self._rng = np.random.Generator(np.random.Philox(seed))
        self._latent_dim = latent_dim

    def draw(self, batch: int, num_samples: int) -> NDArray[np.float32]:
        """Draw the next latents, `[B, N, Z]` float32.

        Raises:
            InputError: a size is not positive.
        """
        sizes = batch, num_samples
        if not all(isinstance(size, int | np.integer) and size >= 1 for size in sizes):
            raise InputError(
                f"{num_samples!r:.100} actions for {batch} states asked for; need 1 or more of both"
            )
        unit = self._rng.random((batch, num_samples, self._latent_dim), np.float32)
        return 2.0 * unit - 1.0  # exact in float32, and below 1
