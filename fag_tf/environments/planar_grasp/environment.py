"""The planar grasp as an environment: parts on a table, a parallel jaw, exact feasibility."""

import itertools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.base import Environment
from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.planar_grasp.feasibility.grid import grasp_truth
from fag_tf.environments.planar_grasp.feasibility.picture_baseline import PictureReader
from fag_tf.environments.planar_grasp.feasibility.reference_rules import (
    bounding_square,
    plain_feasibility,
)
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import (
    DEFAULT_GRIPPER,
    FIELDS,
    Gripper,
    parse_gripper,
)
from fag_tf.environments.planar_grasp.images.rendering import place, render
from fag_tf.environments.planar_grasp.parts.files import parse_outline
from fag_tf.environments.planar_grasp.parts.named import TEST_PARTS, TRAINING_PARTS, named_part
from fag_tf.environments.planar_grasp.parts.objects import RANDOM, read_object
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.environments.planar_grasp.parts.several import check_extent
from fag_tf.environments.planar_grasp.states import GraspState, draw_pose
from fag_tf.environments.planar_grasp.symmetries import symmetric_copy
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE, LEAST_AREA, centred
from fag_tf.errors import InputError
from fag_tf.spaces import ArraySpec, Observation

__all__ = ["GraspState", "PlanarGrasp"]

_GREATEST_IMAGE = 1024
_MOST_RANDOM = 1000
_SEVERAL = ("mixed", "random", "training")


def _part(text: str, **options: Any) -> tuple[str, shapely.Polygon]:
    """A named part, or one from a file, centred; see `parts.objects.read_object`."""
    name, part, _ = read_object(text, **options)
    return name, centred(part)


def _trained_part(parts: str | Mapping[str, str]) -> tuple[str, shapely.Polygon] | None:
    """The one part that is trained on; None where there are several."""
    if isinstance(parts, str) and parts in _SEVERAL:
        return None
    if isinstance(parts, str):
        if Path(parts).suffix or os.sep in parts:
            # It may be gone, or another, when the run goes on.
            raise InputError(
                f"parts is {parts!r}; it names a part, not a file: fag-tf train --object {parts} "
                "keeps the outline itself"
            )
        name, part = _part(parts)
    elif (
        isinstance(parts, Mapping)
        and set(parts) == {"name", "outline"}
        and all(isinstance(value, str) for value in parts.values())
    ):
        name, part = parts["name"], parse_outline(parts["outline"], "parts.outline")
        check_extent(part, f"part {name}", "is its outline in metres?")
        part = centred(part)
    else:
        raise InputError(
            f"parts is {parts!r:.200}; it must be text, or a table of name and outline"
        )
    if part.area < LEAST_AREA:
        raise InputError(
            f"part {name} covers {1e6 * part.area:.2g} mm^2, too little to be seen on the table "
            "(are its units right?)"
        )
    return name, part


def _each(text: str) -> list[str]:
    """`random:0-39` as its forty names; any other object as it is."""
    several = re.fullmatch(rf"{RANDOM}(\d{{1,9}})-(\d{{1,9}})", text, re.ASCII)
    if several is None:
        return [text]
    first, last = map(int, several.groups())
    if not 0 <= last - first < _MOST_RANDOM:
        raise InputError(
            f"object {text} names {last - first + 1} parts; it must name 1 to {_MOST_RANDOM}"
        )
    return [f"{RANDOM}{seed}" for seed in range(first, last + 1)]


