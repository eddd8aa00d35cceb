"""The path of an action: a cubic Bezier curve that leaves the vehicle along its heading."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LENGTH", "POINTS", "Curve", "positions"]

LENGTH = 0.15
"""Length unit of a stretch, in sides of the square."""

POINTS = 64
"""Number of points in which a path is looked at."""

Array = NDArray[np.float64]


def _powers(degree: int) -> Array:
    """u^1 to u^degree in each of the points, `[degree, POINTS]`."""
    u = np.linspace(0.0, 1.0, POINTS)
    return u ** np.arange(1, degree + 1)[:, None]


_U = _powers(3)


class Curve(NamedTuple):
    """Curves p + c1 u + c2 u^2 + c3 u^3 of n actions, u from 0 to 1.

    Attributes:
        start: the starts p, `[2, n]`.
        coefficients: c1, c2 and c3, `[3, 2, n]`.
    """

    start: Array
    coefficients: Array

    @classmethod
    def of(cls, pose: Array, actions: Array) -> "Curve":
        """The curves of actions `[n, 5]` from poses `[n, 4]`, position and heading.

        The control points are p, p + L (a0 + 1) / 2 h, p + 1.5 L (a1, a2) and p + 1.5 L (a3, a4),
        with the position p and the heading h.
        """
        a = actions.T
        first = 0.5 * LENGTH * (a[0] + 1.0) * pose.T[2:]
        second, third = 1.5 * LENGTH * a[1:3], 1.5 * LENGTH * a[3:5]
        coefficients = [3.0 * first, 3.0 * second - 6.0 * first, third - 3.0 * (second - first)]
        return cls(pose.T[:2], np.stack(coefficients))

    def chosen(self, rows: NDArray[np.intp]) -> "Curve":
        """The curves of these rows."""
        return Curve(self.start[:, rows], self.coefficients[:, :, rows])

    def offsets(self, every: int = 1) -> Array:
        """Points relative to the start, all or each `every`-th of them, `[2, n, P]`."""
        rows = self.coefficients.reshape(3, -1).T @ _U[:, ::every]
        return rows.reshape(2, -1, rows.shape[-1])

    def speed_and_turn(self, every: int = 1) -> tuple[Array, Array]:
        """|v| and x'y'' - y'x'' in the points, `[n, P]` each.

        Both are polynomials of u: |v|^2 of degree 4, the cross product of degree 2.
        """
        (x1, x2, x3), (y1, y2, y3) = np.moveaxis(self.coefficients, 1, 0)
        u = _U[0, ::every]
        vx, vy = (
            one[:, None] + u * (2.0 * two[:, None] + (3.0 * u) * three[:, None])
            for one, two, three in ((x1, x2, x3), (y1, y2, y3))
        )
        cross = [x1 * y2 - y1 * x2, x1 * y3 - y1 * x3, x2 * y3 - y2 * x3]
        turn = 2.0 * cross[0][:, None] + 6.0 * u * (cross[1][:, None] + u * cross[2][:, None])
        return np.sqrt(vx * vx + vy * vy), turn


def positions(pose: Array, actions: Array) -> Array:
    """The 64 points `[n, 64, 2]` of the paths of actions `[n, 5]` from one pose `[4]`."""
    curve = Curve.of(np.broadcast_to(pose, (len(actions), 4)), actions)
    return np.moveaxis(curve.offsets(), 0, -1) + pose[:2]
