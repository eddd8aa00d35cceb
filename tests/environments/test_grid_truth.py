import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fag_tf.environments.grid_truth import GridTruth
from fag_tf.errors import InputError
from fag_tf.spaces import Axis
from reference import metrics_oracle as oracle

PLANE = (Axis("x", -1.0, 1.0), Axis("turn", 0.0, np.pi, "rad", periodic=True))
TABLE = (
    Axis("x", -0.12, 0.12, "m"),
    Axis("y", -0.12, 0.12, "m"),
    Axis("turn", 0.0, np.pi, "rad", periodic=True),
)


def mask_of(shape, *blocks):
    mask = np.zeros(shape, dtype=bool)
    for block in blocks:
        mask[block] = True
    return mask


def posed(mask, x=0.05, y=-0.02, turn=2.0):
    rotation = [[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    return GridTruth.from_mask(mask, TABLE, None, (2, 2, 3), rotation=rotation, offset=[x, y, turn])


def a_mask(seed=0, shape=(12, 10, 9), share=0.2):
    return np.random.default_rng(seed).random(shape) < share


# Modes ------------------------------------------------------------------------------------------


def test_blocks_that_touch_across_the_seam_are_one_mode():
    mask = mask_of((10, 12), np.s_[3:5, 0:2], np.s_[3:5, 10:12])
    assert GridTruth.from_mask(mask, PLANE).num_modes == 1


def test_blocks_that_touch_across_the_seam_by_a_corner_alone_are_one_mode():
    mask = mask_of((10, 12), np.s_[3:5, 0:2], np.s_[5:7, 10:12])
    assert GridTruth.from_mask(mask, PLANE).num_modes == 1


def test_blocks_at_both_ends_of_a_bounded_axis_are_two_modes():
    mask = mask_of((10, 12), np.s_[0:2, 3:5], np.s_[8:10, 3:5])
    assert GridTruth.from_mask(mask, PLANE).num_modes == 2


def test_blocks_that_touch_by_a_corner_are_one_mode():
    mask = mask_of((10, 12), np.s_[2:4, 3:5], np.s_[4:6, 5:7])
    assert GridTruth.from_mask(mask, PLANE).num_modes == 1


def test_modes_are_numbered_from_the_largest():
    mask = mask_of((10, 12), np.s_[0:2, 3:5], np.s_[5:10, 3:8])
    truth = GridTruth.from_mask(mask, PLANE)
    assert truth.mode_sizes.tolist() == [25, 4]
    assert np.all(truth.modes[truth.cells[:, 0] >= 5] == 0)


@pytest.mark.parametrize(("speck", "modes"), [(1, 1), (2, 2)])
def test_a_region_under_two_percent_is_no_mode_but_still_feasible(speck, modes):
    mask = mask_of((12, 12), np.s_[0:10, 1:11], np.s_[11, 1 : 1 + speck])
    mask[0, 1 : 1 + speck] = False  # 100 cells in all
    truth = GridTruth.from_mask(mask, PLANE)
    assert truth.num_cells == 100
    assert truth.num_modes == modes
    assert np.sum(truth.modes == -1) == (speck if modes == 1 else 0)


@settings(max_examples=60)
@given(
    hnp.arrays(bool, st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4))),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_modes_are_those_found_by_flooding(mask, periodic):
    axes = [Axis(f"a{i}", 0.0, 1.0, periodic=wraps) for i, wraps in enumerate(periodic)]
    truth = GridTruth.from_mask(mask, axes)
    found = {
        frozenset(map(tuple, truth.cells[truth.modes == mode].tolist()))
        for mode in range(truth.num_modes)
    }
    cells = [tuple(cell) for cell in np.argwhere(mask).tolist()]
    assert found == {frozenset(region) for region in oracle.modes(cells, mask.shape, periodic)}


@settings(max_examples=40)
@given(hnp.arrays(bool, (7, 8)), st.integers(-8, 8))
def test_rolling_a_periodic_axis_changes_no_mode_size(mask, shift):
    still = GridTruth.from_mask(mask, PLANE)
    rolled = GridTruth.from_mask(np.roll(mask, shift, axis=1), PLANE)
    assert still.mode_sizes.tolist() == rolled.mode_sizes.tolist()


# Frames and look-ups ----------------------------------------------------------------------------


def test_from_grid_is_the_inverse_of_to_grid():
    truth = posed(a_mask())
    actions = np.random.default_rng(1).uniform([-0.15, -0.15, 0], [0.15, 0.15, np.pi], (200, 3))
    there = truth.to_grid(actions)
    assert np.all((there[:, 2] >= 0) & (there[:, 2] < np.pi))
    np.testing.assert_allclose(truth.from_grid(there), actions, atol=1e-12)


def test_a_pose_moves_actions_as_the_rigid_motion_says():
    truth = posed(a_mask(), x=0.1, y=0.0, turn=np.pi / 2)
    # One step along y from the object is one along x in its own frame, the turn counts from its.
    np.testing.assert_allclose(
        truth.to_grid(np.array([0.1, 0.03, np.pi / 2 + 0.2])), [0.03, 0.0, 0.2], atol=1e-12
    )


def test_samples_and_centres_lie_in_feasible_cells_and_reach_all_of_them():
    truth = posed(a_mask())
    rng = np.random.default_rng(2)
    positions = truth.find(truth.cell_index(truth.sample(rng, 20_000))[0])
    assert set(positions.tolist()) == set(range(truth.num_cells))
    indices, inside = truth.cell_index(truth.centres)
    assert inside.all()
    np.testing.assert_array_equal(indices, truth.cells)


def test_samples_are_uniform_over_the_cells():
    truth = posed(a_mask(share=0.05))
    n = 200_000
    positions = truth.find(truth.cell_index(truth.sample(np.random.default_rng(3), n))[0])
    expected = n / truth.num_cells
    chi2 = np.sum((np.bincount(positions, minlength=truth.num_cells) - expected) ** 2 / expected)
    freedom = truth.num_cells - 1
    assert abs(chi2 - freedom) < 5 * np.sqrt(2 * freedom)


def test_cell_indices_wrap_on_a_periodic_axis_and_count_on_beyond_a_bounded_one():
    truth = GridTruth.from_mask(mask_of((10, 12), np.s_[0, 0]), PLANE)
    indices, inside = truth.cell_index(
        np.array([[-1.0, -0.01], [-1.05, 0.0], [1.5, np.pi], [np.nan, 0.0], [0.0, np.inf]])
    )
    assert indices[:3].tolist() == [[0, 11], [-1, 0], [12, 0]]
    assert inside.tolist() == [True, False, False, False, False]
    assert np.all(truth.find(indices[1:]) == -1)


def test_volume_is_that_of_the_cells_in_physical_units():
    mask = mask_of((10, 12), np.s_[3:5, 0:2])
    truth = GridTruth.from_mask(mask, PLANE)
    assert truth.volume == pytest.approx(4 * (2.0 / 10) * (np.pi / 12))


def test_moving_keeps_cells_and_modes():
    still = GridTruth.from_mask(a_mask(), TABLE)
    moved = still.moved(np.eye(3), [0.01, 0.0, 0.5])
    assert moved.cells is still.cells
    assert moved.modes is still.modes
    apart = still.space.difference(moved.centres, still.centres)
    np.testing.assert_allclose(apart, [[0.01, 0.0, 0.5]] * still.num_cells, atol=1e-12)


# Restriction ------------------------------------------------------------------------------------


def test_a_reduced_truth_has_its_modes_found_anew():
    mask = mask_of((10, 12), np.s_[0:10, 5])
    truth = GridTruth.from_mask(mask, PLANE)
    cut = truth.restrict(truth.cells[:, 0] != 3)
    assert (truth.num_modes, cut.num_modes) == (1, 2)
    assert cut.mode_sizes.tolist() == [6, 3]
    assert truth.restrict(np.ones(10, dtype=bool)) is truth


def test_a_restricted_truth_keeps_its_pose():
    truth = posed(a_mask())
    keep = truth.centres[:, 0] > 0.0
    cut = truth.restrict(keep)
    np.testing.assert_allclose(cut.centres, truth.centres[keep])


# Nothing feasible, and misuse -------------------------------------------------------------------


def test_an_empty_truth_has_no_volume_and_no_modes():
    truth = GridTruth.from_mask(np.zeros((3, 4), dtype=bool), PLANE)
    assert (truth.num_cells, truth.num_modes, truth.volume) == (0, 0, 0.0)
    assert truth.mode_sizes.shape == (0,)
    assert truth.find(np.zeros((5, 2), dtype=int)).tolist() == [-1] * 5
    with pytest.raises(InputError):
        truth.sample(np.random.default_rng(0), 1)


def test_cells_that_do_not_fill_a_period_are_refused():
    with pytest.raises(InputError, match=r"\b4\b.*0\.1\b.*'turn'"):
        GridTruth.from_mask(np.ones((3, 4), dtype=bool), PLANE, (0.1, 0.1))


def test_a_bounded_axis_may_have_cells_beyond_its_end():
    truth = GridTruth.from_mask(np.ones((7, 4), dtype=bool), PLANE, (0.3, np.pi / 4))
    assert truth.cell_index(np.array([[1.05, 0.0]]))[1].all()


@pytest.mark.parametrize(
    "rotation", [np.diag([2.0, 1.0]), [[0.0, -1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, -1.0]]]
)
def test_a_map_that_scales_or_mixes_a_periodic_axis_is_refused(rotation):
    with pytest.raises(InputError, match="orthogonal"):
        GridTruth.from_mask(np.ones((3, 4), dtype=bool), PLANE, rotation=rotation)


def test_a_mask_with_too_few_axes_is_refused():
    with pytest.raises(InputError, match=r"\(3,\).*\b2\b"):
        GridTruth.from_mask(np.ones(3, dtype=bool), PLANE)


def test_a_keep_mask_of_the_wrong_length_is_refused():
    truth = GridTruth.from_mask(np.ones((3, 4), dtype=bool), PLANE)
    with pytest.raises(InputError, match=r"\(5,\).*\(12,\)"):
        truth.restrict(np.ones(5, dtype=bool))


def test_a_dilated_truth_has_every_neighbour_also_across_the_seam():
    mask = np.zeros((6, 8), bool)
    mask[0, 0] = True
    axes = [Axis("a", 0.0, 1.0), Axis("turn", 0.0, 1.0, periodic=True)]
    wide = GridTruth.from_mask(mask, axes).dilated()
    assert {tuple(cell) for cell in wide.cells} == {(a, b) for a in (0, 1) for b in (7, 0, 1)}
    assert wide.num_modes == 1
    assert (wide.find(wide.cells) == np.arange(6)).all()
    moved = GridTruth.from_mask(mask, axes, offset=[0.5, 0.25]).dilated()
    drawn = moved.sample(np.random.default_rng(0), 200)
    assert np.all((drawn[:, 0] >= 0.5) & (drawn[:, 0] <= 0.5 + 2 / 6))
