import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import fag_tf as fag
from fag_tf.environments.registry import describe_environment, make_environment
from fag_tf.environments.validation import check_environment
from fag_tf.rl.action_mapping import ActionMapping
from fag_tf.rl.feasible_environment import FeasibleEnvironment, feasible_environment
from reference.band import HALF, Band, BandMapping, BoxBand
from reference.tiny_feasible import TINY

BAND = "reference/Band-v0"
SMALL = {"num_states": 32, "stride": 2, "tries": 16}


def near(observation, actions):
    return np.abs(actions[:, 0] - observation) <= HALF


class Things(gymnasium.Env):
    """Observes a set of up to five points, and a picture."""

    observation_space = spaces.Dict(
        {
            "points": spaces.Sequence(spaces.Box(-1.0, 1.0, (2,)), stack=True),
            "picture": spaces.Box(0, 255, (4, 4, 1), np.uint8),
            "kind": spaces.Discrete(3),
        }
    )
    action_space = spaces.Box(-1.0, 1.0, (2,))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        points = self.np_random.uniform(-1, 1, (self.np_random.integers(6), 2))
        picture = np.full((4, 4, 1), 7, np.uint8)
        return {"points": np.float32(points), "picture": picture, "kind": 1}, {}

    def step(self, action):
        return self.reset()[0], 0.0, False, False, {}


def clear(observation, actions):
    apart = np.linalg.norm(actions[:, None] - observation["points"], axis=-1)
    return (apart > 0.1).all(axis=1)


def test_an_environment_with_a_constraint_needs_nothing_else():
    environment = feasible_environment(BAND, **SMALL)
    check_environment(environment, "band")
    states = environment.draw_states(np.random.default_rng(0), 8)
    observation = environment.observe(states)
    assert observation["place"].shape == (8, 1)
    actions = environment.action_space.sample(np.random.default_rng(1), (8, 64))
    expected = np.abs(actions[..., 0] - observation["place"]) <= HALF + 1e-6
    np.testing.assert_array_equal(environment.feasibility(states, actions), expected)
    assert [axis.name for axis in environment.action_space.axes] == ["along", "free"]


def test_a_function_of_one_observation_is_enough():
    environment = feasible_environment(BoxBand, near, **SMALL)
    check_environment(environment, "band")
    states = environment.draw_states(np.random.default_rng(0), 5)
    actions = environment.action_space.sample(np.random.default_rng(1), (5, 9))
    labels = environment.feasibility(states, actions)
    for state, each, label in zip(states, actions, labels, strict=True):
        np.testing.assert_array_equal(label, near(state, each))


def test_a_set_is_padded_a_picture_stays_one_and_a_kind_becomes_numbers():
    spec = {"points": fag.ArraySpec((5, 3), unordered=True, presence=2)}
    environment = feasible_environment(Things, clear, observation_spec=spec, **SMALL)
    check_environment(environment, "things")
    states = environment.draw_states(np.random.default_rng(0), 20)
    observation = environment.observe(states)
    assert observation["picture"].dtype == np.uint8
    np.testing.assert_array_equal(observation["kind"][0], [0, 1, 0])
    counts = [len(state["points"]) for state in states]
    np.testing.assert_array_equal(observation["points"][..., 2].sum(axis=1), counts)


def test_a_set_without_a_greatest_number_is_refused():
    with pytest.raises(fag.InputError, match=r"ArraySpec\(\(K, 3\), unordered=True, presence=2\)"):
        feasible_environment(Things, clear, **SMALL)


def test_states_are_a_function_of_the_random_numbers():
    one, other = (feasible_environment(BAND, **SMALL) for _ in range(2))
    one.draw_states(np.random.default_rng(7), 3)  # must leave nothing behind
    first, second = (each.draw_states(np.random.default_rng(1), 20) for each in (one, other))
    np.testing.assert_array_equal(one.observe(first)["place"], other.observe(second)["place"])
    drawn = one.evaluation_states(np.random.default_rng(2), 4)
    again = one.evaluation_states(np.random.default_rng(2), 4)
    for a, b in zip(drawn["rollouts"], again["rollouts"], strict=True):
        np.testing.assert_array_equal(a["place"], b["place"])


