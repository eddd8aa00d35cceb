"""Grasps of many pictures drawn in a Ray cluster, through Ray Data: readers, then samplers.

A reader fetches the bytes of some pictures. An actor, which holds the model, draws their grasps.
Ray repeats what was lost with a node. What is drawn is what one process would draw.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import fag_tf
from fag_tf.deployment.batch_sampling import Drawn, part_bytes
from fag_tf.deployment.picture_sampling import PictureSettings, picture_sampler
from fag_tf.deployment.sampler import Runtime, SavedModel, load_model
from fag_tf.deployment.stored_files import MOST_CONTENT, is_stored, read_stored
from fag_tf.errors import InputError
from fag_tf.parallel.worker_pool import Refusal, refusable

__all__ = ["draw_pictures_on_ray"]

_MOST_A_UNIT = 64
"""Pictures that are read and drawn at once, and lost at once."""

_UNITS_AN_ACTOR = 4
_TRIES = 5
_READER_CPUS, _ACTOR_CPUS = 0.1, 0.9
"""Shares of a core: on a node of one core a reader finds room beside an actor."""

_Unit = dict[str, Any]


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


def draw_pictures_on_ray(
    saved: SavedModel, settings: PictureSettings
) -> Callable[[Sequence[str]], Iterator[Drawn]]:
    """What draws grasps of pictures in the cluster; see `fag_tf.deployment.batch_sampling`.

    Ray is connected already, see `fag_tf.parallel.ray_cluster`.

    Args:
        saved: a loaded model; its files are sent to the nodes.
        settings: how grasps are drawn.
    """
    folder = saved.directory
    model = _Model(
        folder.parent.name,
        folder.name,
        saved.runtime,
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
        saved.card.digest,
        fag_tf.__version__,
    )
    return lambda pictures: _drawn(model, settings, pictures)


def _drawn(model: _Model, settings: PictureSettings, pictures: Sequence[str]) -> Iterator[Drawn]:
    if not pictures:
        return
    import ray
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    cores = int(ray.cluster_resources().get("CPU", 1))
    size = min(_MOST_A_UNIT, max(1, len(pictures) // (_UNITS_AN_ACTOR * max(cores, 1))))
    names = [os.fsencode(picture) for picture in pictures]  # may be invalid UTF-8
    units = [{"names": names[start : start + size]} for start in range(0, len(names), size)]
    dataset = (
        ray.data.from_items(units, override_num_blocks=len(units))
        .map(_read, num_cpus=_READER_CPUS, max_retries=_TRIES)
        .map(
            _Sampler,
            fn_constructor_args=(ray.put(model), settings),
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, min(cores, len(units)))),
            num_cpus=_ACTOR_CPUS,
            max_task_retries=_TRIES,
        )
    )
    try:
        for unit in dataset.iter_rows():
            if unit["failure"]:
                raise InputError(unit["failure"])
            yield {
                os.fsdecode(name): part if part else Refusal(reason)
                for name, part, reason in zip(
                    unit["names"], unit["parts"], unit["reasons"], strict=True
                )
            }
    except ray.exceptions.RayError as error:
        raise InputError(
            f"Ray lost the same pictures {_TRIES} times: "
            f"{(str(error).strip().splitlines() or [''])[-1]:.300}"
        ) from error


def _read(unit: _Unit) -> _Unit:
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
    return {"names": unit["names"], "contents": contents, "reasons": reasons, "failure": failure}


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
    """

    def __init__(self, reference: Any, settings: PictureSettings) -> None:
        import ray

        model: _Model = ray.get(reference)
        self._failure = ""
        self._contents: dict[str, bytes] = {}
        self._folder = tempfile.TemporaryDirectory()
        if fag_tf.__version__ != model.release:
            self._failure = (
                f"node {os.uname().nodename} has fag-tf {fag_tf.__version__}, and this is "
                f"{model.release}; all nodes need the same"
            )
            return
        from fag_tf.deployment.grasp_sampling import GraspModel

        folder = Path(self._folder.name) / model.name / model.version
        for name, content in model.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        saved = load_model(folder, model.runtime)
        assert saved.card.digest == model.digest
        self._sampler = picture_sampler(GraspModel(saved), settings, self._contents)

    def __call__(self, unit: _Unit) -> _Unit:
        failure = unit["failure"] or self._failure
        parts, reasons = [b""] * len(unit["names"]), list(unit["reasons"])
        if not failure:
            names = [os.fsdecode(name) for name in unit["names"]]
            self._contents.update(
                (name, content)
                for name, content, reason in zip(names, unit["contents"], reasons, strict=True)
                if not reason
            )
            drawn = part_bytes(self._sampler.draw([n for n in names if n in self._contents]))
            for at, name in enumerate(names):
                part = drawn.get(name, b"")
                if isinstance(part, Refusal):
                    reasons[at] = part.message
                else:
                    parts[at] = part
        return {"names": unit["names"], "parts": parts, "reasons": reasons, "failure": failure}
