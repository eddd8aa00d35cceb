import functools
import json

import numpy as np
import pytest

from fag_tf.environments.base import Environment
from fag_tf.environments.toys.planar import Boxes, BoxesState, Ring, RingState
from fag_tf.errors import InputError
from fag_tf.evaluation import evaluate as module
from fag_tf.evaluation.evaluate import C2ST_STATES, CONTROL, KEPT, RAW, Evaluation
from fag_tf.evaluation.metrics import GREATER_IS_BETTER
from fag_tf.spaces import ActionSpace, ArraySpec, Axis

BOXES = Boxes()

# C2ST takes seconds.
evaluate = functools.partial(module.evaluate, c2st_poses=0)


def perfect(observation, num_samples, seed):
    """Draws from the true set, which it rebuilds from what it sees."""
    rng = np.random.default_rng(seed)
    states = map(BoxesState, observation["centres"], observation["half_widths"])
    return np.stack([BOXES.sample_feasible(rng, state, num_samples) for state in states]), None


def half_good(observation, num_samples, seed):
    """Half perfect, half uniform, and a critic that knows which of them are which."""
    rng = np.random.default_rng(seed)
    actions, _ = perfect(observation, num_samples, seed)
    good = rng.random(actions.shape[:2]) < 0.5
    actions = np.where(good[..., None], actions, rng.uniform(-1, 1, actions.shape))
    return actions, np.where(good, 0.5, 0.49)


class Bare(Environment):
    """An environment that cannot enumerate its truth."""

    name = "bare"

    def __init__(self):
        self.action_space = ActionSpace([Axis("a", 0.0, 1.0)])
        self.observation_spec = {"state": ArraySpec((1,))}

    def draw_states(self, rng, batch):
        return list(rng.random(batch))

    def observe(self, states):
        return {"state": np.array(states, np.float32)[:, None]}

    def feasibility(self, states, actions):
        return actions[..., 0] < 0.25


def same_as_control(observation, num_samples, seed):
    return np.random.default_rng(seed).random((len(observation["state"]), num_samples, 1)), None


def test_a_perfect_sampler_beats_the_control_on_every_object():
    found = evaluate(BOXES, perfect, poses=2, num_samples=2048)
    assert found.objects == ("small", "large")
    assert set(found.rows) == {RAW, CONTROL}
    for name in found.objects:
        row, control = found.rows[RAW][name], found.rows[CONTROL][name]
        assert row["feasible_rate"] > 0.999
        assert row["mode_recall"] == 1.0
        assert row["coverage"] == pytest.approx(1.0, abs=0.03)
        assert control["feasible_rate"] < 0.3
        assert control["coverage"] < row["coverage"]
        assert control["grid_jsd"] > row["grid_jsd"]


def test_kept_figures_are_those_of_the_samples_the_critic_gives_a_half():
    found = evaluate(BOXES, half_good, poses=2, num_samples=1024)
    for name in found.objects:
        assert found.rows[KEPT][name]["kept"] == pytest.approx(0.5, abs=0.05)
        assert found.rows[KEPT][name]["feasible_rate"] > 0.999
        assert found.rows[RAW][name]["feasible_rate"] < 0.75
        assert found.rows[RAW][name]["kept"] == 1.0


def test_mean_and_worst_are_taken_over_objects():
    found = evaluate(BOXES, half_good, poses=2, num_samples=512)
    for figure, end in (("feasible_rate", min), ("grid_jsd", max)):
        values = [found.rows[RAW][name][figure] for name in found.objects]
        assert found.mean[RAW][figure] == pytest.approx(np.mean(values))
        assert found.worst[RAW][figure] == end(values)


def test_every_sample_and_every_one_of_the_control_is_checked_once():
    found = evaluate(BOXES, perfect, objects=["small"], poses=3, num_samples=100)
    assert found.objects == ("small",)
    assert found.exact_checks == 2 * 3 * 100


def test_the_same_seed_gives_the_same_figures_and_another_seed_others():
    once, again, other = (
        evaluate(BOXES, half_good, poses=2, num_samples=256, seed=seed) for seed in (3, 3, 4)
    )
    assert once == again
    assert once.rows != other.rows


def test_the_states_and_the_control_do_not_depend_on_the_sampler():
    ones = [evaluate(BOXES, each, poses=2, num_samples=256) for each in (perfect, half_good)]
    rates = [[row["feasible_rate"] for row in found.rows[CONTROL].values()] for found in ones]
    assert rates[0] == rates[1]


def test_an_evaluation_is_written_whole(tmp_path):
    found = evaluate(BOXES, half_good, poses=1, num_samples=64)
    found.write(tmp_path / "evaluation.json")
    values = json.loads((tmp_path / "evaluation.json").read_text())
    assert isinstance(found, Evaluation)
    assert values["rows"] == found.to_json()["rows"]
    assert values["mean"] == found.to_json()["mean"]
    assert values["mean"][RAW] == pytest.approx({**found.mean[RAW], "c2st": None})
    assert set(values["mean"][RAW]) == set(GREATER_IS_BETTER)


def test_an_environment_without_a_truth_shows_the_feasible_rate_alone():
    found = evaluate(Bare(), same_as_control, poses=4, num_samples=4000)
    row = found.rows[RAW]["bare"]
    assert row["feasible_rate"] == pytest.approx(0.25, abs=0.03)
    assert np.isnan([row["mode_recall"], row["coverage"], row["grid_jsd"]]).all()
    assert found.to_json()["rows"][RAW]["bare"]["coverage"] is None
    json.dumps(found.to_json(), allow_nan=False)
    with pytest.raises(InputError, match=r"'bare'.*'a'"):
        evaluate(Bare(), same_as_control, objects=["a"])


