import numpy as np
import pytest

from fag_tf.environments.rejection_truth import RejectionTruth, draw_by_rejection
from fag_tf.environments.validation import truth_of
from fag_tf.errors import InputError
from fag_tf.evaluation.metrics import evaluate_samples
from fag_tf.spaces import ActionSpace, Axis
from reference.least_environment import Least

SPACE = ActionSpace([Axis("a", -2.0, 2.0), Axis("b", 0.0, 1.0), Axis("turn", 0.0, 1.0, "1", True)])


def slab(actions):
    """a below -1, whatever b; the turn within 0.1 of the seam."""
    return (actions[..., 0] < -1.0) & (np.abs(np.mod(actions[..., 2] + 0.5, 1.0) - 0.5) < 0.1)


def draw(rng, n):
    turn = np.mod(rng.uniform(-0.1, 0.1, n), 1.0)
    return np.stack([rng.uniform(-2.0, -1.0, n), rng.uniform(0.0, 1.0, n), turn], axis=-1)


TRUTH = RejectionTruth(SPACE, slab)


def coverage_oracle(space, references, others, actions):
    """The definition, pair by pair: within the 90th percentile of draws' distances to others."""
    embedded = [space.embed(each) for each in (references, others, actions)]
    scale = np.std(np.concatenate(embedded[:2]), axis=0)
    first, second, given = (each / scale for each in embedded)

    def nearest(points):
        return np.array([np.min(np.linalg.norm(points - each, axis=1)) for each in first])

    return float(np.mean(nearest(given) <= np.quantile(nearest(second), 0.9)))


def test_draws_are_feasible_and_uniform():
    drawn, tried = draw_by_rejection(np.random.default_rng(0), SPACE, slab, 1000)
    assert drawn.shape == (1000, 3)
    assert tried == 24_576
    assert slab(drawn).all()
    assert np.mean(drawn[:, 0]) == pytest.approx(-1.5, abs=0.04)
    assert np.mean(drawn[:, 1]) == pytest.approx(0.5, abs=0.04)
    again, _ = draw_by_rejection(np.random.default_rng(0), SPACE, slab, 1000)
    np.testing.assert_array_equal(drawn, again)


def test_a_bound_of_tries_is_kept():
    asked = []

    def nothing(actions):
        asked.append(len(actions))
        return np.zeros(len(actions), bool)

    truth = RejectionTruth(SPACE, nothing, most_tries=20_000)
    assert truth.is_empty
    assert truth.feasible_share == 0.0
    assert sum(asked) == 24_576
    with pytest.raises(InputError, match=r"0 of 24576 .*too few"):
        truth.sample(np.random.default_rng(0), 5)
    found = evaluate_samples(
        truth, np.zeros((9, 3)), np.zeros(9, bool), rng=np.random.default_rng(0)
    )
    assert found.feasible_rate == 0.0
    assert np.isnan([found.coverage, found.mode_recall, found.c2st]).all()


def test_the_share_of_the_space_is_estimated():
    assert TRUTH.feasible_share == pytest.approx(0.25 * 0.2, rel=0.1)


def test_samples_are_other_ones_than_those_of_coverage_and_of_other_samples():
    one, two = (TRUTH.sample(np.random.default_rng(seed), 2000) for seed in (0, 1))
    drawn = np.concatenate([one, two, TRUTH._drawn[0]])
    assert len(np.unique(drawn, axis=0)) == 8096
    assert slab(drawn).all()


def test_where_tries_do_not_suffice_there_are_fewer_or_they_are_repeated():
    rare = RejectionTruth(SPACE, slab, most_tries=8192)
    assert 300 < len(rare.sample_distinct(np.random.default_rng(1), 2000)) < 500
    repeated = rare.sample(np.random.default_rng(1), 2000)
    assert repeated.shape == (2000, 3)
    assert slab(repeated).all()


@pytest.mark.parametrize("n", [3, 100, 1024])
def test_coverage_is_that_of_the_definition(n):
    pool = TRUTH._drawn[0]
    actions = draw(np.random.default_rng(n), n)
    actions[:, 0] = -2.0 + 0.5 * (actions[:, 0] + 2.0)  # half the set
    scaled = coverage_oracle(SPACE, pool[:1024], pool[1024:2048], actions)
    assert TRUTH.covered_share(actions) == pytest.approx(scaled, abs=0.01)  # scales of all draws


def test_perfect_samples_cover_all_and_a_half_covers_half():
    perfect = draw(np.random.default_rng(5), 1024)
    half = perfect.copy()
    half[:, 0] = -2.0 + 0.5 * (half[:, 0] + 2.0)
    shares = []
    for actions in (perfect, half, perfect[:256]):
        found = evaluate_samples(
            TRUTH, actions, np.ones(len(actions), bool), rng=np.random.default_rng(0)
        )
        assert np.isnan([found.mode_recall, found.least_share, found.grid_jsd]).all()
        assert found.num_modes == 0
        shares.append(found.coverage)
    assert shares[0] == pytest.approx(1.0, abs=0.05)
    assert 0.5 < shares[1] < 0.7  # draws near the middle are near to samples of either half
    assert shares[2] == pytest.approx(1.0, abs=0.1)
    assert TRUTH.perfect_share(1024) == 0.9
    assert TRUTH.covered_share(np.empty((0, 3))) == 0.0


def test_an_environment_may_give_it():
    class Rejected(Least):
        def truth(self, state):
            return RejectionTruth(
                self.action_space, lambda actions: self.feasibility([state], actions[None])[0]
            )

    assert not truth_of(Rejected(), None).is_empty
