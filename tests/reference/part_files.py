"""Files of the kinds that people bring along, made from a seed, with the true outlines.

    python -m reference.part_files [FOLDER]

prints a table of what `fag-tf sample` makes of them: kind, how many files it serves, the share of
the grasps that hold on the true part and meet no true neighbour, and the time of a command.
"""

import csv
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFilter

from fag_tf.environments.planar_grasp.feasibility.obstacles import clear_of
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper, parse_gripper
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.environments.planar_grasp.workspace import longest_side
from reference.depth_pictures import depth_of

FINE = "opening=0.025,pad_width=0.006,finger_thickness=0.005,compliance=0.0003,max_lever=0.01"
CAMERA = (600.0, 600.0, 320.0, 240.0)  # 640 x 480
LEAST = {"picture": 0.95, "depth": 0.90, "outline": 1.0}


class PartFile(NamedTuple):
    """A file and how it is asked for.

    Attributes:
        kind: of the file, for the table.
        source: picture, depth or outline: how exact its grasps must be.
        arguments: of `fag-tf sample`.
        parts: true outlines of the parts that are served, m, in the frame of the answer, in the
            order of the column `part`.
        others: true outlines of what is in the way, m.
        gripper: the jaw, as text.
    """

    kind: str
    source: str
    arguments: tuple[str, ...]
    parts: tuple[shapely.Polygon, ...]
    others: tuple[shapely.Polygon, ...] = ()
    gripper: str = "robotiq_2f85"


def sized(part, length, rng, place=(0.0, 0.0)):
    """The part turned at random, enlarged to a longest side, with its centroid at a place, m."""
    part = shapely.affinity.rotate(part, rng.uniform(0, 360))
    factor = length / longest_side(part)
    part = shapely.affinity.scale(part, factor, factor)
    x, y = shapely.get_coordinates(part.centroid)[0]
    return shapely.affinity.translate(part, place[0] - x, place[1] - y)


def held_by(rng, gripper, least, greatest):
    """A random part of a longest side between two bounds that the jaw holds somewhere, m."""
    jaw = parse_gripper(gripper)
    while True:
        part = sized(random_part(rng), rng.uniform(least, greatest), rng)
        tries = rng.uniform((-0.06, -0.06, 0), (0.06, 0.06, np.pi), (4000, 3))
        if feasibility(part, jaw, tries * [jaw.opening / 0.085, jaw.opening / 0.085, 1]).sum() > 20:
            return part


def photograph(path, parts, width, columns, rows, rng):
    """Save a picture of parts on a light table, with soft edges and some noise."""
    pitch, fine = width / columns, 3
    image = Image.new("L", (fine * columns, fine * rows), 225)
    draw = ImageDraw.Draw(image)
    for part in parts:
        for number, ring in enumerate([part.exterior, *part.interiors]):
            xy = shapely.get_coordinates(ring) / pitch * [1, -1] + [columns / 2, rows / 2]
            draw.polygon([tuple(each) for each in fine * xy], fill=225 if number else 60)
    image = image.resize((columns, rows), Image.Resampling.BOX)
    values = np.asarray(image.filter(ImageFilter.GaussianBlur(0.6)), float)
    values = np.clip(values + rng.normal(0, 2.0, values.shape), 0, 255)
    Image.fromarray(values.astype(np.uint8)).save(path)


def wide_views(folder, rng):
    for number in range(5):
        width = float(rng.uniform(0.5, 1.0))
        part = held_by(rng, "robotiq_2f85", 0.06, 0.14)
        x = width * rng.uniform(-0.3, 0.3)
        part = shapely.affinity.translate(part, x, 0.75 * width * rng.uniform(-0.25, 0.25))
        path = folder / f"wide{number}.png"
        photograph(path, [part], width, 1280, 960, rng)
        words = ("--image", str(path), "--width-m", repr(width))
        yield PartFile("wide view", "picture", words, (part,))


def large_pictures_of_small_parts(folder, rng):
    for number in range(4):
        part = held_by(rng, FINE, 0.015, 0.035)
        path = folder / f"small{number}.png"
        photograph(path, [part], 0.2, 1600, 1200, rng)
        words = ("--image", str(path), "--width-m", "0.2")
        yield PartFile("small part, large picture", "picture", words, (part,), gripper=FINE)


