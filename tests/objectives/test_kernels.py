import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from fag_tf.objectives.kernels import ProductKernel
from reference import density_oracle as oracle
from reference.execution import every_execution
from reference.spaces import CIRCLE, GRASPS, LINE, MIXED, SPACES

every_space = pytest.mark.parametrize("space", list(SPACES.values()), ids=list(SPACES))
few = settings(max_examples=12)
seeds = st.integers(0, 2**31 - 1)
bandwidths = st.floats(0.05, 1.0)


def actions_of(space, seed, *shape):
    """Actions in the space, and somewhat beyond its bounded axes."""
    rng = np.random.default_rng(seed)
    return (space.centre + 1.2 * space.half_range * rng.uniform(-1, 1, (*shape, space.dim))).astype(
        np.float32
    )


def log_density(space, points, supports, bandwidth):
    return ProductKernel(space).log_density(points, supports, bandwidth).numpy()


# Laws -------------------------------------------------------------------------------------------


@every_space
@given(seed=seeds, bandwidth=bandwidths)
@few
def test_the_kernel_is_symmetric_in_its_arguments(space, seed, bandwidth):
    a, b = actions_of(space, seed, 2, 6)
    there = log_density(space, a[:, None], b[:, None], bandwidth)
    back = log_density(space, b[:, None], a[:, None], bandwidth)
    np.testing.assert_allclose(there, back, rtol=1e-5, atol=1e-3)


@every_space
@given(seed=seeds, bandwidth=bandwidths, turns=st.integers(-3, 3))
@few
def test_whole_periods_change_nothing(space, seed, bandwidth, turns):
    points, supports = actions_of(space, seed, 2, 5)
    turned = points + (turns * space.width * space.periodic).astype(np.float32)
    np.testing.assert_allclose(
        log_density(space, turned, supports, bandwidth),
        log_density(space, points, supports, bandwidth),
        rtol=1e-5,
        atol=2e-3,
    )


@every_space
@given(seed=seeds, bandwidth=bandwidths, shift=st.floats(-1.0, 1.0))
@few
def test_shifting_points_and_supports_alike_changes_nothing(space, seed, bandwidth, shift):
    points, supports = actions_of(space, seed, 2, 5)
    move = (shift * space.half_range).astype(np.float32)
    np.testing.assert_allclose(
        log_density(space, points + move, supports + move, bandwidth),
        log_density(space, points, supports, bandwidth),
        rtol=1e-5,
        atol=2e-3,
    )


@given(seed=seeds)
@few
def test_small_arcs_of_the_embedding_are_as_long_as_on_the_axis(seed):
    kernel = ProductKernel(MIXED)
    rng = np.random.default_rng(seed)
    a = actions_of(MIXED, seed, 4)
    apart = 0.01 * MIXED.half_range * rng.uniform(-1, 1, a.shape)
    b = (a + apart).astype(np.float32)
    embedded = np.linalg.norm(kernel.embed(a) - kernel.embed(b), axis=-1)
    expected = np.linalg.norm(apart / MIXED.half_range, axis=-1)
    np.testing.assert_allclose(embedded, expected, atol=2e-6, rtol=1e-3)


@given(seed=seeds)
@few
def test_the_embedding_keeps_bounded_axes_and_puts_periodic_ones_on_a_circle(seed):
    kernel = ProductKernel(MIXED)
    actions = actions_of(MIXED, seed, 7)
    embedded = kernel.embed(actions).numpy()
    assert embedded.shape == (7, kernel.embedded_dim) == (7, 6)
    coordinates = MIXED.normalise(actions)
    np.testing.assert_allclose(embedded[:, :2], coordinates[:, [1, 3]], atol=1e-5)
    radius = np.hypot(embedded[:, 2:4], embedded[:, 4:6])
    np.testing.assert_allclose(radius, 1.0 / math.pi, rtol=1e-5)


@given(seed=seeds, bandwidth=bandwidths)
@few
def test_on_the_circle_the_kernel_is_the_squared_exponential_of_the_chord(seed, bandwidth):
    kernel = ProductKernel(CIRCLE)
    a, b = actions_of(CIRCLE, seed, 2, 6)
    chord = tf.reduce_sum((kernel.embed(a) - kernel.embed(b)) ** 2, axis=-1)
    expected = -0.5 * chord / bandwidth**2 - kernel.log_normaliser(bandwidth)
    np.testing.assert_allclose(
        log_density(CIRCLE, a[:, None], b[:, None], bandwidth)[:, 0], expected, atol=1e-3
    )


