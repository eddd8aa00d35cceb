import asyncio
import dataclasses

import pytest
from kserve.errors import ModelNotFound, ModelNotReady

from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.serving.model import ServedModel, served_name
from fag_tf.deployment.serving.queries import Limits
from fag_tf.deployment.serving.repository import Registry
from fag_tf.errors import InputError


@pytest.fixture
def model(sampler):
    return ServedModel(sampler, Limits(), None, None)


@pytest.fixture
def registry(model):
    return Registry([model])


def is_ready(registry):
    return asyncio.run(registry.ready())


def test_a_model_is_found_by_its_folders_names(registry, model):
    assert registry.find("planar_grasp") is model
    assert registry.find("planar_grasp", "1") is model
    for name, version in (("planar", None), ("planar_grasp", "2")):
        with pytest.raises(ModelNotFound):
            registry.find(name, version)


def test_an_output_that_is_not_passed_on_is_not_offered(sampler):
    entry = sampler.card.outputs["feasibility"]
    outputs = {**sampler.card.outputs, "log_density": entry, "more": entry}
    card = dataclasses.replace(sampler.card, outputs=outputs)
    more = SavedModel(card, sampler.directory, sampler.runtime, sampler._run)
    offered = ServedModel(more, Limits(), None, None).get_output_types()
    assert [output["name"] for output in offered] == ["action", "feasibility", "log_density"]


def test_the_folders_give_name_and_version(tmp_path):
    assert served_name(tmp_path / "mine") == ("mine", "1")
    assert served_name(tmp_path / "other" / "12") == ("other", "12")


def test_two_models_of_one_name_are_refused(model):
    with pytest.raises(InputError, match="'planar_grasp'"):
        Registry([model, model])


def test_the_server_is_ready_while_all_its_models_are(registry, model):
    assert is_ready(registry)
    model.ready = False
    assert not is_ready(registry)
    with pytest.raises(ModelNotReady):
        registry.find_ready("planar_grasp")


def test_the_server_is_not_ready_after_an_unload(registry):
    registry.model_registry.unload("planar_grasp")
    assert not is_ready(registry)


def test_the_server_is_not_ready_while_it_drains(registry):
    registry.draining = True
    assert not is_ready(registry)


def test_loading_does_not_revive_a_model_that_was_taken_away(model):
    model.ready = False
    assert not model.load()


def test_metrics_know_the_models_names_only(registry):
    assert registry.label("planar_grasp") == "planar_grasp"
    assert registry.label("anything") == ""
