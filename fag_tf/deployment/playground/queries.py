"""What the page asks: a part, a gripper and how many grasps, checked."""

import dataclasses
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import shapely

from fag_tf.deployment.http.parameters import shown, unit_share, whole_number
from fag_tf.deployment.playground.uploads import (
    DRAWING_WORDS,
    PICTURE_WORDS,
    for_page,
    picture_file,
)
from fag_tf.environments.planar_grasp.gripper import FIELDS, Gripper
from fag_tf.environments.planar_grasp.images.placement import placed
from fag_tf.environments.planar_grasp.images.segmentation import read_objects
from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES
from fag_tf.environments.planar_grasp.parts.objects import RANDOM
from fag_tf.environments.planar_grasp.scenes import scene_in, scene_of_object
from fag_tf.environments.planar_grasp.table_scene import Scene
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.errors import InputError

__all__ = ["MOST_GRASPS", "OpenChoice", "PageQuery", "parse_query"]

MOST_GRASPS = 1024
"""More cannot be told apart on a page."""

_GREATEST_SEED = 2**53 - 1  # whole in JavaScript
_KEYS = ("part", "gripper", "count", "seed", "min_feasibility", "exact", "neighbours")
_PART_KEYS = ("name", "drawing", "picture")
_PICTURE_KEYS = ("file", "width_mm", "largest", "index")
_MOST_OBJECTS = 1_000_000


@dataclasses.dataclass(frozen=True)
class PageQuery:
    """A checked question.

    Attributes:
        scene: the part on the table, and its neighbours.
        gripper: the jaw.
        count: K, how many grasps are wanted.
        seed: of the noise.
        min_feasibility: the least critic's probability to keep.
        exact: whether every grasp is to be judged by the exact rules.
        objects: all objects of a picture, in the frame of the answer, m, from left to right.
        index: which of them the part is.
    """

    scene: Scene
    gripper: Gripper
    count: int
    seed: int
    min_feasibility: float
    exact: bool
    objects: tuple[shapely.Polygon, ...] = ()
    index: int = 0


@dataclasses.dataclass(frozen=True)
class OpenChoice:
    """A picture of several objects, of which none is chosen yet.

    Attributes:
        name: of the picture.
        objects: the objects, m, from left to right.
        notes: what a user should know, a sentence each.
    """

    name: str
    objects: tuple[shapely.Polygon, ...]
    notes: tuple[str, ...]


def parse_query(content: Any, size: int) -> PageQuery | OpenChoice:
    """Check a question and put its part on the table.

    Args:
        content: an object with `part`, `gripper` (all six numbers), `count`, and perhaps `seed`,
            `min_feasibility`, `exact` and `neighbours`. A part is `{"name": ...}` of a named or
            random part, `{"drawing": PNG}` of the whole table, or `{"picture": FILE, "file": ...,
            "width_mm": ..., "largest": ..., "index": ...}`, files in base64. Neighbours are a
            drawing or a picture; all objects in it count.
        size: pixels of a side of the picture that the model takes.

    Returns:
        The question, or what is to be chosen first.

    Raises:
        InputError: something is missing, unknown, of the wrong kind, or no part.
    """
    query = _object("the question", content, _KEYS)
    gripper = _gripper(query.get("gripper"))
    count = whole_number(query, "count", 1, MOST_GRASPS)
    seed = whole_number(query, "seed", 0, _GREATEST_SEED)
    least = unit_share(query, "min_feasibility")
    if count is None:
        raise InputError(f"count is missing; it must be 1 to {MOST_GRASPS}")
    exact = _flag(query, "exact")
    found = _part(query.get("part"), size)
    if isinstance(found, OpenChoice):
        return found
    scene, objects, index = found
    if query.get("neighbours") is not None:
        scene = _beside(scene, _neighbours(query["neighbours"]))
    return PageQuery(
        scene,
        gripper,
        count,
        secrets.randbelow(2**32) if seed is None else seed,
        0.5 if least is None else least,
        exact,
        objects,
        index,
    )


