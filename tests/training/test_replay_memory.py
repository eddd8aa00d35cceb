import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.errors import InputError
from fag_tf.spaces import ArraySpec
from fag_tf.training.replay_memory import ExperienceBatch, ReplayMemory

SPEC = {"place": ArraySpec((2,)), "kind": ArraySpec((), "int32")}
few = settings(max_examples=25)


def memory_of(capacity, experiences, dim=1):
    return ReplayMemory(capacity, experiences, SPEC, dim)


def states(first, count, experiences, feasible=None, dim=1):
    """States numbered from `first`; the action of experience e of state s is 1000 s + e."""
    number = first + np.arange(count)
    observation = {
        "place": np.stack([number, -number], -1).astype(np.float32),
        "kind": number.astype(np.int32),
    }
    actions = 1000.0 * number[:, None] + np.arange(experiences)
    actions = np.repeat(actions[..., None], dim, axis=-1).astype(np.float32)
    if feasible is None:
        feasible = np.random.default_rng(first).random((count, experiences)) < 0.3
    return ExperienceBatch(observation, actions, np.broadcast_to(feasible, (count, experiences)))


# Drawing ----------------------------------------------------------------------------------------


@given(
    seed=st.integers(0, 1000),
    share=st.floats(0.0, 1.0),
    batch=st.integers(1, 5),
    number=st.integers(1, 40),
)
@few
def test_what_is_drawn_was_stored_and_belongs_together(seed, share, batch, number):
    memory = memory_of(8, 10, dim=2)
    added = states(0, 6, 10, dim=2)
    memory.add(added)
    _, actions, feasible, _ = added
    drawn = memory.draw(np.random.default_rng(seed), batch, number, share)
    assert isinstance(drawn, ExperienceBatch)
    assert drawn.actions.shape == (batch, number, 2)
    assert drawn.feasibility.shape == (batch, number)
    assert drawn.log_odds_offset.shape == (batch,)
    assert drawn.feasibility.dtype == drawn.log_odds_offset.dtype == np.float32
    for b in range(batch):
        state = int(drawn.observation["kind"][b])
        np.testing.assert_array_equal(drawn.observation["place"][b], [state, -state])
        experience = (drawn.actions[b, :, 0] - 1000 * state).astype(int)
        assert np.all((experience >= 0) & (experience < 10))
        np.testing.assert_array_equal(drawn.actions[b], actions[state, experience])
        np.testing.assert_array_equal(drawn.feasibility[b], feasible[state, experience])


def test_every_part_of_a_draw_has_about_the_share_asked_for():
    # The critic's batch is divided among several updates: none may see one kind alone.
    memory = memory_of(4, 50)
    memory.add(states(0, 4, 50, np.arange(50) < 10))
    drawn = memory.draw(np.random.default_rng(0), 16, 400, 0.5).feasibility
    for part in np.split(drawn, 4, axis=1):
        assert abs(part.mean() - 0.5) < 5 * 0.5 / np.sqrt(part.size)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_feasible_experiences_come_in_the_share_asked_for(share):
    memory = memory_of(4, 50)
    memory.add(states(0, 4, 50, np.arange(50) < 3))
    drawn = memory.draw(np.random.default_rng(0), 16, 40, share)
    np.testing.assert_array_equal(drawn.feasibility.sum(axis=1), round(40 * share))


def test_a_state_with_only_one_kind_gives_that_kind_and_shifts_no_odds():
    memory = memory_of(3, 8)
    memory.add(states(0, 3, 8, np.array([[True] * 8, [False] * 8, [True] * 4 + [False] * 4])))
    drawn = memory.draw(np.random.default_rng(0), 60, 10, 0.3)
    state = drawn.observation["kind"]
    assert set(state) == {0, 1, 2}
    assert np.all(drawn.feasibility[state == 0] == 1.0)
    assert np.all(drawn.feasibility[state == 1] == 0.0)
    np.testing.assert_array_equal(drawn.log_odds_offset[state != 2], 0.0)
    np.testing.assert_allclose(drawn.log_odds_offset[state == 2], np.log(0.3 / 0.7), rtol=1e-6)


