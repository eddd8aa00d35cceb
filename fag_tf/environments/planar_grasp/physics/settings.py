"""What a simulated check assumes of part, jaw and motion, in SI units."""

import math
from dataclasses import dataclass, fields

from fag_tf.errors import InputError

__all__ = ["GRAVITY", "PhysicsSettings"]

GRAVITY = 9.81
"""Acceleration of free fall, m/s^2."""

# Largest valid value and unit of each number; larger ones are probably in another unit.
_MOST = {
    "thickness": (0.5, "m", " (20 mm is 0.02)"),
    "density": (25_000.0, "kg/m^3", " (plastic has about 1200, steel 7850)"),
    "mass": (100.0, "kg", " (100 g is 0.1)"),
    "force": (5000.0, "N", ""),
    "shake": (200.0, "m/s^2", ""),
    "max_slip": (0.1, "m", " (3 mm is 0.003)"),
    "max_turn": (180.0, "degrees", ""),
    "timestep": (0.00125, "s", ""),
}
_MAY_BE_ZERO = ("shake",)


@dataclass(frozen=True)
class PhysicsSettings:
    """Assumptions of a simulated check that neither the outline nor the gripper's numbers give.

    Attributes:
        thickness: height of the part above the table, m. The pads reach over all of it.
        density: of the part, kg/m^3.
        mass: of the part, kg; None takes it from area, thickness and density.
        force: with which each pad presses, N.
        lever_force: whether the force follows from the gripper's `max_lever` instead; see
            `jaw_model.closing_force`.
        shake: acceleration of the shaking, m/s^2, in each of six directions.
        max_slip: greatest distance that the part may slide in the jaw, m.
        max_turn: greatest angle that it may turn in the jaw, degrees.
        timestep: of the simulation, s.

    Raises:
        InputError: a number is not finite, not above 0 (`shake` may be 0), or too large for its
            unit.
    """

    thickness: float = 0.020
    density: float = 1200.0
    mass: float | None = None
    force: float = 40.0
    lever_force: bool = False
    shake: float = 5.0
    max_slip: float = 0.003
    max_turn: float = 5.0
    timestep: float = 0.001

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in _MOST or value is None:
                continue
            most, unit, hint = _MOST[field.name]
            least = value >= 0.0 if field.name in _MAY_BE_ZERO else value > 0.0
            if not (math.isfinite(value) and least and value <= most):
                raise InputError(
                    f"{field.name} is {value:g}; it must be "
                    f"{'at least 0' if field.name in _MAY_BE_ZERO else 'above 0'} and at most "
                    f"{most:g} {unit}{hint}"
                )
