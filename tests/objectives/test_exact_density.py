"""With an exact density the surrogate's gradient is held to closed forms and quadrature."""

import math

import numpy as np
import pytest
import tensorflow as tf

from fag_tf.objectives.divergences import divergence_names
from fag_tf.objectives.f_divergence import FDivergenceObjective
from fag_tf.objectives.mixtures import ExactDistribution
from reference import density_oracle as oracle
from reference.exact_families import FAMILIES, Tilted, WrappedCauchy, distribution_of
from reference.execution import every_execution

STATES, SAMPLES = 128, 4096

every_family = pytest.mark.parametrize("family", list(FAMILIES.values()), ids=list(FAMILIES))


def bump(family):
    """A critic's probability that is above 0 everywhere: its log, for arrays and tensors."""
    centre, length = family.space.centre[0], family.space.width[0]
    return lambda a: 0.9 * tf.cos(2.0 * math.pi * (a - centre + 0.5) / length) - 1.0


def gradient_of(objective, family, log_feasibility, states=STATES, samples=SAMPLES, seed=0):
    """Mean and standard error `[P]` of independent estimates of the divergence's gradient."""
    parameters = tf.constant(np.tile(family.parameters, (states, 1)), tf.float32)

    def compute(parameters, seed):
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            near = distribution_of(family, parameters)
            supports = tf.transpose(near.sample(16, seed=[seed[0], 7]), [1, 0, 2])
            drawn, log_r = objective.propose(supports, 0.1, samples, seed, near=near)
            found = objective.surrogate_of(
                family.log_density(parameters, drawn),
                drawn,
                log_r,
                log_feasibility(drawn[..., 0]),
                tf.constant([1.0]),
            )
        return tape.gradient(found.loss, parameters)

    run = tf.function(compute, autograph=False)
    # The loss is the mean over states: each has its own share of the gradient.
    gradients = states * run(parameters, tf.constant([seed, 1])).numpy().astype(float)
    return gradients.mean(axis=0), gradients.std(axis=0, ddof=1) / math.sqrt(states)


def assert_is(found, expected, precise=0.02):
    mean, error = found
    scale = np.abs(expected).max()
    assert np.all(error <= precise * scale), (error, scale)
    assert np.all(np.abs(mean - expected) <= 4.0 * error + 1e-4 * scale), (mean, expected, error)


def expected_of(name, family, target):
    """The gradient by quadrature and central differences, for an unnormalised target."""
    p = target / oracle.integrate.simpson(target, x=family.grid)
    return oracle.differences(
        lambda parameters: oracle.divergence(
            name, family.grid, p, family.pdf(parameters, family.grid)
        ),
        family.parameters,
        step=1e-4,
    )


@every_family
@pytest.mark.parametrize("name", divergence_names())
def test_every_divergence_gives_the_gradient_by_quadrature(family, name):
    objective = FDivergenceObjective(family.space, [name], target_floor=1e-6)
    target = np.exp(bump(family)(family.grid).numpy().astype(float))
    assert_is(gradient_of(objective, family, bump(family)), expected_of(name, family, target))


def test_forward_kl_of_a_tilt_pulls_its_mean_to_that_of_the_target():
    # An exponential family: the gradient is the difference of the means.
    low, high = -0.5, 0.7
    objective = FDivergenceObjective(Tilted.space, ["kl_forward"])
    mean = oracle.integrate.simpson(
        Tilted.grid * Tilted.pdf(Tilted.parameters, Tilted.grid), x=Tilted.grid
    )
    found = gradient_of(
        objective, Tilted, lambda a: tf.where((a >= low) & (a <= high), 0.0, -math.inf)
    )
    assert_is(found, [mean - 0.5 * (low + high)])


def test_reverse_kl_from_one_tilt_to_another_has_its_closed_form():
    # D(q || p) = E_q[(theta - eta) a] + terms of eta alone - log Z: its derivative is
    # (theta - eta) times the variance of a.
    theta, eta = Tilted.parameters[0], -0.5
    q = Tilted.pdf([theta], Tilted.grid)
    mean, square = (oracle.integrate.simpson(Tilted.grid**k * q, x=Tilted.grid) for k in (1, 2))
    objective = FDivergenceObjective(Tilted.space, ["kl_reverse"], target_floor=1e-30)
    found = gradient_of(objective, Tilted, lambda a: eta * a - 2.0)
    assert_is(found, [(theta - eta) * (square - mean**2)])


def test_forward_kl_turns_a_wrapped_cauchy_towards_an_arc():
    middle, half_width = 1.1, 0.3
    objective = FDivergenceObjective(WrappedCauchy.space, ["kl_forward"])
    grid = np.linspace(middle - half_width, middle + half_width, 4001)

    def cross_entropy(parameters):
        logs = np.log(WrappedCauchy.pdf(parameters, grid))
        return -oracle.integrate.simpson(logs, x=grid) / (2.0 * half_width)

    expected = oracle.differences(cross_entropy, WrappedCauchy.parameters, step=1e-4)
    found = gradient_of(
        objective,
        WrappedCauchy,
        lambda a: tf.where(tf.abs(a - middle) <= half_width, 0.0, -math.inf),
    )
    assert_is(found, expected)


