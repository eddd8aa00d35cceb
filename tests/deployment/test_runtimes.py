import os

import numpy as np
import pytest

from fag_tf.deployment import runtimes
from fag_tf.deployment.model_card import CARD_FILE
from fag_tf.deployment.model_card_files import read_card
from fag_tf.deployment.runtimes import load_onnx, load_saved_model
from fag_tf.errors import InputError
from fag_tf.latents import draw_latent


@pytest.mark.parametrize("load", [load_onnx, load_saved_model])
def test_a_loaded_model_maps_named_arrays_to_actions_and_feasibility(
    load, stand_in_model, observation
):
    card = read_card(stand_in_model / "1" / CARD_FILE)
    run = load(stand_in_model / "1", card)
    action, feasibility, log_density = run({**observation, "latent": draw_latent(0, 1, 6, 4)})
    assert action.shape == (1, 6, 3)
    assert feasibility.shape == (1, 6)
    assert log_density is None


@pytest.mark.parametrize("count", [1, 64, 65, 600])
def test_an_action_is_the_same_however_many_are_drawn_beside_it(stand_in_model, observation, count):
    run = load_onnx(stand_in_model / "1", read_card(stand_in_model / "1" / CARD_FILE))
    two = {name: np.concatenate([array, 0.9 * array]) for name, array in observation.items()}
    latent = draw_latent(0, 2, count, 4)
    action, feasibility, _ = run({**two, "latent": latent})
    assert action.shape == (2, count, 3)
    for state in range(2):
        one = {name: array[state : state + 1] for name, array in two.items()}
        alone = run({**one, "latent": latent[state : state + 1, -1:]})
        np.testing.assert_allclose(action[state, -1:], alone[0][0], atol=1e-6)
        np.testing.assert_allclose(feasibility[state, -1:], alone[1][0], atol=1e-6)


def test_inputs_that_onnx_runtime_rejects_end_in_one_line(stand_in_model, observation):
    card = read_card(stand_in_model / "1" / CARD_FILE)
    run = load_onnx(stand_in_model / "1", card)
    with pytest.raises(InputError, match="latent") as caught:
        run({**observation, "latent": draw_latent(0, 1, 6, 5)})
    assert "\n" not in str(caught.value)


def test_no_more_threads_are_used_than_a_process_is_told_to(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert runtimes._cores() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "0,1")
    assert runtimes._cores() == len(os.sched_getaffinity(0))
