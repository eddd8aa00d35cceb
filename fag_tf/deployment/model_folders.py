"""Where saved models lie: `NAME/VERSION`, a version being a whole number, as servers want it."""

import importlib
import os
from pathlib import Path

from fag_tf._utils.files import check_writable
from fag_tf.deployment.model_card import CARD_FILE
from fag_tf.errors import InputError

__all__ = [
    "SHIPPED",
    "SHIPPED_NAMES",
    "find_model",
    "find_version",
    "shipped_model",
    "version_directory",
]

SHIPPED = "planar_grasp"
"""Name of the model that is taken if none is named."""

SHIPPED_NAMES = (SHIPPED, "robot_arm", "spline_path")
"""Names of the models that come with the package."""

_WHICH_SHIP = f"{', '.join(SHIPPED_NAMES[:-1])} or {SHIPPED_NAMES[-1]}, which come with the package"


def shipped_model(name: str = SHIPPED) -> Path:
    """A model that comes with the package.

    Raises:
        InputError: this installation has none of this name.
    """
    # `importlib.resources` would do the same, and load the modules for archives with it.
    folder = Path(importlib.import_module("fag_tf.exported_models").__path__[0]) / name
    if not folder.is_dir():
        raise InputError(f"this installation comes without the model {name}; name one of your own")
    return folder


def find_model(name: str | os.PathLike[str] | None) -> Path:
    """The directory of a model as a user names it: a folder, or the name of a shipped one.

    Args:
        name: a folder, which wins if it holds a model; or one of `SHIPPED_NAMES`; None for
            `SHIPPED`.

    Raises:
        InputError: there is no such model.
    """
    if name is None:
        return find_version(shipped_model())
    if not isinstance(name, (str, os.PathLike)) or not os.fspath(name):
        raise InputError(f"model is {name!r:.100}; name its folder, or {_WHICH_SHIP}")
    try:
        return find_version(name)
    except InputError:
        if os.fspath(name) in SHIPPED_NAMES:
            return find_version(shipped_model(os.fspath(name)))
        raise


def find_version(path: str | os.PathLike[str]) -> Path:
    """The directory `NAME/VERSION` of a model given as that or as `NAME`: then the highest version.

    Raises:
        InputError: there is no such directory, or no version in it.
    """
    path = Path(path)
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise InputError(
            f"model {path} {what}; name the directory that `fag-tf export` wrote, or {_WHICH_SHIP}"
        )
    if (path / CARD_FILE).exists():
        return path
    versions = [part for part in path.iterdir() if part.is_dir() and part.name.isdecimal()]
    if not versions:
        raise InputError(f"{path} holds neither {CARD_FILE} nor a numbered version of a model")
    return max(versions, key=lambda part: int(part.name))


def version_directory(out: str | os.PathLike[str]) -> Path:
    """Where to export to: `out` itself if its name is a number, else its next free version.

    Raises:
        InputError: `out` is a numbered directory that exists already, or cannot be written.
    """
    out = Path(out)
    check_writable(out)
    if out.name.isdecimal():
        if out.exists():
            raise InputError(f"{out} exists already; choose another version or remove it")
        return out
    if not out.exists():
        return out / "1"
    versions = [int(part.name) for part in out.iterdir() if part.name.isdecimal()]
    return out / str(max(versions, default=0) + 1)
