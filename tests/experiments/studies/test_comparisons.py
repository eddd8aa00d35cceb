import pytest

from fag_tf.config.parsing import config_from_dict
from fag_tf.experiments.studies.comparisons import dimension_study, methods_study
from fag_tf.experiments.studies.plan import Plan


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("filtered", "filtered uniform"),
        ("maxent mixture", "maxent mixture"),
        ("flow", "flow"),
        ("cross-entropy search", "cross-entropy search"),
    ],
)
def test_other_methods_learn_the_same_critic(name, method):
    runs = {run.case: run for run in Plan(dimension_study(), seeds=1).runs()}
    for learnt, other in (
        ("autoregressive, 4 axes", "the same critic, 4 axes"),
        ("autoregressive, 93,000 interactions, 16 axes", "the same critic, 93,000, 16 axes"),
    ):
        same = runs[f"{name}, {other}"]
        assert runs[learnt].config == same.config
        assert same.method == method
    runs = {run.case: run for run in Plan(methods_study(), seeds=1).runs()}
    same = runs[f"{method}, the same critic"]
    assert runs["autoregressive"].config == same.config
    assert runs["autoregressive"].method == "actor"
    assert same.method == method


@pytest.mark.parametrize(
    ("case", "interactions"),
    [("autoregressive, 4 axes", 55_296), ("autoregressive, 93,000 interactions, 8 axes", 93_184)],
)
def test_a_case_asks_for_as_many_checks_as_the_pages_say(case, interactions):
    runs = {run.case: run for run in Plan(dimension_study(), seeds=1).runs()}
    config = config_from_dict(dict(runs[case].config))
    collect, trainer = config.collect, config.trainer
    rounds = [
        s for s in range(0, trainer.steps, collect.every) if s / trainer.steps < collect.until
    ]
    states = collect.initial_states + len(rounds) * collect.states
    assert states * collect.experiences == interactions
