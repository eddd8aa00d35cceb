import numpy as np
import shapely
from PIL import Image

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from fag_tf.environments.planar_grasp.images.parts_drawing import parts_figure, save_parts
from fag_tf.environments.planar_grasp.images.placement import Backdrop

RING = shapely.box(-0.2, 0, -0.1, 0.1) - shapely.box(-0.17, 0.03, -0.13, 0.07)
BAR = shapely.box(0.1, 0, 0.2, 0.02)


def grasps(count, x):
    rng = np.random.default_rng(0)
    return np.column_stack([x + 0.01 * rng.random((count, 2)), rng.uniform(0, np.pi, count)])


def test_every_part_has_its_number_and_its_jaws(tmp_path):
    actions = [grasps(20, -0.15), np.empty((0, 3))]
    sure = [np.linspace(0.5, 1, 20), np.empty(0)]
    figure = parts_figure([RING, BAR], actions, sure, DEFAULT_GRIPPER, "$two", [0, 3])
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["0", "3"]
    assert [patch.get_hatch() for patch in axes.patches] == [None, "////"]
    jaws = [each for each in axes.collections if "Poly" in type(each).__name__]
    assert [len(each.get_paths()) for each in jaws] == [4, 4, 0, 0]
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    assert left < -200 < 200 < right  # mm
    assert low < 0 < 100 < high
    save_parts(tmp_path / "a.png", [RING, BAR], actions, sure, DEFAULT_GRIPPER)
    assert np.ptp(np.asarray(Image.open(tmp_path / "a.png").convert("L"))) > 100


def test_parts_of_a_picture_are_drawn_on_it(tmp_path):
    wide = Backdrop(np.full((90, 160, 3), 200, np.uint8), (-0.4, 0.4, -0.2, 0.25))
    actions, sure = [grasps(20, -0.15), grasps(3, 0.15)], [np.ones(20), np.ones(3)]
    figure = parts_figure([RING, BAR], actions, sure, DEFAULT_GRIPPER, backdrop=wide)
    axes = figure.axes[0]
    assert axes.images[0].get_extent() == [-400, 400, -200, 250]
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    assert -400 < left < -200 < 200 < right < 400  # what is around the parts
    assert low < 0 < 100 < high
    assert all(patch.get_facecolor()[3] == 0 for patch in axes.patches)  # the picture shows
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told[0] == "outline found"
    assert told[-1].startswith("the other 16 grasps")
