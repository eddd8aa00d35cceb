import re

import pytest


@pytest.fixture
def refused(refusal, tmp_path):
    """Run `fag-tf export` as `refusal` does; nothing may be written."""

    def call(*arguments):
        before = sorted(tmp_path.rglob("*"))
        err = refusal("export", *arguments)
        assert sorted(tmp_path.rglob("*")) == before
        return err

    return call


@pytest.fixture
def untrained(tmp_path):
    """The folder of a run that was stopped before its first checkpoint."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text('{"env": "boxes"}')
    return "run"


def test_what_is_no_run_is_refused(tmp_path, refused):
    assert re.search(r"missing\b.*config\.json", refused("missing", "--out", "model"))
    (tmp_path / "folder").mkdir()
    assert re.search(r"folder\b.*config\.json", refused("folder", "--out", "model"))


def test_a_run_without_a_checkpoint_is_refused(untrained, refused):
    assert "no checkpoint" in refused(untrained, "--out", "model")


def test_a_damaged_configuration_is_refused(tmp_path, untrained, refused):
    (tmp_path / "run" / "config.json").write_text('{"env": "bo')
    assert "run/config.json" in refused(untrained, "--out", "model")


def test_a_place_where_no_model_can_be_written_is_refused(tmp_path, untrained, refused):
    (tmp_path / "file").write_text("")
    (tmp_path / "model" / "3").mkdir(parents=True)
    assert "file: file " in refused(untrained, "--out", "file")
    assert "file/model: file " in refused(untrained, "--out", "file/model")
    assert "model/3" in refused(untrained, "--out", "model/3")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "model", "--poses", "-1"), "'--poses'"),
        (("--out", "model", "--poses", "1000000000"), "'--poses'"),
        (("--out", "model", "--seed", "nan"), "'nan'"),
        ((), "'--out'"),
    ],
)
def test_wrong_options_are_refused(arguments, message, untrained, refused):
    assert message in refused(untrained, *arguments)
