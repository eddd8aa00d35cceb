import numpy as np
import shapely

from fag_tf._utils.figures import save_figure
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.physics import drawing
from fag_tf.environments.planar_grasp.physics.settings import PhysicsSettings
from fag_tf.environments.planar_grasp.physics.simulation import GraspSimulation

BOX = shapely.box(-0.05, -0.02, 0.05, 0.02)


def test_every_kind_of_end_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "MOST_DRAWN", 3)
    simulation = GraspSimulation(BOX, Gripper())
    actions = ([0.0, 0.0, np.pi / 2], [0.0, 0.1, 0.0], [0.055, 0.0, 1.0])
    named = [(f"grasp {k}", simulation.check(np.array(a))) for k, a in enumerate(actions)]
    assert {outcome.holds for _, outcome in named} == {True, False}
    figure = drawing.outcome_figure(BOX, Gripper(), PhysicsSettings(), named * 2)
    titles = [axes.get_title() for axes in figure.axes[::2]]
    assert len(titles) == 3
    assert titles[0].startswith("grasp 0: holds, slips 0.0")
    assert titles[1] == "grasp 1: nothing between the pads"
    save_figure(figure, tmp_path / "checks.png", dpi=40)
    assert (tmp_path / "checks.png").stat().st_size > 5000
