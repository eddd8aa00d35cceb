import errno
import os
import subprocess
import sys

import pytest

from fag_tf._utils.files import (
    all_or_none,
    alone,
    check_writable,
    read_text,
    write_atomically,
    write_directory_atomically,
)
from fag_tf.errors import InputError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def fill(folder, text):
    (folder / "deep").mkdir()
    (folder / "deep" / "file.txt").write_text(text)


# Text -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_text_is_read_with_or_without_a_byte_order_mark(mark, tmp_path):
    (tmp_path / "file.txt").write_bytes(mark + "µ = 0.5\r\n".encode())
    assert read_text(tmp_path / "file.txt") == "µ = 0.5\r\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"file\.txt: No such file"),
        ("folder", r"file\.txt: Is a directory"),
        ("x = 1".encode("utf-16"), r"file\.txt.*UTF-8"),
        (b"x" * 100, r"file\.txt.* 0 MB"),
    ],
)
def test_what_is_no_text_is_told_in_one_line(content, message, tmp_path, monkeypatch):
    monkeypatch.setattr("fag_tf._utils.files.MOST_TEXT", 50)
    path = tmp_path / "file.txt"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_text(path)
    assert "\n" not in str(caught.value)


def test_a_device_without_an_end_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr("fag_tf._utils.files.MOST_TEXT", 1 << 16)
    with pytest.raises(InputError, match="/dev/zero"):
        read_text("/dev/zero")


# Before dear work -------------------------------------------------------------------------------


def test_a_folder_that_can_be_made_is_not_made_yet(tmp_path):
    check_writable(tmp_path / "new" / "folder")
    assert names(tmp_path) == []


def test_a_folder_below_a_file_or_without_the_right_to_write_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"/file/folder: .*/file\b"):
        check_writable(tmp_path / "file" / "folder")
    monkeypatch.setattr("os.access", lambda path, mode: False)  # the tests may run as root
    with pytest.raises(InputError, match="/new"):
        check_writable(tmp_path / "new")


# One process at a time --------------------------------------------------------------------------


def test_one_process_at_a_time_is_in_a_folder(tmp_path):
    lock = tmp_path / "lock"
    lock.write_text("kept")
    with (
        alone(lock, "counted"),
        pytest.raises(InputError, match=f"{tmp_path}.*counted"),
        alone(lock, "counted"),
    ):
        pytest.fail("both are in")
    with alone(lock, "counted"):
        pass
    assert lock.read_text() == "kept"


def test_a_process_that_is_killed_leaves_the_folder_free(tmp_path):
    lock = tmp_path / "lock"
    lock.touch()
    code = (
        "import sys; from pathlib import Path; from fag_tf._utils.files import alone\n"
        "with alone(Path(sys.argv[1]), 'counted'): print('in', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"in\n"
        with pytest.raises(InputError, match="counted"), alone(lock, "counted"):
            pytest.fail("both are in")
        process.kill()
    with alone(lock, "counted"):
        pass


# One file ---------------------------------------------------------------------------------------


def test_a_file_is_there_once_the_block_ends_and_not_before(tmp_path):
    target = tmp_path / "new" / "folder" / "figure.png"
    with write_atomically(target) as partial:
        partial.write_text("done")
        assert not target.exists()
        assert (partial.parent, partial.suffix) == (target.parent, ".png")
    assert target.read_text() == "done"
    assert names(target.parent) == ["figure.png"]


def test_files_that_belong_together_take_their_places_together(tmp_path):
    (tmp_path / "a").write_text("old")
    with all_or_none():
        for name in ("a", "new/b"):
            with write_atomically(tmp_path / name) as partial:
                partial.write_text(name)
        assert (tmp_path / "a").read_text() == "old"
        assert not (tmp_path / "new" / "b").exists()
    assert (tmp_path / "a").read_text() == "a"
    assert (tmp_path / "new" / "b").read_text() == "new/b"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "new"]


def test_one_that_fails_keeps_all_of_them_from_their_places(tmp_path):
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").mkdir()

    def write(*names):
        with all_or_none():
            for name in names:
                with write_atomically(tmp_path / name) as partial:
                    partial.write_text(name)
                    if name == "stop":
                        raise RuntimeError

    with pytest.raises(InputError, match="/b:"):
        write("a", "b", "new/c")
    with pytest.raises(RuntimeError):
        write("a", "new/c", "stop")
    assert (tmp_path / "a").read_text() == "old"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b"]


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

    with pytest.raises(InputError, match=r"file\.txt: No space left"):
        fail()
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")

    def write():
        with write_atomically(tmp_path / "file" / "below.txt"):
            pass

    with pytest.raises(InputError, match=r"/below\.txt: .*/file\b"):
        write()


@pytest.mark.parametrize("write", [write_atomically, write_directory_atomically])
def test_folders_made_for_what_then_fails_are_taken_away(write, tmp_path):
    def fail():
        with write(tmp_path / "new" / "folder" / "result"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names(tmp_path) == []


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


def test_a_directory_takes_the_place_of_an_empty_one_only(tmp_path):
    target = tmp_path / "model"
    target.mkdir()
    with write_directory_atomically(target) as partial:
        fill(partial, "new")
    assert names(target) == ["deep"]
    with (
        pytest.raises(InputError, match="Directory not empty"),
        write_directory_atomically(target) as partial,
    ):
        fill(partial, "newer")
    assert (target / "deep" / "file.txt").read_text() == "new"
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

    with pytest.raises(InputError, match="/file/model"):
        write()
