import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from fag_tf.objectives.mixtures import Counts, DefensiveMixture, KernelMixture, UniformActions
from reference import density_oracle as oracle
from reference.execution import every_execution
from reference.spaces import CIRCLE, GRASPS, LINE, MIXED, SPACES

tfd = tfp.distributions

every_space = pytest.mark.parametrize("space", list(SPACES.values()), ids=list(SPACES))
batch_shapes = pytest.mark.parametrize("batch", [(), (3,), (2, 3)], ids=str)


def actions_of(space, seed, *shape):
    rng = np.random.default_rng(seed)
    return (space.centre + space.half_range * rng.uniform(-1, 1, (*shape, space.dim))).astype(
        np.float32
    )


def mixture_of_families(space, supports, bandwidth):
    """The same density put together from TensorFlow Probability's own parts, on radians."""
    sigma = np.broadcast_to(bandwidth, [space.dim])
    line, circle = np.flatnonzero(~space.periodic), np.flatnonzero(space.periodic)
    radians = 2.0 * np.pi / space.width[circle]
    normal = tfd.MultivariateNormalDiag(
        tf.constant(supports[..., line]),
        np.float32(sigma[line] * space.half_range[line]),
    )
    turned = tfd.Independent(
        tfd.VonMises(
            tf.constant(np.float32(radians * supports[..., circle])),
            np.float32((np.pi * sigma[circle]) ** -2),
        ),
        1,
    )
    parts = [part for part, axes in ((normal, line), (turned, circle)) if len(axes)]
    mixture = tfd.MixtureSameFamily(
        tfd.Categorical(logits=tf.zeros(supports.shape[:-1])), tfd.Blockwise(parts)
    )
    scale = np.ones(space.dim)
    scale[circle] = radians

    def log_prob(points):
        order = np.concatenate([line, circle])
        stretched = np.float32((points * scale)[..., order])
        return mixture.log_prob(stretched) + np.log(radians).sum()

    return log_prob


# Density ----------------------------------------------------------------------------------------


@every_space
def test_the_density_is_that_of_a_mixture_of_one_family(space):
    supports, points = actions_of(space, 0, 3, 8), actions_of(space, 1, 5, 3)
    bandwidth = np.linspace(0.2, 0.4, space.dim).astype(np.float32)
    found = KernelMixture(space, supports, bandwidth).log_prob(points)
    expected = mixture_of_families(space, supports, bandwidth)(points)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


@every_execution
@batch_shapes
def test_a_batch_of_mixtures_is_that_many_mixtures(run, batch):
    supports = actions_of(GRASPS, 2, *batch, 4)
    values = actions_of(GRASPS, 3, 5, 2, *batch)
    found = run(lambda x: KernelMixture(GRASPS, supports, 0.3).log_prob(x))(values).numpy()
    assert found.shape == (5, 2, *batch)
    for index in np.ndindex(*found.shape):
        expected = oracle.mixture(GRASPS, values[index], supports[index[2:]], 0.3)
        assert found[index] == pytest.approx(math.log(expected), rel=1e-5, abs=3e-4)


@batch_shapes
@pytest.mark.parametrize("defensive", [False, True], ids=["kernels", "defensive"])
def test_values_with_fewer_or_single_batch_axes_are_broadcast(batch, defensive):
    mixture = KernelMixture(GRASPS, actions_of(GRASPS, 2, *batch, 4), 0.3)
    mixture = DefensiveMixture(mixture, 0.25) if defensive else mixture
    one = actions_of(GRASPS, 3)
    everywhere = mixture.log_prob(np.broadcast_to(one, (*batch, 3)))
    assert everywhere.shape == batch
    np.testing.assert_allclose(mixture.log_prob(one), everywhere, rtol=1e-6)
    for kept in range(len(batch) + 1):
        shape = (*([1] * kept), 3)
        np.testing.assert_allclose(mixture.log_prob(one.reshape(shape)), everywhere, rtol=1e-6)
    if len(batch) == 2:
        row = np.broadcast_to(one, (batch[1], 3))
        np.testing.assert_allclose(mixture.log_prob(row), everywhere, rtol=1e-6)


