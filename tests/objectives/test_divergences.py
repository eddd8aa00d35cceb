import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.errors import InputError
from fag_tf.objectives.divergences import Divergence, WeightedDivergence, divergence_names
from reference import density_oracle as oracle
from reference.execution import every_execution

DIVERGENCES = {name: Divergence(name) for name in divergence_names()}
every_divergence = pytest.mark.parametrize("name", list(DIVERGENCES))
few = settings(max_examples=12)

# Where p = 0 these are infinite: f(t) or the weight grows without bound as t goes to 0.
UNBOUNDED = {"arithmetic_geometric", "jeffreys", "kl_reverse", "log1p_abs", "modified_gan"}


def test_the_functions_of_the_paper_are_among_the_names():
    wanted = {"jensen_shannon", "kl_forward", "kl_reverse", "jeffreys", "pearson"}
    assert wanted <= set(divergence_names())
    assert divergence_names() == sorted(divergence_names())


def test_the_oracle_knows_every_name():
    assert set(oracle.WEIGHTS) == set(oracle.INTEGRANDS) == set(divergence_names())


@every_divergence
def test_the_oracles_integrand_is_that_of_tensorflow_probability(name):
    u = np.linspace(-6.0, 6.0, 41)
    expected = getattr(tfp.vi, name)(tf.constant(u)).numpy()
    np.testing.assert_allclose(
        oracle.INTEGRANDS[name](np.exp(u), np.ones_like(u)), expected, rtol=1e-9, atol=1e-12
    )


@every_execution
@every_divergence
def test_the_weight_is_that_of_the_formula_by_hand(run, name):
    u = np.concatenate([np.linspace(-30.0, -0.01, 50), np.linspace(0.01, 15.0, 30)])
    found = run(DIVERGENCES[name].weight)(tf.constant(u, tf.float32)).numpy()
    expected = oracle.WEIGHTS[name](np.exp(u.astype(np.float32).astype(float)))
    # Near a zero of the weight only its terms, of size 1, set the precision.
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)


@every_divergence
def test_the_weight_is_the_function_less_its_numerical_derivative(name):
    function = getattr(tfp.vi, name)
    u = np.concatenate([np.linspace(-12.0, -0.5, 24), np.linspace(0.5, 12.0, 24)])
    step = 1e-4
    value, there, back = (function(tf.constant(u + h)).numpy() for h in (0.0, step, -step))
    expected = value - (there - back) / (2 * step)
    found = DIVERGENCES[name].weight(tf.constant(u)).numpy()
    assert found.dtype == np.float64
    # A central difference is wrong by step^2 / 6 of the third derivative, at most 8 |F| here.
    error = 1e-6 + 2 * step**2 * (np.abs(value) + np.abs(expected)) + 1e-11 * np.abs(value) / step
    assert np.all(np.abs(found - expected) <= error)


@every_divergence
def test_whether_the_target_must_be_positive_is_known(name):
    assert DIVERGENCES[name].needs_positive_target == (name in UNBOUNDED)


@every_execution
@every_divergence
def test_where_the_target_is_zero_the_weight_is_its_limit(run, name):
    found = run(DIVERGENCES[name].weighted_ratio)(
        tf.constant([-math.inf, -math.inf]), tf.constant([0.0, -2.0])
    ).numpy()
    assert np.all(np.isfinite(found))
    if name not in UNBOUNDED:
        limit = float(oracle.WEIGHTS[name](0.0))
        np.testing.assert_allclose(found, [limit, limit * math.exp(-2.0)], atol=1e-6)


# Far from all supports ---------------------------------------------------------------------------

# w(t) / t^k for large t: the weight's power law.
POWER_LAWS = {
    "amari_alpha": (1.0, -1.0),
    "arithmetic_geometric": (1.0, -0.5),
    "chi_square": (2.0, -1.0),
    "jeffreys": (1.0, -0.5),
    "kl_forward": (1.0, -1.0),
    "log1p_abs": (0.0, -1.0),
    "modified_gan": (-1.0, 2.0),
    "pearson": (2.0, -1.0),
    "squared_hellinger": (0.5, -1.0),
    "total_variation": (0.0, -0.5),
    "triangular": (0.0, -3.0),
}


