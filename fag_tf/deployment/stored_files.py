"""Files on object stores, named by addresses such as `s3://bucket/folder/file.png`.

An absolute path of this machine is taken too.
"""

import fnmatch
import posixpath
from collections.abc import Collection
from typing import Any

from fag_tf._utils.files import write_atomically
from fag_tf.errors import InputError

__all__ = ["is_stored", "list_stored", "put_stored", "read_stored"]

MOST_CONTENT = 1 << 30
"""Largest size of a file that is read whole, bytes."""

_MAGIC = "*?["


def is_stored(name: str) -> bool:
    """Whether a name is an address with a scheme, not a path."""
    return "://" in name


def list_stored(address: str, suffixes: Collection[str], *, missing_ok: bool = False) -> list[str]:
    """The files in a folder, or of a pattern, sorted.

    Args:
        address: a folder, whose own files are taken; or a pattern, whose `*` takes slashes too.
        suffixes: the endings that files of a folder must have, in lower case.
        missing_ok: whether there may be no such folder, which then holds no file.

    Raises:
        InputError: the address cannot be read.
    """
    from pyarrow import fs

    store, path = _opened(address)
    scheme = f"{address.partition('://')[0]}://" if is_stored(address) else ""
    magic = (at for at, letter in enumerate(path) if letter in _MAGIC)
    place = next(magic, None) if is_stored(address) else None
    folder = path if place is None else posixpath.dirname(path[:place])
    try:
        selector = fs.FileSelector(folder, recursive=place is not None, allow_not_found=missing_ok)
        found = [info.path for info in store.get_file_info(selector) if info.is_file]
    except (OSError, ValueError) as error:
        raise InputError(f"cannot list {address}: {_one_line(error)}") from error
    if place is None:
        found = [each for each in found if posixpath.splitext(each)[1].lower() in suffixes]
    else:
        found = [each for each in found if fnmatch.fnmatchcase(each, path)]
    return sorted(f"{scheme}{each}" for each in found)


def read_stored(address: str) -> bytes:
    """The content of a file.

    Raises:
        InputError: it cannot be read, or is larger than `MOST_CONTENT`.
    """
    store, path = _opened(address)
    try:
        with store.open_input_stream(path) as stream:
            content: bytes = stream.read(MOST_CONTENT + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {address}: {_one_line(error)}") from error
    if len(content) > MOST_CONTENT:
        raise InputError(f"{address} holds more than {MOST_CONTENT >> 30} GB")
    return content


def put_stored(address: str, content: bytes) -> None:
    """Write a file whole: an object store shows it when all of it is there.

    A file system such as that of `file://` has it under another name first.

    Raises:
        InputError: it cannot be written.
    """
    if not is_stored(address):
        with write_atomically(address) as file:
            file.write_bytes(content)
        return
    store, path = _opened(address)
    partial = f"{path}.partial" if store.type_name in ("local", "hdfs") else path
    try:
        if partial != path:
            store.create_dir(posixpath.dirname(path), recursive=True)
        with store.open_output_stream(partial) as stream:
            stream.write(content)
        if partial != path:
            store.move(partial, path)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot write {address}: {_one_line(error)}") from error


def _opened(address: str) -> tuple[Any, str]:
    try:
        from pyarrow import fs
    except ImportError as error:
        raise InputError(
            f"{address} needs pyarrow; install it with pip install 'fag-tf[parquet]'"
        ) from error
    try:
        store, path = fs.FileSystem.from_uri(address)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot open {address}: {_one_line(error)}") from error
    return store, path


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
