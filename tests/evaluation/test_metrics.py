from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.toys.planar import Boxes, Moons, Ring
from fag_tf.errors import InputError
from fag_tf.evaluation.metrics import (
    GREATER_IS_BETTER,
    assign_modes,
    average,
    covered_share,
    evaluate_samples,
    grid_histogram,
    jensen_shannon,
    worst,
)
from fag_tf.spaces import Axis
from reference import metrics_oracle as oracle

TOYS = [Boxes(dim=1), Boxes(), Boxes(dim=3, num_boxes=4), Ring(), Ring(dim=3), Moons()]
NAMES = [f"{toy.name}-{toy.action_space.dim}d" for toy in TOYS]
N = 4096


@pytest.fixture(params=TOYS, ids=NAMES)
def case(request):
    toy = request.param
    state = toy.draw_state(np.random.default_rng(5))
    return toy, state, toy.truth(state)


def judge(case, actions, **more):
    toy, state, truth = case
    feasible = toy.feasibility([state], actions[None])[0]
    return evaluate_samples(truth, actions, feasible, rng=np.random.default_rng(9), **more)


# The controls any implementation must show ------------------------------------------------------


def test_a_perfect_sampler_shows_about_one_throughout(case):
    toy, state, _ = case
    found = judge(case, toy.sample_feasible(np.random.default_rng(0), state, N))
    assert found.feasible_rate > 0.999  # float32 states and edges aside
    assert found.mode_recall == 1.0
    assert found.least_share > 0.85
    assert found.coverage == pytest.approx(1.0, abs=0.03)
    # Above the floor only by what grid cells judged at their centres get wrong at the edges.
    assert found.grid_jsd < found.grid_jsd_floor + 0.06
    assert found.kept == 1.0


def test_uniform_samples_of_the_grid_itself_show_the_floor(case):
    truth = case[2]
    actions = truth.sample(np.random.default_rng(0), N)
    found = evaluate_samples(truth, actions, np.ones(N, bool), rng=np.random.default_rng(1))
    assert found.grid_jsd == pytest.approx(found.grid_jsd_floor, rel=0.5)
    assert found.coverage == pytest.approx(1.0, abs=0.02)
    np.testing.assert_allclose(found.mode_shares, 1.0, atol=0.15)


def test_one_action_repeated_is_feasible_and_covers_almost_nothing(case):
    toy, state, truth = case
    found = judge(case, np.repeat(truth.centres[truth.modes == 0][:1], N, axis=0))
    assert found.feasible_rate == 1.0
    assert found.coverage < 0.1
    assert found.mode_recall == 1.0 / toy.num_modes(state)
    assert found.least_share == (1.0 if toy.num_modes(state) == 1 else 0.0)
    assert found.grid_jsd > 0.6


def test_uniform_samples_are_feasible_by_the_share_of_the_volume(case):
    toy, state, _ = case
    found = judge(case, toy.action_space.sample(np.random.default_rng(0), N))
    share = toy.volume(state) / toy.action_space.volume
    assert found.feasible_rate == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / N))


def test_infeasible_samples_alone_show_nothing(case):
    toy, _, truth = case
    far = np.full((N, toy.action_space.dim), 50.0)
    found = evaluate_samples(truth, far, np.zeros(N, bool), rng=np.random.default_rng(0))
    assert (found.feasible_rate, found.mode_recall, found.least_share, found.coverage) == (0,) * 4
    assert found.grid_jsd == pytest.approx(1.0)


def test_a_perfect_sampler_without_one_mode_is_told():
    toy = Boxes(num_boxes=4)
    state = toy.draw_state(np.random.default_rng(2), "large")
    truth = toy.truth(state)
    drawn = toy.sample_feasible(np.random.default_rng(0), state, 3 * N)
    drawn = drawn[assign_modes(truth, drawn) != 2]
    found = judge((toy, state, truth), drawn, k_coverage=N)
    assert found.feasible_rate == 1.0
    assert found.mode_recall == 0.75
    assert found.least_share == 0.0
    missing = truth.mode_sizes[2] / truth.num_cells
    assert found.coverage == pytest.approx(1.0 - missing, abs=0.03)
    assert found.mode_shares[2] == 0.0
    assert found.mode_shares[0] == pytest.approx(1.0 / (1.0 - missing), rel=0.1)


@pytest.mark.parametrize(("share", "recall"), [(0.05, 0.5), (0.2, 1.0)])
def test_a_mode_counts_from_a_tenth_of_its_true_share_on(share, recall):
    toy = Moons()
    state = toy.draw_state(np.random.default_rng(2))
    truth = toy.truth(state)
    drawn = toy.sample_feasible(np.random.default_rng(0), state, 4 * N)
    modes = assign_modes(truth, drawn)
    few = round(share / 2 * N)
    drawn = np.concatenate([drawn[modes == 0][: N - few], drawn[modes == 1][:few]])
    found = judge((toy, state, truth), drawn)
    assert found.mode_recall == recall
    assert found.least_share == pytest.approx(share, rel=0.1)


