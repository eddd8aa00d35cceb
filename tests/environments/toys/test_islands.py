import numpy as np
import pytest

from fag_tf.environments.registry import make_environment
from fag_tf.environments.toys.islands import Islands, IslandsState
from fag_tf.environments.validation import violation
from fag_tf.errors import InputError
from fag_tf.evaluation.evaluate import RAW, evaluate
from fag_tf.experiments.studies.controls import RememberingEnvironment, make_control

MADE = [(1, "box"), (2, "box"), (16, "box"), (1, "ball"), (3, "ball"), (6, "ball")]


@pytest.fixture(params=MADE, ids=str)
def islands(request):
    dim, shape = request.param
    return Islands(dim, shape=shape)


def test_they_lie_in_the_space_and_apart(islands):
    for state in islands.draw_states(np.random.default_rng(0), 30):
        assert isinstance(state, IslandsState)
        assert np.all(np.abs(state.centres) + state.half_widths <= 1.0)
        gap = np.abs(np.diff(state.centres, axis=0)) - state.half_widths.sum(axis=0)
        assert gap.max() > 0.15


def test_the_share_is_the_same_whatever_the_dimension():
    for dim in (1, 2, 5, 16):
        boxes = Islands(dim)
        for state in boxes.draw_states(np.random.default_rng(0), 5):
            assert boxes.volume(state) / 2.0**dim == pytest.approx(0.05)


def test_the_volume_is_what_uniform_actions_find(islands):
    n = 200_000
    for states in islands.evaluation_states(np.random.default_rng(3), 1).values():
        actions = islands.action_space.sample(np.random.default_rng(1), (1, n))
        share = islands.volume(states[0]) / islands.action_space.volume
        found = islands.feasibility(states, actions).mean()
        assert abs(found - share) < 5.0 * np.sqrt(share / n)


def test_draws_are_feasible_and_spread_as_feasible_uniform_actions_are(islands):
    rng = np.random.default_rng(2)
    state = islands.draw_state(rng, "uneven")
    truth = islands.truth(state)
    drawn = truth.sample(rng, 4000)
    assert islands.contains(state, drawn).mean() > 0.999
    uniform = islands.action_space.sample(rng, 400_000).astype(float)
    picked = uniform[islands.contains(state, uniform)]
    error = 5.0 * picked.std(axis=0) / np.sqrt(min(len(picked), 4000))
    assert np.all(np.abs(drawn.mean(axis=0) - picked.mean(axis=0)) < error)
    assert sorted(truth.mode_shares) == pytest.approx(
        sorted(np.bincount(truth.mode_of(picked)) / len(picked)), abs=0.02
    )


def test_the_controls_mark_the_ends_in_many_dimensions():
    remembering = RememberingEnvironment(Islands(16))

    def of(name):
        sampler = make_control(name, remembering)
        return evaluate(remembering, sampler, poses=2, num_samples=1024, c2st_poses=0).mean[RAW]

    perfect, removed, collapsed = (of(n) for n in ("perfect", "one mode removed", "collapsed"))
    assert perfect["coverage"] == pytest.approx(1.0, abs=0.05)
    assert perfect["mode_recall"] == 1.0
    assert removed["mode_recall"] == collapsed["mode_recall"] == 0.5
    assert collapsed["coverage"] < 0.1 < removed["coverage"] < 0.9


def test_graded_islands_say_how_far_away_they_are(islands):
    assert not islands.offers("violation")
    graded = Islands(islands.action_space.dim, shape=islands.shape, graded=True)
    assert graded.offers("violation")
    rng = np.random.default_rng(4)
    states = graded.draw_states(rng, 2)
    actions = graded.action_space.sample(rng, (2, 500))
    actions[:, :100] = [graded.sample_feasible(rng, state, 100) for state in states]
    amount = violation(graded, states, actions)  # compares it with the labels
    assert np.all(amount[:, :90] < 1e-6)
    assert np.all(amount[:, 100:].max(axis=1) > 0.1)
    nowhere = np.stack([np.full(islands.action_space.dim, bad) for bad in (1.5, np.nan)])
    assert np.all(np.isinf(graded.violation(states[:1], nowhere[None])))


@pytest.mark.parametrize("shape", ["box", "ball"])
def test_the_violation_counts_half_widths_from_the_shore(shape):
    island = Islands(3, num_islands=1, shape=shape, graded=True)
    state = IslandsState(np.array([[0.2, 0.0, 0.0]]), np.array([[0.4, 0.2, 0.1]]))
    actions = np.array([[[0.6, 0.0, 0.0], [0.8, 0.0, 0.0], [0.2, 0.5, 0.0], [0.2, 0.3, 0.2]]])
    corner = 2.0 if shape == "box" else 2.5
    expected = np.array([1.0, 1.5, 2.5, corner]) - 1.0
    np.testing.assert_allclose(island.violation([state], actions)[0], expected, atol=1e-12)


def test_sizes_out_of_range_are_refused():
    for options, message in (
        ({"dim": 0}, r"^dim.*\b0\b"),
        ({"num_islands": 17}, "^num_islands.*17"),
        ({"share": 0.5}, r"^share.*0\.5"),
        ({"shape": "star"}, "^shape.*'star'.*box, ball"),
    ):
        with pytest.raises(InputError, match=message):
            Islands(**options)
    assert make_environment("islands", {"dim": 16}).action_space.dim == 16
