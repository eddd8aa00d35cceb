"""Reading of a part from a mesh: its silhouette from above, in a pose that it rests in."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf._utils.standard_error import quiet
from fag_tf.environments.planar_grasp.parts.choice import in_order
from fag_tf.environments.planar_grasp.parts.files import UNITS
from fag_tf.environments.planar_grasp.parts.resting import resting_poses
from fag_tf.errors import InputError

__all__ = ["AS_IN_FILE", "MESH_SUFFIXES", "read_mesh"]

MESH_SUFFIXES = (".stl", ".obj", ".ply", ".glb")

AS_IN_FILE = "file"
"""The pose in which the file holds the mesh."""

_MOST_BYTES, _MOST_FACES = 64 << 20, 300_000
_MOST_HULL_POINTS = 2000
_LISTED = 6
_GRID = 1e-6  # of the part's size: rounding of the silhouette
_FARTHEST = 1e6  # of a coordinate, m
_SPECK = 1e-6  # of the silhouette's area: holes and pieces that rounding leaves
_ASKEW = 0.002  # m between centre of mass and centroid that is worth a note

_Floats = NDArray[np.float64]


def read_mesh(
    path: str | Path, units: str | None = None, scale: float = 1.0, pose: str | None = None
) -> tuple[list[shapely.Polygon], tuple[str, ...]]:
    """Read the silhouette of a mesh that rests on the table, seen from above.

    See `resting_poses` for the poses. The centre of mass is that of a solid body, or that of the
    convex hull if the mesh is not closed.

    Args:
        path: the file: STL, OBJ, PLY or GLB.
        units: unit of the coordinates: m, cm, mm or in; None for metres in GLB, whose format says
            so, and millimetres in the others, which state none.
        scale: factor by which the part is enlarged.
        pose: number of the stable pose, 0 if None; or `AS_IN_FILE`: z up (y up in GLB), in the
            frame of the file.

    Returns:
        Valid polygons in metres, in the order of
        `fag_tf.environments.planar_grasp.parts.choice.in_order`; and notes for the user. In a
        stable pose the centroid of the silhouette is the origin.

    Raises:
        InputError: the file is missing, cannot be read, is too large or flat, there is no such
            pose, or the package `trimesh` is not installed.
    """
    # What is wrong with a mesh is told as an error.
    with quiet("trimesh"), np.errstate(all="ignore"):
        return _read(Path(path), units, scale, pose)


def _read(
    path: Path, units: str | None, scale: float, pose: str | None
) -> tuple[list[shapely.Polygon], tuple[str, ...]]:
    vertices, faces = _parse(path)
    if units is not None and units not in UNITS:
        raise InputError(f"no unit is called {units!r}; there are {', '.join(UNITS)}")
    is_glb = path.suffix.lower() == ".glb"
    notes: tuple[str, ...] = ()
    if units is None and not is_glb:
        notes = (f"{path} states no unit; it is taken as mm (--units)",)
    vertices = vertices * scale * UNITS[units or ("m" if is_glb else "mm")]
    if not np.abs(vertices).max() <= _FARTHEST:
        raise InputError(f"{path} holds a coordinate beyond {_FARTHEST:g} m; no part is as large")
    if pose == AS_IN_FILE:
        if is_glb:
            vertices = np.stack([vertices[:, 0], -vertices[:, 2], vertices[:, 1]], axis=1)
        return _silhouette(path, vertices, faces), notes
    placed, centre, told = _resting(path, vertices, faces, pose)
    polygons = _silhouette(path, placed, faces)
    middle = shapely.get_coordinates(shapely.centroid(shapely.MultiPolygon(polygons)))[0]
    askew = float(np.hypot(*(centre[:2] - middle)))
    notes = (*notes, told)
    if askew > _ASKEW:
        notes = (
            *notes,
            f"the centre of mass lies {1e3 * askew:.1f} mm from the centroid of the silhouette, "
            "which the rules take for it",
        )
    return [shapely.transform(each, lambda xy: xy - middle) for each in polygons], notes


def _parse(path: Path) -> tuple[_Floats, NDArray[np.int64]]:
    """Vertices `[V, 3]` and triangles `[F, 3]` of all meshes of the file, in its own units."""
    trimesh = _trimesh()
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path} holds more than {_MOST_BYTES >> 20} MB; simplify the mesh")
    kind = path.suffix.lower()[1:]
    # Materials are other files and pictures, which no silhouette needs.
    options = {"skip_materials": True} if kind in ("obj", "glb") else {}
    try:
        scene = trimesh.load_scene(
            io.BytesIO(content), file_type=kind, resolver=None, process=False, **options
        )
        mesh = scene.to_mesh()
        vertices, faces = np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int64)
    except Exception as error:  # its readers raise anything on damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} is not readable as {kind.upper()}: {reason:.200}") from error
    if len(faces) == 0:
        raise InputError(f"{path} holds no triangles; a part is a mesh of them")
    if len(faces) > _MOST_FACES:
        raise InputError(
            f"{path} holds {len(faces)} triangles; simplify it to {_MOST_FACES} or fewer"
        )
    if vertices.shape[1:] != (3,) or faces.shape[1:] != (3,):
        raise InputError(
            f"{path} is damaged: a vertex has x, y and z, and a triangle three of them"
        )
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise InputError(f"{path} is damaged: a triangle names a vertex that is not there")
    if not np.all(np.isfinite(vertices)):
        raise InputError(f"{path} holds a coordinate that is not finite; all must be numbers")
    return vertices, faces


def _trimesh() -> Any:
    try:
        import trimesh
    except ModuleNotFoundError as error:
        raise InputError(
            "reading meshes needs trimesh, which is not installed: pip install 'fag-tf[cad]'"
        ) from error
    return trimesh


def _resting(
    path: Path, vertices: _Floats, faces: NDArray[np.int64], pose: str | None
) -> tuple[_Floats, _Floats, str]:
    """Vertices of the mesh at rest, its centre of mass `[3]` there, and what to say of the pose."""
    mesh = _trimesh().Trimesh(vertices, faces, process=True)
    # Without the triangles that have no area, nothing may be left.
    solid = len(mesh.faces) > 0 and mesh.is_watertight
    centre = mesh.center_mass if solid else _hull_centre(mesh.vertices)
    poses = [] if centre is None else resting_poses(_outermost(mesh.vertices), centre)
    if centre is None or not poses:
        raise InputError(
            f"{path} is flat, so it rests in no pose; give --pose {AS_IN_FILE} to see it along z"
        )
    listed = ", ".join(
        f"{number} ({each.chance:.2g}, {1e3 * each.height:.4g} mm high)"
        for number, each in enumerate(poses[:_LISTED])
    ) + (", ..." if len(poses) > _LISTED else "")
    number = _number(path, pose, len(poses), listed)
    told = f"the mesh rests in pose {number} of {len(poses)} (--pose; with its chance): {listed}"
    rotation = poses[number].rotation
    return vertices @ rotation.T, rotation @ centre, told


def _hull_centre(points: _Floats) -> _Floats | None:
    """Centre of the volume of the convex hull, `[3]`; None if it has no volume."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        hull = ConvexHull(points)
    except (QhullError, ValueError):
        return None
    middle = points[hull.vertices].mean(axis=0)
    corners = points[hull.simplices] - middle
    volumes = np.abs(np.linalg.det(corners))
    weights = volumes / max(float(volumes.sum()), 1e-300)
    return np.asarray(middle + (weights[:, None] * corners.sum(axis=1) / 4.0).sum(axis=0))


