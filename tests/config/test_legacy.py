import json
import re

import pytest

from fag_tf.config.legacy import FORMAT, as_first_format, upgraded
from fag_tf.config.parsing import apply_settings, config_from_dict, config_to_dict
from fag_tf.config.schema import Config
from fag_tf.errors import InputError

FIRST = {
    "env": "boxes",
    "actor": {
        "clip_norm": 2.0,
        "proposals": 3,
        "beginnings": 4,
        "sharpness": 5.0,
        "confidence": 0.7,
        "stop": 0.6,
    },
    "objective": {"scott": 0.5, "greatest_pull": 2.5},
}


def test_options_of_the_first_format_come_under_their_new_names():
    config = config_from_dict(FIRST)
    assert (config.policy.num_candidates, config.policy.num_initial_candidates) == (3, 4)
    assert (config.policy.sharpness, config.policy.stop_probability) == (5.0, 0.6)
    assert config.actor.critic_stop_probability == 0.7
    assert (config.objective.scott_factor, config.objective.max_support_gradient) == (0.5, 2.5)


def test_one_bound_of_the_first_format_serves_both_networks_and_now_each_has_its_own():
    assert config_from_dict(FIRST).critic.clip_norm == 2.0
    assert config_from_dict({"actor": {"clip_norm": 2.0}}).critic.clip_norm == 1.0


def test_what_is_saved_says_its_format_and_is_read_again():
    saved = json.loads(json.dumps(config_to_dict(Config(env="boxes"))))
    assert saved["format"] == FORMAT
    assert config_from_dict(saved) == Config(env="boxes")


def test_a_later_format_is_refused():
    for version in (FORMAT + 1, True, "2", None, [1, 2]):
        with pytest.raises(InputError, match=re.escape(repr(version))):
            config_from_dict({"format": version})


def test_an_option_by_both_of_its_names_is_refused():
    with pytest.raises(InputError):
        config_from_dict({"actor": {"sharpness": 2.0}, "policy": {"sharpness": 3.0}})


def test_what_is_given_is_left_as_it_is():
    before = json.dumps(FIRST)
    upgraded(FIRST)
    assert json.dumps(FIRST) == before


def test_the_first_format_is_had_again_for_digests():
    whole = config_to_dict(config_from_dict(FIRST))
    whole["actor"]["kind"] = "implicit"
    first = as_first_format(whole)
    assert "policy" not in first
    assert "clip_norm" not in first["critic"]
    assert FIRST["actor"].items() <= first["actor"].items()
    assert config_from_dict(first) == config_from_dict(whole)


def test_options_that_came_later_are_not_in_the_first_format():
    implicit = {"env": "boxes", "actor": {"kind": "implicit"}}
    first = as_first_format(config_to_dict(config_from_dict(implicit)))
    assert "kind" not in first["actor"]
    assert "num_looks" not in first.get("policy", {})
    assert "imitation" not in first["objective"]
    scanning = config_to_dict(config_from_dict({"env": "planar_grasp"}))
    assert as_first_format(scanning)["actor"]["kind"] == "auto"


def test_a_run_saved_before_there_were_kinds_has_an_implicit_actor():
    saved = config_to_dict(config_from_dict({"actor": {"kind": "implicit"}}))
    before = {**saved, "format": 2}
    del before["actor"]["kind"]
    assert config_from_dict(before).actor.kind == "implicit"
    assert config_from_dict({"actor": {"width": 8}}).actor.kind == "auto"


def test_an_environment_whose_class_has_moved_is_found_where_it_is():
    name = "fag_tf.studies.degraded:DegradedEnvironment"
    moved = config_from_dict({"env": name}).env
    assert moved == "fag_tf.experiments.studies.degraded:DegradedEnvironment"
    assert as_first_format(config_to_dict(config_from_dict({"env": name})))["env"] == name


def test_settings_by_old_names_lie_over_tables_of_either_format():
    for first in ({"actor": {"sharpness": 2.0}}, {"policy": {"sharpness": 2.0}}):
        values = apply_settings(first, ["actor.sharpness=3.0", "policy.num_candidates=2"])
        assert values["policy"] == {"sharpness": 3.0, "num_candidates": 2}


def test_an_option_that_came_later_changes_no_digest_unless_it_is_used():
    usual, other = (
        config_to_dict(config_from_dict({**FIRST, "actor": {**FIRST["actor"], "kind": kind}}))
        for kind in ("implicit", "autoregressive")
    )
    assert usual["actor"]["kind"] == "implicit"
    assert "kind" not in as_first_format(usual)["actor"]
    assert as_first_format(other)["actor"]["kind"] == "autoregressive"
