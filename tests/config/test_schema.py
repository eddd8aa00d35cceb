import dataclasses
import operator
import re
import typing

import pytest

from fag_tf.config.networks import ActorConfig, CriticConfig, PolicyConfig
from fag_tf.config.parsing import apply_settings, config_from_dict
from fag_tf.config.schema import (
    CollectConfig,
    Config,
    MemoryConfig,
    ObjectiveConfig,
    TrainerConfig,
)
from fag_tf.errors import InputError

SECTIONS = [
    ActorConfig,
    Config,
    CollectConfig,
    CriticConfig,
    MemoryConfig,
    ObjectiveConfig,
    PolicyConfig,
    TrainerConfig,
]


def configured(*settings):
    return config_from_dict(apply_settings({}, settings))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_a_section_is_frozen_and_each_of_its_options_is_explained(section):
    made = section()
    for field in dataclasses.fields(section):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, field.name, None)
        if typing.get_type_hints(section)[field.name] not in SECTIONS:
            assert f"        {field.name}:" in section.__doc__


@pytest.mark.parametrize(
    "setting",
    [
        "seed=-1",
        "seed=9007199254740992",
        "method=magic",
        "trainer.steps=0",
        "trainer.batch=-4",
        "trainer.log_every=0",
        "trainer.checkpoint_every=0",
        "actor.width=0",
        "actor.average=1.5",
        "actor.average=nan",
        "actor.clip_norm=0.0",
        "actor.clip_norm=nan",
        "actor.learning_rate=-1e-3",
        "actor.learning_rate=nan",
        "critic.learning_rate={start=1e-3,end=-1e-3}",
        "critic.feasible_share=-0.1",
        "critic.feasible_share=0.0",
        "critic.experiences=1",
        "critic.states=6",
        "trainer.batch=64",
        "objective.bandwidth=0.0",
        "objective.bandwidth=nan",
        "objective.bandwidth={start=0.1,end=-0.1}",
        "objective.proposal_ratio=0.9",
        "objective.proposal_ratio=nan",
        "objective.proposal_ratio=inf",
        "objective.uniform_weight=1.1",
        "objective.wide_weight=0.8",
        "objective.wide_bandwidth=0",
        "objective.target_floor=-1e-3",
        "objective.num_supports=0",
        "objective.scott_factor=-0.5",
        "objective.critic_gradient=-1.0",
        "objective.max_support_gradient=0.0",
        "objective.max_support_gradient=-1.0",
        "objective.max_support_gradient=nan",
        "objective.divergence={}",
        "objective.divergence={jensen_shannon=-1.0}",
        "collect.perturbation=-0.1",
        "collect.perturbation=nan",
        "collect.uniform_share=2.0",
        "collect.until=nan",
        "collect.max_interactions=-1",
        "collect={max_interactions=959}",
        "collect={uniform_share=0.6, perturbed_share=0.6}",
        "memory.capacity=0",
    ],
)
def test_a_value_out_of_range_is_refused_in_one_line(setting):
    options = re.findall(r"[\w.]+(?==)", setting)
    assert operator.attrgetter(options[0])(Config()) is not None  # it is known, by that name
    with pytest.raises(InputError) as caught:
        configured(setting)
    assert any(option in str(caught.value) for option in options)
    assert "\n" not in str(caught.value)


def test_the_message_about_a_value_says_where_what_and_what_would_be_right():
    with pytest.raises(InputError) as caught:
        configured("trainer.batch=-4")
    assert re.fullmatch(r"trainer\.batch\b.*-4\b.*\b1", str(caught.value))


def test_every_whole_number_has_a_greatest_that_is_told():
    for section, kind in [(name, type(value)) for name, value in vars(Config()).items()]:
        if not dataclasses.is_dataclass(kind):
            continue
        for field in dataclasses.fields(kind):
            if field.type is int:
                with pytest.raises(InputError, match=rf"^{section}\.{field.name}\b.*\b10{{23}}\b"):
                    configured(f"{section}.{field.name}=1{23 * '0'}")


@pytest.mark.parametrize(
    "setting", ["objective.proposal_ratio=1e9", "objective.critic_gradient=1e9"]
)
def test_numbers_that_nothing_is_learnt_with_are_refused(setting):
    option, _, value = setting.partition("=")
    with pytest.raises(InputError, match=f"^{option}.*{float(value)}"):
        configured(setting)