@batch_shapes
@pytest.mark.parametrize("defensive", [False, True], ids=["kernels", "defensive"])
def test_shapes_are_those_of_any_distribution(batch, defensive):
    mixture = KernelMixture(GRASPS, actions_of(GRASPS, 2, *batch, 4), 0.3)
    mixture = DefensiveMixture(mixture, 0.25) if defensive else mixture
    assert mixture.batch_shape == batch
    assert tuple(mixture.batch_shape_tensor()) == batch
    assert mixture.event_shape == (3,)
    assert tuple(mixture.event_shape_tensor()) == (3,)
    for shape in ((), (7,), (2, 5), (0,)):
        drawn = mixture.sample(shape, seed=1)
        assert drawn.shape == (*shape, *batch, 3)
        assert mixture.log_prob(drawn).shape == (*shape, *batch)
        assert drawn.dtype == tf.float32


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("bandwidth", [0.05, 0.4])
def test_the_defensive_density_on_the_line_integrates_to_one(weight, bandwidth):
    mixture = KernelMixture(LINE, np.array([[-1.9], [0.5], [5.0]], np.float32), bandwidth)
    # Midpoints of an even grid whose cells end at the ends of the space.
    grid = np.linspace(-18.0, 22.0, 40_001)
    grid = 0.5 * (grid[1:] + grid[:-1])
    density = np.exp(DefensiveMixture(mixture, weight).log_prob(grid[:, None].astype(np.float32)))
    assert density.sum() * 1e-3 == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_the_defensive_density_on_the_circle_integrates_to_one(weight):
    mixture = KernelMixture(CIRCLE, np.array([[0.1], [3.0]], np.float32), 0.1)
    grid = np.linspace(0.0, np.pi, 4000, endpoint=False)
    density = np.exp(DefensiveMixture(mixture, weight).log_prob(grid[:, None].astype(np.float32)))
    assert density.mean() * np.pi == pytest.approx(1.0, abs=1e-4)


@every_execution
@pytest.mark.parametrize("wide_weight", [0.0, 0.4, 0.75])
def test_the_defensive_density_is_that_of_the_oracle_inside_and_outside(run, wide_weight):
    supports = actions_of(GRASPS, 4, 5)
    values = actions_of(GRASPS, 5, 20) * np.array([1.3, 1.3, 3.0], np.float32)
    assert 0 < GRASPS.contains(values).sum() < 20

    def log_density(x):
        near, wide = (KernelMixture(GRASPS, supports, width) for width in (0.3, 0.6))
        return DefensiveMixture(near, 0.25, wide, wide_weight).log_prob(x)

    found = run(log_density)(values)
    expected = [
        oracle.defensive(GRASPS, value, supports, 0.3, 0.25, 0.6, wide_weight) for value in values
    ]
    np.testing.assert_allclose(found, np.log(expected), atol=5e-4)


@given(seed=st.integers(0, 2**31 - 1), weight=st.floats(0.01, 1.0), bandwidth=st.floats(0.01, 0.4))
@settings(max_examples=25)
def test_inside_the_space_the_defensive_density_is_never_below_its_uniform_part(
    seed, weight, bandwidth
):
    mixture = KernelMixture(MIXED, actions_of(MIXED, 0, 2), bandwidth)
    found = DefensiveMixture(mixture, weight).log_prob(actions_of(MIXED, seed, 50)).numpy()
    assert np.all(found >= math.log(weight / MIXED.volume) - 1e-4)


def test_outside_the_space_a_uniform_distribution_has_no_density():
    mixture = KernelMixture(LINE, np.array([[0.0]], np.float32), 0.1)
    outside = np.array([[7.0], [-2.1]], np.float32)
    assert np.all(DefensiveMixture(mixture, 1.0).log_prob(outside).numpy() == -np.inf)


def test_far_outside_the_defensive_density_follows_the_kernels_without_underflow():
    mixture = KernelMixture(LINE, np.array([[0.0]], np.float32), 0.05)
    found = DefensiveMixture(mixture, 0.25).log_prob(np.array([[80.0]], np.float32))
    expected = stats.norm.logpdf(80.0, 0.0, 0.2) + math.log(0.75)
    assert found.numpy() == pytest.approx(expected, rel=1e-5)


class _Half(UniformActions):
    """Even over the right half of the line."""

    def _log_prob(self, value):
        inside = (value[..., 0] >= 2.0) & (value[..., 0] <= 6.0)
        return tf.where(inside, -math.log(4.0), -np.inf)

    def _sample_n(self, n, seed=None):
        return 4.0 + 0.5 * (super()._sample_n(n, seed) - 2.0)


def test_the_uniform_part_may_be_even_over_less_than_the_space():
    mixture = KernelMixture(LINE, np.array([[-1.0]], np.float32), 0.01)
    defensive = DefensiveMixture(mixture, 0.25, uniform=_Half(LINE))
    drawn = defensive.sample(4000, seed=4).numpy()[:, 0]
    right = drawn > 0.0
    assert abs(right.mean() - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 4000)
    assert drawn[right].min() >= 2.0
    assert stats.kstest((drawn[right] - 2.0) / 4.0, "uniform").pvalue > 1e-4
    density = defensive.log_prob(np.array([[4.0], [1.9]], np.float32)).numpy()
    assert density[0] == pytest.approx(math.log(0.25 / 4.0))
    assert density[1] < -1000.0


