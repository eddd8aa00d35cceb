"""Reading of text files with clear errors, and atomic writing of files and folders.

A file is written under a temporary name in the same folder and then renamed. A reader never sees a
file that is only partly written.
"""

import contextlib
import contextvars
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fag_tf.errors import InputError

__all__ = [
    "all_or_none",
    "alone",
    "check_writable",
    "read_config",
    "read_text",
    "write_atomically",
    "write_directory_atomically",
]

MOST_TEXT = 1 << 28
"""Largest size of a text file, in bytes. A larger input is probably a device without an end."""

MOST_CONFIG = 1 << 22
"""Largest size of a configuration, in bytes. Parsed, JSON takes up to 30 times its size."""


def _beside(target: Path) -> Path:
    """A temporary name in the target's folder, so that the rename stays within one file system.

    The name keeps the target's suffix because many writers choose their format by it.
    """
    return target.with_name(f".{target.stem}.{secrets.token_hex(4)}.partial{target.suffix}")


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return f"{error.filename} is a file, not a folder"
    return error.strerror or str(error)


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Make a folder and its parents; if the block fails, remove the folders that were made."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()
        raise


def read_text(path: str | os.PathLike[str], most: int | None = None) -> str:
    """Read the text of a UTF-8 file; `-` is the standard input.

    A byte-order mark at the start is removed.

    Args:
        path: the file.
        most: largest size, bytes; `MOST_TEXT` if None.

    Raises:
        InputError: the file cannot be read, is not UTF-8 text, or is larger than `most`.
    """
    most = MOST_TEXT if most is None else most
    piped = os.fspath(path) == "-"
    name = "the standard input" if piped else os.fspath(path)
    try:
        with open(0 if piped else path, "rb", closefd=not piped) as file:
            content = file.read(most + 1)
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        reason = _reason(error) if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot read {name}: {reason}") from error
    if len(content) > most:
        raise InputError(f"{name} holds more than {most >> 20} MB; that is no such file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not text in UTF-8 ({error.reason}); save it as that"
        ) from error


def check_writable(folder: str | os.PathLike[str]) -> None:
    """Check that a folder can be made and written, before a long computation starts.

    Raises:
        InputError: the folder or one of its parents is a file, or may not be written to.
    """
    folder = Path(folder)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir():
        raise InputError(f"cannot write {folder}: {there} is a file, not a folder")
    if not os.access(there, os.W_OK):
        raise InputError(f"cannot write {folder}: no right to write in {there}")


@contextlib.contextmanager
def alone(file: Path, doing: str) -> Iterator[None]:
    """Lock a folder against other processes; the system removes the lock when this process ends.

    Args:
        file: file in the folder that is locked. Every process must lock the same file.
        doing: participle for the error message that says what is done to the folder.

    Raises:
        InputError: another process holds the lock.
    """
    with file.open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{file.parent} is being {doing} by another process; stop that one first, "
                "or choose another folder"
            ) from None
        yield


class _Held(NamedTuple):
    """Files that wait for the end of `all_or_none`.

    Attributes:
        stack: removes the temporary files at the end.
        files: pairs of temporary path and target.
    """

    stack: contextlib.ExitStack
    files: list[tuple[Path, Path]]


_held: contextvars.ContextVar[_Held | None] = contextvars.ContextVar("held", default=None)


@contextlib.contextmanager
def all_or_none() -> Iterator[None]:
    """Rename all files that `write_atomically` writes in this block together at its end.

    Raises:
        InputError: a target is a folder, and then no file is renamed; or a rename fails.
    """
    with contextlib.ExitStack() as stack:
        held = _Held(stack, [])
        token = _held.set(held)
        try:
            yield
        finally:
            _held.reset(token)
        for _, target in held.files:
            if target.is_dir():
                raise InputError(f"cannot write {target}: Is a directory")
        for partial, target in held.files:
            try:
                os.replace(partial, target)
            except OSError as error:
                raise InputError(f"cannot write {target}: {_reason(error)}") from error


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)


@contextlib.contextmanager
def write_atomically(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path; its file becomes `target` when the block ends without an error.

    Within `all_or_none` the file becomes `target` when the outer block ends.

    Args:
        target: the file to make or replace. Its folder is made if it is missing.

    Yields:
        A path in the folder of `target`, with the suffix of `target`.

    Raises:
        InputError: the file cannot be written (permissions, a full disk). No file is left behind.
    """
    target = Path(target)
    partial = _beside(target)
    held = _held.get()
    try:
        with contextlib.ExitStack() as own:
            stack = own if held is None else held.stack
            stack.enter_context(_folder(target.parent))
            stack.callback(_remove, partial)
            yield partial
            _flush_to_disk(partial)
            if held is None:
                os.replace(partial, target)
            else:
                held.files.append((partial, target))
    except OSError as error:
        raise InputError(f"cannot write {target}: {_reason(error)}") from error


@contextlib.contextmanager
def write_directory_atomically(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give an empty folder; it becomes `target` when the block ends without an error.

    Args:
        target: the folder to make. Its parents are made if they are missing.

    Yields:
        A path in the parent folder of `target`.

    Raises:
        InputError: the folder cannot be written, or `target` is a file or a folder that is not
            empty. No file is left behind.
    """
    import shutil  # loads archives too, and most commands read alone

    target = Path(target)
    partial = _beside(target)
    try:
        with _folder(target.parent):
            try:
                partial.mkdir()
                yield partial
                for file in sorted(partial.rglob("*")):
                    _flush_to_disk(file)
                os.replace(partial, target)
                _flush_to_disk(target.parent)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot write {target}: {_reason(error)}") from error


def read_config(path: str | Path, what: str = "configuration") -> dict[str, Any]:
    """Read the tables of a TOML or JSON file, JSON by the suffix `.json`.

    Args:
        path: the file.
        what: name of the kind of file, for error messages.

    Raises:
        InputError: the file is missing or cannot be parsed.
    """
    import tomllib  # slow to load, and few commands are given such a file

    path = Path(path)
    text = read_text(path, MOST_CONFIG)
    kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
    try:
        values = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the {what} {path} is not valid {kind}: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"the {what} {path} is no table (a JSON object)")
    return values