@every_execution
@pytest.mark.parametrize("name", list(POWER_LAWS))
@pytest.mark.parametrize("u", [40.0, 100.0, 1000.0])
def test_the_product_stays_right_where_the_ratio_overflows(run, name, u):
    power, factor = POWER_LAWS[name]
    found = run(DIVERGENCES[name].weighted_ratio)(tf.constant([u]), tf.constant([-power * u]))
    # The law is read off where t = e^30: there F and F' cancel to what double precision leaves.
    error = {"modified_gan": 2e-2, "triangular": 2e-3}.get(name, 1e-4)
    assert found.numpy() == pytest.approx(factor, rel=error)


@every_execution
def test_forward_kl_far_from_the_supports_is_minus_target_over_proposal(run):
    found = run(DIVERGENCES["kl_forward"].weighted_ratio)(
        tf.constant([1000.0, 1000.0, 5.0]), tf.constant([-1000.0, -1002.0, -5.0])
    )
    np.testing.assert_allclose(found, [-1.0, -math.exp(-2.0), -1.0], rtol=1e-4)


@pytest.mark.parametrize("name", ["jensen_shannon", "kl_reverse"])
@given(u=st.floats(30.0, 5000.0), over=st.floats(-10.0, 5.0))
@few
def test_a_logarithmic_weight_is_outweighed_by_the_decay_of_the_density(name, u, over):
    # p / r is exp(over), at most the bound that the uniform part of the proposal sets.
    found = float(DIVERGENCES[name].weighted_ratio(tf.constant(u), tf.constant(over - u)))
    exact = float(-u) * math.exp(over - u)
    assert abs(found - exact) < 1e-8


@every_divergence
@given(importance=st.floats(-50.0, 5.0))
@few
def test_nothing_jumps_where_the_power_law_takes_over(name, importance):
    divergence = DIVERGENCES[name]
    below, above = divergence.weighted_ratio(
        tf.constant([29.999, 30.001]), tf.constant([importance, importance])
    ).numpy()
    assert above == pytest.approx(below, rel=0.01)


@every_divergence
@given(u=st.floats(-80.0, 5000.0), importance=st.floats(-5000.0, 80.0))
@few
def test_the_product_is_always_a_number(name, u, importance):
    found = DIVERGENCES[name].weighted_ratio(tf.constant(u), tf.constant(importance))
    assert np.isfinite(found)


@every_divergence
@given(u=st.floats(-20.0, 10.0), importance=st.floats(-10.0, 5.0))
@few
def test_the_product_is_the_weight_times_the_importance(name, u, importance):
    divergence = DIVERGENCES[name]
    found = divergence.weighted_ratio(tf.constant(u), tf.constant(importance))
    expected = float(divergence.weight(tf.constant(u))) * math.exp(importance)
    assert float(found) == pytest.approx(expected, rel=1e-4, abs=1e-30)


# Sums -------------------------------------------------------------------------------------------


@every_execution
@pytest.mark.parametrize("weights", [[1.0, 0.0, 0.0], [0.25, 0.5, 2.0], [0.0, 0.0, 0.0]])
def test_a_weighted_divergence_is_linear_in_its_weights(run, weights):
    names = ["jensen_shannon", "kl_forward", "squared_hellinger"]
    u = tf.constant([[-math.inf, -2.0, 0.5], [3.0, 40.0, 400.0]])
    importance = tf.constant([[0.1, 0.2, -1.0], [-3.0, -40.0, -400.0]])
    found = run(WeightedDivergence(names).weighted_ratio)(u, importance, tf.constant(weights))
    expected = sum(
        weight * Divergence(name).weighted_ratio(u, importance).numpy()
        for name, weight in zip(names, weights, strict=True)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_a_sum_needs_a_positive_target_if_one_of_its_parts_does():
    assert not WeightedDivergence(["jensen_shannon", "pearson"]).needs_positive_target
    assert WeightedDivergence({"jensen_shannon": 1.0, "jeffreys": 0.1}).needs_positive_target


def test_an_unknown_name_is_refused_and_the_names_are_listed():
    with pytest.raises(InputError, match="'jenson'") as caught:
        WeightedDivergence(["kl_forward", "jenson"])
    for name in divergence_names():
        assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_functions_of_tensorflow_probability_that_are_no_divergences_are_refused():
    for name in ("monte_carlo_variational_loss", "t_power", "dual_csiszar_function", "__init__"):
        with pytest.raises(InputError, match=f"'{name}'"):
            Divergence(name)


def test_no_divergence_at_all_is_refused():
    with pytest.raises(InputError):
        WeightedDivergence([])


def test_a_divergence_shows_its_name():
    assert repr(Divergence("pearson")) == "Divergence('pearson')"
