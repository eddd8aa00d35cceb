"""Grasps of many pictures drawn in a Ray cluster, through Ray Data: readers, then samplers.

A reader fetches the bytes of some pictures. An actor, which holds the model, draws their grasps.
Ray repeats what was lost with a node. What is drawn is what one process would draw.
"""

import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import fag_tf
from fag_tf.deployment.batch_sampling import Drawn, part_bytes
from fag_tf.deployment.picture_sampling import PictureSettings, picture_sampler
from fag_tf.deployment.ray_attempts import attempts, draw_counted
from fag_tf.deployment.sample_folder import Part, PartFolder
from fag_tf.deployment.sampler import Runtime, SavedModel, load_model
from fag_tf.deployment.stored_files import MOST_CONTENT, is_stored, put_stored, read_stored
from fag_tf.errors import InputError
from fag_tf.parallel.worker_pool import Refusal, refusable

__all__ = ["RaySampling"]

_MOST_A_UNIT = 64
"""Pictures that are read and drawn at once, and lost at once."""

_UNITS_AN_ACTOR = 4
_READER_CPUS, _ACTOR_CPUS = 0.1, 0.9
"""Shares of a core: on a node of one core a reader finds room beside an actor."""

_Row = dict[str, Any]


class _Model(NamedTuple):
    """A saved model as it is sent to other nodes, which need not have its folder.

    Attributes:
        name, version: names of its folders.
        runtime: the form that is run.
        files: content of its files, by path in the folder.
        digest: of its card.
        release: of this package.
    """

    name: str
    version: str
    runtime: Runtime
    files: dict[str, bytes]
    digest: str
    release: str


