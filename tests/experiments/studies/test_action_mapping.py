import csv
import io

import numpy as np
import pytest

from fag_tf.errors import InputError
from fag_tf.experiments.studies.action_mapping import METHODS, TASKS, agent_runs
from fag_tf.experiments.studies.agent_tables import tabulate_agents

TASK = "Some-v0"


def result(method, seed, returns, **figures):
    curve = [{"step": 10 * i, "return": value} for i, value in enumerate(returns)]
    for row in curve:
        row["violations"] = 0.1
    return {
        "run": {"task": TASK, "method": method, "seed": seed},
        "curve": curve,
        "figures": {"return": returns[-1], "violations": 0.1, **figures},
        "seconds": {},
    }


def test_every_task_is_run_by_every_method_and_seed():
    runs = agent_runs(2)
    assert len(runs) == 2 * len(TASKS) * len(METHODS)
    assert len({run.key for run in runs}) == len(runs)
    # The first seed of all comes before the second of any.
    assert {run.seed for run in runs[: len(runs) // 2]} == {0}
    models = {run.model_key for run in runs if run.model is None}
    assert len(models) == 4


def test_settings_are_those_of_the_agents():
    (run,) = agent_runs(1, True, ["A-v0"], ["penalty"], ["steps=7", "options.gamma=0.5"])
    assert run.agent["steps"] == 7
    assert run.agent["options"]["gamma"] == 0.5
    (other,) = agent_runs(1, True, ["A-v0"], ["penalty"], ["steps=8"])
    assert run.key != other.key


@pytest.mark.parametrize(
    ("methods", "settings", "message"),
    [
        (["magic"], [], "no case 'magic'"),
        ([], ["steps"], "NAME=VALUE"),
        ([], ["seed=3"], "--seeds"),
        ([], ["stepz=3"], "stepz"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(methods, settings, message):
    with pytest.raises(InputError, match=message):
        agent_runs(1, False, [], methods, settings)


def test_the_table_has_means_and_when_the_best_other_is_reached():
    results = [
        result("mapping", 0, [0, 5, 5, 5, 9, 9]),
        result("mapping", 1, [0, 0, 5, 5, 9, 9]),
        result("penalty", 0, [0, 1, 2, 3, 4, 5]),
        result("replacement", 0, [0, 1, 1, 1, 1, 1], interventions=0.25),
    ]
    table = tabulate_agents(results)
    cells = table.cells[TASK]
    assert cells["mapping"]["return"].mean == 9
    assert cells["penalty"]["return"].number == 1
    assert cells["mapping"]["reached"].mean == pytest.approx(15)  # steps 10 and 20
    rows = table.rows(TASK)
    assert rows[0][:3] == ["method", "seeds", "return"]
    assert rows[1][:2] == ["mapping", "2"]
    assert "25.0" in rows[3]
    assert "| penalty | 1 | 5.00 |" in table.to_markdown()
    lines = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert {line["method"] for line in lines} == {"mapping", "penalty", "replacement"}
    assert table.to_json()["results"][TASK]["penalty"]["return"]["low"] is None


def test_a_seed_that_never_reaches_the_best_other_leaves_the_figure_out():
    results = [
        result("mapping", 0, [0, 5, 5, 5]),
        result("mapping", 1, [0, 0, 0, 0]),
        result("penalty", 0, [0, 0, 0, 4]),
    ]
    assert "reached" not in tabulate_agents(results).cells[TASK]["mapping"]


def test_curves_are_drawn_with_a_line_for_each_method():
    results = [
        result(method, seed, np.arange(4.0) + seed)
        for method in ("mapping", "penalty")
        for seed in range(3)
    ]
    figure = tabulate_agents(results).figure(TASK)
    assert [axis.get_title() for axis in figure.axes] == ["return", "violations a step"]
    assert [line.get_label() for line in figure.axes[0].lines] == ["mapping", "penalty"]
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), np.arange(4.0) + 1.0)
