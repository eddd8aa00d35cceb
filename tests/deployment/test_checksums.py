import hashlib

import pytest

from fag_tf.deployment.checksums import check_files, checksums
from fag_tf.errors import InputError


def test_every_file_below_a_directory_has_its_sum(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "inner" / "b").write_bytes(b"two")
    sums = checksums(tmp_path)
    assert sums == {
        "a": hashlib.sha256(b"one").hexdigest(),
        "inner/b": hashlib.sha256(b"two").hexdigest(),
    }
    check_files(tmp_path, sums)


def test_a_file_that_is_another_or_gone_is_named(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    sums = checksums(tmp_path)
    (tmp_path / "a").write_bytes(b"onf")
    with pytest.raises(InputError, match=r"/a\b.*SHA-256"):
        check_files(tmp_path, sums)
    (tmp_path / "a").unlink()
    with pytest.raises(InputError, match="/a: No such file"):
        check_files(tmp_path, sums)


@pytest.mark.parametrize("name", ["/dev/zero", "../a", "inner/../../a", "endless"])
def test_a_card_cannot_have_files_read_that_are_not_the_models(tmp_path, name):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "model" / "inner").mkdir(parents=True)
    (tmp_path / "model" / "endless").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="no file of the model"):
        check_files(tmp_path / "model", {name: hashlib.sha256(b"one").hexdigest()})
