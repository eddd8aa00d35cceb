import pytest

from fag_tf.config.parsing import config_from_dict
from fag_tf.experiments.studies.comparisons import dimension_study, methods_study
from fag_tf.experiments.studies.plan import Plan


@pytest.mark.parametrize(
    ("name", "method", "num_supports"),
    [
        ("filtered", "filtered uniform", 16),
        ("maxent mixture", "maxent mixture", 64),
        ("flow", "flow", 64),
        ("cross-entropy search", "cross-entropy search", 16),
    ],
)
def test_other_methods_learn_the_same_critic(name, method, num_supports):
    def critic_of(run):
        # These are for the generator alone.
        of_generator = ("num_supports", "uniform_weight", "wide_weight")
        objective = {**run.config["objective"], **dict.fromkeys(of_generator)}
        actor = {**run.config["actor"], "learning_rate": None}
        return {**run.config, "objective": objective, "actor": actor}

    runs = {run.case: run for run in Plan(dimension_study(), seeds=1).runs()}
    for learnt, other in (
        ("autoregressive, 4 axes", "the same critic, 4 axes"),
        ("autoregressive, 93,000 interactions, 16 axes", "the same critic, 93,000, 16 axes"),
    ):
        same = runs[f"{name}, {other}"]
        assert critic_of(runs[learnt]) == critic_of(same)
        assert same.method == method
        assert same.config["objective"]["num_supports"] == num_supports
    runs = {run.case: run for run in Plan(methods_study(), seeds=1).runs()}
    same = runs[f"{method}, the same critic"]
    assert critic_of(runs["autoregressive"]) == critic_of(same)
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