def test_within_a_kind_every_experience_is_as_likely():
    memory = memory_of(1, 10)
    memory.add(states(0, 1, 10, np.arange(10) % 3 == 0))  # four feasible, six not
    drawn = memory.draw(np.random.default_rng(0), 500, 40, 0.5)
    counts = np.bincount(drawn.actions.astype(int).ravel(), minlength=10)
    expected = np.where(np.arange(10) % 3 == 0, 10_000 / 4, 10_000 / 6)
    assert np.all(np.abs(counts - expected) < 5 * np.sqrt(expected))


def test_states_are_drawn_uniformly():
    memory = memory_of(10, 2)
    memory.add(states(0, 4, 2))
    rng = np.random.default_rng(0)
    drawn = memory.draw(rng, 8000, 2, 0.5).observation
    counts = np.bincount(drawn["kind"], minlength=4)
    assert len(counts) == 4
    assert np.all(np.abs(counts - 2000) < 5 * np.sqrt(2000))
    assert drawn["place"].shape == (8000, 2)


def test_a_draw_depends_on_its_generator_alone():
    memory = memory_of(4, 6)
    memory.add(states(0, 4, 6))
    one, other = (memory.draw(np.random.default_rng(5), 3, 7, 0.5) for _ in range(2))
    np.testing.assert_array_equal(one.actions, other.actions)
    np.testing.assert_array_equal(one.feasibility, other.feasibility)


# The odds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "base"), [(0.5, 0.01), (0.5, 0.9), (0.2, 0.05), (0.9, 0.3)])
def test_a_critic_that_adds_the_offset_is_calibrated_to_what_was_collected(share, base):
    memory = memory_of(1, 1000)
    memory.add(states(0, 1, 1000, np.arange(1000) < 1000 * base))
    drawn = memory.draw(np.random.default_rng(0), 1, 100, share)
    # Cross-entropy is least where sigmoid(logit + offset) is the share of the draw.
    drawn_share = drawn.feasibility.mean()
    best_logit = np.log(drawn_share / (1 - drawn_share)) - drawn.log_odds_offset[0]
    assert 1.0 / (1.0 + np.exp(-best_logit)) == pytest.approx(base, rel=1e-5)


def test_the_offset_recovers_the_collected_rate_of_each_action():
    # Three actions with rates of their own, stored often: the best logit of each, from draws
    # that favour feasible ones, must be the log odds of what was stored.
    rng = np.random.default_rng(0)
    action = rng.integers(3, size=3000)
    feasible = rng.random(3000) < np.array([0.02, 0.1, 0.5])[action]
    memory = memory_of(1, 3000)
    observation = states(0, 1, 3000).observation
    memory.add(
        ExperienceBatch(observation, action[None, :, None].astype(np.float32), feasible[None])
    )
    drawn = memory.draw(rng, 1, 200_000, 0.5)
    for a in range(3):
        chosen = drawn.feasibility[0, drawn.actions[0, :, 0] == a]
        positive, negative = chosen.sum(), len(chosen) - chosen.sum()
        found = np.log(positive / negative) - drawn.log_odds_offset[0]
        stored = feasible[action == a]
        expected = np.log(stored.sum() / (~stored).sum())
        error = np.sqrt(1 / positive + 1 / negative)
        assert error < 0.05
        assert abs(found - expected) < 4 * error


# The ring ---------------------------------------------------------------------------------------


@given(rounds=st.lists(st.integers(1, 9), min_size=1, max_size=6))
@few
def test_the_newest_states_stay_and_the_oldest_make_room(rounds):
    memory = memory_of(5, 2)
    first = 0
    for count in rounds:
        memory.add(states(first, count, 2))
        first += count
    assert memory.added == first
    assert len(memory) == min(first, 5)
    drawn = memory.draw(np.random.default_rng(0), 300, 2, 0.5)
    kept = set(drawn.observation["kind"].tolist())
    assert kept == set(range(max(first - 5, 0), first))