class RaySampling:
    """Draws grasps of pictures in the cluster.

    Ray is connected already, see `fag_tf.parallel.ray_cluster`.

    Args:
        saved: a loaded model; its files are sent to the nodes.
        settings: how grasps are drawn.
        tell_doubt: is told of each picture whose outline is doubtful, and why; in any order.
    """

    def __init__(
        self,
        saved: SavedModel,
        settings: PictureSettings,
        tell_doubt: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._model, self._settings = _model_of(saved), settings
        self._tell_doubt = tell_doubt

    def draw(self, pictures: Sequence[str]) -> Iterator[Drawn]:
        """Draw, for a `SamplingJob`."""
        import ray

        cores = int(ray.cluster_resources().get("CPU", 1))
        size = min(_MOST_A_UNIT, max(1, len(pictures) // (_UNITS_AN_ACTOR * max(cores, 1))))
        starts = range(0, len(pictures), size)
        units = [Part("", pictures[start : start + size]) for start in starts]
        for found in self._run(units, None):
            yield {
                os.fsdecode(name): part if part else Refusal(reason)
                for name, part, reason in zip(
                    found["names"], found["parts"], found["reasons"], strict=True
                )
            }

    def draw_parts(
        self, folder: PartFolder, parts: Sequence[Part]
    ) -> Iterator[tuple[Part, dict[str, Any]]]:
        """Draw and write, for a `FolderJob`.

        Workers write what goes to an object store. What goes to a disk is written here, since other
        nodes may have another disk.
        """
        by_file = {part.file: part for part in parts}
        for found in self._run(parts, folder):
            (content,) = found["parts"]
            if content:
                put_stored(folder.path(found["file"]), content)
            yield by_file[found["file"]], json.loads(found["told"])

    def _run(self, units: Sequence[Part], folder: PartFolder | None) -> Iterator[_Row]:
        """Draw each unit; with a folder, as the content of a file."""
        if not units:
            return
        import ray
        import ray.data

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        cores = int(ray.cluster_resources().get("CPU", 1))
        rows = [
            {"file": unit.file, "names": [os.fsencode(name) for name in unit.sources]}
            for unit in units
        ]
        # No more than there is work for; as many as there are cores, also those that join later.
        actors = ray.data.ActorPoolStrategy(
            min_size=1, initial_size=max(1, min(cores, len(rows))), max_size=len(rows)
        )
        # Retries have no bound, which is Ray Data's default: until Ray knows that a node is gone,
        # calls of an actor there fail at once, and a bound would end the job. What a picture ends
        # is counted instead.
        drawn = (
            ray.data.from_items(rows, override_num_blocks=len(rows))
            .map(_read, num_cpus=_READER_CPUS)
            .map(
                _Sampler,
                fn_constructor_args=(ray.put(self._model), self._settings, folder, attempts()),
                compute=actors,
                num_cpus=_ACTOR_CPUS,
            )
        )
        try:
            for found in drawn.iter_rows():
                if found["failure"]:
                    raise InputError(found["failure"])
                for note in found["doubts"]:
                    self._tell_doubt(os.fsdecode(note))
                yield found
        except ray.exceptions.RayError as error:
            raise InputError(
                "Ray gives up the pictures that are left; the same command goes on with them: "
                f"{(str(error).strip().splitlines() or [''])[-1]:.300}"
            ) from error


def _model_of(saved: SavedModel) -> _Model:
    folder = saved.directory
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return _Model(
        *(folder.parent.name, folder.name),
        saved.runtime,
        files,
        saved.card.digest,
        fag_tf.__version__,
    )


def _read(unit: _Row) -> _Row:
    """Runs in the cluster: the content of a unit's pictures, or why there is none."""
    contents, reasons, failure = [], [], ""
    for name in unit["names"]:
        picture = os.fsdecode(name)
        content = refusable(_content, picture)
        if content is None:
            failure = (
                f"node {os.uname().nodename} does not see {picture}; pictures must lie in a folder "
                "that all nodes share, or on an object store"
            )
        refused = isinstance(content, Refusal)
        contents.append(b"" if refused or content is None else content)
        reasons.append(content.message if refused else "")
    return {**unit, "contents": contents, "reasons": reasons, "failure": failure}


def _content(picture: str) -> bytes | None:
    """The content of a picture; None if it is not there."""
    if is_stored(picture):
        return read_stored(picture)
    try:
        with open(picture, "rb") as file:
            content = file.read(MOST_CONTENT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot read picture {picture}: {error.strerror}") from error
    if len(content) > MOST_CONTENT:
        raise InputError(f"{picture} holds more than {MOST_CONTENT >> 30} GB")
    return content


class _Sampler:
    """Runs in the cluster: holds the model, and draws the grasps of a unit.

    Args:
        reference: Ray's reference to the model.
        settings: how grasps are drawn.
        folder: where parts are written; None if the samples of each picture are given back.
        attempts: Ray's handle of the counts of attempts.
    """

    def __init__(
        self, reference: Any, settings: PictureSettings, folder: PartFolder | None, attempts: Any
    ) -> None:
        import ray

        model: _Model = ray.get(reference)
        self._attempts, self._doubts = attempts, list[str]()
        self._failure = ""
        self._contents: dict[str, bytes | Refusal] = {}
        self._folder = folder
        self._model_folder = tempfile.TemporaryDirectory()
        if fag_tf.__version__ != model.release:
            self._failure = (
                f"node {os.uname().nodename} has fag-tf {fag_tf.__version__}, and this is "
                f"{model.release}; all nodes need the same"
            )
            return
        from fag_tf.deployment.grasp_sampling import GraspModel

        place = Path(self._model_folder.name) / model.name / model.version
        for name, content in model.files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        saved = load_model(place, model.runtime)
        assert saved.card.digest == model.digest
        model_of_grasps = GraspModel(saved)
        self._sampler = picture_sampler(
            model_of_grasps, settings, self._contents, self._doubts.append
        )

    def __call__(self, unit: _Row) -> _Row:
        failure = unit["failure"] or self._failure
        result = {"file": unit["file"], "names": unit["names"], "failure": failure, "told": ""}
        if failure:
            return {**result, "parts": [], "reasons": [], "doubts": []}
        self._doubts.clear()
        names = [os.fsdecode(name) for name in unit["names"]]
        for name, content, reason in zip(names, unit["contents"], unit["reasons"], strict=True):
            self._contents[name] = Refusal(reason) if reason else content
        if self._folder is None:
            drawn = part_bytes(draw_counted(names, self._sampler.draw, self._attempts))
            parts = [drawn[name] for name in names]
            return {
                **result,
                "doubts": [os.fsencode(note) for note in self._doubts],
                "parts": [b"" if isinstance(part, Refusal) else part for part in parts],
                "reasons": [part.message if isinstance(part, Refusal) else "" for part in parts],
            }
        content, told = self._folder.content(
            Part(unit["file"], names),
            lambda some: draw_counted(some, self._sampler.draw, self._attempts),
        )
        result["doubts"] = [os.fsencode(note) for note in self._doubts]
        if self._folder.is_shared:
            failed = refusable(put_stored, self._folder.path(unit["file"]), content)
            if isinstance(failed, Refusal):
                result["failure"] = failed.message
            content = b""
        return {**result, "parts": [content], "reasons": [""], "told": json.dumps(told)}