# Against the oracle -----------------------------------------------------------------------------


@every_execution
@every_space
def test_the_density_is_that_of_the_oracle(run, space):
    log_density = run(ProductKernel(space).log_density)
    points, supports = actions_of(space, 1, 3, 6), actions_of(space, 2, 3, 4)
    for bandwidth in (0.15, np.linspace(0.2, 0.6, space.dim).astype(np.float32)):
        found = log_density(points, supports, tf.constant(bandwidth, tf.float32))
        expected = np.zeros((3, 6))
        for b, m in np.ndindex(3, 6):
            density = oracle.mixture(space, points[b, m], supports[b], bandwidth)
            expected[b, m] = math.log(density)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-4)


@pytest.mark.parametrize("bandwidth", [0.02, 0.06, 0.4])
def test_the_density_on_the_line_integrates_to_one(bandwidth):
    supports = np.array([[-1.5], [0.3], [5.9]], np.float32)
    grid = np.linspace(-22.0, 26.0, 20_001)
    density = np.exp(log_density(LINE, grid[:, None].astype(np.float32), supports, bandwidth))
    assert integrate.simpson(density, x=grid) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("bandwidth", [0.02, 0.06, 0.4, 3.0])
def test_the_density_on_the_circle_integrates_to_one_over_its_period(bandwidth):
    supports = np.array([[0.01], [1.3], [3.1]], np.float32)
    grid = np.linspace(0.0, np.pi, 4000, endpoint=False)
    density = np.exp(log_density(CIRCLE, grid[:, None].astype(np.float32), supports, bandwidth))
    assert density.mean() * np.pi == pytest.approx(1.0, abs=1e-4)


def test_the_density_on_a_mixed_space_integrates_to_one_over_the_product_of_units():
    supports = np.array([[0.1, 0.15, 3.1], [-0.1, -0.05, 0.4]], np.float32)
    x, y = np.linspace(-0.6, 0.6, 61), np.linspace(-0.55, 0.65, 61)
    theta = np.linspace(0.0, np.pi, 40, endpoint=False)
    grid = np.stack(np.meshgrid(x, y, theta, indexing="ij"), -1).reshape(-1, 3)
    density = np.exp(log_density(GRASPS, grid.astype(np.float32), supports, [0.4, 0.5, 0.3]))
    cell = (x[1] - x[0]) * (y[1] - y[0]) * (theta[1] - theta[0])
    assert density.sum() * cell == pytest.approx(1.0, abs=1e-3)


@every_execution
def test_the_normaliser_is_the_integral_of_the_bare_kernel(run):
    kernel = ProductKernel(MIXED)
    bandwidth = np.array([0.3, 0.2, 0.7, 0.1])
    expected = 0.0
    for axis, sigma in zip(MIXED.axes, bandwidth, strict=True):
        if axis.periodic:
            half_chord = lambda x, w=axis.width: np.sin(np.pi * x / w) / np.pi  # noqa: E731
            bare = lambda x, s=sigma, c=half_chord: np.exp(-0.5 * (2 * c(x) / s) ** 2)  # noqa: E731
            expected += math.log(integrate.quad(bare, -axis.width / 2, axis.width / 2)[0])
        else:
            expected += math.log(math.sqrt(2 * math.pi) * sigma * axis.half_range)
    found = run(kernel.log_normaliser)(tf.constant(bandwidth, tf.float32))
    assert found.numpy() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("bandwidth", [0.02, 0.06, 0.4])
def test_far_from_all_supports_the_log_density_neither_underflows_nor_loses_its_slope(bandwidth):
    support = np.array([[-2.0]], np.float32)
    points = np.array([[6.0], [60.0], [600.0]], np.float32)
    with tf.GradientTape() as tape:
        watched = tf.constant(support)
        tape.watch(watched)
        found = ProductKernel(LINE).log_density(points[2:], watched, bandwidth)
    expected = stats.norm.logpdf(points[:, 0], -2.0, 4.0 * bandwidth)
    np.testing.assert_allclose(log_density(LINE, points, support, bandwidth), expected, rtol=1e-5)
    slope = (600.0 + 2.0) / (4.0 * bandwidth) ** 2
    assert tape.gradient(found, watched).numpy() == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("bandwidth", [0.02, 0.06])
