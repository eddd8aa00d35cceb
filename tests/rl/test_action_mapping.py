import pickle
import warnings
from typing import ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics, RecordVideo
from hypothesis import given, settings
from hypothesis import strategies as st

import fag_tf as fag
from fag_tf.rl.action_mapping import ActionMapping, Mapper
from reference.band import HALF, Band, BandMapping, BoxBand

LATENT = st.lists(st.floats(-1.0, 1.0, width=32), min_size=2, max_size=2)


def mapped(**options):
    env = gymnasium.make("reference/Band-v0", **options)
    return ActionMapping(env, BandMapping(), margin=0.0)


def test_its_actions_are_latents_of_single_precision():
    space = mapped().action_space
    assert space == gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)


@settings(max_examples=30)
@given(latents=st.lists(LATENT, min_size=1, max_size=12), seed=st.integers(0, 1000))
def test_every_latent_becomes_the_action_of_the_closed_form(latents, seed):
    env = mapped()
    observation, _ = env.reset(seed=seed)
    for latent in latents:
        place = observation["place"].copy()
        latent = np.float32(latent)
        observation, reward, _, truncated, info = env.step(latent)
        expected = np.array([place[0] + HALF * latent[0], latent[1]])
        np.testing.assert_allclose(info["action"], expected, atol=1e-6)
        assert info["feasible"]
        assert reward == info["action"][1]
        assert (info["feasibility"], info["log_density"]) == (0.75, 0.0)
        if truncated:
            observation, _ = env.reset()


