import numpy as np
import pytest
from scipy import stats

from fag_tf.environments.base import Environment
from fag_tf.environments.registry import make_environment
from fag_tf.environments.toys.planar import Boxes, Moons, Ring
from fag_tf.errors import InputError

TOYS = [
    Boxes(dim=1, num_boxes=5),
    Boxes(),
    Boxes(num_boxes=9),
    Boxes(dim=3, num_boxes=4),
    Boxes(dim=5),
    Ring(dim=1),
    Ring(),
    Ring(dim=3),
    Ring(dim=6),
    Moons(),
]
NAMES = [f"{toy.name}{getattr(toy, 'num_boxes', '')}-{toy.action_space.dim}d" for toy in TOYS]
ALL = pytest.mark.parametrize("toy", TOYS, ids=NAMES)
GRIDDED = pytest.mark.parametrize(
    "toy",
    [toy for toy in TOYS if toy.action_space.dim <= 3],
    ids=[name for toy, name in zip(TOYS, NAMES, strict=True) if toy.action_space.dim <= 3],
)


def states_of(toy, poses=4):
    found = toy.evaluation_states(np.random.default_rng(7), poses)
    return [state for states in found.values() for state in states]


@ALL
def test_it_is_an_environment_that_enumerates_its_truth(toy):
    assert isinstance(toy, Environment)
    assert toy.offers("evaluation_states", "truth")


@ALL
def test_observations_match_their_specification(toy):
    observation = toy.observe(toy.draw_states(np.random.default_rng(0), 6))
    assert set(observation) == set(toy.observation_spec)
    for name, spec in toy.observation_spec.items():
        assert observation[name].shape == (6, *spec.shape)
        assert observation[name].dtype == spec.dtype


@ALL
def test_the_set_depends_on_the_state(toy):
    first, second = toy.draw_states(np.random.default_rng(0), 2)
    actions = toy.sample_feasible(np.random.default_rng(1), first, 500)
    rates = toy.feasibility([first, second], np.stack([actions, actions])).mean(axis=1)
    assert rates[0] > 0.99 > rates[1]


@ALL
def test_drawn_feasible_actions_are_feasible_and_in_the_space(toy):
    for state in states_of(toy):
        actions = toy.sample_feasible(np.random.default_rng(1), state, 1000)
        assert toy.action_space.contains(actions).all()
        assert toy.feasibility([state], actions[None]).mean() > 0.999  # edges, by rounding


@ALL
def test_the_volume_is_what_uniform_actions_estimate(toy):
    n = 200_000
    for state in states_of(toy, poses=1):
        rng = np.random.default_rng(11)
        # Uniform over a box round the set, so that the share is not tiny in many dimensions.
        drawn = toy.sample_feasible(rng, state, 2000)
        reach = 0.05 * toy.action_space.width
        low, high = drawn.min(axis=0) - reach, drawn.max(axis=0) + reach
        low = np.maximum(low, toy.action_space.low)
        high = np.minimum(high, toy.action_space.high)
        share = toy.feasibility([state], rng.uniform(low, high, (1, n, len(low)))).mean()
        box = np.prod(high - low)
        error = box * np.sqrt(max(share * (1 - share), 1 / n) / n)
        assert abs(share * box - toy.volume(state)) < 5 * error


@GRIDDED
def test_the_grid_has_about_the_volume_and_just_the_modes(toy):
    ratios = []
    for state in states_of(toy):
        truth = toy.truth(state)
        assert truth.num_modes == toy.num_modes(state)
        assert np.mean(truth.modes >= 0) > 0.98
        ratios.append(truth.volume / toy.volume(state))
        assert ratios[-1] == pytest.approx(1.0, abs=0.15)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.03)


@GRIDDED
def test_drawn_actions_are_spread_as_feasible_ones_picked_from_uniform_actions(toy):
    rng = np.random.default_rng(3)
    for state in states_of(toy, poses=1):
        uniform = toy.action_space.sample(rng, 200_000)
        picked = uniform[toy.feasibility([state], uniform[None])[0]]
        drawn = toy.sample_feasible(rng, state, 5000)
        for axis in range(toy.action_space.dim):
            assert stats.ks_2samp(picked[:, axis], drawn[:, axis]).pvalue > 1e-4


def test_a_moon_of_the_seam_straddles_it_and_stays_one_mode():
    toy = Moons()
    for state in toy.evaluation_states(np.random.default_rng(0), 5, ["seam"])["seam"]:
        truth = toy.truth(state)
        ends = [truth.modes[truth.cells[:, 1] == cell] for cell in (0, truth.shape[1] - 1)]
        shared = set(ends[0].tolist()) & set(ends[1].tolist()) - {-1}
        assert len(shared) == 1
        assert truth.num_modes == 2


def test_moons_of_the_middle_keep_off_the_seam():
    toy = Moons()
    for state in toy.evaluation_states(np.random.default_rng(0), 20, ["middle"])["middle"]:
        assert not np.any(toy.truth(state).cells[:, 1] == 0)


def test_an_angle_and_the_same_one_turn_on_are_equally_feasible():
    toy = Moons()
    state = toy.draw_state(np.random.default_rng(0))
    actions = toy.action_space.sample(np.random.default_rng(1), 2000).astype(float)
    turned = actions + np.array([0.0, 2 * np.pi])
    same = toy.feasibility([state, state], np.stack([actions, turned]))
    assert np.mean(same[0] != same[1]) < 1e-3


def test_boxes_never_touch():
    toy = Boxes(dim=2, num_boxes=16)
    for state in toy.draw_states(np.random.default_rng(0), 20):
        gaps = np.abs(state.centres[:, None] - state.centres)
        gaps -= state.half_widths[:, None] + state.half_widths
        gap = gaps.max(axis=-1)[~np.eye(16, dtype=bool)].min()
        assert gap >= 2 * toy.margin * 2.0 / toy.slots - 1e-12


def test_actions_outside_the_space_or_not_finite_are_infeasible():
    toy = Ring()
    state = toy.draw_state(np.random.default_rng(0))
    actions = np.array([[[2.0, 0.0], [np.nan, 0.0], [np.inf, 0.0]]])
    assert not toy.feasibility([state], actions).any()


@pytest.mark.parametrize("name", ["boxes", "ring", "moons"])
def test_it_is_installed_by_name(name):
    assert make_environment(name).name == name


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Boxes(dim=0), r"^dim.*\b0\b"),
        (lambda: Boxes(num_boxes=65), "^num_boxes.*65"),
        (lambda: Ring(dim=33), "^dim.*33"),
    ],
)
def test_sizes_out_of_range_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_truth_of_more_than_three_axes_is_refused():
    toy = Boxes(dim=4)
    with pytest.raises(InputError, match=r"boxes.*\b4\b.*\b3\b"):
        toy.truth(toy.draw_state(np.random.default_rng(0)))


@pytest.mark.parametrize("name", ["boxes", "ring", "moons", "islands", "reach"])
def test_states_are_had_from_what_is_observed_of_them(name):
    environment = make_environment(name)
    seen = environment.observe(environment.draw_states(np.random.default_rng(0), 3))
    states = environment.states_of(seen)
    assert len(states) == 3
    assert environment.offers("states_of")
    again = environment.observe(states)
    for key in seen:
        np.testing.assert_array_equal(again[key], seen[key])
