"""SHA-256 checksums that show whether a model's files are those its card was written for."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from fag_tf.errors import InputError

__all__ = ["check_files", "checksums"]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums(directory: Path) -> dict[str, str]:
    """SHA-256 in hexadecimal of every file below the directory, by relative path."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): _sha256(path) for path in files}


def check_files(directory: Path, wanted: Mapping[str, str]) -> None:
    """Check that the files have not changed since their checksums were computed.

    Raises:
        InputError: a file is missing, cannot be read, or has another checksum.
    """
    for name, checksum in wanted.items():
        path = directory / name
        # The names come from the card: they may lead elsewhere, and to what has no end.
        elsewhere = Path(name).is_absolute() or ".." in Path(name).parts
        if elsewhere or (path.exists() and not path.is_file()):
            raise InputError(f"{path}, which the model's card names, is no file of the model")
        try:
            found = _sha256(path)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from error
        if found != checksum:
            raise InputError(
                f"{path} is not the file that the model's card was written for (its SHA-256 "
                "differs): it is damaged or was exchanged; export or copy the model again"
            )
