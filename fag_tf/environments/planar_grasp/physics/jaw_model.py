"""The MuJoCo model of a part between two fingers, and the force that the jaw closes with.

The world is the frame of the jaw: u is x, v is y, and z is up, with the middle of the part's
thickness at 0. The part is a free body of convex prisms. Each finger is a box on a slide along u.
A constraint keeps both at the same distance from the midpoint, as the mechanism of a parallel jaw
does, and a force presses each inwards.

A pad is a soft layer on the finger, as thick as the gripper's `compliance`: contacts act from the
surface of the pad on, and about half the layer yields where the closing force presses on one place.
Only fingers and part touch each other. There is no table; see `simulation` for what stands for it.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.physics.convex_pieces import convex_pieces
from fag_tf.environments.planar_grasp.physics.settings import GRAVITY, PhysicsSettings
from fag_tf.environments.planar_grasp.workspace import centred
from fag_tf.errors import InputError

__all__ = ["CLOSING_SPEED", "closing_force", "compile_jaw", "import_mujoco", "mass_of"]

CLOSING_SPEED = 0.2
"""Speed of a finger that meets nothing, m/s."""

_FINGER_MASS = 0.2  # kg, with what drives it
_OVERHANG = 0.005  # by how much a finger is higher than the part on both sides, m
_THINNEST_FINGER, _THINNEST_LAYER = 0.001, 0.0003
# Time constant of contacts, s; MuJoCo asks for two time steps or more.
_CONTACT_TIME = 0.0025
# Ratio of the stiffness of friction to that of pressing. It is no physical number: MuJoCo's
# friction creeps, and creeps less where the ratio is greater.
_FRICTION_STIFFNESS = 10.0
_LEAST_IMPEDANCE, _GREATEST_IMPEDANCE = 0.8, 0.99
_ITERATIONS = 20
_ACCURACY = 1e-6


def import_mujoco() -> Any:
    """The module `mujoco`.

    Raises:
        InputError: it is not installed.
    """
    try:
        import mujoco
    except ImportError as error:
        raise InputError(
            "checking by physics needs MuJoCo, which is not installed: pip install "
            "'fag-tf[physics]'"
        ) from error
    return mujoco


def mass_of(part: shapely.Polygon, settings: PhysicsSettings) -> float:
    """Mass of a part, kg."""
    if settings.mass is not None:
        return settings.mass
    return float(part.area) * settings.thickness * settings.density


def closing_force(part: shapely.Polygon, gripper: Gripper, settings: PhysicsSettings) -> float:
    """Force with which each pad presses, N.

    With `lever_force` it is the least force at which two pads, touching with their whole width and
    the part's whole thickness, keep the part from turning when its centre of mass is `max_lever`
    from the closing line. A flat contact presses on its four corners, as MuJoCo has it. Weight and
    shaking pull together, each corner bears its share of the pull and of its torque, and µ times
    the force bears what the corner with the greatest load needs.
    """
    if not settings.lever_force:
        return settings.force
    along, up = 0.5 * gripper.pad_width, 0.5 * settings.thickness
    pull = mass_of(part, settings) * (GRAVITY + settings.shake)
    turning = gripper.max_lever / (along**2 + up**2)
    load = float(np.hypot(1.0 + turning * along, turning * up))
    return pull * load / (2.0 * gripper.friction)


def compile_jaw(part: shapely.Polygon, gripper: Gripper, settings: PhysicsSettings) -> Any:
    """Compile the model; the body 1 is the part, its frame that of the polygon, centred.

    Coordinates are the part's place and quaternion (7 numbers) and the distance of each pad from
    the midpoint (2). The last two geoms are the fingers.

    Args:
        part: one valid polygon, m, holes allowed.
        gripper: the jaw.
        settings: thickness, mass, force and time step.

    Returns:
        A `mujoco.MjModel`.

    Raises:
        InputError: MuJoCo is not installed.
    """
    mujoco = import_mujoco()
    spec = mujoco.MjSpec()
    option = spec.option
    option.timestep = settings.timestep
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = _FRICTION_STIFFNESS
    option.iterations = _ITERATIONS
    option.tolerance = _ACCURACY
    force = closing_force(part, gripper, settings)
    mass = max(mass_of(part, settings), _lightest(force, gripper))
    _add_part(mujoco, spec, part, mass, settings)
    _add_jaw(mujoco, spec, gripper, settings, _impedance(mass, force, gripper))
    try:
        model = spec.compile()
    except ValueError as error:
        raise InputError(
            f"MuJoCo cannot simulate a part of {1e6 * part.area:.3g} mm^2: {error}; are its units "
            "right?"
        ) from error
    model.dof_damping[6:] = force / CLOSING_SPEED
    return model


def _add_part(
    mujoco: Any, spec: Any, part: shapely.Polygon, mass: float, settings: PhysicsSettings
) -> None:
    pieces = convex_pieces(centred(part))
    half = 0.5 * settings.thickness
    body = spec.worldbody.add_body(name="part")
    body.add_freejoint()
    body.explicitinertial = True
    body.mass = mass
    body.fullinertia = _inertia(pieces, mass, settings.thickness)
    for number, corners in enumerate(pieces):
        ends = [np.column_stack([corners, np.full(len(corners), z)]) for z in (-half, half)]
        name = f"piece {number}"
        spec.add_mesh(name=name, uservert=np.concatenate(ends).ravel())
        kind = mujoco.mjtGeom.mjGEOM_MESH
        body.add_geom(type=kind, meshname=name, contype=1, conaffinity=0)


def _inertia(
    pieces: list[NDArray[np.float64]], mass: float, thickness: float
) -> NDArray[np.float64]:
    """xx, yy, zz, xy, xz and yz of a prism of even density about its centre, kg m^2."""
    total, second = 0.0, np.zeros((2, 2))
    for corners in pieces:
        for k in range(1, len(corners) - 1):
            triangle = corners[[0, k, k + 1]]
            (a, b), (c, d) = triangle[1:] - triangle[0]
            area = 0.5 * (a * d - b * c)
            # The midpoints of the sides give the second moments exactly.
            middles = 0.5 * (triangle + np.roll(triangle, 1, axis=0))
            total += area
            second += area / 3.0 * middles.T @ middles
    (xx, xy), (_, yy) = mass / total * second
    slab = mass * thickness**2 / 12.0
    return np.array([yy + slab, xx + slab, xx + yy, -xy, 0.0, 0.0])


# MuJoCo's contact of impedance d and time constant t yields by force t^2 (1 - d) / (d effective
# mass). Of part and finger the part is the lighter one, with half its mass at each pad.


def _impedance(mass: float, force: float, gripper: Gripper) -> float:
    """The impedance at which half the soft layer yields to the force, within bounds."""
    softness = gripper.compliance * mass / (4.0 * _CONTACT_TIME**2 * force)
    return min(max(1.0 / (1.0 + softness), _LEAST_IMPEDANCE), _GREATEST_IMPEDANCE)


def _lightest(force: float, gripper: Gripper) -> float:
    """Mass at which half the soft layer yields at the greatest impedance, kg.

    The jaw would be pressed through a lighter part. It is simulated with this mass, whose weight is
    small beside the force: 10 g at 40 N and a layer of 1 mm.
    """
    softness = (1.0 - _GREATEST_IMPEDANCE) / _GREATEST_IMPEDANCE
    layer = max(gripper.compliance, _THINNEST_LAYER)
    return 4.0 * _CONTACT_TIME**2 * force * softness / layer


def _add_jaw(
    mujoco: Any,
    spec: Any,
    gripper: Gripper,
    settings: PhysicsSettings,
    impedance: float,
) -> None:
    layer = gripper.compliance
    half = 0.5 * max(gripper.finger_thickness - layer, _THINNEST_FINGER)
    for name, side in (("right", 1.0), ("left", -1.0)):
        finger = spec.worldbody.add_body(name=name, pos=[side * (layer + half), 0.0, 0.0])
        finger.gravcomp = 1.0  # the arm carries it
        finger.explicitinertial = True
        finger.mass = _FINGER_MASS
        finger.inertia = [1e-4, 1e-4, 1e-4]  # it does not turn
        finger.add_joint(name=name, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[side, 0, 0])
        finger.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[half, 0.5 * gripper.pad_width, 0.5 * settings.thickness + _OVERHANG],
            contype=0,
            conaffinity=1,
            priority=1,  # the pad's numbers decide, not a mixture with the part's
            condim=3,
            friction=[gripper.friction, 0.0, 0.0],
            margin=layer,
            solref=[_CONTACT_TIME, 1.0],
            solimp=[impedance, impedance, 0.001, 0.5, 2.0],
        )
    coupling = spec.add_equality(name1="right", name2="left", type=mujoco.mjtEq.mjEQ_JOINT)
    coupling.data[:2] = [0.0, 1.0]
    coupling.solref = [_CONTACT_TIME, 1.0]
    coupling.solimp = [_GREATEST_IMPEDANCE, _GREATEST_IMPEDANCE, 0.001, 0.5, 2.0]
