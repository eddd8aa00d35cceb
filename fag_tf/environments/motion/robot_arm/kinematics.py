"""Forward kinematics of a Franka arm by its modified Denavit-Hartenberg parameters.

Parameters and limits are the manufacturer's published figures. All arrays put coordinates first,
`[3, n]`, so that each coordinate of n arms lies together in memory.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "JOINT_HIGH",
    "JOINT_LOW",
    "Frame",
    "chain",
    "frames",
    "link_ends",
    "origins",
    "segments",
]

JOINT_LOW = np.array([-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159])
"""Least angles of the joints, rad."""

JOINT_HIGH = np.array([2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159])
"""Greatest angles of the joints, rad."""

_ELBOW = -0.0825
"""Place of the point K on the x axis of frame 4, m: the foot of the axis of joint 5."""

Array = NDArray[np.float64]


class _Step(NamedTuple):
    """From one frame to the next, by modified Denavit-Hartenberg parameters.

    Along x by `a`, m; about x by `quarters` right angles; along the new z by `d`, m; and about it
    by the joint's angle.
    """

    a: float
    d: float
    quarters: int


_STEPS = (
    _Step(0.0, 0.333, 0),
    _Step(0.0, 0.0, -1),
    _Step(0.0, 0.316, 1),
    _Step(0.0825, 0.0, 1),
    _Step(-0.0825, 0.384, -1),
    _Step(0.0, 0.0, 1),
    _Step(0.088, 0.0, 1),
    _Step(0.0, 0.107, 0),
)
"""Steps to the frames of joints 1 to 7 and of the flange, whose angle is 0."""


class Frame(NamedTuple):
    """Frames of n arms: the axes x, y and z and the origin, `[3, n]` each, m."""

    x: Array
    y: Array
    z: Array
    origin: Array

    @classmethod
    def base(cls, count: int) -> "Frame":
        """Frame 0, that of the base."""
        frame = cls(*np.zeros((4, 3, count)))
        frame.x[0] = frame.y[1] = frame.z[2] = 1.0
        return frame

    def chosen(self, rows: NDArray[np.intp]) -> "Frame":
        """The frames of these arms."""
        return Frame(*(part[:, rows] for part in self))

    def next(self, number: int, turn: tuple[Any, Any] | None) -> "Frame":
        """Frame `number`, from 1 to 8, where this one is the one before it.

        It needs nothing but sums and products, so its arrays may be tensors.

        Args:
            number: of the next frame.
            turn: cosines and sines of the angles of its joint, `[n]` each; None for the flange.
        """
        step = _STEPS[number - 1]
        y, z = self.y, self.z
        if step.quarters:  # exactly, where cos(pi / 2) is not 0 in floating point
            y, z = (z, -y) if step.quarters > 0 else (-z, y)
        origin = self.origin
        if step.a:
            origin = origin + step.a * self.x
        if step.d:
            origin = origin + step.d * z
        if turn is None:
            return Frame(self.x, y, z, origin)
        cos, sin = turn
        return Frame(cos * self.x + sin * y, cos * y - sin * self.x, z, origin)


def frames(joints: Array) -> list[Frame]:
    """Frames 0 to 8 of arms with joint angles `[7, n]`, rad."""
    base = Frame.base(joints.shape[1])
    return [base, *chain(base, np.cos(joints), np.sin(joints))]


def chain(base: Frame, cos: Any, sin: Any) -> Iterator[Frame]:
    """Frames 1 to 8 of arms whose joint angles have cosines and sines `[7, n]`."""
    frame = base
    for number in range(1, 9):
        frame = frame.next(number, (cos[number - 1], sin[number - 1]) if number < 8 else None)
        yield frame


def origins(joints: Array) -> Array:
    """Origins O0 to O8 of arms with joint angles `[7, n]`: `[9, 3, n]`, m."""
    return np.stack([frame.origin for frame in frames(joints)])


def link_ends(joints: Array) -> Array:
    """Both ends of the capsules' segments of arms with joint angles `[7, n]`: `[6, 2, 3, n]`, m.

    They are O0-O1, O2-O3, O3-O4, K-O5, O6-O7 and O7-O8.
    """
    return np.array(segments(frames(joints)))


def segments(arm: Sequence[Frame]) -> list[tuple[Any, Any]]:
    """Both ends of each capsule's segment `[3, n]`, from frames 0 to 8."""
    at = [frame.origin for frame in arm]
    elbow = at[4] + _ELBOW * arm[4].x
    starts = (at[0], at[2], at[3], elbow, at[6], at[7])
    return list(zip(starts, (at[1], at[3], at[4], at[5], at[7], at[8]), strict=True))