@every_family
@pytest.mark.parametrize(
    ("uniform_weight", "wide_weight"), [(0.0, 0.0), (1.0, 0.0), (0.25, 0.25), (0.1, 0.9)]
)
def test_the_proposal_changes_the_variance_but_not_the_expectation(
    family, uniform_weight, wide_weight
):
    objective = FDivergenceObjective(
        family.space,
        ["jensen_shannon"],
        uniform_weight,
        wide_weight=wide_weight,
        wide_bandwidth=0.5,  # much of it lies beyond the interval
    )
    target = np.exp(bump(family)(family.grid).numpy().astype(float))
    found = gradient_of(objective, family, bump(family))
    assert_is(found, expected_of("jensen_shannon", family, target), precise=0.05)


@pytest.mark.parametrize("name", ["jensen_shannon", "kl_forward", "squared_hellinger"])
def test_once_the_density_is_the_target_the_gradient_has_no_variance(name):
    objective = FDivergenceObjective(Tilted.space, [name])
    mean, error = gradient_of(
        objective, Tilted, lambda a: np.float32(Tilted.parameters[0]) * a - 3.0, samples=512
    )
    assert np.all(np.abs(mean) < 1e-3)
    assert np.all(error < 1e-3)


@every_execution
def test_samples_outside_the_space_count_for_nothing_and_hurt_nothing(run):
    objective = FDivergenceObjective(Tilted.space, {"jensen_shannon": 1, "kl_forward": 1})

    def compute(parameters, samples, log_r):
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            found = objective.surrogate_of(
                Tilted.log_density(parameters, samples),
                samples,
                log_r,
                tf.zeros_like(log_r),
                tf.constant([0.5, 0.5]),
            )
        return tape.gradient(found.loss, parameters), found.log_volume

    parameters = tf.constant([[0.7]])
    inside = tf.constant([[[-0.5], [0.3], [1.8]]])
    both = tf.concat([inside, [[[2.5], [-1.01], [40.0]]]], axis=1)
    gradient, log_volume = run(compute)(parameters, inside, tf.fill([1, 3], -1.0))
    # Twice as many samples of half the density: the others are the half that lies outside.
    log_r = tf.fill([1, 6], -1.0 - math.log(2.0))
    with_others, volume_of_all = run(compute)(parameters, both, log_r)
    np.testing.assert_allclose(with_others, gradient, rtol=1e-5)
    np.testing.assert_allclose(volume_of_all, log_volume, atol=1e-5)


def test_a_density_that_is_not_a_number_is_not_hidden():
    objective = FDivergenceObjective(Tilted.space, ["jensen_shannon"])
    found = objective.surrogate_of(
        tf.constant([[math.nan, 0.0]]),
        tf.zeros([1, 2, 1]),
        tf.zeros([1, 2]),
        tf.zeros([1, 2]),
        tf.constant([1.0]),
    )
    assert math.isnan(found.loss)


# Proposals and the distribution they are drawn from ---------------------------------------------


@every_family
def test_proposals_come_with_their_own_density_and_without_gradient(family):
    parameters = tf.constant(np.tile(family.parameters, (2, 1)), tf.float32)
    objective = FDivergenceObjective(
        family.space, ["jensen_shannon"], 0.25, wide_weight=0.25, wide_bandwidth=0.4
    )
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        near = distribution_of(family, parameters)
        supports = family.act(parameters, tf.constant([[[-0.5], [0.2]], [[0.0], [0.9]]]))
        drawn, log_r = objective.propose(supports, 0.1, 20, tf.constant([1, 2]), near=near)
        total = tf.reduce_sum(drawn) + tf.reduce_sum(log_r)
    assert tape.gradient(total, parameters) is None
    for b in range(2):
        for a, found in zip(drawn[b].numpy(), log_r[b].numpy(), strict=True):
            inside = family.space.contains(a)
            own = family.pdf(family.parameters, a[0]) if inside else 0.0
            wide = oracle.mixture(family.space, a, supports[b].numpy(), 0.4)
            expected = 0.5 * own + 0.25 * wide + 0.25 * inside / family.space.volume
            assert found == pytest.approx(math.log(expected), abs=1e-3)


@every_family
def test_an_exact_distribution_draws_what_its_density_says(family):
    parameters = tf.constant(np.tile(family.parameters, (2, 1)), tf.float32)
    distribution = distribution_of(family, parameters)
    assert isinstance(distribution, ExactDistribution)
    assert distribution.batch_shape == (2,)
    assert distribution.event_shape == (1,)
    drawn = distribution.sample(50_000, seed=3)
    assert drawn.shape == (50_000, 2, 1)
    edges = np.linspace(family.space.low[0], family.space.high[0], 21)
    cells = np.linspace(edges[:-1], edges[1:], 101)
    expected = oracle.integrate.simpson(family.pdf(family.parameters, cells), x=cells, axis=0)
    for b in range(2):
        counts, _ = np.histogram(drawn[:, b], edges)
        error = np.sqrt(expected * (1.0 - expected) / 50_000)
        assert np.all(np.abs(counts / 50_000 - expected) < 5.0 * error)
    points = np.float32([[[0.1], [0.2]], [[0.5], [1.9]], [[1.0], [1.1]]])
    found = distribution.log_prob(points)
    np.testing.assert_allclose(
        found, np.log(family.pdf(family.parameters, points[..., 0])), atol=1e-5
    )
