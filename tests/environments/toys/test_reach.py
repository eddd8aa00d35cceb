import numpy as np
import pytest
import shapely

from fag_tf.environments.registry import make_environment
from fag_tf.environments.toys.reach import GOAL_RADIUS, OBSTACLE_RADIUS, Reach, ReachState
from fag_tf.errors import InputError

every_arm = pytest.mark.parametrize("dim", [1, 2, 5, 16])


@every_arm
def test_the_verdicts_are_those_of_a_geometry_library(dim):
    reach = Reach(dim)
    for state in reach.draw_states(np.random.default_rng(dim), 4):
        actions = reach.action_space.sample(np.random.default_rng(1), 20_000).astype(float)
        verdicts = reach.contains(state, actions)
        chains = shapely.linestrings(reach.chain(actions))
        tips = shapely.get_point(chains, dim)
        right = shapely.distance(tips, shapely.Point(state.goal)) <= GOAL_RADIUS
        for middle in state.obstacles:
            right &= shapely.distance(chains, shapely.Point(middle)) > OBSTACLE_RADIUS
        np.testing.assert_array_equal(verdicts, right)


@every_arm
def test_every_state_can_be_reached_and_its_truth_is_feasible(dim):
    reach = Reach(dim)
    states = reach.evaluation_states(np.random.default_rng(0), 1)
    for (state,) in states.values():
        truth = reach.truth(state)
        drawn = truth.sample(np.random.default_rng(1), 500)
        assert reach.contains(state, drawn).all()
        assert truth.num_modes >= 1
        assert 0.9 < truth.mode_shares.sum() <= 1.0
        assert np.all(np.diff(truth.mode_shares) <= 0.0)
        found = np.bincount(np.maximum(truth.mode_of(drawn), 0), minlength=truth.num_modes)
        assert found / 500 == pytest.approx(truth.mode_shares, abs=0.1)


def test_an_elbow_on_either_side_is_another_way():
    reach = Reach(2, num_obstacles=1)
    state = ReachState(np.array([0.6, 0.0]), np.array([[0.3, 0.0]]))
    bend = np.arccos(0.6)
    elbows = np.array([[bend, -2.0 * bend], [-bend, 2.0 * bend]])
    np.testing.assert_allclose(reach.chain(elbows)[:, -1], [[0.6, 0.0], [0.6, 0.0]], atol=1e-12)
    assert reach.contains(state, elbows).all()
    assert len(set(reach.ways(state, elbows))) == 2
    assert reach.truth(state).mode_shares == pytest.approx([0.5, 0.5], abs=0.05)


def test_a_turn_of_the_base_is_periodic():
    reach = Reach(3)
    (state,) = reach.draw_states(np.random.default_rng(0), 1)
    actions = reach.truth(state).sample(np.random.default_rng(1), 100)
    turned = actions + np.array([2.0 * np.pi, 0.0, 0.0])
    assert reach.feasibility([state], turned[None]).mean() > 0.98  # edges, by rounding


def test_sizes_out_of_range_are_refused():
    with pytest.raises(InputError, match=r"^dim.*33"):
        Reach(33)
    with pytest.raises(InputError, match=r"^num_obstacles.*5"):
        Reach(3, 5)
    assert make_environment("reach", {"dim": 4}).action_space.dim == 4