def several_parts(folder, rng):
    for number in range(5):
        parts, at = [], -0.2
        for _ in range(3):
            part = held_by(rng, "robotiq_2f85", 0.06, 0.11)
            x0, _, x1, _ = part.bounds
            at += rng.uniform(0.015, 0.06)
            parts.append(shapely.affinity.translate(part, at - x0, rng.uniform(-0.05, 0.05)))
            at += x1 - x0
        parts = tuple(parts)
        path = folder / f"several{number}.png"
        photograph(path, parts, 0.6, 1200, 800, rng)
        words = ("--image", str(path), "--width-m", "0.6")
        yield PartFile("several parts, each", "picture", (*words, "--each"), parts)
        x, y = shapely.get_coordinates(shapely.point_on_surface(parts[1]))[0]
        point = ("--select", f"{x:.4f},{y:.4f}")
        others = (parts[0], parts[2])
        yield PartFile("several parts, one", "picture", (*words, *point), parts[1:2], others)
        path = folder / f"several{number}.wkt"
        path.write_text(shapely.MultiPolygon(parts).wkt)
        words = ("--object", str(path), "--each")
        yield PartFile("several outlines, each", "outline", words, parts)


def depth_pictures(folder, rng):
    words = ("--intrinsics", ",".join(map(str, CAMERA)))
    for number in range(6):
        part = held_by(rng, "robotiq_2f85", 0.07, 0.14)
        part = shapely.affinity.translate(part, *rng.uniform(-0.05, 0.05, 2))
        other = shapely.affinity.translate(held_by(rng, "robotiq_2f85", 0.05, 0.07), 0.19, 0)
        both = number % 3 == 2
        prisms = [(part, rng.uniform(0.01, 0.04))] + [(other, 0.03)] * both
        depth = depth_of(prisms, CAMERA, (480, 640), 0.6, rng.uniform(0, 0.15))
        depth += rng.normal(0, 0.0004, depth.shape)
        depth[rng.random(depth.shape) < 0.01] = 0.0
        path = folder / f"depth{number}.{'png' if number % 2 else 'npy'}"
        if number % 2:
            Image.fromarray(np.round(1e4 * depth).astype(np.uint16)).save(path)
            more = ("--depth-scale", "0.0001")
        else:
            np.save(path, depth.astype(np.float32))
            more = ()
        name = f"depth {path.suffix[1:]}"
        arguments = ("--depth", str(path), *words, *more, *["--largest"] * both)
        yield PartFile(name, "depth", arguments, (part,), (other,) if both else ())


def comb(teeth, pitch, length, width):
    back = shapely.box(0, 0, teeth * pitch, width)
    rows = [shapely.box(i * pitch, 0, i * pitch + width, length) for i in range(teeth)]
    return shapely.union_all([back, *rows])


def star(points, outer, inner):
    turn = np.pi * np.arange(2 * points) / points
    reach = np.where(np.arange(2 * points) % 2, inner, outer)
    return shapely.Polygon(np.column_stack([reach * np.cos(turn), reach * np.sin(turn)]))


def outlines(folder, rng):
    """Thin, tiny and awkward outlines, in mm."""
    thin = [
        shapely.box(-50, -0.75, 50, 0.75),
        shapely.LineString([(-40, 0), (-10, 25), (20, -20), (45, 10)]).buffer(0.5),
        shapely.Point(0, 0).buffer(30) - shapely.Point(0, 0).buffer(29.2),
        shapely.LineString([(-60, 0), (60, 0), (60, 15)]).buffer(0.4),
    ]
    tiny = [
        shapely.union(shapely.box(-6, -1.5, 4, 1.5), shapely.box(4, -2.75, 6, 2.75)),
        star(6, 4, 3.46) - shapely.Point(0, 0).buffer(1.6),
        shapely.box(-4, -4, 4, 4) - shapely.box(-2, -2, 2, 2),
        sized(random_part(rng), 14, rng),
    ]
    awkward = [
        star(9, 70, 22),
        comb(9, 13, 60, 3),
        shapely.LineString(
            [(t * np.cos(t), t * np.sin(t)) for t in np.linspace(6, 30, 200)]
        ).buffer(2.5),
        star(5, 60, 15) - star(5, 30, 9),
        shapely.box(-200, -8, 200, 8),
    ]
    for kind, shapes, gripper in (
        ("thin outline", thin, "robotiq_2f85"),
        ("tiny outline", tiny, FINE),
        ("awkward outline", awkward, "robotiq_2f85"),
    ):
        for number, shape in enumerate(shapes):
            path = folder / f"{kind.split()[0]}{number}.wkt"
            path.write_text(shape.wkt)
            part = shapely.transform(shape, lambda xy: 1e-3 * xy)
            words = ("--object", str(path), "--units", "mm")
            yield PartFile(kind, "outline", words, (part,), gripper=gripper)


