import zipfile

import numpy as np
import pytest

from fag_tf._utils.arrays import open_arrays


def test_arrays_are_read_by_name(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", one=np.arange(3), two=np.zeros((2, 2)))
    with open_arrays(tmp_path / "a.npz", 10_000) as arrays:
        assert set(arrays) == {"one", "two"}
        np.testing.assert_array_equal(arrays["one"], [0, 1, 2])


def test_a_small_file_of_large_arrays_is_refused_before_they_are_made(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", zeros=np.zeros(4_000_000))
    assert (tmp_path / "a.npz").stat().st_size < 100_000
    with (
        pytest.raises(ValueError, match=r"32,000,\d+ bytes .* 1,000,000"),
        open_arrays(tmp_path / "a.npz", 1_000_000),
    ):
        pass


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"\x93NUMPY"])
def test_what_is_no_archive_is_a_value_error(content, tmp_path):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"."), open_arrays(tmp_path / "a.npz", 100):
        pass


def test_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", one=np.array([{}], object))
    with (
        pytest.raises(ValueError, match="allow_pickle"),
        open_arrays(tmp_path / "a.npz", 10_000) as arrays,
    ):
        arrays["one"]


def test_a_damaged_member_is_a_value_error(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", one=np.arange(10_000))
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        start = archive.infolist()[0].header_offset + 60
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[start : start + 200] = b"x" * 200
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match="damaged"), open_arrays(tmp_path / "a.npz", 10**6) as a:
        a["one"]


def test_headers_of_python_2_are_read_without_a_warning(tmp_path, recwarn):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2L,), }"
    header += b" " * (117 - len(header)) + b"\n"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("old.npy", array + np.array([1.0, 2.0]).tobytes())
    with open_arrays(tmp_path / "a.npz", 10_000) as arrays:
        np.testing.assert_array_equal(arrays["old"], [1.0, 2.0])
    assert not recwarn.list
