"""Grasps of many pictures: what is asked of them, and the sampler that a process makes of that."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.deployment.sample_files import Columns
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.source_sampling import SourceSampler
from fag_tf.deployment.stored_files import is_stored, read_stored
from fag_tf.deployment.viewed_model import in_table_frame
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.images.confidence import DOUBT
from fag_tf.environments.planar_grasp.images.files import PictureFile
from fag_tf.environments.planar_grasp.images.placement import SheetOnTable
from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.robot_frame import ROBOT_COLUMNS, RobotFrame
from fag_tf.environments.planar_grasp.scenes import scene_of_picture
from fag_tf.environments.planar_grasp.table_scene import Scene
from fag_tf.environments.planar_grasp.views import View
from fag_tf.errors import InputError
from fag_tf.parallel.worker_pool import Refusal
from fag_tf.spaces import Observation

__all__ = ["PictureSettings", "picture_sampler"]


@dataclass(frozen=True)
class PictureSettings:
    """How grasps of pictures are drawn. It determines them, together with model and picture.

    Attributes:
        count: number of grasps wanted of each picture.
        seed: seed of the noise.
        min_feasibility: least probability of the critic to keep a grasp.
        gripper: the jaw.
        width_m: how many metres a picture is wide; None for the whole table.
        choice: which of several objects is taken.
        robot: where the table lies in a robot's frame; None for no columns of it.
        sheet: the sheet of paper that each picture is straightened by; None for none.
        unverified: whether grasps need not hold by the outline traced in a picture.
    """

    count: int
    seed: int
    min_feasibility: float
    gripper: Gripper
    width_m: float | None = None
    choice: Choice = field(default_factory=Choice)
    robot: RobotFrame | None = None
    sheet: SheetOnTable | None = None
    unverified: bool = False

    def about(self, model: GraspModel) -> dict[str, Any]:
        """Plain values that say what the grasps depend on, beside what every job tells."""
        saved = model.saved
        about = {
            "model": saved.card.name,
            "version": saved.directory.name,
            "model_digest": saved.card.digest,
            "runtime": saved.runtime,
            "units": {axis.name: axis.unit for axis in saved.card.action_space.axes},
            "gripper": vars(self.gripper),
            "width_m": self.width_m,
            "choice": asdict(self.choice),
            "sheet": None if self.sheet is None else list(self.sheet.size),
            "unverified": self.unverified,
        }
        return about if self.robot is None else {**about, "to_robot": self.robot.matrix.tolist()}


def picture_sampler(
    model: GraspModel,
    settings: PictureSettings,
    contents: dict[str, bytes | Refusal] | None = None,
    tell_doubt: Callable[[str], None] = lambda _: None,
) -> SourceSampler:
    """A sampler whose sources are pictures.

    Args:
        model: a loaded model.
        settings: how grasps are drawn.
        contents: content of pictures that were read already, by name, or why it could not be read;
            each is removed when it is used. All others are read where they lie, on the disk or on
            an object store.
        tell_doubt: is told of each picture whose outline is doubtful, and why.
    """
    contents = {} if contents is None else contents
    scenes: dict[str, Scene] = {}
    views: dict[str, View] = {}
    jaw, robot = settings.gripper, settings.robot

    def read(picture: str) -> Observation:
        source: str | PictureFile = picture
        if picture in contents:
            content = contents.pop(picture)
            if isinstance(content, Refusal):
                raise InputError(content.message)
            source = PictureFile(picture, content)
        elif is_stored(picture):
            source = PictureFile(picture, read_stored(picture))
        scenes[picture] = scene_of_picture(
            source,
            settings.width_m,
            settings.choice,
            model.image_size,
            anywhere=True,
            sheet=settings.sheet,
        )
        for note in scenes[picture].notes:
            if note.startswith(DOUBT):
                tell_doubt(f"{picture}: {note}")
        views[picture] = model.view(scenes[picture], jaw)
        return views[picture].observation()

    def accept(picture: str, actions: NDArray[Any]) -> NDArray[np.bool_]:
        local = views[picture].to_table(actions)
        verified = not settings.unverified
        return model.acceptance(scenes[picture], views[picture], jaw, verified)(local)

    def place(picture: str, samples: Samples) -> Samples:
        local = in_table_frame(samples, views[picture])
        return local._replace(action=scenes[picture].in_frame(local.action))

    def describe(picture: str, actions: NDArray[Any]) -> Columns:
        scene, local = scenes.pop(picture), views.pop(picture).to_table(actions)
        more = scene.columns(local, jaw)
        return more if robot is None else {**more, **robot.of(scene.in_frame(local))}

    return SourceSampler(
        model.saved,
        read,
        settings.count,
        settings.seed,
        settings.min_feasibility,
        describe,
        ["width", "column", "row", *(() if robot is None else ROBOT_COLUMNS)],
        accept,
        place,
    )