def test_narrow_kernels_keep_their_precision_at_the_ends_of_the_space(bandwidth):
    # Distances come from a matrix product: what cancels there must not show.
    corner = np.array([0.15, 0.2, 0.0])
    points = corner + GRASPS.half_range * bandwidth * np.random.default_rng(0).normal(size=(50, 3))
    points = points.astype(np.float32)
    found = log_density(GRASPS, points, corner[None].astype(np.float32), bandwidth)
    expected = [math.log(oracle.kernel(GRASPS, point, corner, bandwidth)) for point in points]
    np.testing.assert_allclose(found, expected, atol=2e-3)


# Gradients --------------------------------------------------------------------------------------


@every_execution
@pytest.mark.parametrize("space", [CIRCLE, MIXED], ids=["circle", "mixed"])
def test_gradients_of_the_log_density_are_those_of_finite_differences(run, space):
    kernel = ProductKernel(space)
    points, supports = actions_of(space, 3, 4), actions_of(space, 4, 3)
    bandwidth = 0.4

    def gradients(points, supports, bandwidth):
        with tf.GradientTape() as tape:
            tape.watch([points, supports, bandwidth])
            value = tf.reduce_sum(kernel.log_density(points, supports, bandwidth))
        return tape.gradient(value, [points, supports, bandwidth])

    found = run(gradients)(*(tf.constant(v, tf.float32) for v in (points, supports, bandwidth)))

    def value(points, supports, bandwidth):
        return sum(math.log(oracle.mixture(space, p, supports, bandwidth)) for p in points)

    expected = (
        oracle.differences(lambda v: value(v, supports, bandwidth), points),
        oracle.differences(lambda v: value(points, v, bandwidth), supports),
        oracle.differences(lambda v: value(points, supports, float(v)), bandwidth),
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3 * np.abs(other).max())


# Draws ------------------------------------------------------------------------------------------


@every_execution
def test_perturbed_actions_follow_the_kernel(run):
    n = 10_000
    centre = np.array([0.05, 0.12, 3.0], np.float32)
    actions = tf.constant(np.tile(centre, (n, 1)))
    perturb = run(ProductKernel(GRASPS).perturb)
    for bandwidth in (0.05, 0.3, 1.0):
        drawn = perturb(actions, tf.constant(bandwidth), tf.constant([1, 2])).numpy()
        moved = (drawn - centre) / GRASPS.half_range
        kappa = 1.0 / (math.pi * bandwidth) ** 2
        for axis in (0, 1):
            assert stats.kstest(moved[:, axis] / bandwidth, "norm").pvalue > 1e-4
        angle = np.mod(math.pi * moved[:, 2] + math.pi, 2 * math.pi) - math.pi
        assert stats.kstest(angle, stats.vonmises(kappa).cdf).pvalue > 1e-4
        # Axes are independent: correlations have standard error 1 / sqrt(n).
        assert np.abs(np.corrcoef(moved.T) - np.eye(3)).max() < 5 / math.sqrt(n)


def test_a_draw_depends_on_its_seed_alone():
    perturb = ProductKernel(MIXED).perturb
    actions = actions_of(MIXED, 0, 2, 5)
    first = perturb(actions, 0.2, tf.constant([3, 4])).numpy()
    np.testing.assert_array_equal(first, perturb(actions, 0.2, tf.constant([3, 4])))
    assert np.all(first != perturb(actions, 0.2, tf.constant([3, 5])).numpy())
    assert first.shape == (2, 5, 4)


def test_the_spread_is_the_deviation_on_every_axis_and_that_of_the_circle_on_periodic_ones():
    rng = np.random.default_rng(0)
    place = rng.normal(0.0, [0.3, 0.05, 0.1], (4, 2000, 3))
    actions = tf.constant(GRASPS.denormalise(place), tf.float32)
    spread = ProductKernel(GRASPS).spread(actions)
    np.testing.assert_allclose(spread, [0.3, 0.05, 0.1], rtol=0.06)
