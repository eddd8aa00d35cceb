import sys

import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.physics.jaw_model import (
    closing_force,
    compile_jaw,
    import_mujoco,
    mass_of,
)
from fag_tf.environments.planar_grasp.physics.settings import GRAVITY, PhysicsSettings
from fag_tf.errors import InputError

BOX = shapely.box(0.01, 0.02, 0.11, 0.06)


def test_mass_and_inertia_are_those_of_a_prism():
    settings = PhysicsSettings(thickness=0.03, density=2000.0)
    mass = 0.1 * 0.04 * 0.03 * 2000.0
    assert mass_of(BOX, settings) == pytest.approx(mass)
    assert mass_of(BOX, PhysicsSettings(mass=0.7)) == 0.7
    model = compile_jaw(BOX, Gripper(), settings)
    assert model.body_mass[1] == pytest.approx(mass)
    x, y, z = 0.1**2, 0.04**2, 0.03**2
    expected = np.array([y + z, x + z, x + y]) * mass / 12.0
    np.testing.assert_allclose(sorted(model.body_inertia[1]), sorted(expected), rtol=1e-6)


def test_only_the_pads_touch_the_part():
    model = compile_jaw(BOX, Gripper(), PhysicsSettings())
    part, left, right = model.geom_bodyid
    assert (part, left != right) == (1, True)
    # A geom touches another if one's type is among what the other may touch.
    assert (model.geom_contype & 1).tolist() == [1, 0, 0]
    assert (model.geom_conaffinity & 1).tolist() == [0, 1, 1]


def test_the_force_grows_with_the_lever_and_never_ends_below_the_weight():
    settings = PhysicsSettings(lever_force=True, mass=0.2, shake=0.0)
    forces = [
        closing_force(BOX, Gripper(max_lever=lever, friction=0.4), settings)
        for lever in (1e-6, 0.02, 0.04)
    ]
    # Coulomb: both pads together bear 2 mu F.
    assert forces[0] == pytest.approx(0.2 * GRAVITY / (2 * 0.4), rel=1e-3)
    assert forces[0] < forces[1] < forces[2]
    assert closing_force(BOX, Gripper(), PhysicsSettings(force=12.0)) == 12.0


def test_without_mujoco_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    with pytest.raises(InputError, match=r"pip install 'fag-tf\[physics\]'"):
        import_mujoco()
