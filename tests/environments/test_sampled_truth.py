import numpy as np
import pytest

from fag_tf.environments.sampled_truth import SampledTruth
from fag_tf.errors import InputError
from fag_tf.evaluation.metrics import evaluate_samples
from fag_tf.spaces import ActionSpace, Axis

SPACE = ActionSpace([Axis("a", -2.0, 2.0), Axis("turn", 0.0, 1.0, periodic=True)])


def draw(rng, n):
    """Two strips, a from 0 to 1 and from -1.5 to -1, across the seam of the turn."""
    first = rng.random(n) < 2.0 / 3.0
    a = np.where(first, rng.uniform(0.0, 1.0, n), rng.uniform(-1.5, -1.0, n))
    return np.stack([a, np.mod(rng.uniform(-0.2, 0.2, n), 1.0)], axis=-1)


TRUTH = SampledTruth(
    space=SPACE,
    draw=draw,
    mode_of=lambda actions: np.where(actions[:, 0] > -0.5, 0, 1),
    mode_shares=np.array([2.0 / 3.0, 1.0 / 3.0]),
)


def metrics(actions, truth=TRUTH):
    feasible = np.ones(len(actions), bool)
    return evaluate_samples(truth, actions, feasible, rng=np.random.default_rng(1))


def test_perfect_samples_have_perfect_figures():
    found = metrics(draw(np.random.default_rng(5), 1024))
    assert found.mode_recall == 1.0
    assert found.least_share > 0.9
    assert found.coverage == pytest.approx(1.0, abs=0.03)
    assert np.isnan(found.grid_jsd)


def test_a_missed_mode_and_a_collapse_show():
    samples = draw(np.random.default_rng(5), 4096)
    first = metrics(samples[samples[:, 0] > 0.0][:1024])
    assert first.mode_recall == 0.5
    assert first.mode_shares == (pytest.approx(1.5), 0.0)
    assert first.coverage == pytest.approx(2.0 / 3.0, abs=0.05)
    assert metrics(np.repeat(samples[:1], 1024, axis=0)).coverage < 0.05
    assert metrics(np.zeros((0, 2))).coverage == 0.0


def test_the_way_across_the_seam_is_short():
    """Actions just below the seam cover draws just above it."""
    below = TRUTH.covered_share(np.array([[0.5, 0.9999]]))
    above = TRUTH.covered_share(np.array([[0.5, 0.0]]))
    assert below > 0.0
    assert below == pytest.approx(above, abs=2e-3)


def test_neighbourhoods_hold_as_many_draws_as_they_should():
    """Of 1,024 fresh draws a ball that holds five others is missed with a chance of about 2%."""
    share = TRUTH.covered_share(draw(np.random.default_rng(9), 1024))
    assert 0.95 < share < 0.995


def test_an_empty_truth_leaves_figures_undefined():
    empty = SampledTruth(SPACE, draw, TRUTH.mode_of, np.zeros(0))
    assert empty.is_empty
    assert np.isnan(metrics(np.zeros((3, 2)), empty).coverage)
    with pytest.raises(InputError):
        empty.sample(np.random.default_rng(0), 1)
