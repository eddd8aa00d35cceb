import dataclasses

import numpy as np
import pytest

from fag_tf.cards import Component, ModelCard, TensorEntry, build_card, library_versions
from fag_tf.environment import ArraySpec
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, Axis

SPACE = ActionSpace([Axis("x", -1.0, 2.0, "m"), Axis("turn", 0.0, np.pi, "rad", periodic=True)])


def small_card(**changes) -> ModelCard:
    card = build_card("small", "boxes", SPACE, {"scene": ArraySpec((3,))}, 2)
    return dataclasses.replace(card, **changes)


def test_a_card_gives_the_action_space_back():
    assert small_card().action_space == SPACE


def test_a_card_names_every_input_and_output_with_its_shape():
    card = small_card()
    assert card.inputs["latent"].shape == ("B", "N", 2)
    assert card.inputs["scene"].shape == ("B", 3)
    assert card.outputs["action"].shape == ("B", "N", 2)
    assert card.outputs["feasibility"].shape == ("B", "N")
    assert set(card.observation_inputs) == {"scene"}


def test_versions_name_the_libraries():
    assert {"python", "tensorflow", "numpy", "onnxruntime"} <= set(library_versions())


def test_an_observation_must_not_be_called_latent():
    with pytest.raises(InputError, match="latent"):
        build_card("small", "boxes", SPACE, {"latent": ArraySpec((3,))}, 2)


def test_details_of_an_unknown_observation_are_refused():
    with pytest.raises(InputError, match="sound"):
        build_card(
            "small",
            "boxes",
            SPACE,
            {"scene": ArraySpec((3,))},
            2,
            details={"inputs": {"sound": {}}},
        )
