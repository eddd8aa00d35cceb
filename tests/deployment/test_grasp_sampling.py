import dataclasses

import numpy as np
import pytest

from fag_tf.deployment.feasible_sampling import draw_feasible
from fag_tf.deployment.grasp_sampling import GraspModel, image_size, model_gripper
from fag_tf.deployment.model_card import build_card
from fag_tf.deployment.sampler import load_model
from fag_tf.deployment.viewed_model import ViewedModel
from fag_tf.environments.planar_grasp.card import card_details
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, PRESETS
from fag_tf.environments.planar_grasp.scenes import scene_of_object
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, ArraySpec, Axis

SPEC = {"image": ArraySpec((128, 128, 1)), "gripper": ArraySpec((6,))}


def card_of(gripper=None):
    details = card_details(gripper=gripper)
    return build_card("m", "planar_grasp", ACTION_SPACE, SPEC, 4, details=details)


def test_a_model_of_one_gripper_takes_it_for_granted():
    assert model_gripper(card_of(PRESETS["robotiq_2f140"])) == PRESETS["robotiq_2f140"]


def test_a_model_of_all_grippers_takes_the_default_one():
    assert model_gripper(card_of()) == DEFAULT_GRIPPER


def test_a_card_that_says_nothing_of_grippers_leaves_the_default_one():
    assert model_gripper(_plain(card_of())) == DEFAULT_GRIPPER


def _plain(card):
    entry = card.inputs["gripper"]
    parts = tuple(
        dataclasses.replace(p, low=None, high=None, default=None) for p in entry.components
    )
    inputs = {**card.inputs, "gripper": dataclasses.replace(entry, components=parts)}
    return dataclasses.replace(card, inputs=inputs)


def test_the_size_of_a_models_pictures_is_by_its_card(stand_in_model):
    assert image_size(load_model(stand_in_model)) == 128


@pytest.mark.parametrize(
    ("spec", "space", "message"),
    [
        ({"image": SPEC["image"]}, ACTION_SPACE, "image and gripper"),
        ({**SPEC, "gripper": ArraySpec((5,))}, ACTION_SPACE, r"gripper.*\('B', 5\)"),
        ({**SPEC, "image": ArraySpec((64, 32, 1))}, ACTION_SPACE, r"image.*\('B', 64, 32, 1\)"),
        (SPEC, ActionSpace([Axis("u", 0.0, float(np.pi), "m")]), r"\bu\b.*x, y, theta"),
    ],
)
def test_models_of_something_else_are_refused(stand_in_model, spec, space, message):
    sampler = load_model(stand_in_model)
    sampler.card = build_card("m", "planar_grasp", space, spec, 4)
    with pytest.raises(InputError, match=message):
        image_size(sampler)


def seen_by(model, scene, gripper):
    """What the model is asked, and who asks it."""
    view = model.view(scene, gripper)
    return ViewedModel(model.saved, view), view.observation()


def test_a_grasp_model_draws_what_its_saved_model_gives_for_the_scene(stand_in_model):
    model = GraspModel(load_model(stand_in_model))
    scene = scene_of_object("H", size=model.image_size)
    found = model.draw(scene, None, 5, 3, 0.1, verified=False)
    (wanted,) = draw_feasible(*seen_by(model, scene, model.gripper), 5, 3, 0.1)
    np.testing.assert_array_equal(found.action, wanted.action)
    assert found.tries == wanted.tries
    assert model.csv(found).splitlines()[0] == "x,y,theta,feasibility"
    jaw = PRESETS["franka_hand"]
    other = model.draw(scene, jaw, 5, 3, 0.1, verified=False)
    (wanted,) = draw_feasible(*seen_by(model, scene, jaw), 5, 3, 0.1)
    np.testing.assert_array_equal(other.action, wanted.action)
