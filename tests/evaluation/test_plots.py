import dataclasses
import sys

import numpy as np
import pytest
from PIL import Image

from fag_tf._utils.figures import save_figure
from fag_tf.environments.toys.planar import Boxes, Moons
from fag_tf.errors import InputError
from fag_tf.evaluation.evaluate import evaluate
from fag_tf.evaluation.metrics import GREATER_IS_BETTER
from fag_tf.evaluation.plots import evaluation_figure, scatter_figure


def uniform(observation, num_samples, seed):
    actions = np.random.default_rng(seed).uniform(-1, 1, (len(observation["centres"]), 64, 2))
    return actions, actions[..., 0] ** 2


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(Boxes(), uniform, poses=1, num_samples=64, c2st_poses=0)


def moons(n=200):
    toy, rng = Moons(), np.random.default_rng(0)
    state = toy.draw_state(rng, "seam")
    actions = toy.action_space.sample(rng, n)
    return toy.truth(state), actions, toy.feasibility([state], actions[None])[0]


def test_an_evaluation_has_a_panel_a_metric_and_a_row_an_object(evaluation):
    figure = evaluation_figure(evaluation)
    assert [panel.get_title() for panel in figure.axes] == [
        "feasible rate",
        "mode recall",
        "least share of a mode",
        "coverage",
        "grid JSD (bits)",
    ]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "small",
        "large",
        "mean",
    ]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["all samples", "kept by the critic", "uniform control", "perfect samples"]


def test_dots_stand_at_the_figures(evaluation):
    panel = evaluation_figure(evaluation).axes[0]
    drawn = {line.get_label(): line.get_xdata() for line in panel.get_lines()}
    rates = [evaluation.rows["raw"][name]["feasible_rate"] for name in ("small", "large")]
    np.testing.assert_allclose(drawn["all samples"], [*rates, np.mean(rates)])


def test_metrics_that_are_not_defined_get_no_panel(evaluation):
    row = dict.fromkeys(GREATER_IS_BETTER, np.nan) | {"feasible_rate": 0.5}
    undefined = {kind: dict.fromkeys(rows, row) for kind, rows in evaluation.rows.items()}
    bare = type(evaluation)(**{**vars(evaluation), "rows": undefined})
    assert [panel.get_title() for panel in evaluation_figure(bare).axes] == ["feasible rate"]


def test_a_scatter_draws_feasible_and_infeasible_samples_over_the_set():
    truth, actions, feasible = moons()
    panel = scatter_figure(truth, actions, feasible, "moons").axes[0]
    counts = [len(dots.get_offsets()) for dots in panel.collections[:2]]
    assert counts == [feasible.sum(), (~feasible).sum()]
    assert panel.get_ylabel() == "angle (rad)"
    assert panel.get_xlabel() == "height"


def test_a_scatter_of_another_number_of_axes_is_refused():
    toy = Boxes(dim=1)
    truth = toy.truth(toy.draw_state(np.random.default_rng(0)))
    with pytest.raises(InputError, match=r"\b2\b.*\b1\b"):
        scatter_figure(truth, np.zeros((1, 1)), np.ones(1, bool))


def test_a_saved_figure_is_a_picture_that_is_not_blank(tmp_path, evaluation):
    for name, figure in (
        ("evaluation.png", evaluation_figure(evaluation)),
        ("scatter.png", scatter_figure(*moons())),
    ):
        save_figure(figure, tmp_path / name, dpi=50)
        pixels = np.asarray(Image.open(tmp_path / name).convert("RGB"))
        assert pixels.std() > 5
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50


def test_any_name_of_an_object_is_drawn_without_a_warning(tmp_path, evaluation, recwarn):
    names = dict(zip(evaluation.objects, ["$\\foo$", "零件\udcff"], strict=True))
    rows = {
        kind: {names[name]: row for name, row in by_object.items()}
        for kind, by_object in evaluation.rows.items()
    }
    renamed = dataclasses.replace(evaluation, rows=rows)
    save_figure(evaluation_figure(renamed), tmp_path / "a.png")
    assert [warning.message for warning in recwarn] == []


def test_an_unknown_format_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match="'xyz'"):
        save_figure(scatter_figure(*moons()), tmp_path / "figure.xyz")
    assert not list(tmp_path.iterdir())


def test_drawing_needs_no_window_system_and_leaves_pyplot_alone(evaluation):
    before = "matplotlib.pyplot" in sys.modules
    evaluation_figure(evaluation)
    assert ("matplotlib.pyplot" in sys.modules) == before
