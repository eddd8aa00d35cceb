"""What tests of several commands share: commands run in this process, with what they print."""

import importlib
import subprocess

import pytest

from fag_tf.cli.main import run


@pytest.fixture
def sample(stand_in_model, capsys):
    """Run `fag-tf sample` of the stand-in model here; give exit code, output and messages.

    Hardly any grasp of the stand-in holds, so of pictures they are not verified.
    """

    def call(*arguments):
        pictured = {"--image", "--depth"} & set(arguments)
        own = ["--unverified"] if pictured else []
        code = run(["sample", str(stand_in_model), *map(str, arguments), *own])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """Run `fag-tf ARGUMENTS` in this process, in an empty folder: `fag_tf_command` without a start.

    A start takes longer than a tiny training does where `reference.tiny_runs.eagerly` is imported.
    """
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> subprocess.CompletedProcess:
        code = run([*map(str, arguments)])
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    return call


@pytest.fixture
def refusal(tmp_path, monkeypatch, capsys):
    """Run `fag-tf` in an empty folder, before TensorFlow is loaded; give its one line."""
    monkeypatch.chdir(tmp_path)

    def too_late():
        raise AssertionError("it got as far as TensorFlow")

    # Imported before, or it would keep the function that is put in here.
    importlib.import_module("fag_tf.training.start")
    monkeypatch.setattr("fag_tf._utils.tensorflow.import_tensorflow", too_late)

    def call(*arguments):
        assert run([*map(str, arguments)]) == 2
        output, err = capsys.readouterr()
        assert output == ""
        assert err.startswith("Error: ")
        assert err.count("\n") == 1
        return err

    return call
