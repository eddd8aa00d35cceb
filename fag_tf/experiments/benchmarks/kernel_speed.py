"""Speed of the kernel mixture, compared with TensorFlow Probability and a bare product."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from fag_tf.experiments.benchmarks.registry import Conditions
from fag_tf.experiments.benchmarks.results import Figure, Target, time_figure
from fag_tf.experiments.benchmarks.timing import interleave, rounds_within
from fag_tf.objectives.kernels import ProductKernel
from fag_tf.spaces import ActionSpace, Axis

__all__ = ["bare_product", "kernel_pass", "measure", "mixture_log_density", "mixture_pass"]

SPACE = ActionSpace(
    [
        Axis("x", -1.0, 1.0, "1"),
        Axis("y", -1.0, 1.0, "1"),
        Axis("turn", 0.0, np.pi, "rad", periodic=True),
    ]
)
"""Two bounded axes and a periodic one, which give four embedded coordinates."""

BANDWIDTH = 0.1
SIZES = (16, 1024, 1024)
QUICK_SIZES = (2, 64, 64)
_BUDGET = 20.0

Pass = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""Function of supports `[B, N, A]`, points `[B, M, A]` and weights `[B, M]`.

It returns the log densities `[B, M]` and the gradient of their weighted sum with respect to the
supports, `[B, N, A]`.
"""


def _pass_of(log_density: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], compiled: bool) -> Pass:
    def forward_backward(supports: tf.Tensor, points: tf.Tensor, weights: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(supports)
            values = log_density(supports, points)
            loss = tf.reduce_sum(weights * values)
        return values, tape.gradient(loss, supports)

    made: Pass = tf.function(forward_backward, jit_compile=compiled, autograph=False)
    return made


def kernel_pass(space: ActionSpace) -> Pass:
    """The package's own kernel density, compiled."""
    kernel = ProductKernel(space)
    return _pass_of(lambda supports, points: kernel.log_density(points, supports, BANDWIDTH), True)


def mixture_log_density(
    kernel: ProductKernel, supports: tf.Tensor, points: tf.Tensor, bandwidth: Any
) -> tf.Tensor:
    """Log density `[..., M]` of `ProductKernel.log_density`, computed by `MixtureSameFamily`.

    The mixture consists of normal distributions of the embedded coordinates. The normalisation of a
    periodic axis differs from that of a normal distribution by a constant.
    """
    centres, sigma = kernel.embed(supports), kernel.bandwidth_per_coordinate(bandwidth)
    normal = tfp.distributions.MultivariateNormalDiag(centres, sigma)
    even = tfp.distributions.Categorical(logits=tf.zeros(tf.shape(centres)[:-1]))
    mixture = tfp.distributions.MixtureSameFamily(even, normal)
    # TensorFlow Probability puts sample axes before batch axes.
    values = mixture.log_prob(tf.transpose(kernel.embed(points), [1, 0, 2]))
    normaliser = tf.reduce_sum(tf.math.log(sigma * np.sqrt(2.0 * np.pi)))
    return tf.transpose(values) + normaliser - kernel.log_normaliser(bandwidth)


def mixture_pass(space: ActionSpace, compiled: bool) -> Pass:
    """TensorFlow Probability's mixture, with or without XLA."""
    kernel = ProductKernel(space)
    return _pass_of(
        lambda supports, points: mixture_log_density(kernel, supports, points, BANDWIDTH), compiled
    )


def bare_product(coordinates: int) -> Pass:
    """Batched product, exponential, sum and their gradients, compiled; not a density.

    Every kernel density must do at least these operations. The first columns are used as they are.

    Args:
        coordinates: number of coordinates of a support; zeros fill the missing columns.
    """

    def summed(supports: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
        missing = [[0, 0], [0, 0], [0, coordinates - supports.shape[-1]]]
        x, y = tf.pad(points, missing), tf.pad(supports, missing)
        return tf.reduce_sum(tf.exp(tf.matmul(x, y, transpose_b=True)), axis=-1)

    return _pass_of(summed, True)


def inputs(batch: int, supports: int, samples: int, space: ActionSpace) -> tuple[tf.Tensor, ...]:
    """Random supports, points and weights of the given sizes."""
    rng = np.random.default_rng(0)
    return (
        tf.constant(space.sample(rng, (batch, supports))),
        tf.constant(space.sample(rng, (batch, samples))),
        tf.constant(rng.standard_normal((batch, samples)), tf.float32),
    )


def measure(conditions: Conditions) -> list[Figure]:
    """Measure the figures of this benchmark."""
    batch, supports, samples = QUICK_SIZES if conditions.quick else SIZES
    given = inputs(batch, supports, samples, SPACE)
    passes = {
        "ours": kernel_pass(SPACE),
        "bare": bare_product(ProductKernel(SPACE).embedded_dim),
        "mixture, XLA": mixture_pass(SPACE, compiled=True),
        "mixture": mixture_pass(SPACE, compiled=False),
    }
    _check_same(passes, given)

    def call(name: str) -> Callable[[], object]:
        return lambda: [part.numpy() for part in passes[name](*given)]

    calls = {name: call(name) for name in passes}
    rounds = 3
    if not conditions.quick:
        rounds = rounds_within(_BUDGET, lambda: [each() for each in calls.values()], 7, 60)
    spent = interleave(calls, rounds)
    what = f"kernel mixture, forward and backward, B={batch} N={supports} M={samples}"
    return [
        time_figure(
            what,
            spent["ours"],
            against="matmul + exp + sum, XLA",
            reference=spent["bare"],
            target=Target(1.3),
        ),
        *(
            time_figure(what, spent["ours"], against=against, reference=spent[name])
            for name, against in (
                ("mixture, XLA", "MixtureSameFamily, XLA"),
                ("mixture", "MixtureSameFamily, no XLA"),
            )
        ),
    ]


def _check_same(passes: dict[str, Pass], given: tuple[tf.Tensor, ...]) -> None:
    """Check that the compared functions give equal results."""
    ours = passes["ours"](*given)
    for name in ("mixture, XLA", "mixture"):
        for mine, theirs in zip(ours, passes[name](*given), strict=True):
            error = np.abs(mine.numpy() - theirs.numpy()).max() / np.abs(theirs.numpy()).max()
            if not error < 1e-3:
                raise RuntimeError(f"the kernel mixture differs from {name} by {error:.2g}")
