"""What the page asks: a part, a gripper and how many grasps, checked."""

import dataclasses
import re
import secrets
from collections.abc import Mapping
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
from fag_tf.environments.planar_grasp.parts.files import trace_part
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES
from fag_tf.environments.planar_grasp.parts.objects import RANDOM
from fag_tf.environments.planar_grasp.scenes import Scene, scene_of_object, scene_of_picture
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.errors import InputError

__all__ = ["MOST_GRASPS", "PageQuery", "parse_query"]

MOST_GRASPS = 1024
"""More cannot be told apart on a page."""

_GREATEST_SEED = 2**53 - 1  # whole in JavaScript
_KEYS = ("part", "gripper", "count", "seed", "min_feasibility", "exact")
_PART_KEYS = ("name", "drawing", "picture")


@dataclasses.dataclass(frozen=True)
class PageQuery:
    """A checked question.

    Attributes:
        scene: the part on the table.
        outline: its outline, m, where it is known; that traced in the picture of one that is not;
            None if that cannot be traced.
        gripper: the jaw.
        count: K, how many grasps are wanted.
        seed: of the noise.
        min_feasibility: the least critic's probability to keep.
        exact: whether every grasp is to be judged by the exact rules.
    """

    scene: Scene
    outline: shapely.Polygon | None
    gripper: Gripper
    count: int
    seed: int
    min_feasibility: float
    exact: bool


def parse_query(content: Any, size: int) -> PageQuery:
    """Check a question and put its part on the table.

    Args:
        content: an object with `part` (`{"name": ...}` of a named or random part, `{"drawing":
            PNG}` of the whole table, or `{"picture": FILE, "file": ..., "width_mm": ...,
            "largest": ...}`, files in base64), `gripper` (all six numbers), `count`, and perhaps
            `seed`, `min_feasibility` and `exact`.
        size: pixels of a side of the picture that the model takes.

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
    scene, outline = _part(query.get("part"), size)
    return PageQuery(
        scene,
        outline,
        gripper,
        count,
        secrets.randbelow(2**32) if seed is None else seed,
        0.5 if least is None else least,
        exact,
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


def _part(content: Any, size: int) -> tuple[Scene, shapely.Polygon | None]:
    part = _object("part", content, (*_PART_KEYS, "file", "width_mm", "largest"))
    kinds = [key for key in _PART_KEYS if key in part]
    if len(kinds) != 1:
        raise InputError(f"a part has one of {', '.join(_PART_KEYS)}; this one has {len(kinds)}")
    kind = kinds[0]
    value = part[kind]
    if not isinstance(value, str):
        raise InputError(f"{kind} is {shown(value)}; it must be text")
    if kind == "name":
        return _named(value, size)
    if kind == "drawing":
        with picture_file(value, "the drawing", DRAWING_WORDS) as path:
            scene = scene_of_object(str(path), size, width_m=TABLE_SIDE)
        return _for_page(scene, "the drawing", DRAWING_WORDS), scene.part
    name = part.get("file", "picture")
    if not isinstance(name, str):
        raise InputError(f"file is {shown(name)}; it must be a name")
    width, largest = _width(part.get("width_mm")), _flag(part, "largest")
    with picture_file(value, name, PICTURE_WORDS) as path:
        scene = scene_of_picture(str(path), width, largest, size)
        try:
            outline = trace_part(path, width, largest)[0]
        except InputError:  # such as one that hangs together by a corner
            outline = None
    return _for_page(scene, name.rpartition(".")[0] or name, PICTURE_WORDS), outline


def _named(name: str, size: int) -> tuple[Scene, shapely.Polygon | None]:
    # Names alone: what else the reader of objects takes are files of this machine.
    if name not in PART_NAMES and not re.fullmatch(rf"{RANDOM}\d{{1,9}}", name, re.ASCII):
        raise InputError(
            f"no part is called {shown(name)}; there are {', '.join(PART_NAMES)} and {RANDOM}7"
        )
    scene = scene_of_object(name, size=size)
    return scene, scene.part


def _width(value: Any) -> float | None:
    return None if value is None else _number("width_mm", value) / 1e3


def _for_page(scene: Scene, name: str, words: Mapping[str, str]) -> Scene:
    notes = tuple(for_page(note, words) for note in scene.notes)
    return dataclasses.replace(scene, name=name, notes=notes)
