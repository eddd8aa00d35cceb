"""Reading of NumPy's archives of arrays with a bound on memory, and without unpickling anything."""

import contextlib
import os
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["open_arrays"]


@contextlib.contextmanager
def open_arrays(path: str | os.PathLike[str], most: int) -> Iterator[Mapping[str, NDArray[Any]]]:
    """The arrays of an `.npz` file by name; each is read when it is asked for.

    Args:
        path: the file.
        most: greatest size of all arrays together, bytes. A compressed file may hold a thousand
            times its size.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file, is damaged or holds more.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > most:
            raise ValueError(f"it holds {size:,} bytes of arrays where {most:,} are the most")
        with np.load(path, allow_pickle=False) as arrays, warnings.catch_warnings():
            # Told of headers that Python 2 wrote, which are read all the same.
            warnings.filterwarnings("ignore", message="Reading `.npy`")
            yield arrays
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"it is damaged: {error}") from error