def _outermost(points: _Floats) -> _Floats:
    """The points `[n, 3]`; of very many those that lie furthest out in evenly spread directions."""
    if len(points) <= _MOST_HULL_POINTS:
        return points
    k = np.arange(_MOST_HULL_POINTS) + 0.5  # on a spiral around the sphere (Fibonacci)
    polar, turn = np.arccos(1 - 2 * k / _MOST_HULL_POINTS), np.pi * (1 + np.sqrt(5)) * k
    out = [np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)]
    kept = [np.argmax(points @ direction) for direction in np.transpose(out)]
    return np.asarray(points[np.unique(kept)])


def _number(path: Path, pose: str | None, count: int, listed: str) -> int:
    if pose is None:
        return 0
    if not (pose.isascii() and pose.isdigit()):
        raise InputError(f"--pose is {pose!r}; it must be a number or {AS_IN_FILE!r}")
    number = int(pose) if len(pose) < 9 else count
    if number >= count:
        raise InputError(f"{path} has no pose {pose}; it rests in {count}: {listed}")
    return number


def _silhouette(path: Path, vertices: _Floats, faces: NDArray[np.int64]) -> list[shapely.Polygon]:
    """The union of all triangles, seen along z."""
    corners = vertices[faces][:, :, :2]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    doubled = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    size = float(np.ptp(vertices[:, :2], axis=0).max())
    seen = np.abs(doubled) > (_GRID * size) ** 2
    if not seen.any():
        raise InputError(f"{path} is seen edge on: its silhouette from above has no area")
    area = shapely.union_all(shapely.polygons(corners[seen]))
    # Closes hairline gaps between triangles that share an edge but for rounding.
    area = area.buffer(_GRID * size, join_style="mitre").buffer(-_GRID * size, join_style="mitre")
    pieces = [piece for piece in shapely.get_parts(area) if piece.geom_type == "Polygon"]
    least = _SPECK * float(shapely.area(area))
    whole = [
        shapely.Polygon(
            piece.exterior,
            [ring for ring in piece.interiors if shapely.Polygon(ring).area > least],
        )
        for piece in pieces
        if piece.area > least
    ]
    return in_order([shapely.simplify(each, _GRID * size) for each in whole])
