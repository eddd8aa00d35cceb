import dataclasses
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fag_tf._utils.files import read_config
from fag_tf.config.parsing import apply_settings, config_from_dict, config_to_dict
from fag_tf.config.schedules import Schedule
from fag_tf.config.schema import Config, TrainerConfig
from fag_tf.errors import InputError


def configured(*settings):
    return config_from_dict(apply_settings({}, settings))


# There and back ---------------------------------------------------------------------------------


def test_the_defaults_survive_a_dictionary_and_json():
    assert config_from_dict({}) == Config()
    assert config_from_dict(config_to_dict(Config())) == Config()
    assert config_from_dict(json.loads(json.dumps(config_to_dict(Config())))) == Config()


def test_a_configuration_that_says_everything_survives_a_dictionary():
    config = configured(
        "env=boxes",
        "env_options.dim=1",
        "seed=7",
        "objective.divergence={kl_forward={start=1.0,end=0.0}, jensen_shannon=0.5}",
        "objective.bandwidth={start=0.3,end=0.1,shape='geometric',begin=0.1,finish=0.5}",
        "trainer.target=environment",
        "trainer.compile=false",
    )
    again = config_from_dict(json.loads(json.dumps(config_to_dict(config))))
    assert again == config
    assert again.env_options == {"dim": 1}
    assert again.objective.divergence == {
        "kl_forward": Schedule(1.0, 0.0),
        "jensen_shannon": Schedule(0.5, 0.5),
    }
    assert again.objective.bandwidth == Schedule(0.3, 0.1, "geometric", 0.1, 0.5)
    # Weights are handed on in this order.
    assert list(again.objective.divergence) == ["kl_forward", "jensen_shannon"]


def test_what_a_table_leaves_out_keeps_its_default():
    config = config_from_dict({"trainer": {"steps": 3}})
    assert config == dataclasses.replace(
        Config(), trainer=dataclasses.replace(TrainerConfig(), steps=3)
    )


def test_a_schedule_given_in_part_keeps_the_rest_of_its_default():
    default = Config().objective.bandwidth
    changed = configured("objective.bandwidth.end=0.03").objective.bandwidth
    assert changed == dataclasses.replace(default, end=0.03)


def test_a_number_stands_for_a_schedule_that_does_not_change():
    assert configured("objective.bandwidth=0.2").objective.bandwidth == Schedule(0.2, 0.2)
    assert configured("actor.learning_rate=1").actor.learning_rate == Schedule(1.0, 1.0)


# Unknown options --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "option", "nearest"),
    [
        ("trainer.step=5", "trainer.step", "steps"),
        ("objectve.num_samples=5", "objectve", "objective"),
        ("objective.bandwith=0.1", "objective.bandwith", "bandwidth"),
        (
            "objective.bandwidth={start=1.0,end=0.1,finnish=0.5}",
            "objective.bandwidth.finnish",
            "finish",
        ),
        ("memory.xyz=1", "memory.xyz", "capacity"),
        ("batch=4", "batch", r"trainer\.batch"),
        ("states=4", "states", r"critic\.states or collect\.states"),
        ("exploration=1", "exploration", "trainer"),
    ],
)
def test_an_unknown_option_is_refused_and_the_nearest_named(setting, option, nearest):
    with pytest.raises(InputError) as caught:
        configured(setting)
    # It is the last word, so no others are listed with it.
    assert re.fullmatch(rf".*\b{re.escape(option)}\b.*\b{nearest}\W*", str(caught.value))


