import dataclasses
import typing

import pytest

from fag_tf.config.general import GENERAL_DEFAULTS
from fag_tf.config.networks import ActorConfig
from fag_tf.config.parsing import apply_settings, config_from_dict, config_to_dict
from fag_tf.config.reference import all_options, effects, matching_options
from fag_tf.config.schedules import Schedule
from fag_tf.config.schema import GENERATORS, Config
from fag_tf.errors import InputError


def test_every_option_is_there_once_and_says_what_it_does():
    options = all_options()
    names = [option.name for option in options]
    tables = config_to_dict(Config())
    expected = []
    for name, kind in typing.get_type_hints(Config).items():
        inner = dataclasses.is_dataclass(kind)
        expected += [f"{name}.{key}" for key in tables[name]] if inner else [name]
    assert names == expected
    assert all(option.effect for option in options)


def test_defaults_that_are_numbers_may_be_set_as_they_stand():
    for option in all_options():
        if option.default.replace(".", "").isdigit():
            config_from_dict(apply_settings({}, [f"{option.name}={option.default}"]))
    (capacity,) = (option for option in all_options() if option.name == "memory.capacity")
    assert capacity.default == str(Config().memory.capacity)


def test_an_option_with_two_defaults_has_both():
    options = {option.name: option for option in all_options()}
    two = {name for name, option in options.items() if option.default != option.general}
    assert two == {f"{table}.{key}" for table, keys in GENERAL_DEFAULTS.items() for key in keys}
    assert options["trainer.steps"].general == str(GENERAL_DEFAULTS["trainer"]["steps"])


def test_effects_are_those_of_the_docstring_on_one_line():
    assert set(effects(Schedule)) == {each.name for each in dataclasses.fields(Schedule)}
    assert effects(Schedule)["shape"].endswith("or `cosine` (flat at both ends).")
    assert "\n" not in "".join(effects(ActorConfig).values())


@pytest.mark.parametrize(("word", "name"), [("BATCH", "trainer.batch"), ("wide k", "wide_weight")])
def test_options_are_found_by_a_word_of_their_name_or_effect(word, name):
    found = matching_options(word)
    assert any(option.name.endswith(name) for option in found)
    assert len(found) < len(all_options())


def test_the_methods_are_named_as_they_are():
    (method,) = (option for option in all_options() if option.name == "method")
    assert all(f"`{name}`" in method.effect for name in ("actor", *GENERATORS))


def test_a_word_that_no_option_has_is_refused():
    with pytest.raises(InputError, match="'zzz'"):
        matching_options("zzz")