def prism(outline, height):
    """Vertices and triangles of a prism; its walls face outwards."""
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(outline))
    caps = [shapely.get_coordinates(shapely.normalize(each))[:3] for each in triangles]
    corners = []
    for cap in caps:
        edge, other = cap[1] - cap[0], cap[2] - cap[0]
        up = cap if edge[0] * other[1] > edge[1] * other[0] else cap[::-1]
        corners += [[[*xy, height] for xy in up], [[*xy, 0.0] for xy in up[::-1]]]
    for ring in shapely.get_rings(shapely.orient_polygons(outline)):
        xy = shapely.get_coordinates(ring)
        for (a, b), (c, d) in zip(xy[:-1].tolist(), xy[1:].tolist(), strict=True):
            corners.append([[a, b, 0.0], [c, d, 0.0], [c, d, height]])
            corners.append([[a, b, 0.0], [c, d, height], [a, b, height]])
    return np.reshape(corners, (-1, 3)), np.arange(3 * len(corners)).reshape(-1, 3)


def drawings(folder, rng):
    """STL, OBJ and DXF in inches."""
    import ezdxf
    import trimesh

    for number in range(3):
        part = held_by(rng, "robotiq_2f85", 0.06, 0.13)
        for suffix in ("stl", "obj"):
            path = folder / f"mesh{number}.{suffix}"
            vertices, faces = prism(shapely.transform(part, lambda xy: 1e3 * xy), 12.0)
            trimesh.Trimesh(vertices, faces).export(path)
            words = ("--object", str(path), "--pose", "file")
            yield PartFile(suffix.upper(), "outline", words, (part,))
        path = folder / f"inches{number}.dxf"
        drawing = ezdxf.new()
        drawing.header["$INSUNITS"] = 1
        for ring in shapely.get_rings(part):
            drawing.modelspace().add_lwpolyline(
                shapely.get_coordinates(ring)[:-1] / 0.0254, close=True
            )
        drawing.saveas(path)
        yield PartFile("DXF in inches", "outline", ("--object", str(path)), (part,))


MAKERS = (
    wide_views,
    large_pictures_of_small_parts,
    several_parts,
    depth_pictures,
    outlines,
    drawings,
)


def make(folder, seed=0, makers=MAKERS):
    """All files of some makers, each from a stream of its own."""
    return [
        each
        for maker in makers
        for each in maker(folder, np.random.default_rng([seed, MAKERS.index(maker)]))
    ]


class Verdict(NamedTuple):
    """What is true of the grasps of a file.

    Attributes:
        counts: of the grasps of each part.
        holds: of them all, the share that holds on the true part.
        meets: number of grasps in which a finger meets a true neighbour.
    """

    counts: tuple[int, ...]
    holds: float
    meets: int


def judge(file, text):
    """The verdict on CSV that `fag-tf sample` printed."""
    rows = list(csv.DictReader(text.splitlines()))
    grasps = np.array([[float(row[name]) for name in ("x", "y", "theta")] for row in rows])
    owner = np.array([int(row.get("part", 0)) for row in rows], int)
    jaw: Gripper = DEFAULT_GRIPPER if not file.gripper else parse_gripper(file.gripper)
    held, met, counts = 0, 0, []
    for number, part in enumerate(file.parts):
        own = grasps.reshape(-1, 3)[owner == number]
        counts.append(len(own))
        others = [*file.others, *(each for each in file.parts if each is not part)]
        clear = clear_of(others, part, jaw, own)
        holds = feasibility(part, jaw, own, anywhere=True)
        met += int((~clear).sum())
        held += int((holds & clear).sum())
    return Verdict(tuple(counts), held / max(sum(counts), 1), met)


def arguments_of(file, count=128):
    return ["sample", *file.arguments, "--gripper", file.gripper, "-n", str(count), "--seed", "1"]


def main(folder):
    rows, failed = defaultdict(list), []
    for file in make(folder):
        start = time.perf_counter()
        command = [sys.executable, "-m", "fag_tf.cli.main", *arguments_of(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        verdict = judge(file, done.stdout)
        served = min(verdict.counts) > 0 if verdict.counts else False
        rows[file.kind].append((served, verdict, seconds))
        if not served or verdict.holds < LEAST[file.source] or verdict.meets:
            told = " | ".join(done.stderr.strip().splitlines()[-2:])
            failed.append(f"{file.kind} {Path(file.arguments[1]).name}: {verdict} {told[:600]}")
    print(f"{'kind':28} files served  holds (least)  meets  seconds")
    for kind, each in rows.items():
        shares = [verdict.holds for _, verdict, _ in each]
        meets = sum(verdict.meets for _, verdict, _ in each)
        served = sum(ok for ok, _, _ in each)
        seconds = np.median([seconds for _, _, seconds in each])
        print(
            f"{kind:28} {len(each):5} {served:6}  {np.mean(shares):.3f} ({min(shares):.3f})  "
            f"{meets:5}  {seconds:.2f}"
        )
    print(*failed, sep="\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
