import json

from fag_tf.deployment.model_card import build_card
from fag_tf.environments.planar_grasp.card import card_details
from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS, RANGES
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.environments.planar_grasp.workspace import longest_side


def test_the_details_fit_the_environment_and_json():
    env = PlanarGrasp()
    card = build_card(
        "m", env.name, env.action_space, env.observation_spec, 3, details=card_details()
    )
    assert set(card.details) == {"workspace", "gripper"}
    json.dumps(card.details)


def test_the_grippers_numbers_are_those_of_the_rules():
    parts = card_details()["inputs"]["gripper"]["components"]
    assert [part["name"] for part in parts] == list(FIELDS)
    for part in parts:
        assert (part["low"], part["high"]) == RANGES[part["name"]]
        assert part["default"] == getattr(DEFAULT_GRIPPER, part["name"])


def test_the_workspace_is_the_table_in_metres():
    workspace = card_details()["workspace"]
    assert (workspace["side"], workspace["unit"]) == (0.30, "m")
    assert workspace["object_longest_side"] == [0.05, 0.17]


def test_of_one_part_the_size_is_that_parts():
    env = PlanarGrasp(parts="hammer")
    low, high = env.card_details()["workspace"]["object_longest_side"]
    assert low == high == round(longest_side(named_part("hammer")[1]), 4)