def _share(name: str, value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise InputError(f"{name} is {value}; a share must lie between 0 and 1")
    return float(value)


class PlanarGrasp(Environment):
    """Grasps of single parts on a table, seen from above. Never imports TensorFlow by itself.

    Args:
        image_size: pixels of a side of the picture.
        gripper: `random` draws a gripper for every state; otherwise a preset or numbers such as
            `opening=0.085`.
        default_share: with random grippers, the share of states that get the default gripper.
        parts: `mixed` draws random parts and the four training parts, and `random` only random
            parts. `training` draws only the four training parts, and evaluates on them too.
            Otherwise it is the name of one part, or a table with `name` and `outline` (WKT, m) of a
            part, as `parts.objects.keep_object` returns it.
        named_share: with mixed parts, the share of states that get a training part.

    Raises:
        InputError: an option is not one of these.
    """

    name = "planar_grasp"
    action_space = ACTION_SPACE
    actor_kinds = ("auto", "scanning", "implicit")

    def __init__(
        self,
        image_size: int = 128,
        gripper: str = "random",
        default_share: float = 0.5,
        parts: str | Mapping[str, str] = "mixed",
        named_share: float = 0.1,
    ) -> None:
        if not 8 <= image_size <= _GREATEST_IMAGE:
            raise InputError(
                f"image_size is {image_size}; it must be 8 to {_GREATEST_IMAGE} pixels"
            )
        self.image_size = image_size
        self.gripper = None if gripper == "random" else parse_gripper(gripper)
        self.default_share = _share("default_share", default_share)
        mixed = _share("named_share", named_share)
        self._only = _trained_part(parts)
        self._file_options: dict[str, Any] = {}
        self.named_share = {"mixed": mixed, "training": 1.0}.get(str(parts), 0.0)
        self._evaluated = TRAINING_PARTS if parts == "training" else TEST_PARTS
        self._training = [named_part(name) for name in TRAINING_PARTS]
        self.observation_spec: Mapping[str, ArraySpec] = {
            # Half precision tells 2,048 shares of a pixel apart.
            "image": ArraySpec((image_size, image_size, 1), kept="float16", free_axes=(0, 1)),
            "gripper": ArraySpec((len(FIELDS),)),
        }

    def _draw_part(self, rng: np.random.Generator) -> tuple[str, shapely.Polygon]:
        if self._only is not None:
            return self._only
        if rng.random() < self.named_share:
            return self._training[int(rng.integers(len(self._training)))]
        return "random", random_part(rng)

    def _draw_gripper(self, rng: np.random.Generator) -> Gripper:
        if self.gripper is not None:
            return self.gripper
        return DEFAULT_GRIPPER if rng.random() < self.default_share else Gripper.random(rng)

    def draw_states(self, rng: np.random.Generator, batch: int) -> list[GraspState]:
        """Draw `batch` states: part, turn, place and gripper."""
        states = []
        for _ in range(batch):
            name, part = self._draw_part(rng)
            states.append(GraspState(part, name, draw_pose(rng, part), self._draw_gripper(rng)))
        return states

    def observe(self, states: Sequence[GraspState]) -> Observation:
        """`image` `[B, H, W, 1]`, the covered share of each pixel, and `gripper` `[B, 6]`."""
        pictures = render(
            [state.part for state in states], [state.pose for state in states], self.image_size
        )
        grippers = np.array([state.gripper.vector() for state in states], np.float32)
        return {"image": pictures[..., None], "gripper": grippers.reshape(-1, len(FIELDS))}

    def feasibility(self, states: Sequence[GraspState], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """The exact rules for actions `[B, E, 3]`: booleans `[B, E]`."""
        labels = np.zeros(np.shape(actions)[:2], bool)
        for label, state, grasps in zip(labels, states, actions, strict=True):
            label[:] = feasibility(state.part, state.gripper, grasps, state.pose)
        return labels

    def symmetric_copies(
        self, rng: np.random.Generator, states: Sequence[GraspState], actions: NDArray[Any]
    ) -> tuple[list[GraspState], NDArray[np.float32]]:
        """Put elsewhere, turned, perhaps mirrored; half are scaled where the jaw is random."""
        both_random = self.gripper is None and self._only is None
        pairs = [
            symmetric_copy(rng, state, grasps, both_random and rng.random() < 0.5)
            for state, grasps in zip(states, actions, strict=True)
        ]
        return [copy for copy, _ in pairs], np.stack([carried for _, carried in pairs])

    def plain_feasibility(
        self, states: Sequence[GraspState], actions: NDArray[Any]
    ) -> NDArray[np.bool_]:
        """The same by plain overlays of rectangles and part."""
        labels = np.zeros(np.shape(actions)[:2], bool)
        for label, state, grasps in zip(labels, states, actions, strict=True):
            label[:] = plain_feasibility(place(state.part, state.pose), state.gripper, grasps)
        return labels

    def surroundings(self, state: GraspState) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The part's bounding square on the table, and any direction."""
        return bounding_square(place(state.part, state.pose))

    def evaluation_states(
        self, rng: np.random.Generator, poses: int, objects: Sequence[str] | None = None
    ) -> dict[str, list[GraspState]]:
        """`poses` states of each object, with the chosen gripper, or the default one if random.

        Args:
            rng: draws the poses.
            poses: states an object.
            objects: parts' names or files (see `parts.objects.read_object`, with the options of
                `read_objects_with`), `random:7` or, for several, `random:0-39`. None stands for the
                parts that are trained on where no random ones are among them, else for the five
                test parts.

        Raises:
            InputError: an object is none of these, or is given twice.
        """
        if objects is None and self._only is not None:
            parts: Iterable[tuple[str, shapely.Polygon]] = [self._only]
        else:
            named = self._evaluated if objects is None else itertools.chain(*map(_each, objects))
            options = {} if objects is None else self._file_options
            parts = (_part(text, **options) for text in named)
        states: dict[str, list[GraspState]] = {}
        for name, part in parts:
            if name in states:
                raise InputError(f"object {name!r} is given twice; give it once")
            gripper = self.gripper or DEFAULT_GRIPPER
            states[name] = [
                GraspState(part, name, draw_pose(rng, part), gripper) for _ in range(poses)
            ]
        return states

    def read_objects_with(self, **options: Any) -> None:
        """Options of `parts.objects.read_object` for the objects of `evaluation_states`."""
        self._file_options = options

    def truth(self, state: GraspState) -> GridTruth:
        """All feasible grasps of a state on a grid of 4 mm x 4 mm x 5 degrees."""
        return grasp_truth(state.part, state.gripper, state.pose)

    def draw_samples(
        self,
        path: Path,
        state: GraspState,
        actions: NDArray[Any],
        feasibility: NDArray[Any] | None,
        title: str,
    ) -> None:
        """Write a picture of the jaw at each grasp, drawn to scale on what the actor sees."""
        from fag_tf.environments.planar_grasp.images.drawing import save_overlay

        image = self.observe([state])["image"][0, ..., 0]
        save_overlay(path, image, actions, feasibility, state.gripper, title)

    def reader(self) -> PictureReader:
        """The rules applied to the outline in the picture."""
        return PictureReader()

    def card_details(self) -> dict[str, Any]:
        """Workspace, frames and gripper for a model's card."""
        from fag_tf.environments.planar_grasp.card import card_details

        part = None if self._only is None else self._only[1]
        return card_details(self.gripper, part)

    def build_actor(self, config: Any) -> Any:
        """An actor that scans the object, or one that refines grasps in the jaw's frame."""
        from fag_tf.environments.planar_grasp.networks import build

        return build.build_actor(config)

    def build_critic(self, config: Any) -> Any:
        """A critic that sees what the jaw would touch, of the actor's kind."""
        from fag_tf.environments.planar_grasp.networks import build

        return build.build_critic(config)
