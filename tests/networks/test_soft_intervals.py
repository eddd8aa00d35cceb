import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from fag_tf.networks.soft_intervals import SoftIntervals, intervals_of
from reference.execution import every_execution

K = 8
GRID = np.linspace(-1.0, 1.0, 40_001)
either_axis = pytest.mark.parametrize("periodic", [False, True], ids=["bounded", "circle"])


def raw_of(seed, scale, batch=2):
    rng = np.random.default_rng(seed)
    return tf.constant(scale * rng.normal(size=(batch, 1, 4 * K)), tf.float32)


def on_grid(function, batch=2):
    return function(tf.constant(np.tile(GRID, (batch, 1)), tf.float32)).numpy().astype(float)


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


@either_axis
@pytest.mark.parametrize("scale", [0.0, 1.0, 3.0])
def test_the_density_integrates_to_one_and_to_the_distribution_function(periodic, scale):
    intervals = intervals_of(raw_of(0, scale), periodic)
    assert isinstance(intervals, SoftIntervals)
    density = np.exp(on_grid(intervals.log_density))
    below = integrate.cumulative_simpson(density, x=GRID, initial=0.0)
    np.testing.assert_allclose(below[:, -1], 1.0, atol=1e-4)
    np.testing.assert_allclose(on_grid(intervals.share_below), below, atol=1e-4)


def test_the_density_on_a_bounded_axis_is_that_of_the_words():
    intervals = intervals_of(raw_of(1, 2.0, batch=1), periodic=False)
    parts = zip(*(np.ravel(part).astype(float) for part in intervals[:4]), strict=True)
    total = np.zeros_like(GRID)
    for log_weight, centre, half_width, softness in parts:
        low, high = centre - half_width, centre + half_width
        edges = sigmoid((GRID - low) / softness) - sigmoid((GRID - high) / softness)
        total += np.exp(log_weight) * edges / integrate.simpson(edges, x=GRID)
    np.testing.assert_allclose(np.exp(on_grid(intervals.log_density, 1))[0], total, rtol=2e-3)


def test_the_density_on_a_circle_does_not_know_where_the_circle_begins():
    intervals = intervals_of(raw_of(2, 2.0), periodic=True)
    turned = intervals._replace(centre=intervals.centre + 0.7)
    here = tf.constant(np.tile(np.linspace(-1.0, 1.0, 101), (2, 1)), tf.float32)
    there = tf.math.floormod(here + 0.7 + 1.0, 2.0) - 1.0
    np.testing.assert_allclose(intervals.log_density(here), turned.log_density(there), atol=2e-3)
    ends = tf.constant([[-1.0, 1.0]] * 2)
    np.testing.assert_allclose(*np.transpose(intervals.log_density(ends)), atol=1e-4)


@every_execution
@either_axis
@pytest.mark.parametrize("scale", [0.0, 1.0, 3.0])
def test_points_and_shares_are_inverse_to_one_another(run, periodic, scale):
    raw = raw_of(3, scale)
    share = tf.constant(np.random.default_rng(0).uniform(0.001, 0.999, (2, 500)), tf.float32)

    def there_and_back(raw, share):
        intervals = intervals_of(raw, periodic)
        point = intervals.point_at(share)
        again = intervals.point_at(intervals.share_below(point))
        return point, intervals.share_below(point), tf.exp(intervals.log_density(point)), again

    point, back, density, again = run(there_and_back)(raw, share)
    assert np.all(np.abs(point) <= 1.0)
    np.testing.assert_allclose(back, share, atol=1e-5)
    # Where hardly anything lies, float32 tells shares apart but not points.
    dense = density.numpy() > 0.01
    assert dense.mean() > 0.9
    assert np.max(np.abs(again - point)[dense]) < 1e-4


@either_axis
def test_points_of_even_shares_are_where_the_density_says(periodic):
    intervals = intervals_of(raw_of(4, 2.0, batch=1), periodic)
    share = (np.arange(100_000) + 0.5) / 100_000
    points = intervals.point_at(tf.constant(share[None], tf.float32)).numpy()
    counts, edges = np.histogram(points, 50, (-1.0, 1.0))
    below = intervals.share_below(tf.constant(edges[None], tf.float32)).numpy()[0]
    np.testing.assert_allclose(counts / 100_000, np.diff(below), atol=1e-4)


@either_axis
def test_numbers_near_zero_spread_the_mixture_over_the_axis(periodic):
    density = np.exp(on_grid(intervals_of(tf.zeros([1, 1, 4 * K]), periodic).log_density, 1))
    assert np.all((density > 0.5 * 0.5) & (density < 0.5 * 1.5))


@given(
    seed=st.integers(0, 2**31 - 1),
    scale=st.sampled_from([0.0, 1.0, 10.0, 100.0]),
    periodic=st.booleans(),
)
@settings(max_examples=20)
def test_everything_is_a_number_at_the_ends_and_for_wild_weights(seed, scale, periodic):
    raw = raw_of(seed, scale)
    points = tf.constant([[-1.0, -0.999999, 0.0, 0.3, 0.999999, 1.0]] * 2)
    with tf.GradientTape() as tape:
        tape.watch(raw)
        intervals = intervals_of(raw, periodic)
        log_density = intervals.log_density(points)
    assert np.all(np.isfinite(log_density))
    assert np.all(np.isfinite(tape.gradient(log_density, raw)))
    shares = intervals.share_below(points).numpy()
    assert np.all((shares >= 0.0) & (shares <= 1.0))
    found = intervals.point_at(tf.constant([[0.0, 1e-7, 0.5, 0.9999999, 1.0]] * 2)).numpy()
    assert np.all(np.abs(found) <= 1.0)
