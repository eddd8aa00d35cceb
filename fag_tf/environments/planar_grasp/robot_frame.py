"""The table's frame in a robot's base frame: read from a file, applied to grasps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.files import read_config, read_text
from fag_tf.errors import InputError

__all__ = ["ROBOT_COLUMNS", "RobotFrame", "read_robot_frame"]

ROBOT_COLUMNS = ("robot_x", "robot_y", "robot_z", "robot_yaw")
"""Columns of a grasp in the robot's frame: m, m, m and rad."""

# Greatest distance, m, of a touched point from where the fit puts it, and least spread of points.
_WORST_FIT, _LEAST_SPREAD = 0.003, 0.02
_FARTHEST = 1e6  # m
_MOST_POINTS = 10_000
_MOST_TEXT = 1 << 20
_RIGID = 1e-3  # greatest error of a rotation matrix, whose numbers were perhaps rounded
_LEVEL = np.cos(np.deg2rad(1.0))

_WANTED = (
    "a 4 x 4 matrix (four lines of four numbers, or `matrix` in TOML or JSON) or the points "
    "`table` (x, y) and `robot` (x, y, z) of TOML or JSON, in m"
)


@dataclass(frozen=True)
class RobotFrame:
    """A rigid motion from the table's frame (z up, from its surface) to the robot's base frame.

    Attributes:
        matrix: homogeneous matrix `[4, 4]`.
        residual: greatest distance, m, of a calibration point from its fit; None for a matrix that
            was given.
        notes: what a user should know, a sentence each.
    """

    matrix: NDArray[np.float64]
    residual: float | None
    notes: tuple[str, ...]

    def of(self, actions: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """Grasps (x, y, theta) `[n, 3]` of the table's frame in the robot's, by column.

        Returns:
            `robot_x`, `robot_y` and `robot_z`, m: the midpoint between the pads, on the table's
            surface; and `robot_yaw`, rad, in [-pi/2, pi/2): the closing direction about the base's
            z axis, counted from x towards y. A jaw turned by pi is the same jaw.
        """
        actions = np.asarray(actions, np.float64)
        rotation, shift = self.matrix[:3, :3], self.matrix[:3, 3]
        place = actions[:, :2] @ rotation[:, :2].T + shift
        closing = np.stack([np.cos(actions[:, 2]), np.sin(actions[:, 2])], axis=1)
        along = closing @ rotation[:2, :2].T
        yaw = np.arctan2(along[:, 1], along[:, 0])
        yaw = np.mod(yaw + 0.5 * np.pi, np.pi) - 0.5 * np.pi
        return dict(zip(ROBOT_COLUMNS, (*place.T, yaw), strict=True))


def read_robot_frame(path: str | Path) -> RobotFrame:
    """Read where the table lies in the robot's frame.

    The file holds the 4 x 4 matrix that takes points of the table's frame to the robot's, in m: as
    text, or as `matrix` in TOML or JSON. Or it holds, in TOML or JSON, points that the robot has
    touched: `table`, a list of x, y in the table's frame (the picture's, from its centre), and
    `robot`, the list of x, y, z that the robot reported. A rigid motion is fitted to them (least
    squares). A mirror image is no rigid motion, so points in the wrong order do not fit, or turn
    the table upside down, which is noted.

    Args:
        path: the file, `.toml`, `.json` or text.

    Raises:
        InputError: the file cannot be read, holds something else, the matrix is not rigid, or the
            points are too few, too near to a line, or off by more than 3 mm.
    """
    path = Path(path)
    if path.suffix.lower() not in (".toml", ".json"):
        return _from_matrix(path, _text_numbers(path))
    content = read_config(path, "robot's frame")
    if set(content) == {"matrix"}:
        return _from_matrix(path, _numbers(path, "matrix", content["matrix"]))
    if set(content) == {"table", "robot"}:
        return _fitted(
            path,
            _numbers(path, "table", content["table"]),
            _numbers(path, "robot", content["robot"]),
        )
    raise InputError(f"{path} holds {', '.join(map(str, content)) or 'nothing'}; needed: {_WANTED}")


def _text_numbers(path: Path) -> NDArray[np.float64]:
    lines = [
        line.partition("#")[0].replace(",", " ").split()
        for line in read_text(path, _MOST_TEXT).splitlines()
    ]
    try:
        return np.array([line for line in lines if line], np.float64, ndmin=2)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path} is no table of numbers; needed: {_WANTED}") from error