# Saving -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("added", [[3], [4, 4], [5], [2, 9]])
def test_a_restored_memory_draws_and_goes_on_as_the_saved_one(added):
    saved, restored = memory_of(5, 4), memory_of(5, 4)
    first = 0
    for count in added:
        saved.add(states(first, count, 4))
        first += count
    arrays = {name: array.copy() for name, array in saved.state_arrays().items()}
    restored.restore_arrays(arrays)
    for memory in (saved, restored):
        memory.add(states(100, 2, 4))
    assert (len(saved), saved.added) == (len(restored), restored.added)
    drawn = [memory.draw(np.random.default_rng(1), 20, 5, 0.5) for memory in (saved, restored)]
    for one, other in zip(drawn[0][1:], drawn[1][1:], strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(drawn[0].observation["kind"], drawn[1].observation["kind"])


def test_only_what_is_filled_is_saved():
    memory = memory_of(100, 4)
    memory.add(states(0, 3, 4))
    arrays = memory.state_arrays()
    assert set(arrays) == {
        "observation.place",
        "observation.kind",
        "actions",
        "feasibility",
        "added",
    }
    assert arrays["actions"].shape == (3, 4, 1)


def test_arrays_of_another_memory_are_refused():
    saved = memory_of(5, 4)
    saved.add(states(0, 5, 4))
    with pytest.raises(InputError, match=r"'actions'.*\(6, 1\)"):
        memory_of(5, 6).restore_arrays(saved.state_arrays())
    lacking = saved.state_arrays()
    del lacking["observation.kind"]
    with pytest.raises(InputError, match=r"'observation\.kind'"):
        memory_of(5, 4).restore_arrays(lacking)


@pytest.mark.parametrize(("capacity", "experiences"), [(0, 1), (1, 0), (-3, 4)])
def test_a_memory_that_can_hold_nothing_is_refused(capacity, experiences):
    with pytest.raises(InputError, match=f"{capacity}.*{experiences}"):
        memory_of(capacity, experiences)


# Tolerance --------------------------------------------------------------------------------------


def graded_memory(violation):
    """A memory of one state whose two actions have these violations."""
    memory = ReplayMemory(4, 2, SPEC, 1, graded=True)
    memory.add(states(0, 1, 2, feasible=np.array([violation]) == 0.0), np.array([violation]))
    return memory


def labels_of(memory):
    return memory.state_arrays()["feasibility"].tolist()


def test_labels_follow_the_tolerance_and_at_0_they_are_exact():
    memory = graded_memory([0.5, 2.0])
    assert labels_of(memory) == [[True, True]]
    memory.tighten(1.0)
    assert labels_of(memory) == [[True, False]]
    memory.tighten(3.0)  # it never rises
    assert memory.tolerance == 1.0
    memory.tighten(0.0)
    assert labels_of(memory) == [[False, False]]
    assert not memory.has_feasible()
    memory.add(states(1, 1, 2, feasible=True))
    assert labels_of(memory)[-1] == [True, True]


def test_what_is_added_later_is_labelled_by_the_tolerance_too():
    memory = graded_memory([0.5, 2.0])
    memory.tighten(1.0)
    memory.add(states(1, 1, 2, feasible=False), np.array([[0.9, 1.1]]))
    memory.add(states(2, 1, 2, feasible=np.array([[True, False]])))
    assert labels_of(memory) == [[True, False], [True, False], [True, False]]


def test_the_tolerance_comes_back_with_the_contents():
    memory = graded_memory([0.5, 2.0])
    memory.tighten(1.0)
    other = ReplayMemory(4, 2, SPEC, 1, graded=True)
    other.restore_arrays(memory.state_arrays())
    other.tighten(0.5)
    assert other.tolerance == 0.5
    assert labels_of(other) == [[True, False]]
