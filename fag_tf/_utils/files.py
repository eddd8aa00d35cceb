"""Files: text is read with clear errors, and nothing is written that a reader could meet half done.

What is written is written beside its target and then renamed.
"""

import contextlib
import contextvars
import fcntl
import json
import os
import secrets
import shutil
import tomllib
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
"""Bytes; more is no file that a person gives, rather a device without an end."""


def _beside(target: Path) -> Path:
    """A name in the target's own folder, so that the rename stays within one file system.

    The suffix is kept at the end because many writers choose their format by it.
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
    """Make a folder with its parents; take away again what was made if the block fails."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()
        raise


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file, with or without a byte-order mark; `-` is the standard input.

    Raises:
        InputError: it cannot be read, is of another encoding or no text, or is far too long.
    """
    piped = os.fspath(path) == "-"
    name = "the standard input" if piped else os.fspath(path)
    try:
        with open(0 if piped else path, "rb", closefd=not piped) as file:
            content = file.read(MOST_TEXT + 1)
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        reason = _reason(error) if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot read {name}: {reason}") from error
    if len(content) > MOST_TEXT:
        raise InputError(f"{name} holds more than {MOST_TEXT >> 20} MB; that is no such file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not text in UTF-8 ({error.reason}); save it as that"
        ) from error


def check_writable(folder: str | os.PathLike[str]) -> None:
    """Refuse a folder that cannot be made or written, before dear work is done for it.

    Raises:
        InputError: it, or what stands where its parents must be, is a file or write-protected.
    """
    folder = Path(folder)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir():
        raise InputError(f"cannot write {folder}: {there} is a file, not a folder")
    if not os.access(there, os.W_OK):
        raise InputError(f"cannot write {folder}: no right to write in {there}")


@contextlib.contextmanager
def alone(file: Path, doing: str) -> Iterator[None]:
    """Keep other processes from the same folder; the system frees it when this one ends.

    Args:
        file: in the folder; those that lock the same one keep each other out.
        doing: what is being done to the folder, as a participle.

    Raises:
        InputError: another process is doing it.
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
    """Files that wait for the end of `all_or_none`: what cleans up, and (partial, target) pairs."""

    stack: contextlib.ExitStack
    files: list[tuple[Path, Path]]


_held: contextvars.ContextVar[_Held | None] = contextvars.ContextVar("held", default=None)


@contextlib.contextmanager
def all_or_none() -> Iterator[None]:
    """Files that `write_atomically` writes in this block take their places together at its end.

    Raises:
        InputError: one of them cannot; then all that stood there before stays as it was.
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
    """Give a path to write to; it becomes `target` when the block ends without an error.

    Within `all_or_none` it waits for the others.

    Args:
        target: the file to make or replace. Its folder is made if it is missing.

    Yields:
        A path in the same folder and with the same suffix.

    Raises:
        InputError: it cannot be written (permissions, a full disk); nothing is left.
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
    """Give an empty directory to fill; it becomes `target` when the block ends without an error.

    Raises:
        InputError: the directory cannot be written, or one with something in it stands at
            `target`; nothing is left.
    """
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
    """The tables of a TOML or JSON file; errors call it by what it is.

    Raises:
        InputError: the file is missing or cannot be parsed.
    """
    path = Path(path)
    text = read_text(path)
    kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
    try:
        values = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the {what} {path} is not valid {kind}: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"the {what} {path} is no table (a JSON object)")
    return values
