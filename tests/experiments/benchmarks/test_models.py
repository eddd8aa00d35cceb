import numpy as np
import pytest

from fag_tf.environments.registry import make_environment
from fag_tf.errors import InputError
from fag_tf.experiments.benchmarks.models import (
    searched_at_random,
    trained_config,
    trained_environment,
    trial_states,
)


def test_a_model_says_how_it_was_trained(stand_in_model):
    config = trained_config(stand_in_model)
    assert (config.env, config.seed, config.actor.width) == ("planar_grasp", 3, 8)
    assert trained_environment(stand_in_model).name == "planar_grasp"


def test_a_model_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="/none"):
        trained_config(tmp_path / "none")


def test_there_is_a_state_of_each_test_object(stand_in_model):
    states = trial_states(trained_environment(stand_in_model))
    assert list(states) == ["C", "L", "X", "hammer", "O"]
    assert trial_states(make_environment("moons"))


def test_a_search_at_random_keeps_to_the_object(stand_in_model):
    environment = trained_environment(stand_in_model)
    state = trial_states(environment)["L"]
    low, high = environment.surroundings(state)
    actions = searched_at_random(environment, state, np.random.default_rng(0), 50)
    assert actions.shape == (50, 3)
    assert np.all((actions >= low - 1e-6) & (actions <= high + 1e-6))
    np.testing.assert_allclose((high - low)[0], (high - low)[1])