def test_roll_outs_take_feasible_actions_and_reach_all_of_an_episode():
    steps = []

    class Watched(Band):
        def step(self, action):
            result = super().step(action)
            steps.append((result[4]["feasible"], self.steps))
            return result

    environment = feasible_environment(Watched, **SMALL)
    environment.draw_states(np.random.default_rng(0), 1)
    feasible, times = zip(*steps, strict=True)
    # One of 16 uniform draws is feasible with a probability of 1 - (7/8)^16.
    assert np.mean(feasible) > 0.7
    assert set(times) == set(range(1, 11))


def test_an_episode_that_ends_at_once_gives_its_first_state():
    environment = feasible_environment(lambda: Band(length=1), num_states=6, stride=4)
    assert len(environment.draw_states(np.random.default_rng(0), 3)) == 3


def test_states_of_an_agent_are_drawn_too():
    environment = feasible_environment(BAND, **SMALL)
    environment.add([{"place": np.float32([9.0]), "time": 0}])
    states = environment.draw_states(np.random.default_rng(0), 200)
    share = np.mean([state["place"][0] == 9.0 for state in states])
    assert 0.35 < share < 0.65


def test_an_agent_visits_states_through_its_own_wrapper():
    environment = feasible_environment(BAND, agent_share=1.0, **SMALL)
    environment.visit(
        lambda observation: np.float32([0, 1]),
        25,
        lambda env: ActionMapping(env, BandMapping()),
    )
    assert len(environment._added) == 25
    environment.visit(lambda observation: np.float32([0, 0]), 25)
    assert len(environment._added) == 32


def test_its_truth_is_the_feasible_set():
    environment = feasible_environment(BAND, **SMALL)
    (state,) = environment.draw_states(np.random.default_rng(0), 1)
    truth = environment.truth(state)
    draws = truth.sample(np.random.default_rng(0), 100)
    assert np.all(np.abs(draws[:, 0] - state["place"]) <= HALF + 1e-5)


def test_it_is_made_again_by_its_arguments_where_they_are_plain():
    name, options = describe_environment(feasible_environment(BAND, **SMALL))
    again = make_environment(name, options)
    assert isinstance(again, FeasibleEnvironment)
    assert options == {"env": BAND, **SMALL}


def test_it_can_be_given_to_another_process():
    environment = feasible_environment(BAND, **SMALL)
    states = environment.draw_states(np.random.default_rng(0), 4)
    again = pickle.loads(pickle.dumps(environment))
    others = again.draw_states(np.random.default_rng(0), 4)
    np.testing.assert_array_equal(
        environment.observe(states)["place"], again.observe(others)["place"]
    )


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((BoxBand,), {}, "no constraint; give feasible"),
        ((BoxBand(), near), {}, "a function that makes it"),
        (("no/Such-v0",), {}, "no/Such-v0"),
        ((BAND,), {"num_states": 0}, "num_states is 0"),
        ((BAND, None, lambda o: o), {}, "with feasible alone"),
        ((BoxBand, near), {"observation_spec": {"x": fag.ArraySpec((1,))}}, "names"),
        ((BoxBand, near), {"observation_spec": {"observation": fag.ArraySpec((3,))}}, "shape"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line(arguments, options, message):
    with pytest.raises(fag.InputError, match=message):
        feasible_environment(*arguments, **options)


def test_labels_of_another_shape_are_refused():
    environment = feasible_environment(BoxBand, lambda o, a: np.ones(3, bool), **SMALL)
    with pytest.raises(fag.InputError, match=r"booleans \[5\]"):
        environment.feasibility([np.zeros(1)], np.zeros((1, 5, 2), np.float32))


@pytest.mark.slow
def test_a_run_in_it_maps_latents_at_once(tmp_path):
    run = fag.train(feasible_environment(BAND, **SMALL), out=tmp_path / "run", config=TINY)
    env = ActionMapping(gymnasium.make(BAND), run)
    env.reset(seed=0)
    info = env.step(np.float32([0.2, -0.7]))[4]
    assert 0.0 <= info["feasibility"] <= 1.0
    assert np.isfinite(info["log_density"])
    # Another process opens the run's folder; the run knows its environment by its arguments.
    again = pickle.loads(pickle.dumps(env))
    again.reset(seed=0)
    other = again.step(np.float32([0.2, -0.7]))[4]
    np.testing.assert_allclose(other["action"], info["action"], atol=1e-6)
    with pytest.raises(fag.InputError, match="cannot be given to another process"):
        pickle.dumps(ActionMapping(gymnasium.make(BAND), run.policy(), None))
