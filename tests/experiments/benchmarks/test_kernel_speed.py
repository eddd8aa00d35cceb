import numpy as np
import pytest
import tensorflow as tf

from fag_tf.experiments.benchmarks.kernel_speed import (
    BANDWIDTH,
    SPACE,
    bare_product,
    inputs,
    kernel_pass,
    mixture_log_density,
    mixture_pass,
)
from fag_tf.objectives.kernels import ProductKernel


def test_there_are_four_embedded_coordinates():
    assert ProductKernel(SPACE).embedded_dim == 4


@pytest.mark.parametrize("compiled", [False, True])
def test_what_is_compared_gives_the_same_densities_and_gradients(compiled):
    given = inputs(2, 16, 24, SPACE)
    ours, theirs = kernel_pass(SPACE)(*given), mixture_pass(SPACE, compiled)(*given)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("bandwidth", [0.2, np.array([0.2, 0.1, 0.3], np.float32)])
def test_the_mixture_is_the_kernel_density_with_its_constant(bandwidth):
    supports, points, _ = inputs(3, 8, 5, SPACE)
    kernel = ProductKernel(SPACE)
    np.testing.assert_allclose(
        mixture_log_density(kernel, supports, points, bandwidth),
        kernel.log_density(points, supports, bandwidth),
        rtol=1e-4,
        atol=1e-4,
    )
    assert BANDWIDTH > 0.0


def test_the_bare_product_is_what_it_says():
    x, y, weights = (np.random.default_rng(i).normal(size=(2, 5, 3)) for i in range(3))
    weights = weights[..., 0]
    run = bare_product(4)
    values, gradient = run(*(tf.constant(each, tf.float32) for each in (y, x, weights)))
    exponentials = np.exp(np.einsum("bmd,bnd->bmn", x, y))
    np.testing.assert_allclose(values, exponentials.sum(-1), rtol=1e-4)
    expected = np.einsum("bm,bmn,bmd->bnd", weights, exponentials, x)
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-4)