def test_a_toy_of_too_many_axes_for_a_grid_says_so():
    toy = Ring(dim=5)

    def sampler(observation, num_samples, seed):
        states = map(RingState, observation["centre"], observation["radii"])
        rng = np.random.default_rng(seed)
        return np.stack([toy.sample_feasible(rng, state, num_samples) for state in states]), None

    with pytest.raises(InputError, match=r"ring.* 5 .*3"):
        evaluate(toy, sampler, poses=1, num_samples=16)


def test_progress_is_told_after_every_set_of_samples():
    told = []
    evaluate(BOXES, perfect, poses=2, num_samples=16, progress=lambda *news: told.append(news))
    # Two states of each object, and the control beside the sampler.
    assert told == [("small", i, 8) for i in (1, 2, 3, 4)] + [("large", i, 8) for i in (5, 6, 7, 8)]


@pytest.mark.parametrize("name", ["poses", "num_samples", "k_coverage"])
def test_numbers_below_one_are_refused(name):
    with pytest.raises(InputError, match=f"{name}.*0"):
        evaluate(BOXES, perfect, **{name: 0})


def test_an_unknown_object_is_refused():
    with pytest.raises(InputError, match=r"'medium'.*small, large"):
        evaluate(BOXES, perfect, objects=["medium"])


def test_an_answer_of_the_wrong_shape_is_refused():
    with pytest.raises(InputError, match=r"actions.*\(1, 2, 3\)"):
        evaluate(BOXES, lambda *_: (np.zeros((1, 2, 3)), None), poses=1, num_samples=8)
    with pytest.raises(InputError, match=r"feasibility.*\(8,\)"):
        evaluate(BOXES, lambda *_: (np.zeros((1, 8, 2)), np.zeros(8)), poses=1, num_samples=8)


class Faulty(Boxes):
    """Boxes whose truth, states or both are not what they should be."""

    def __init__(self, states=None, truth=None):
        super().__init__()
        self._states, self._truth = states, truth

    def evaluation_states(self, rng, poses, objects=None):
        if isinstance(self._states, Exception):
            raise self._states
        return super().evaluation_states(rng, poses, objects) if self._truth else self._states

    def truth(self, state):
        if isinstance(self._truth, Exception):
            raise self._truth
        return self._truth


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (Faulty(states=RuntimeError("no parts")), "evaluation_states.*RuntimeError: no parts"),
        (Faulty(states=[1, 2]), r"evaluation_states.*\[1, 2\]"),
        (Faulty(states={"a": []}), r"evaluation_states.*\{'a': \[\]\}"),
        (Faulty(truth=RuntimeError("no grid")), "truth.*RuntimeError: no grid"),
        (Faulty(truth=np.ones((3, 3)).tolist()), r"truth.*\[1\.0, .*\.GridTruth"),
    ],
)
def test_an_environment_that_breaks_the_protocol_of_truth_is_told(environment, message):
    with pytest.raises(InputError, match=message):
        evaluate(environment, perfect, poses=1, num_samples=8)


def test_coverage_never_claims_more_samples_than_there_are():
    assert evaluate(BOXES, perfect, poses=1, num_samples=8, k_coverage=1024).k_coverage == 8


def test_a_classifier_tells_collapsed_samples_from_the_truth_and_perfect_ones_not():
    def collapsed(observation, num_samples, seed):
        actions, _ = perfect(observation, num_samples, seed)
        return np.repeat(actions[:, :1], num_samples, axis=1), None

    rates = {}
    for sampler in (perfect, collapsed):
        found = module.evaluate(BOXES, sampler, objects=["large"], poses=1, num_samples=64)
        assert found.c2st_poses == 1
        rates[sampler] = found.mean[RAW]["c2st"]
    # Chance, of 128 points: 0.5 with a standard deviation of 0.044.
    assert rates[perfect] == pytest.approx(0.5, abs=0.15)
    assert rates[collapsed] > 0.85  # all but draws that lie near the one point are told


def test_c2st_is_measured_on_some_states_and_never_where_nothing_can_be_drawn(monkeypatch):
    told = []

    class Told:
        def __init__(self, space, draws):
            told.append(len(draws))

        def __call__(self, samples):
            return 0.75

    monkeypatch.setattr(module, "C2ST", Told)
    found = module.evaluate(BOXES, perfect, poses=9, num_samples=8)
    assert told == [1024] * C2ST_STATES
    assert found.c2st_poses == C2ST_STATES // 2
    assert found.mean[RAW]["c2st"] == 0.75
    assert np.isnan(found.mean[CONTROL]["c2st"])
    told.clear()
    assert module.evaluate(BOXES, perfect, poses=2, num_samples=8, c2st_poses=1).c2st_poses == 1
    assert len(told) == 2
    assert module.evaluate(Bare(), same_as_control, poses=2, num_samples=8).c2st_poses == 0
    with pytest.raises(InputError, match=r"c2st_poses.*-1"):
        module.evaluate(BOXES, perfect, c2st_poses=-1)


def test_an_evaluation_is_printed_as_a_table_of_its_means():
    undefined = dict.fromkeys(GREATER_IS_BETTER, np.nan)
    rates = {RAW: {"one": 0.25, "two": 0.75}, CONTROL: {"one": 0.0625, "two": 0.0625}}
    rows = {
        kind: {name: undefined | {"feasible_rate": rate} for name, rate in each.items()}
        for kind, each in rates.items()
    }
    evaluation = Evaluation("bare", 1, 16, 16, 0, 0, 0.5, 64, rows)
    lines = [line.split() for line in str(evaluation).splitlines()]
    assert lines == [["feasible_rate"], [RAW, "0.500"], [CONTROL, "0.062"]]
    assert len({len(line) for line in str(evaluation).splitlines()}) == 1
