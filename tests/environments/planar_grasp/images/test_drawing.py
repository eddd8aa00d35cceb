import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from PIL import Image

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.images.drawing import (
    MOST_JAWS,
    draw_grasps,
    draw_legend,
    grasp_figure,
    save_overlay,
    spread,
)
from fag_tf.errors import InputError


@pytest.fixture
def block():
    """A block of 40 x 20 pixels in the upper left of the table."""
    occupancy = np.zeros((128, 128), np.float32)
    occupancy[20:40, 10:50] = 1.0
    return occupancy


def grasps(count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform([-0.1, 0.0, 0.0], [0.0, 0.1, np.pi], (count, 3)).astype(np.float32)


def collections_of(kind, occupancy, actions, feasibility=None, gripper=None):
    axes = Figure().add_subplot()
    draw_grasps(axes, occupancy, actions, feasibility, gripper or Gripper())
    return axes, [part for part in axes.collections if isinstance(part, kind)]


def corners(fingers, index):
    return fingers.get_paths()[index].vertices[:4]


def test_a_jaw_is_drawn_to_scale(block):
    gripper = Gripper(opening=0.06, pad_width=0.02, finger_thickness=0.01)
    action = np.array([[0.01, 0.02, 0.0]])
    _, (right, left) = collections_of(PolyCollection, block, action, gripper=gripper)
    x, y = corners(right, 0).T
    np.testing.assert_allclose([x.min(), x.max()], [40, 50])
    np.testing.assert_allclose([y.min(), y.max()], [10, 30])
    x, y = corners(left, 0).T
    np.testing.assert_allclose([x.min(), x.max()], [-30, -20])


def test_theta_turns_the_closing_direction_counterclockwise(block):
    action = np.array([[0.0, 0.0, np.pi / 2]])
    _, (first, _) = collections_of(PolyCollection, block, action)
    assert corners(first, 0)[:, 1].min() == pytest.approx(42.5)


def test_a_turn_by_half_a_circle_draws_the_same_jaw(block):
    _, (right, left) = collections_of(PolyCollection, block, np.array([[0.0, 0.0, 0.3]]))
    _, (again, other) = collections_of(PolyCollection, block, np.array([[0.0, 0.0, 0.3 + np.pi]]))
    np.testing.assert_allclose(corners(right, 0), corners(other, 0), atol=1e-9)
    np.testing.assert_allclose(corners(left, 0), corners(again, 0), atol=1e-9)


def test_the_object_is_shown_where_it_lies(block):
    axes, _ = collections_of(LineCollection, block, grasps(0))
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    assert left < -150 + 10 * 300 / 128
    assert right > -150 + 49 * 300 / 128
    assert bottom < 150 - 39 * 300 / 128
    assert top > 150 - 20 * 300 / 128
    assert right - left == pytest.approx(top - bottom)


def test_few_grasps_are_whole_jaws_and_many_mostly_ticks(block):
    for count, jaws in ((1, 1), (16, 16), (17, 8), (500, 8)):
        _, fingers = collections_of(PolyCollection, block, grasps(count), np.full(count, 0.7))
        assert [len(part.get_paths()) for part in fingers] == [jaws, jaws]
        _, (ticks, _) = collections_of(LineCollection, block, grasps(count), np.full(count, 0.7))
        assert len(ticks.get_segments()) == count - jaws


@given(st.integers(0, 60), st.integers(0, 20))
@settings(max_examples=25)
def test_spread_chooses_different_grasps(number, count):
    chosen = spread(grasps(number), count)
    assert len(chosen) == len(set(chosen.tolist())) == min(number, count)


def test_spread_chooses_from_every_cluster():
    actions = np.repeat([[0, 0, 0.1], [0.1, 0, 0.1], [0, 0, 1.6]], 50, axis=0)
    assert {int(index) // 50 for index in spread(actions, 3)} == {0, 1, 2}


def test_spread_takes_the_short_way_round_in_theta():
    actions = np.array([[0, 0, 0.01], [0, 0, np.pi - 0.01], [0, 0, 0.5]])
    assert spread(actions, 2).tolist() == [0, 2]


@pytest.mark.parametrize("count", [0, 1, 4096])
def test_a_picture_is_written_for_any_number_of_grasps(count, block, tmp_path):
    path = tmp_path / "new" / "grasps.png"
    save_overlay(path, block, grasps(count), np.linspace(0, 1, count), title="a block")
    with Image.open(path) as image:
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10
    assert [file.name for file in path.parent.iterdir()] == ["grasps.png"]


@pytest.mark.parametrize("title", ["$\\foo$", "$", "零件", "\udcff\udcfe", "a\tb\nc"])
def test_any_title_is_drawn_without_a_warning(title, block, tmp_path, recwarn):
    save_overlay(tmp_path / "a.png", block, grasps(2), title=title)
    assert [warning.message for warning in recwarn] == []


def test_an_empty_table_is_shown_whole(tmp_path):
    axes, _ = collections_of(LineCollection, np.zeros((128, 128)), grasps(0))
    assert axes.get_xlim() == (-150, 150)


def test_wrong_shapes_are_refused(block, tmp_path):
    with pytest.raises(InputError, match=r"\(50, 128\)"):
        save_overlay(tmp_path / "a.png", block[:50], grasps(1))
    with pytest.raises(InputError, match=r"\b3\b.*\b2\b"):
        save_overlay(tmp_path / "a.png", block, grasps(3), np.ones(2))
    assert list(tmp_path.iterdir()) == []


def test_the_legend_explains_what_is_drawn_and_no_more():
    few, many = Figure(), Figure()
    draw_legend(few, 0)
    draw_legend(many, 9)
    told = [[text.get_text() for text in each.legends[0].get_texts()] for each in (few, many)]
    assert told[0] == ["open fingers", "closing line", "grasp centre"]
    assert told[1] == [*told[0], "the other 9 grasps: a piece of each closing line"]


def test_the_legend_of_a_figure_counts_its_ticks(block):
    told = []
    for count in (MOST_JAWS, MOST_JAWS + 1):
        legend = grasp_figure(block, grasps(count)).legends[0]
        told.append([text.get_text() for text in legend.get_texts()][3:])
    assert told == [[], ["the other 9 grasps: a piece of each closing line"]]
