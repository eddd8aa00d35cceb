import pytest

from fag_tf.experiments.studies.charts import case_figure, series_figure
from fag_tf.experiments.studies.plan import EnvironmentSpec, Plan, Study, Variant
from fag_tf.experiments.studies.summary import summarise

CASES = (
    Variant("low", series="fixed", x=0.1),
    Variant("high", series="fixed", x=1.0),
    Variant("perfect", method="perfect"),
)


def summary_of(cases):
    plan = Plan(Study("tiny", "?", cases, (EnvironmentSpec("ring"),), logarithmic=True), seeds=2)
    result = {
        "figures": {"feasible_rate": 0.5, "mode_recall": 1.0},
        "interactions": 0,
        "seconds": {"fit": 0.0},
    }
    return summarise(plan, [(run, result) for run in plan.runs()])


def test_a_panel_for_each_figure_and_a_row_for_each_case():
    figure = case_figure(summary_of(CASES), "ring")
    assert [axis.get_title() for axis in figure.axes] == ["feasible rate", "mode recall"]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["low", "high", "perfect"]


def test_cases_of_a_series_are_a_line():
    figure = series_figure(summary_of(CASES), "ring")
    assert len(figure.axes) == 2
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert labels == ["fixed", "perfect"]
    assert figure.axes[0].get_xscale() == "log"


def test_every_series_has_a_line_of_its_own():
    cases = tuple(
        Variant(f"{number} {x}", series=str(number), x=x)
        for number in range(16)
        for x in (0.1, 1.0)
    )
    lines = series_figure(summary_of(cases), "ring").axes[0].lines
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines}
    assert [line.get_label() for line in lines] == [str(number) for number in range(16)]
    assert len(looks) == 16


def test_controls_that_change_along_the_axis_are_dashed_lines():
    controls = tuple(
        Variant(f"{name} {x}", method=name, series=name, x=x)
        for name in ("uniform", "collapsed")
        for x in (0.1, 1.0)
    )
    axis = series_figure(summary_of((*CASES[:2], *controls)), "ring").axes[0]
    assert [line.get_label() for line in axis.lines] == ["fixed", "uniform"]
    assert axis.lines[1].get_linestyle() == "--"


@pytest.mark.parametrize("cases", [CASES[1:], CASES[2:]])
def test_where_cases_form_no_line_there_is_no_such_picture(cases):
    assert series_figure(summary_of(cases), "ring") is None


def test_a_figure_of_the_results_can_be_the_axis():
    cases = (
        Variant("dear", series="actor"),
        Variant("cheap", series="actor"),
        Variant("failed", series="actor"),
    )
    study = Study(
        "tiny",
        "?",
        cases,
        (EnvironmentSpec("ring"),),
        axis="interactions",
        x_figure="interactions",
        logarithmic=True,
    )
    plan = Plan(study, seeds=1)
    spent = {"dear": 900, "cheap": 30, "failed": None}
    results = [
        (
            run,
            {
                "figures": {"feasible_rate": 0.5},
                "interactions": spent[run.case],
                "seconds": {"fit": 0.0},
            },
        )
        for run in plan.runs()
    ]
    axis = series_figure(summarise(plan, results), "ring").axes[0]
    (line,) = axis.lines
    assert list(line.get_xdata()) == [30, 900]
    assert axis.xaxis.get_major_formatter()(30_000) == "30k"