def _object(name: str, content: Any, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise InputError(f"{name} is {shown(content)}; it must be an object")
    for key in content:
        if key not in keys:
            raise InputError(f"{name} has {shown(key)}; known are {', '.join(keys)}")
    return content


def _flag(content: Mapping[str, Any], name: str) -> bool:
    value = content.get(name, False)
    if not isinstance(value, bool):
        raise InputError(f"{name} is {shown(value)}; it must be true or false")
    return value


def _gripper(content: Any) -> Gripper:
    numbers = _object("gripper", content, FIELDS)
    missing = [name for name in FIELDS if name not in numbers]
    if missing:
        raise InputError(f"the gripper lacks {', '.join(missing)}")
    return Gripper(**{name: _number(f"gripper {name}", numbers[name]) for name in FIELDS})


def _number(name: str, value: Any) -> float:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    except OverflowError:
        pass
    raise InputError(f"{name} is {shown(value)}; it must be a number")


def _part(content: Any, size: int) -> tuple[Scene, tuple[shapely.Polygon, ...], int] | OpenChoice:
    """The part's scene, all objects of its picture, and which of them it is."""
    part = _object("part", content, (*_PART_KEYS, *_PICTURE_KEYS))
    kind, value = _kind("a part", part, _PART_KEYS)
    if kind == "name":
        return _named(value, size), (), 0
    if kind == "drawing":
        with picture_file(value, "the drawing", DRAWING_WORDS) as path:
            scene = scene_of_object(str(path), size, width_m=TABLE_SIDE)
        return _for_page(scene, "the drawing", DRAWING_WORDS), (), 0
    name, width = _file_name(part), _width(part.get("width_mm"))
    index = whole_number(part, "index", 0, _MOST_OBJECTS)
    choice = Choice(_flag(part, "largest") and index is None, index)
    short = name.rpartition(".")[0] or name
    with picture_file(value, name, PICTURE_WORDS) as path:
        found = read_objects(path, width, join=not choice.largest)
        objects = tuple(found.outlines()) if len(found.objects) > 1 else ()
        if objects and not choice.given():
            return OpenChoice(short, objects, tuple(_told(found.notes, PICTURE_WORDS)))
        number = found.chosen(choice)
        scene = scene_in(path, placed(name, found.cover(number), size, anywhere=True))
    return _for_page(scene, short, PICTURE_WORDS), objects, number


def _kind(what: str, content: Mapping[str, Any], known: tuple[str, ...]) -> tuple[str, str]:
    kinds = [key for key in known if key in content]
    if len(kinds) != 1:
        raise InputError(f"{what} has one of {', '.join(known)}; this one has {len(kinds)}")
    value = content[kinds[0]]
    if not isinstance(value, str):
        raise InputError(f"{kinds[0]} is {shown(value)}; it must be text")
    return kinds[0], value


def _file_name(part: Mapping[str, Any]) -> str:
    name = part.get("file", "picture")
    if not isinstance(name, str):
        raise InputError(f"file is {shown(name)}; it must be a name")
    return name


def _neighbours(content: Any) -> list[shapely.Polygon]:
    """All objects of a drawing or a picture in the table's frame, m."""
    part = _object("neighbours", content, ("drawing", "picture", "file", "width_mm"))
    kind, value = _kind("neighbours", part, ("drawing", "picture"))
    drawn = kind == "drawing"
    name = "the drawing of neighbours" if drawn else _file_name(part)
    width = TABLE_SIDE if drawn else _width(part.get("width_mm"))
    with picture_file(value, name, DRAWING_WORDS if drawn else PICTURE_WORDS) as path:
        return read_objects(path, width).outlines()


def _beside(scene: Scene, neighbours: list[shapely.Polygon]) -> Scene:
    """The scene with more neighbours. What of them lies on the part belongs to the part."""
    part = scene.outline()
    shifted = (shapely.transform(each, lambda xy: xy - scene.origin) for each in neighbours)
    pieces = [
        piece
        for each in shifted
        for piece in shapely.get_parts(each if part is None else shapely.difference(each, part))
        if piece.geom_type == "Polygon" and not piece.is_empty
    ]
    return dataclasses.replace(scene, neighbours=(*scene.neighbours, *pieces))


def _named(name: str, size: int) -> Scene:
    # Names alone: what else the reader of objects takes are files of this machine.
    if name not in PART_NAMES and not re.fullmatch(rf"{RANDOM}\d{{1,9}}", name, re.ASCII):
        raise InputError(
            f"no part is called {shown(name)}; there are {', '.join(PART_NAMES)} and {RANDOM}7"
        )
    return scene_of_object(name, size=size)


def _width(value: Any) -> float | None:
    return None if value is None else _number("width_mm", value) / 1e3


def _for_page(scene: Scene, name: str, words: Mapping[str, str]) -> Scene:
    return dataclasses.replace(scene, name=name, notes=tuple(_told(scene.notes, words)))


def _told(notes: Iterable[str], words: Mapping[str, str]) -> list[str]:
    return [for_page(note, words) for note in notes]