# Wrong types ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("trainer.steps=2.5", r"trainer\.steps\b.*2\.5.*whole number"),
        ("trainer.steps=many", r"trainer\.steps\b.*'many'.*whole number"),
        ("trainer.steps=true", r"trainer\.steps\b.*True.*whole number"),
        ("seed=1.0", r"seed\b.*1\.0.*whole number"),
        ("trainer.compile=1", r"trainer\.compile\b.*1.*true.*false"),
        ("actor.average=false", r"actor\.average\b.*False.*number"),
        ("trainer.target=both", r"trainer\.target\b.*'both'.*'critic'.*'environment'"),
        ("env=3", r"env\b.*3.*text"),
        ("env_options=3", r"env_options\b.*3.*table"),
        ("objective=0.5", r"objective\b.*0\.5.*table"),
        ("objective.divergence=kl_forward", r"objective\.divergence\b.*'kl_forward'.*table"),
        ("objective.bandwidth=wide", r"objective\.bandwidth\b.*'wide'"),
        ("objective.bandwidth=true", r"objective\.bandwidth\b.*True"),
        (
            "objective.divergence.kl_forward={start=0.1}",
            r"objective\.divergence\.kl_forward\b.*\bend\b",
        ),
        (
            "objective.bandwidth={start=0.1,end=0.1,shape='round'}",
            r"objective\.bandwidth\.shape\b.*'round'.*'linear'.*'geometric'.*'cosine'",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_what_would_be_right(setting, message):
    with pytest.raises(InputError) as caught:
        configured(setting)
    assert re.match(message, str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_configuration_that_is_no_table_is_refused():
    with pytest.raises(InputError, match=r"\b3\b.*table"):
        config_from_dict(3)


# Settings ---------------------------------------------------------------------------------------


def test_settings_are_laid_over_the_tables_and_leave_them_alone():
    data = {"trainer": {"steps": 5, "batch": 2}, "seed": 1}
    laid = apply_settings(data, ["trainer.steps=7", "actor.width = 64", "seed=2"])
    assert laid == {"trainer": {"steps": 7, "batch": 2}, "seed": 2, "actor": {"width": 64}}
    assert data == {"trainer": {"steps": 5, "batch": 2}, "seed": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-1e-3", -1e-3),
        ("true", True),
        ("'3'", "3"),
        ("boxes", "boxes"),
        ("my.module:Class", "my.module:Class"),
        ("", ""),
        ("a=b", "a=b"),
        ("{start=1.0, end=2}", {"start": 1.0, "end": 2}),
        ("[1, 2]", [1, 2]),
        ("opening=0.08,friction=0.4", "opening=0.08,friction=0.4"),
    ],
)
def test_a_value_is_toml_or_else_text(text, value):
    found = apply_settings({}, [f"env_options.x={text}"])["env_options"]["x"]
    assert found == value
    assert type(found) is type(value)


@given(st.text(st.characters(codec="ascii", exclude_characters="\n\r"), max_size=30))
def test_any_setting_gives_a_table_or_one_line_of_an_error(setting):
    try:
        outcome = apply_settings({"trainer": {"steps": 1}}, [setting])
    except InputError as error:
        outcome = str(error)
    assert isinstance(outcome, dict) or "\n" not in outcome


def test_the_later_of_two_settings_wins():
    assert apply_settings({}, ["seed=1", "seed=2"]) == {"seed": 2}


@pytest.mark.parametrize("setting", ["seed", "=3", "  =3", "", "seed=1\nfoo=2"])
def test_a_setting_without_a_name_or_a_value_is_refused(setting):
    with pytest.raises(InputError, match=re.escape(f"--set {setting}".replace("\n", " "))):
        apply_settings({}, [setting])


def test_a_setting_through_something_that_is_no_table_is_refused():
    with pytest.raises(InputError, match=r"--set seed\.x=3.*seed.*5"):
        apply_settings({"seed": 5}, ["seed.x=3"])


# Files ------------------------------------------------------------------------------------------


def test_toml_and_json_files_are_read(tmp_path):
    toml, js = tmp_path / "a.toml", tmp_path / "a.json"
    toml.write_text('env = "ring"\n[trainer]\nsteps = 5\n')
    js.write_text('{"env": "ring", "trainer": {"steps": 5}}')
    assert read_config(toml) == read_config(js) == {"env": "ring", "trainer": {"steps": 5}}
    assert config_from_dict(read_config(toml)).trainer.steps == 5


def test_files_that_cannot_be_read_or_parsed_are_refused_in_one_line(tmp_path):
    missing, broken = tmp_path / "none.toml", tmp_path / "broken.toml"
    broken.write_text("env = [")
    binary, js = tmp_path / "binary.toml", tmp_path / "broken.json"
    binary.write_bytes(b"\xff\xfe\x00")
    js.write_text('{"env": ')
    for path, message in (
        (missing, "No such file"),
        (tmp_path, "Is a directory"),
        (binary, "UTF-8"),
        (broken, "TOML"),
        (js, "JSON"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            read_config(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_date_which_cannot_be_saved_with_a_run_is_refused(tmp_path):
    path = tmp_path / "dated.toml"
    path.write_text("[env_options]\nday = 2024-01-02\n")
    data = apply_settings(read_config(path), ["seed=3"])
    with pytest.raises(InputError, match=r"env_options\.day.*2024, 1, 2"):
        config_from_dict(data)
