import pytest

from fag_tf.deployment.model_card import CARD_FILE
from fag_tf.deployment.model_card_files import read_card
from fag_tf.deployment.model_folders import (
    SHIPPED,
    find_model,
    find_version,
    shipped_model,
    version_directory,
)
from fag_tf.errors import InputError


def test_a_name_stands_for_its_highest_version(tmp_path):
    name = tmp_path / "model"
    for version in ("1", "2", "10", "drafts"):
        (name / version).mkdir(parents=True)
    (name / "2" / CARD_FILE).write_text("{}")
    assert find_version(name) == name / "10"
    assert find_version(name / "2") == name / "2"


def test_the_shipped_model_is_found_where_the_package_is():
    assert read_card(find_version(shipped_model()) / CARD_FILE).name == "planar_grasp"


@pytest.mark.parametrize("kind", ["missing", "file", "empty"])
def test_what_is_no_model_is_refused(kind, tmp_path):
    path = tmp_path / "model"
    if kind == "file":
        path.write_text("")
    if kind == "empty":
        path.mkdir()
    with pytest.raises(InputError, match=str(path)):
        find_version(path)


def test_an_installation_without_a_model_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("fag_tf.exported_models.__path__", [str(tmp_path)])
    with pytest.raises(InputError):
        shipped_model()


def test_versions_count_up_and_a_number_is_taken_as_given(tmp_path):
    assert version_directory(tmp_path / "new") == tmp_path / "new" / "1"
    (tmp_path / "old" / "9").mkdir(parents=True)
    (tmp_path / "old" / "notes").mkdir()
    assert version_directory(tmp_path / "old") == tmp_path / "old" / "10"
    assert version_directory(tmp_path / "old" / "12") == tmp_path / "old" / "12"


def test_a_version_that_exists_and_a_file_are_refused(tmp_path):
    (tmp_path / "3").mkdir()
    with pytest.raises(InputError, match=r"/3\b"):
        version_directory(tmp_path / "3")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="/file"):
        version_directory(tmp_path / "file")


def test_the_shipped_model_has_a_name_that_a_folder_with_a_model_takes_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = find_version(shipped_model())
    assert find_model(None) == find_model(SHIPPED) == shipped
    (tmp_path / SHIPPED).mkdir()
    assert find_model(SHIPPED) == shipped
    (tmp_path / SHIPPED / "3").mkdir()
    assert find_model(SHIPPED) == find_version(SHIPPED) != shipped


def test_an_unknown_name_is_told_what_ships():
    with pytest.raises(InputError, match=r"\bplaner_grasp\b.*\bplanar_grasp\b"):
        find_model("planer_grasp")