# Against the slow oracles -----------------------------------------------------------------------

AXES = (Axis("x", 0.0, 9.0), Axis("y", 0.0, 8.0), Axis("turn", 0.0, 7.0, periodic=True))
PERIODIC = (False, False, True)


def a_truth(seed, share):
    mask = np.random.default_rng(seed).random((9, 8, 7)) < share
    mask[4, 4, 4] = True
    return GridTruth.from_mask(mask, AXES, coarsening=(2, 2, 3))


def cells_of(actions):
    """Unit cells from 0, so that flooring gives them; the turn wraps."""
    cells = np.floor(actions).astype(int)
    cells[:, 2] %= 7
    return [tuple(cell) for cell in cells.tolist()]


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.005, 0.02, 0.08, 0.3]))
def test_modes_are_assigned_as_the_oracle_does(seed, share):
    truth = a_truth(seed, share)
    actions = np.random.default_rng(seed).uniform([-3, -3, -7], [12, 11, 14], (150, 3))
    true_cells = {tuple(cell) for cell in truth.cells.tolist()}
    mode_of = {
        tuple(cell): mode
        for cell, mode in zip(truth.cells.tolist(), truth.modes.tolist(), strict=True)
        if mode >= 0
    }
    expected = [
        oracle.nearest_mode(cell, mode_of, true_cells, truth.shape, PERIODIC)
        for cell in cells_of(actions)
    ]
    assert assign_modes(truth, actions).tolist() == expected


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.3]), st.integers(0, 120))
def test_coverage_is_what_the_oracle_counts(seed, share, n):
    truth = a_truth(seed, share)
    actions = np.random.default_rng(seed).uniform([-2, -2, -7], [11, 10, 14], (n, 3))
    true_cells = {tuple(cell) for cell in truth.cells.tolist()}
    expected = oracle.covered_share(true_cells, cells_of(actions), truth.shape, PERIODIC)
    assert covered_share(truth, actions) == pytest.approx(expected)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_divergence_is_what_the_oracle_sums(seed):
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.full(12, 0.3), 2) * (rng.random((2, 12)) < 0.7)
    expected = oracle.jensen_shannon(p, q)
    assert jensen_shannon(p, q) == pytest.approx(expected, abs=1e-12)
    assert jensen_shannon(q, p) == pytest.approx(expected, abs=1e-12)


def test_divergence_of_equal_and_of_disjoint_distributions_is_0_and_1_bit():
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.0, 1.0])
    assert jensen_shannon(p, p) == 0.0
    assert jensen_shannon(p, q) == pytest.approx(1.0)


# Details of the definitions ---------------------------------------------------------------------


def test_every_sample_has_one_cell_of_the_histogram():
    truth = a_truth(1, 0.3)
    actions = np.array([[0.5, 0.5, 0.5], [1.5, 1.5, 2.5], [1.5, 1.5, 7.5], [20.0, 0, 0], [0, 0, 0]])
    counts = grid_histogram(truth, actions, np.array([True, True, True, True, False]))
    assert len(counts) == 5 * 4 * 3 + 2
    assert (counts[0], counts[-2], counts[-1]) == (3, 1, 1)


