import csv
import io
import json
from dataclasses import replace

import pytest

from fag_tf.experiments.studies.plan import EnvironmentSpec, Plan, Study, Variant
from fag_tf.experiments.studies.summary import COLUMNS, Summary, show, summarise

STUDY = Study(
    "tiny", "?", (Variant("a"), Variant("b"), Variant("never run")), (EnvironmentSpec("ring"),)
)
PLAN = Plan(STUDY, seeds=2)


@pytest.fixture
def summary():
    results = []
    for run in PLAN.runs():
        if run.case == "never run":
            continue
        figures = {"feasible_rate": 0.5 + 0.2 * run.seed, "mode_recall": None}
        if run.case == "b":
            figures["exploited"] = 0.25
        result = {"figures": figures, "interactions": 2000, "seconds": {"fit": 3.0, "fit_cpu": 2.0}}
        results.append((run, result))
    return summarise(PLAN, results)


def test_cases_are_averaged_over_their_seeds(summary):
    assert isinstance(summary, Summary)
    assert set(summary.cells["ring"]) == {"a", "b"}
    interval = summary.cells["ring"]["a"]["feasible_rate"]
    assert interval.mean == pytest.approx(0.6)
    assert interval.number == 2
    assert summary.cells["ring"]["a"]["mode_recall"].number == 0
    assert summary.cells["ring"]["b"]["interactions"].mean == 2000


def test_json_holds_all_and_no_nan(summary):
    content = json.loads(json.dumps(summary.to_json(), allow_nan=False))
    assert content["seeds"] == [0, 1]
    assert content["results"]["ring"]["a"]["mode_recall"]["mean"] is None
    assert set(content["cases"]) == {"a", "b", "never run"}
    assert len(content["runs"]) == 4


def test_csv_has_a_line_for_each_figure(summary):
    rows = list(csv.DictReader(io.StringIO(summary.to_csv())))
    chosen = [r for r in rows if (r["case"], r["figure"]) == ("b", "exploited")]
    assert [(r["mean"], r["seeds"]) for r in chosen] == [("0.25", "2")]


def test_a_table_has_the_figures_that_a_case_has(summary):
    lines = summary.to_markdown().splitlines()
    assert lines[2].split(" | ")[1:-1] == ["rate", "recall", "exploited", COLUMNS["interactions"]]
    assert "| a | 0.60 ±" in summary.to_markdown()
    assert "2,000" in lines[-1]


def test_some_figures_are_shown_only_where_a_study_asks_for_them():
    run = PLAN.runs()[0]
    result = {"figures": {"feasible_rate": 0.5}, "peak_megabytes": 700.0, "interactions": None}
    results = [(run, {**result, "seconds": {"fit": 1.0}})]
    asked = replace(PLAN, study=replace(STUDY, columns=("peak_megabytes",)))
    assert summarise(PLAN, results).figures("ring") == ["feasible_rate"]
    assert summarise(asked, results).figures("ring") == ["feasible_rate", "peak_megabytes"]


def test_an_undefined_figure_is_a_dash(summary):
    assert show("mode_recall", summary.cells["ring"]["a"]["mode_recall"]) == "-"


def test_the_share_of_failed_runs_is_shown_where_there_are_any(summary):
    assert "failed" not in summary.to_markdown()
    run = PLAN.runs()[0]
    failure = {"figures": {}, "failure": "?", "interactions": None, "seconds": {"fit": 1.0}}
    markdown = summarise(PLAN, [(run, failure)]).to_markdown()
    assert markdown.splitlines()[2].endswith("| failed |")
    assert markdown.splitlines()[4].endswith("| 1.00 |")
