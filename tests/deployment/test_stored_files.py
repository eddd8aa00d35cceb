import pytest

from fag_tf.deployment.stored_files import is_stored, list_stored, put_stored, read_stored
from fag_tf.errors import InputError


@pytest.fixture(params=["", "file://"])
def place(request, tmp_path):
    """The folder as a path, and as an address."""
    return f"{request.param}{tmp_path}"


def test_what_is_put_is_listed_and_read(place, tmp_path):
    put_stored(f"{place}/new/one.png", b"one")
    put_stored(f"{place}/new/one.png", b"another")
    put_stored(f"{place}/new/note.txt", b"")
    assert list_stored(f"{place}/new", (".png",)) == [f"{place}/new/one.png"]
    assert read_stored(f"{place}/new/one.png") == b"another"
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["note.txt", "one.png"]


def test_a_pattern_is_of_addresses_and_looks_into_folders(tmp_path):
    for name in ("a/1.png", "a/2.jpg", "b/3.png"):
        put_stored(str(tmp_path / name), b"")
    found = list_stored(f"file://{tmp_path}/*/*.png", ())
    assert found == [f"file://{tmp_path}/{name}" for name in ("a/1.png", "b/3.png")]


def test_what_cannot_be_reached_is_told_in_one_line(place):
    assert list_stored(f"{place}/nothing", (), missing_ok=True) == []
    for call in (
        lambda: list_stored(f"{place}/nothing", ()),
        lambda: read_stored(f"{place}/nothing"),
        lambda: read_stored("nonsense://nothing"),
    ):
        with pytest.raises(InputError, match=r"^cannot ") as caught:
            call()
        assert "\n" not in str(caught.value)


def test_a_larger_file_than_the_bound_is_refused(place, monkeypatch):
    monkeypatch.setattr("fag_tf.deployment.stored_files.MOST_CONTENT", 3)
    put_stored(f"{place}/file", b"1234")
    with pytest.raises(InputError, match="holds more"):
        read_stored(f"{place}/file")


def test_addresses_have_a_scheme():
    assert is_stored("s3://bucket/file")
    assert not is_stored("folder/file")
