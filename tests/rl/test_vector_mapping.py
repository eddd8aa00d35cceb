import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from fag_tf.rl.action_mapping import ActionMapping
from fag_tf.rl.vector_mapping import VectorActionMapping
from reference.band import HALF, Band, BandMapping


def made():
    return Band(length=3)


def test_all_environments_are_mapped_as_each_would_be():
    vector = VectorActionMapping(SyncVectorEnv([made] * 4), BandMapping())
    alone = [ActionMapping(made(), BandMapping()) for _ in range(4)]
    vector.reset(seed=5)
    for i, env in enumerate(alone):
        env.reset(seed=5 + i)
    latents = np.random.default_rng(0).uniform(-1, 1, (4, 2)).astype(np.float32)
    observations, rewards, _, _, infos = vector.step(latents)
    for i, env in enumerate(alone):
        observation, reward, _, _, info = env.step(latents[i])
        np.testing.assert_array_equal(observations["place"][i], observation["place"])
        np.testing.assert_allclose(infos["action"][i], info["action"])
        assert rewards[i] == pytest.approx(reward)
    assert infos["_action"].all()


def test_its_spaces_are_those_of_latents():
    vector = VectorActionMapping(SyncVectorEnv([made] * 2), BandMapping())
    assert vector.single_action_space == gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
    assert vector.action_space.shape == (2, 2)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_after_an_episode_the_next_one_is_mapped_in_its_own_states(mode):
    vector = VectorActionMapping(
        SyncVectorEnv([made] * 2, autoreset_mode=mode), BandMapping(), margin=0.0
    )
    observations, _ = vector.reset(seed=0)
    ended = np.zeros(2, bool)
    for _ in range(8):
        place = observations["place"][:, 0].copy()
        observations, _, _, truncated, infos = vector.step(np.float32([[1, 0], [-1, 0]]))
        acted = infos["_action"]
        np.testing.assert_array_equal(acted, ~ended)
        expected = place + np.array([HALF, -HALF])
        np.testing.assert_allclose(infos["action"][acted, 0], expected[acted], atol=1e-6)
        ended = truncated if mode is AutoresetMode.NEXT_STEP else ended


def test_environments_of_other_processes_are_mapped_too():
    # Their constraint lies in the other processes; inputs are taken by name.
    vector = VectorActionMapping(AsyncVectorEnv([made] * 2), BandMapping())
    try:
        vector.reset(seed=0)
        infos = vector.step(np.zeros((2, 2), np.float32))[4]
        assert infos["action"].shape == (2, 2)
    finally:
        vector.close()
