import dataclasses

import numpy as np
import pytest

from fag_tf.deployment.model_card import ModelCard, build_card, library_versions
from fag_tf.deployment.tensor_entries import Component, TensorEntry
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, ArraySpec, Axis

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


def test_a_card_tells_what_the_specification_says_of_rows_and_columns():
    pillars = ArraySpec(
        (5, 3), unordered=True, presence=2, names=("x", "y", "radius"), units=("m", "m", "m")
    )
    card = build_card("small", "boxes", SPACE, {"pillars": pillars, "goal": ArraySpec((2,))}, 2)
    entry = card.inputs["pillars"]
    assert entry.components == tuple(Component(name, "m") for name in ("x", "y", "radius"))
    assert "set" in entry.description
    assert "0 in column 2 is absent" in entry.description
    assert card.inputs["goal"].components == (Component("goal"),)
    assert card.inputs["goal"].description == ""


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "''"),
        ({"unit": None}, "None"),
        ({"low": "a"}, "low.*'x'.*'a'"),
        ({"high": float("inf")}, "high.*'x'.*inf"),
        ({"default": True}, "default.*'x'.*True"),
        ({"period": 10**400}, "period.*'x'.*100000"),
        ({"low": 2.0, "high": 1.0}, r"'x'.*2\.0.*1\.0"),
    ],
)
def test_a_component_that_is_none_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        Component(**{"name": "x", **changes})


@pytest.mark.parametrize(
    ("shape", "number", "dtype", "message"),
    [
        ((), 1, "float32", r"\(\)"),
        (("B", 0), 1, "float32", r"\('B', 0\)"),
        (("B", 2.5), 1, "float32", r"\('B', 2\.5\)"),
        (("B", True), 1, "float32", r"\('B', True\)"),
        (("B", 3), 2, "float32", r"\('B', 3\).*\b2\b"),
        (("B", 3), 1, "M8[s]", r"'M8\[s\]'"),
    ],
)
def test_an_entry_that_is_none_is_refused(shape, number, dtype, message):
    with pytest.raises(InputError, match=message):
        TensorEntry(shape, (Component("x"),) * number, dtype)


@pytest.mark.parametrize("size", [0, 2.0, True, 10**12, None])
def test_an_impossible_latent_size_is_refused(size):
    latent = {"distribution": "uniform", "low": -1.0, "high": 1.0, "size": size}
    with pytest.raises(InputError, match=f"latent.*{size}"):
        small_card(latent=latent)


def test_a_card_may_list_the_log_density_and_knows_its_shape():
    assert "log_density" not in small_card().outputs
    card = build_card("small", "boxes", SPACE, {"scene": ArraySpec((3,))}, 2, log_density=True)
    entry = card.outputs["log_density"]
    assert entry.shape == ("B", "N")
    assert card.gives_log_density
    assert not small_card().gives_log_density
    assert card.sample_outputs == (*small_card().sample_outputs, "log_density")
    assert "exp(-log_density) is an unbiased estimate" in entry.description
    wrong = {**card.outputs, "log_density": dataclasses.replace(entry, shape=("B", "N", 1))}
    with pytest.raises(InputError, match=r"log_density.*1.*must be"):
        dataclasses.replace(card, outputs=wrong)


@pytest.mark.parametrize(
    ("units", "unit"),
    [
        (("m", "m", "rad"), "log(1/(m^2 rad))"),
        (("m", "rad"), "log(1/(m rad))"),
        (("m", "1"), "log(1/m)"),
        (("m", "m"), "log(1/m^2)"),
        (("m/s", "m/s"), "log(1/(m/s)^2)"),
        (("1", "1"), "1"),
    ],
)
def test_the_unit_of_a_log_density_follows_from_the_axes(units, unit):
    space = ActionSpace([Axis(f"a{index}", 0.0, 1.0, each) for index, each in enumerate(units)])
    card = build_card("small", "boxes", space, {"scene": ArraySpec((3,))}, 2, log_density=True)
    (component,) = card.outputs["log_density"].components
    assert component.unit == unit
