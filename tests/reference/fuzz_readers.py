"""Every reader of what a user or a stranger may hand over, as functions of a file.

`prepare` imports what a reader needs, `read` reads one file and either returns or raises.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Reader:
    """A reader of files.

    Attributes:
        file: name that the file must have, within a folder.
        read: reads the file of that path.
        slow: whether it needs TensorFlow or ONNX Runtime, which take seconds to load.
    """

    file: str
    read: Callable[[Path], Any]
    slow: bool = False

    def prepare(self) -> None:
        """Let it import what it needs: the file is missing, and it says so."""
        with contextlib.suppress(Exception):
            self.read(Path("/nowhere/at/all") / self.file)


def _part(path: Path) -> None:
    from fag_tf.environments.planar_grasp.scenes import scene_of_object

    # As the commands do: of several parts the largest, of any size.
    scene_of_object(str(path), largest=True, center=True)


def _mesh_as_it_is(path: Path) -> None:
    from fag_tf.environments.planar_grasp.parts.objects import read_object

    read_object(str(path), largest=True, pose="file")


def _picture(path: Path) -> None:
    from fag_tf.environments.planar_grasp.parts.choice import Choice
    from fag_tf.environments.planar_grasp.scenes import scene_of_picture

    scene_of_picture(str(path), 0.2, Choice(largest=True))


def _picture_on_a_sheet(path: Path) -> None:
    from fag_tf.environments.planar_grasp.images.placement import SheetOnTable
    from fag_tf.environments.planar_grasp.scenes import scene_of_picture

    scene_of_picture(str(path), sheet=SheetOnTable((0.297, 0.21)))


def _mask(path: Path) -> None:
    from fag_tf.environments.planar_grasp.images.masks import read_mask

    read_mask(str(path), "mask")


def _depth(path: Path) -> None:
    from fag_tf.environments.planar_grasp.depth_scenes import scene_of_depth

    scene_of_depth(path, "60,60,32,24")


def _camera_info(path: Path) -> None:
    from fag_tf.environments.planar_grasp.images.depth_files import parse_intrinsics

    parse_intrinsics(str(path))


def _robot_frame(path: Path) -> None:
    from fag_tf.environments.planar_grasp.robot_frame import read_robot_frame

    read_robot_frame(path)


def _gripper(path: Path) -> None:
    from fag_tf.environments.planar_grasp.gripper import parse_gripper

    parse_gripper(str(path))


def _configuration(path: Path) -> None:
    from fag_tf._utils.files import read_config
    from fag_tf.config.legacy import upgraded
    from fag_tf.config.parsing import config_from_dict

    config_from_dict(upgraded(read_config(path)))


def _run(path: Path) -> None:
    from fag_tf.training.run import open_run

    run = open_run(path.parent)
    if run.config.env == "boxes":  # others are objects of their own
        assert run.environment
    run.log()


def _run_log(path: Path) -> None:
    from fag_tf.training.run_log import cut_log, read_log

    read_log(path)
    cut_log(path, 3)


def _kept_configuration(path: Path) -> None:
    from fag_tf.config.schema import Config
    from fag_tf.training.kept_configuration import check_unedited

    check_unedited(Config(), path.parent, path)


def _checkpoint(path: Path) -> None:
    from reference.fuzz_checkpoints import restore

    restore(path)


def _card(path: Path) -> None:
    from fag_tf.deployment.model_card_files import read_card

    read_card(path)


def _model_card_of_folder(path: Path) -> None:
    from reference.fuzz_models import load_with_card

    load_with_card(path)


def _onnx(path: Path) -> None:
    from reference.fuzz_models import load_onnx

    load_onnx(path)


def _saved_model(path: Path) -> None:
    from fag_tf.deployment.saved_model_check import check_saved_model

    check_saved_model(path)


def _actions(path: Path) -> None:
    from fag_tf.deployment.sample_files import read_actions

    read_actions(path, ["x", "y", "theta"])


def _job(path: Path) -> None:
    from fag_tf.deployment.batch_sampling import seed_of_stopped

    seed_of_stopped(path.parents[1] / "out.csv")


def _study_result(path: Path) -> None:
    from reference.fuzz_models import study_result

    study_result(path)


def _request(path: Path) -> None:
    from reference.fuzz_models import parse_request

    parse_request(path.read_bytes())


def _message(path: Path) -> None:
    from reference.fuzz_models import parse_message

    parse_message(path.read_bytes())


def _page_question(path: Path) -> None:
    from reference.fuzz_models import parse_page_question

    parse_page_question(path.read_bytes())


def _token(path: Path) -> None:
    from fag_tf.deployment.serving.tokens import read_token

    read_token(path)


READERS = {
    "wkt": Reader("part.wkt", _part),
    "geojson": Reader("part.geojson", _part),
    "svg": Reader("part.svg", _part),
    "dxf": Reader("part.dxf", _part),
    "stl": Reader("part.stl", _part),
    "obj": Reader("part.obj", _part),
    "ply": Reader("part.ply", _part),
    "glb": Reader("part.glb", _part),
    "mesh_as_it_is": Reader("part.stl", _mesh_as_it_is),
    "silhouette": Reader("part.png", _part),
    "picture": Reader("picture.png", _picture),
    "picture_on_a_sheet": Reader("picture.png", _picture_on_a_sheet),
    "mask": Reader("picture.png", _mask),
    "depth_png": Reader("depth.png", _depth),
    "depth_tiff": Reader("depth.tiff", _depth),
    "depth_npy": Reader("depth.npy", _depth),
    "depth_npz": Reader("depth.npz", _depth),
    "camera_yaml": Reader("camera.yaml", _camera_info),
    "camera_json": Reader("camera.json", _camera_info),
    "robot_toml": Reader("robot.toml", _robot_frame),
    "robot_json": Reader("robot.json", _robot_frame),
    "robot_txt": Reader("robot.txt", _robot_frame),
    "gripper_toml": Reader("gripper.toml", _gripper),
    "gripper_json": Reader("gripper.json", _gripper),
    "config_toml": Reader("config.toml", _configuration),
    "run_config": Reader("config.json", _run),
    "run_log": Reader("log.jsonl", _run_log),
    "kept_config": Reader("counters.json", _kept_configuration),
    "model_card": Reader("model.json", _card),
    "actions": Reader("actions.csv", _actions),
    "job": Reader(".out.csv.parts/job.json", _job),
    "study_result": Reader("runs/0123456789abcdef.json", _study_result),
    "token": Reader("token", _token),
    "request": Reader("body", _request),
    "message": Reader("message", _message),
    "page_question": Reader("question", _page_question),
    "counters": Reader("step-00000006/counters.json", _checkpoint, slow=True),
    "memory": Reader("step-00000006/memory.npz", _checkpoint, slow=True),
    "weights_index": Reader("step-00000006/weights.index", _checkpoint, slow=True),
    "weights_data": Reader("step-00000006/weights.data-00000-of-00001", _checkpoint, slow=True),
    "card_of_folder": Reader("model.json", _model_card_of_folder, slow=True),
    "onnx": Reader("model.onnx", _onnx, slow=True),
    "saved_model": Reader("saved_model.pb", _saved_model, slow=True),
}
