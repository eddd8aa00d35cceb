import pytest

from fag_tf.config.general import (
    GENERAL_DEFAULTS,
    general_settings,
    settings_by_axes,
    with_general_defaults,
)
from fag_tf.config.parsing import apply_settings, config_from_dict, config_to_dict
from fag_tf.config.schema import Config
from fag_tf.errors import InputError


def configured(values, num_axes=2):
    return config_to_dict(config_from_dict(with_general_defaults(values, num_axes)))


def test_only_what_is_left_out_gets_a_general_default():
    given = {"seed": 3, "trainer": {"steps": 7}, "actor": {"learning_rate": 0.5}}
    config, plain = configured(given), config_to_dict(Config())
    assert config["seed"] == 3
    assert config["trainer"] == {**plain["trainer"], "steps": 7, "compile": False}
    assert config["actor"]["learning_rate"] == {**config["actor"]["learning_rate"], "start": 0.5}
    for key, value in GENERAL_DEFAULTS["collect"].items():
        assert config["collect"][key] == value
    assert config["memory"] == plain["memory"]
    assert given == {"seed": 3, "trainer": {"steps": 7}, "actor": {"learning_rate": 0.5}}


def test_every_general_default_differs_from_the_plain_one():
    config, plain = configured({}), config_to_dict(Config())
    for table, keys in GENERAL_DEFAULTS.items():
        assert all(config[table][key] != plain[table][key] for key in keys)


@pytest.mark.parametrize("values", [{"method": "flow"}, {"actor": {"kind": "implicit"}}])
def test_what_learns_from_its_own_samples_gets_more_of_them_and_a_larger_rate(values):
    plain, own = configured({}), configured(values)
    assert own["objective"]["num_supports"] == 64 > plain["objective"]["num_supports"]
    assert own["actor"]["learning_rate"]["start"] > plain["actor"]["learning_rate"]["start"]
    assert own["critic"] == plain["critic"]


def test_as_settings_they_give_the_same_configuration():
    assert config_from_dict(apply_settings({}, general_settings())) == config_from_dict(
        with_general_defaults({}, num_axes=1)
    )


@pytest.mark.parametrize(("num_axes", "share"), [(1, 0.25), (8, 0.25), (10, 0.16), (16, 0.0625)])
def test_with_many_axes_the_proposal_has_fewer_samples_far_from_the_actor(num_axes, share):
    objective = configured({}, num_axes)["objective"]
    assert objective["uniform_weight"] == objective["wide_weight"] == share
    assert objective["num_samples"] == GENERAL_DEFAULTS["objective"]["num_samples"]
    given = configured({"objective": {"wide_weight": 0.4}}, num_axes)["objective"]
    assert (given["uniform_weight"], given["wide_weight"]) == (share, 0.4)
    settings = (*general_settings(), *settings_by_axes(num_axes))
    assert config_from_dict(apply_settings({}, settings)) == config_from_dict(
        with_general_defaults({}, num_axes)
    )


def test_what_learns_from_its_own_samples_keeps_the_parts_of_its_proposal():
    objective = configured({"actor": {"kind": "implicit"}}, num_axes=16)["objective"]
    assert objective["uniform_weight"] == objective["wide_weight"] == 0.25


def test_a_whole_configuration_stays_as_it_is():
    whole = config_to_dict(Config(seed=5))
    assert configured(whole) == whole


def test_an_actor_with_all_its_sizes_given_keeps_its_kind():
    # With a width, which is a default here, these look like a run of the first format.
    assert (
        configured({"actor": {"depth": 1, "steps": 1, "latent_dim": 0}})["actor"]["kind"] == "auto"
    )


@pytest.mark.parametrize("values", [{"trainer": 4}, {"trainer": {"step": 4}}, {"format": 99}])
def test_what_is_no_configuration_is_refused(values):
    with pytest.raises(InputError):
        configured(values)
