from dataclasses import replace

import pytest

from fag_tf.config.schema import Config
from fag_tf.training.report_text import ReportText

STEPS, WARMUP = 400, 100


@pytest.fixture
def text():
    config = Config()
    trainer = replace(config.trainer, steps=STEPS)
    return ReportText(
        replace(config, trainer=trainer, critic=replace(config.critic, warmup_steps=WARMUP))
    )


def figures(step, **others):
    return {"step": step, "interactions": 21_120, "steps_per_second": 2.0} | others


def test_a_line_has_the_figures_of_the_report(text):
    line = text(figures(200, feasible_rate=0.254, critic_accuracy=0.9))
    assert line == ("feasible 0.25 · critic 0.90 · 21,120 interactions · 2.0 steps/s · 2 min left")


def test_once_no_more_is_checked_the_line_has_what_the_critic_believes(text):
    assert text(figures(300, believed=0.8)).startswith("believed feasible 0.80 · 21,120")


@pytest.mark.parametrize(("step", "told"), [(50, True), (100, True), (150, False), (400, False)])
def test_a_line_tells_while_the_critic_alone_learns(text, step, told):
    assert ("the actor learns after step 100" in text(figures(step))) == told


def test_a_training_of_the_critic_alone_does_not_promise_that_the_actor_will_learn(text):
    config = Config()
    alone = replace(config.critic, warmup_steps=config.trainer.steps)
    line = ReportText(replace(config, critic=alone))(figures(50))
    assert "actor" not in line


def test_the_time_left_forgets_a_slow_first_report(text):
    text(figures(50, steps_per_second=1.0))
    for step in range(100, 400, 50):
        line = text(figures(step, steps_per_second=10.0))
    assert line.endswith("6 s left")
