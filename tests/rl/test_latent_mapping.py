import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

import fag_tf as fag
from fag_tf.rl.latent_mapping import LatentMapping, MappingModel
from reference.band import SPACE, BandMapping

STATE = {"place": np.float32([[0.5]])}


def test_whatever_maps_latents_is_a_mapping():
    assert isinstance(BandMapping(), LatentMapping)
    model = MappingModel(BandMapping())
    assert (model.latent_dim, model.inputs, model.action_space) == (2, {"place": (1,)}, SPACE)
    actions, feasibility, log_density = model(STATE, np.zeros((1, 3, 2)))
    np.testing.assert_allclose(actions, [[[0.5, 0.0]] * 3])
    assert feasibility.shape == log_density.shape == (1, 3)


def test_latents_beyond_one_are_brought_back():
    model = MappingModel(BandMapping())
    beyond, at_the_end = (model(STATE, np.full((1, 1, 2), x))[0] for x in (1.7, 1.0))
    np.testing.assert_array_equal(beyond, at_the_end)


def test_a_mapping_need_not_tell_its_inputs():
    least = SimpleNamespace(latent_dim=1, map_latent=lambda o, z: (z, z[..., 0], z[..., 0]))
    model = MappingModel(least)
    assert model.inputs is None
    assert model.action_space is None


def test_it_is_copied_as_itself_and_pickled_with_what_it_was_given():
    model = MappingModel(BandMapping())
    assert copy.deepcopy(model) is model
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        model(STATE, np.ones((1, 1, 2)))[0], again(STATE, np.ones((1, 1, 2)))[0]
    )


def test_a_model_of_many_candidates_is_refused():
    # Shipped models of grasps scan a picture: no latent of theirs belongs to an axis.
    with pytest.raises(fag.InputError, match="latent"):
        MappingModel("planar_grasp")
