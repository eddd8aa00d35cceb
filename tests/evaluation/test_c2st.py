import numpy as np
import pytest

from fag_tf.environments.registry import make_environment
from fag_tf.environments.validation import truth_of
from fag_tf.evaluation import c2st as module
from fag_tf.evaluation.c2st import C2ST, LEAST_POINTS, MOST_POINTS, c2st, uniform_feasible
from fag_tf.spaces import ActionSpace, Axis

FEW = 150


def normal(seed, mean=0.0, count=FEW, dim=2):
    return np.random.default_rng(seed).normal(mean, 1.0, (count, dim))


def test_the_same_distribution_cannot_be_told_apart_and_disjoint_ones_can():
    # The standard deviation of an accuracy of chance is 0.5 / sqrt(300), about 0.03.
    assert c2st(normal(0), normal(1)) == pytest.approx(0.5, abs=0.09)
    assert c2st(normal(0), normal(1, 20.0)) == 1.0


def test_a_shift_is_told_as_well_as_the_best_classifier_can():
    """Two Gaussians at a distance of 2: the best accuracy is that of the midpoint, Phi(1)."""
    shifted = normal(1) + np.array([2.0, 0.0])
    assert c2st(normal(0), shifted) == pytest.approx(0.841, abs=0.07)


def test_the_scale_of_an_axis_does_not_matter():
    stretched = [1e4, 1e-3]
    few, shifted = normal(0, count=60), normal(1, count=60) + np.array([4.0, 0.0])
    # Equal but for what the classifier makes of rounding in standardising.
    assert c2st(few * stretched, shifted * stretched) == pytest.approx(c2st(few, shifted), abs=0.04)


def test_as_many_are_compared_as_there_are_of_both_and_no_more_than_the_bound(monkeypatch):
    monkeypatch.setattr(module, "MOST_POINTS", 30)
    assert MOST_POINTS == 1024
    once = c2st(normal(0), normal(1, 9.0))
    assert once == c2st(normal(0)[:30], normal(1, 9.0)[:90])


def test_too_few_points_have_no_accuracy():
    assert np.isnan(c2st(normal(0, count=LEAST_POINTS - 1), normal(1)))
    assert np.isnan(c2st(normal(0), normal(1, count=0)))
    assert np.isnan(C2ST(ActionSpace([Axis("a", 0.0, 1.0)]), np.empty((0, 1)))(np.zeros((99, 1))))


def test_an_axis_on_which_all_draws_agree_is_no_failure():
    flat = normal(0) * [1.0, 0.0]
    assert 0.0 <= c2st(normal(1)[:25] + 9.0, flat[:25]) <= 1.0


def test_the_seam_of_a_periodic_axis_is_no_edge():
    space = ActionSpace([Axis("turn", 0.0, 1.0, periodic=True)])
    rng = np.random.default_rng(0)
    around = rng.normal(0.0, 0.05, (2, FEW, 1))
    wrapped, unwrapped = space.wrap(around[0]), around[1]
    assert C2ST(space, wrapped)(unwrapped) == pytest.approx(0.5, abs=0.09)


def test_the_same_samples_are_tested_once(monkeypatch):
    calls = []
    monkeypatch.setattr(module, "c2st", lambda *points: calls.append(points) or 0.5)
    test = C2ST(ActionSpace([Axis("a", 0.0, 1.0)]), np.zeros((30, 1)))
    samples = np.linspace(0.0, 1.0, 2000)[:, None]
    assert [test(samples), test(samples[:1500]), test(samples[1:])] == [0.5] * 3
    assert len(calls) == 2


@pytest.mark.parametrize("name", ["boxes", "ring", "islands", "planar_grasp", "robot_arm"])
def test_uniform_draws_are_feasible_whatever_the_truth(name):
    environment = make_environment(name)
    states = environment.evaluation_states(np.random.default_rng(2), 1)
    (state,) = next(iter(states.values()))
    truth = truth_of(environment, state)
    drawn = uniform_feasible(environment, state, truth, np.random.default_rng(0), 200)
    assert drawn.shape == (200, environment.action_space.dim)
    if name != "islands":  # whose draws lie on edges of its boxes, to rounding
        assert environment.feasibility([state], drawn[None]).all()
    again = uniform_feasible(environment, state, truth, np.random.default_rng(0), 200)
    np.testing.assert_array_equal(drawn, again)


def test_draws_beside_the_cells_of_a_grid_are_uniform_too():
    """A ring's exact volume within a radius, also where cells are cut by its edge."""
    ring = make_environment("ring")
    (state,) = ring.draw_states(np.random.default_rng(0), 1)
    truth = ring.truth(state)
    drawn = uniform_feasible(ring, state, truth, np.random.default_rng(1), 4000)
    radius = np.linalg.norm(drawn - state.centre, axis=-1)
    inner, outer = state.radii
    share = (radius**2 - inner**2) / (outer**2 - inner**2)  # uniform on [0, 1]
    assert share.min() < 0.01
    assert share.max() > 0.99
    assert np.mean(share) == pytest.approx(0.5, abs=0.02)


def test_nothing_is_drawn_where_nothing_is_feasible():
    environment = make_environment("boxes")
    (state,) = environment.draw_states(np.random.default_rng(0), 1)
    truth = environment.truth(state)
    empty = truth.restrict(np.zeros(truth.num_cells, bool))
    drawn = uniform_feasible(environment, state, empty, np.random.default_rng(0))
    assert drawn.shape == (0, environment.action_space.dim)