def test_the_checker_of_gymnasium_finds_nothing():
    env = mapped(render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # It says so of every wrapper.
        warnings.filterwarnings("ignore", ".*different from the unwrapped version.*")
        check_env(env)


def test_the_environment_gets_actions_within_its_own_bounds():
    class Beyond(BandMapping):
        def map_latent(self, observation, latent):
            actions, feasibility, log_density = super().map_latent(observation, latent)
            return 10.0 * actions, feasibility, log_density

    env = ActionMapping(Band(), Beyond())
    env.reset(seed=0)
    _, _, _, _, info = env.step(np.float32([1, 1]))
    assert env.env.action_space.contains(info["action"])


def test_it_goes_on_as_it_was_once_pickled():
    env = ActionMapping(Band(), BandMapping())
    env.reset(seed=3)
    again = pickle.loads(pickle.dumps(env))
    for one, other in ((env, again),):
        first, second = one.step(np.float32([0.3, -0.2])), other.step(np.float32([0.3, -0.2]))
        np.testing.assert_array_equal(first[0]["place"], second[0]["place"])
        np.testing.assert_array_equal(first[4]["action"], second[4]["action"])


def test_its_episodes_are_counted():
    env = RecordEpisodeStatistics(mapped())
    env.reset(seed=0)
    ended = False
    while not ended:
        *_, ended, info = env.step(np.float32([0.0, 0.5]))
    assert info["episode"]["r"] == pytest.approx(5.0)


def test_it_is_filmed(tmp_path):
    pytest.importorskip("moviepy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the size of the pictures
        env = RecordVideo(mapped(render_mode="rgb_array"), str(tmp_path))
        env.reset(seed=0)
        for _ in range(10):
            env.step(np.float32([0.0, 0.5]))
        env.close()
    assert list(tmp_path.glob("*.mp4"))


def test_a_box_is_the_one_input_of_a_model_whatever_its_name():
    env = ActionMapping(BoxBand(), BandMapping(), margin=0.0)
    observation, _ = env.reset(seed=0)
    place = observation[0]
    info = env.step(np.float32([0.5, 0.0]))[4]
    assert info["action"][0] == pytest.approx(place + 0.5 * HALF)


def test_what_is_observed_can_be_a_function():
    env = ActionMapping(Band(), BandMapping(), lambda o: {"place": np.zeros(1)}, margin=0.0)
    env.reset(seed=0)
    assert env.step(np.float32([0.5, 0.0]))[4]["action"][0] == pytest.approx(0.5 * HALF)


def test_a_margin_leaves_out_the_ends_of_every_axis():
    env = ActionMapping(Band(), BandMapping(), margin=0.5)
    place = env.reset(seed=0)[0]["place"].copy()
    info = env.step(np.float32([1, -1]))[4]
    np.testing.assert_allclose(info["action"], [place[0] + 0.5 * HALF, -0.5], atol=1e-6)
    # Evenly spread over a quarter of the area.
    assert info["log_density"] == pytest.approx(np.log(4.0))
    with pytest.raises(fag.InputError, match=r"margin is 1\.0"):
        ActionMapping(Band(), BandMapping(), margin=1.0)


class _Three(BandMapping):
    latent_dim = 3


class _Elsewhere(BandMapping):
    inputs: ClassVar = {"picture": (4, 4)}


@pytest.mark.parametrize(
    ("env", "model", "message"),
    [
        (Band, _Three(), "3 numbers; the environment takes 2"),
        (BoxBand, "no/such/model", "does not exist"),
        (Band, _Elsewhere(), "picture"),
        (Band, 7, "map_latent"),
        (Band, "", "model is ''"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_in_one_line(env, model, message):
    with pytest.raises(fag.InputError, match=message):
        ActionMapping(env(), model)


def test_an_action_space_without_bounds_is_refused():
    env = Band()
    env.action_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,))
    with pytest.raises(fag.InputError, match="finite bounds"):
        ActionMapping(env, BandMapping())


def test_a_step_before_the_first_reset_is_an_error():
    with pytest.raises(gymnasium.error.ResetNeeded):
        ActionMapping(Band(), BandMapping()).step(np.float32([0, 0]))


def test_latents_that_are_no_numbers_are_refused():
    env = ActionMapping(Band(), BandMapping())
    env.reset(seed=0)
    with pytest.raises(fag.InputError, match="finite"):
        env.step(np.float32([np.nan, 0]))


class Doubting(BandMapping):
    """Believes in actions whose free axis is above a bound."""

    def __init__(self, least):
        self.least = least

    def map_latent(self, observation, latent):
        actions, _, log_density = super().map_latent(observation, latent)
        feasibility = np.where(actions[..., 1] >= self.least, 0.95, 0.5 + 0.2 * actions[..., 1])
        return actions, feasibility, log_density


SPACE = gymnasium.spaces.Box(np.float32([-2, -1]), np.float32([2, 1]))
PLACES = {"place": np.zeros((500, 1), np.float32)}
EVEN = np.random.default_rng(0).uniform(-1.0, 1.0, (500, 2)).astype(np.float32)


def test_a_latent_near_by_is_taken_where_the_own_one_is_doubted():
    own, believed, _ = Mapper(Doubting(0.0), SPACE, 0.0, looks=1)(PLACES, EVEN)
    np.testing.assert_allclose(own[:, 1], EVEN[:, 1], atol=1e-6)
    found, feasibility, _ = Mapper(Doubting(0.0), SPACE, 0.0, looks=8)(PLACES, EVEN)
    sure = believed >= 0.9
    np.testing.assert_array_equal(found[sure], own[sure])
    near = ~sure & (own[:, 1] > -0.1)
    assert np.mean(feasibility[near] >= 0.9) > 0.8
    assert np.all(found[feasibility >= 0.9, 1] >= 0.0)
    assert np.abs(found - own).max() < 2.0


def test_the_likeliest_is_taken_where_none_is_believed():
    own, before, _ = Mapper(Doubting(2.0), SPACE, 0.0, looks=1)(PLACES, EVEN)
    found, after, _ = Mapper(Doubting(2.0), SPACE, 0.0, looks=8)(PLACES, EVEN)
    assert np.all(after >= before)
    assert np.all(found[:, 1] >= own[:, 1])
    assert np.mean(after > before) > 0.5


def test_looks_stay_within_the_latents_and_are_the_same_each_time():
    seen = []

    class Recording(BandMapping):
        def map_latent(self, observation, latent):
            seen.append(latent)
            return super().map_latent(observation, latent)

    mapper = Mapper(Recording(), SPACE, 0.5, looks=64)
    for _ in range(2):
        mapper(PLACES, 3.0 * EVEN)
    assert seen[0].shape == (500, 64, 2)
    assert np.abs(seen[0]).max() <= 0.5
    np.testing.assert_array_equal(*seen)
    np.testing.assert_allclose(seen[0][:, 0], 0.5 * np.clip(3.0 * EVEN, -1.0, 1.0))


@pytest.mark.parametrize("wrong", [{"looks": 0}, {"looks": 10**6}, {"margin": 1.0}])
def test_looks_and_margins_that_mean_nothing_are_refused(wrong):
    with pytest.raises(fag.InputError, match=next(iter(wrong))):
        Mapper(BandMapping(), SPACE, **wrong)
