import errno
import os

import pytest

from fag_tf.errors import InputError
from fag_tf.files import write_atomically, write_directory_atomically


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def fill(folder, text):
    (folder / "deep").mkdir()
    (folder / "deep" / "file.txt").write_text(text)


# One file ---------------------------------------------------------------------------------------


def test_a_file_is_there_once_the_block_ends_and_not_before(tmp_path):
    target = tmp_path / "new" / "folder" / "figure.png"
    with write_atomically(target) as partial:
        partial.write_text("done")
        assert not target.exists()
        assert (partial.parent, partial.suffix) == (target.parent, ".png")
    assert target.read_text() == "done"
    assert names(target.parent) == ["figure.png"]


def test_a_path_may_be_text(tmp_path):
    with write_atomically(str(tmp_path / "file")) as partial:
        partial.write_text("done")
    assert names(tmp_path) == ["file"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")

    def fail():
        with write_atomically(target) as partial:
            partial.write_text("half")
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        fail()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(tmp_path):
    def fail():
        with write_atomically(tmp_path / "file.txt") as partial:
            partial.write_text("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match=r"cannot write .*file\.txt: No space left on device"):
        fail()
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")

    def write():
        with write_atomically(tmp_path / "file" / "below.txt"):
            pass

    with pytest.raises(InputError, match=r"cannot write .*below\.txt"):
        write()


def test_a_block_that_writes_nothing_is_told(tmp_path):
    def write():
        with write_atomically(tmp_path / "file.txt"):
            pass

    with pytest.raises(InputError, match="No such file"):
        write()
    assert names(tmp_path) == []


# A directory ------------------------------------------------------------------------------------


def test_a_directory_is_there_once_the_block_ends_and_not_before(tmp_path):
    target = tmp_path / "models" / "1"
    with write_directory_atomically(target) as partial:
        fill(partial, "done")
        assert not target.exists()
    assert (target / "deep" / "file.txt").read_text() == "done"
    assert names(target.parent) == ["1"]


def test_a_directory_takes_the_place_of_the_old_one_whole(tmp_path):
    target = tmp_path / "model"
    target.mkdir()
    (target / "stale.txt").write_text("old")
    with write_directory_atomically(target) as partial:
        fill(partial, "new")
    assert names(target) == ["deep"]
    assert names(tmp_path) == ["model"]


def test_an_error_leaves_the_old_directory_and_nothing_else(tmp_path):
    target = tmp_path / "model"
    target.mkdir()
    (target / "kept.txt").write_text("old")

    def fail():
        with write_directory_atomically(target) as partial:
            fill(partial, "half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names(target) == ["kept.txt"]
    assert names(tmp_path) == ["model"]


def test_a_directory_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")

    def write():
        with write_directory_atomically(tmp_path / "file" / "model"):
            pass

    with pytest.raises(InputError, match="cannot write"):
        write()