def _numbers(path: Path, name: str, value: Any) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name} in {path} is no table of numbers; needed: {_WANTED}") from error
    if numbers.ndim != 2:
        raise InputError(f"{name} in {path} is no table of numbers; needed: {_WANTED}")
    _check_reach(path, numbers)
    return numbers


def _check_reach(path: Path, numbers: NDArray[np.float64]) -> None:
    if not np.all(np.abs(numbers) <= _FARTHEST):
        raise InputError(
            f"{path} holds a number that is not finite or beyond {_FARTHEST:g} m; needed: {_WANTED}"
        )


def _from_matrix(path: Path, matrix: NDArray[np.float64]) -> RobotFrame:
    if matrix.shape != (4, 4):
        shape = " x ".join(map(str, matrix.shape))
        raise InputError(f"{path} holds {shape} numbers; needed: {_WANTED}")
    rotation = matrix[:3, :3]
    if not (
        np.all(np.abs(matrix) <= _FARTHEST)
        and np.allclose(rotation @ rotation.T, np.eye(3), atol=_RIGID)
        and np.linalg.det(rotation) > 0
        and np.allclose(matrix[3], [0, 0, 0, 1], atol=1e-9)
    ):
        raise InputError(
            f"the matrix in {path} is not rigid: its first three rows and columns must be a "
            "rotation (no scale, no mirror image), its last row 0 0 0 1"
        )
    return RobotFrame(matrix, None, _notes(matrix))


def _fitted(path: Path, table: NDArray[np.float64], robot: NDArray[np.float64]) -> RobotFrame:
    if table.shape[1] != 2 or robot.shape[1] != 3 or len(table) != len(robot):
        raise InputError(
            f"{path} holds table {list(table.shape)} and robot {list(robot.shape)}; needed are as "
            "many x, y of the table as x, y, z of the robot"
        )
    if not 3 <= len(table) <= _MOST_POINTS:
        raise InputError(f"{path} holds {len(table)} points; three or more are needed")
    flat = np.column_stack([table, np.zeros(len(table))])
    centre, there = flat.mean(axis=0), robot.mean(axis=0)
    if np.linalg.svd(flat - centre, compute_uv=False)[1] < _LEAST_SPREAD:
        raise InputError(f"the points in {path} lie nearly on a line; touch some beside it")
    # Least squares over all rotations, by a singular value decomposition (Kabsch).
    u, _, vt = np.linalg.svd((robot - there).T @ (flat - centre))
    rotation = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, there - rotation @ centre
    apart = np.linalg.norm(flat @ rotation.T + matrix[:3, 3] - robot, axis=1)
    if apart.max() > _WORST_FIT:
        raise InputError(
            f"point {int(apart.argmax()) + 1} in {path} is {1e3 * apart.max():.1f} mm from where "
            f"the others put it, more than {1e3 * _WORST_FIT:g} mm; are units (m) and order right?"
        )
    return RobotFrame(matrix, float(apart.max()), _notes(matrix))


def _notes(matrix: NDArray[np.float64]) -> tuple[str, ...]:
    up = float(matrix[2, 2])
    if up < 0:
        return (
            "the table's upper side faces down in the robot's frame: right for a robot that hangs, "
            "else the points are in the wrong order",
        )
    if up < _LEVEL:
        tilt = np.rad2deg(np.arccos(up))
        return (
            f"the table is tilted by {tilt:.1f} degrees in the robot's frame; robot_yaw is the "
            "closing direction as seen along the robot's z axis",
        )
    return ()