@every_execution
@pytest.mark.parametrize("space", [LINE, CIRCLE, GRASPS], ids=["line", "circle", "grasps"])
def test_uniform_actions_are_even_over_the_space(run, space):
    uniform = UniformActions(space, (2,))
    drawn = run(lambda seed: uniform.sample(3000, seed=seed))(tf.constant([9, 1])).numpy()
    assert drawn.shape == (3000, 2, space.dim)
    np.testing.assert_allclose(uniform.log_prob(drawn), -math.log(space.volume), rtol=1e-6)
    for state, axis in np.ndindex(2, space.dim):
        share = (drawn[:, state, axis] - space.low[axis]) / space.width[axis]
        assert stats.kstest(share, "uniform").pvalue > 1e-4


# Gradients --------------------------------------------------------------------------------------


@every_execution
@pytest.mark.parametrize("weight", [None, 0.25], ids=["kernels", "defensive"])
def test_gradients_reach_supports_and_bandwidth(run, weight):
    supports, values = actions_of(GRASPS, 6, 3), actions_of(GRASPS, 7, 4)
    bandwidth = np.array([0.4, 0.3, 0.5], np.float32)

    def gradients(supports, bandwidth):
        with tf.GradientTape() as tape:
            tape.watch([supports, bandwidth])
            mixture = KernelMixture(GRASPS, supports, bandwidth)
            mixture = mixture if weight is None else DefensiveMixture(mixture, weight)
            value = tf.reduce_sum(mixture.log_prob(values))
        return tape.gradient(value, [supports, bandwidth])

    def value(supports, bandwidth):
        return sum(
            math.log(oracle.defensive(GRASPS, x, supports, bandwidth, weight or 0.0))
            for x in values
        )

    found = run(gradients)(tf.constant(supports), tf.constant(bandwidth))
    expected = (
        oracle.differences(lambda v: value(v, bandwidth), supports),
        oracle.differences(lambda v: value(supports, v), bandwidth),
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=1e-3 * np.abs(other).max())


# Samples ----------------------------------------------------------------------------------------


@every_execution
def test_sample_moments_are_those_of_the_mixture(run):
    n, bandwidth = 20_000, 0.25
    supports = actions_of(GRASPS, 8, 2, 4)
    drawn = run(lambda s: KernelMixture(GRASPS, supports, bandwidth).sample(n, seed=s))(
        tf.constant([5, 6])
    ).numpy()
    for b in range(2):
        for axis in (0, 1):
            x, centres = drawn[:, b, axis], supports[b, :, axis].astype(float)
            variance = centres.var() + (bandwidth * GRASPS.half_range[axis]) ** 2
            assert abs(x.mean() - centres.mean()) < 4 * x.std() / math.sqrt(n)
            squares = (x - centres.mean()) ** 2
            assert abs(squares.mean() - variance) < 4 * squares.std() / math.sqrt(n)
        kappa = (math.pi * bandwidth) ** -2
        shrink = special.ive(1, kappa) / special.ive(0, kappa)
        for wave in (np.cos, np.sin):
            values = wave(2.0 * drawn[:, b, 2])
            expected = shrink * wave(2.0 * supports[b, :, 2].astype(float)).mean()
            assert abs(values.mean() - expected) < 4 * values.std() / math.sqrt(n)


@every_execution
@pytest.mark.parametrize(
    ("space", "weight", "wide_weight"),
    [(LINE, 0.3, 0.0), (LINE, 0.2, 0.3), (CIRCLE, 0.0, 0.0)],
    ids=["defensive line", "line with wide kernels", "circle"],
)
def test_sample_histograms_are_those_of_the_density(run, space, weight, wide_weight):
    n = 20_000
    supports = space.denormalise(np.array([[-0.9], [0.1], [0.2]])).astype(np.float32)

    def draw(seed):
        near, wide = (KernelMixture(space, supports, width) for width in (0.15, 0.5))
        mixture = DefensiveMixture(near, weight, wide, wide_weight)
        return mixture.sample(n, seed=seed)

    drawn = space.wrap(run(draw)(tf.constant([7, 8])).numpy().astype(float))[:, 0]
    low, high = space.low[0], space.high[0]
    if not space.periodic[0]:
        low, high = low - 2 * space.width[0], high + 2 * space.width[0]
    # Edges at the ends of the space, so that no bin holds a jump of the density.
    edges = np.linspace(low, high, 101)
    counts, _ = np.histogram(drawn, edges)
    fine = np.linspace(low, high, 100 * 20 + 1)
    middles = 0.5 * (fine[1:] + fine[:-1])
    density = [
        oracle.defensive(space, [x], supports, 0.15, weight, 0.5, wide_weight) for x in middles
    ]
    expected = n * np.sum(np.reshape(density, (100, 20)), axis=1) * (fine[1] - fine[0])
    assert counts.sum() == n
    assert expected.sum() == pytest.approx(n, rel=1e-3)
    enough = expected > 5
    assert counts[~enough].sum() <= stats.poisson.ppf(1 - 1e-5, expected[~enough].sum())
    statistic = ((counts - expected)[enough] ** 2 / expected[enough]).sum()
    assert stats.chi2.sf(statistic, enough.sum() - 1) > 1e-4


