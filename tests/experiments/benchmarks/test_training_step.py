import dataclasses

import pytest

from fag_tf.config.schema import Config, TrainerConfig
from fag_tf.experiments.benchmarks.results import NotMeasuredError
from fag_tf.experiments.benchmarks.training_step import StepParts, quick_config


@pytest.fixture(scope="module")
def parts():
    return StepParts(quick_config(Config(env="boxes")))


def test_every_part_can_be_called_alone(parts):
    calls = [parts.learn, parts.collect, parts.learn_compiled, parts.learn_critic]
    calls += [parts.features(), parts.kernels(), parts.optimisers()]
    for call in calls:
        call()
        call()


def test_the_step_is_counted_and_never_leaves_for_python(parts):
    counted, host = parts.operations()
    assert counted.products > 0.0
    assert counted.others > 0.0
    assert host == 0


def test_the_learner_is_left_as_it_was(parts):
    # A recorder in its place would have no graph to give.
    for name in ("act", "logits", "update_critic", "learn_on_belief"):
        assert hasattr(getattr(parts.trainer.learner, name), "get_concrete_function")


def test_learning_on_the_environment_is_not_this_step():
    config = dataclasses.replace(
        quick_config(Config()), trainer=TrainerConfig(target="environment")
    )
    with pytest.raises(NotMeasuredError):
        StepParts(config)