def test_infeasible_mass_is_the_divergence_of_an_otherwise_even_sampler():
    truth = a_truth(1, 0.3)
    actions = np.concatenate([np.repeat(truth.centres, 10, axis=0)] * 2)
    feasible = np.arange(len(actions)) < len(actions) / 2
    found = evaluate_samples(truth, actions, feasible, rng=np.random.default_rng(0))
    expected = jensen_shannon(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    assert found.grid_jsd == pytest.approx(expected)


def test_coverage_spends_the_first_samples_only():
    toy = Ring()
    state = toy.draw_state(np.random.default_rng(0))
    case = toy, state, toy.truth(state)
    bad = np.full((64, 2), 5.0)
    good = toy.sample_feasible(np.random.default_rng(0), state, 1000)
    assert judge(case, np.concatenate([bad, good]), k_coverage=64).coverage == 0.0
    first = judge(case, np.concatenate([good, bad]), k_coverage=64).coverage
    assert first == pytest.approx(1.0, abs=0.1)


def test_sorting_out_bad_samples_lifts_the_rate_and_cannot_lift_coverage():
    toy = Ring()
    state = toy.draw_state(np.random.default_rng(0))
    case = toy, state, toy.truth(state)
    rng = np.random.default_rng(0)
    actions = np.concatenate(
        [toy.sample_feasible(rng, state, N // 2), toy.action_space.sample(rng, N // 2)]
    )
    actions = rng.permutation(actions)
    kept = toy.feasibility([state], actions[None])[0]
    raw, sorted_out = judge(case, actions), judge(case, actions, kept=kept)
    assert raw.feasible_rate < 0.7
    assert sorted_out.feasible_rate == 1.0
    assert sorted_out.kept == pytest.approx(raw.feasible_rate)
    assert sorted_out.coverage == pytest.approx(raw.coverage, abs=0.02)
    assert sorted_out.coverage < 0.95
    assert sorted_out.grid_jsd < 0.1 < raw.grid_jsd


def test_a_sample_in_a_region_too_small_to_be_a_mode_counts_for_none():
    mask = np.zeros((9, 8, 7), bool)
    mask[0:4] = True
    mask[8, 0, 0] = True
    truth = GridTruth.from_mask(mask, AXES)
    assert assign_modes(truth, np.array([[8.5, 0.5, 0.5]])).tolist() == [-1]


def test_of_two_modes_equally_near_the_larger_is_taken():
    mask = np.zeros((9, 8, 7), bool)
    mask[0:2] = True
    mask[4:7] = True
    truth = GridTruth.from_mask(mask, AXES)
    assert truth.mode_sizes[0] == 3 * 56
    at = [truth.modes[truth.find(np.array([index, 0, 0]))] for index in (1, 4)]
    assert at == [1, 0]
    near = assign_modes(truth, np.array([[2.5, 1, 1], [3.5, 1, 1]]))
    assert near.tolist() == [1, 0]
    middle = GridTruth.from_mask(np.delete(mask, 3, axis=0), [Axis("x", 0.0, 8.0), *AXES[1:]])
    assert assign_modes(middle, np.array([[2.5, 1, 1]])).tolist() == [0]


def test_without_a_truth_only_the_rate_is_defined():
    empty = GridTruth.from_mask(np.zeros((9, 8, 7), bool), AXES)
    for truth in (None, empty):
        found = evaluate_samples(
            truth, np.zeros((10, 3)), np.arange(10) < 3, rng=np.random.default_rng(0)
        )
        assert found.feasible_rate == 0.3
        assert found.num_modes == 0
        undefined = (found.mode_recall, found.least_share, found.coverage, found.grid_jsd)
        assert np.isnan(undefined).all()
    assert assign_modes(empty, np.zeros((4, 3))).tolist() == [-1] * 4
    assert np.isnan(covered_share(empty, np.zeros((4, 3))))


@pytest.mark.filterwarnings("error")
def test_no_samples_reach_no_mode_and_have_no_rate():
    truth = a_truth(1, 0.3)
    for actions, kept in ((np.zeros((0, 3)), None), (np.zeros((5, 3)), np.zeros(5, bool))):
        found = evaluate_samples(
            truth, actions, np.ones(len(actions), bool), rng=np.random.default_rng(0), kept=kept
        )
        assert (found.mode_recall, found.least_share, found.coverage) == (0.0, 0.0, 0.0)
        assert np.isnan([found.feasible_rate, found.grid_jsd, found.grid_jsd_floor]).all()


def test_the_floor_falls_as_samples_grow():
    truth = a_truth(1, 0.3)
    floors = [
        evaluate_samples(
            truth, np.zeros((n, 3)), np.zeros(n, bool), rng=np.random.default_rng(0)
        ).grid_jsd_floor
        for n in (100, 1000, 10_000)
    ]
    assert all(after < before for before, after in pairwise(floors))


def test_lengths_that_differ_and_samples_that_are_not_finite_are_refused():
    truth = a_truth(1, 0.3)
    with pytest.raises(InputError, match=r"\(3, 3\).*\(4,\)"):
        evaluate_samples(truth, np.zeros((3, 3)), np.ones(4, bool), rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="finite"):
        evaluate_samples(
            truth, np.full((3, 3), np.nan), np.ones(3, bool), rng=np.random.default_rng(0)
        )


# Aggregation ------------------------------------------------------------------------------------


def test_mean_and_worst_leave_out_what_is_undefined():
    truth = a_truth(1, 0.3)
    everything = np.ones(truth.num_cells, bool)
    one = evaluate_samples(truth, truth.centres, everything, rng=np.random.default_rng(0))
    rows = [
        replace(one, feasible_rate=0.2, grid_jsd=0.1, coverage=np.nan),
        replace(one, feasible_rate=0.6, grid_jsd=0.5, coverage=0.4),
    ]
    assert average(iter(rows))["feasible_rate"] == pytest.approx(0.4)
    assert average(rows)["coverage"] == 0.4
    assert worst(rows)["feasible_rate"] == 0.2
    assert worst(rows)["grid_jsd"] == 0.5
    assert worst([average(rows), {**average(rows), "kept": 0.3}])["kept"] == 0.3
    assert np.isnan(average([replace(one, coverage=np.nan)])["coverage"])
    assert set(average(rows)) == set(GREATER_IS_BETTER)