def test_the_share_of_uniform_samples_is_the_uniform_weight():
    n = 20_000
    mixture = KernelMixture(GRASPS, np.zeros((1, 3), np.float32), 0.01)
    drawn = DefensiveMixture(mixture, 0.25).sample(n, seed=3).numpy()
    far = np.abs(drawn[:, 0]) > 0.01  # six bandwidths
    expected = 0.25 * (1.0 - 0.02 / 0.30)
    assert abs(far.mean() - expected) < 4 * math.sqrt(expected * (1 - expected) / n)
    assert GRASPS.contains(drawn).all()


@given(
    total=st.integers(1, 200),
    uniform_weight=st.floats(0.0, 1.0),
    share_of_rest=st.floats(0.0, 1.0),
)
def test_counts_are_the_shares_of_the_total(total, uniform_weight, share_of_rest):
    wide_weight = share_of_rest * (1.0 - uniform_weight)
    counts = Counts.of(total, uniform_weight, wide_weight)
    assert min(counts) >= 0
    assert sum(counts) == total
    if total >= 3:
        assert abs(counts.uniform - total * uniform_weight) <= 1.0
        assert abs(counts.wide - total * wide_weight) <= 2.0
        assert counts.uniform > 0 or uniform_weight == 0.0
        assert counts.wide > 0 or wide_weight == 0.0 or counts.uniform == total


@every_execution
def test_fixed_counts_draw_each_component_by_itself(run):
    """The mean of any function under the density is that over such samples."""
    supports = tf.constant([[-0.9], [0.2]], tf.float32)
    counts = Counts.of(4000, 0.25, 0.25)

    def draw(seed):
        near, wide = (KernelMixture(LINE, supports, width) for width in (0.01, 0.5))
        mixture = DefensiveMixture(near, 0.25, wide, 0.25)
        drawn = mixture.draw(counts, seed)
        return drawn, mixture.log_prob(drawn), mixture.log_prob_given(drawn, near.log_prob(drawn))

    drawn, log_prob, given_near = (part.numpy() for part in run(draw)(tf.constant([7, 8])))
    assert drawn.shape == (4000, 1)
    np.testing.assert_array_equal(log_prob, given_near)
    near = np.abs(drawn - supports.numpy().T).min(axis=1) < 0.06 * LINE.half_range[0]
    assert near[2000:].all()  # six bandwidths: the last half is the kernels'
    assert LINE.contains(drawn[:1000]).all()
    # 1 / r integrates to the volume over the region where r is above 0.
    inside = LINE.contains(drawn)
    volume = np.where(inside, np.exp(-log_prob.astype(float)), 0.0)
    error = volume.std() / math.sqrt(len(volume))
    assert abs(volume.mean() - LINE.volume) < 4 * error


def test_states_of_a_batch_draw_independently_and_the_same_seed_draws_the_same():
    mixture = KernelMixture(GRASPS, np.zeros((2, 4, 3), np.float32), 0.2)
    first = mixture.sample(2000, seed=[1, 2]).numpy()
    np.testing.assert_array_equal(first, mixture.sample(2000, seed=[1, 2]))
    across = np.corrcoef(first[:, 0, 0], first[:, 1, 0])[0, 1]
    assert abs(across) < 5 / math.sqrt(2000)


def test_the_probability_of_samples_agrees_with_the_entropy_by_quadrature():
    n = 20_000
    supports = np.array([[-1.0], [2.0]], np.float32)
    mixture = KernelMixture(LINE, supports, 0.3)
    found = -mixture.log_prob(mixture.sample(n, seed=9)).numpy()
    grid = np.linspace(-12.0, 14.0, 5001)
    density = np.array([oracle.mixture(LINE, [x], supports, 0.3) for x in grid])
    expected = integrate.simpson(special.entr(density), x=grid)
    assert abs(found.mean() - expected) < 4 * found.std() / math.sqrt(n)
