"""Servers that many tests share, and the local sampler that they must agree with."""

import shutil
from pathlib import Path

import pytest

from fag_tf.deployment.model_folders import shipped_model
from fag_tf.deployment.sampler import load_model
from reference.serving import observation_of, running_server

TOKEN = "s3cret-of-tests"


@pytest.fixture(scope="session")
def sampler():
    return load_model(shipped_model())


@pytest.fixture(scope="session")
def hammer():
    return observation_of("hammer")


@pytest.fixture(scope="session")
def first_model(tmp_path_factory):
    """The model of the first release in a folder of the shipped one's name. It is slow."""
    kept = Path(__file__).parents[2] / "reference" / "first_model"
    return shutil.copytree(kept, tmp_path_factory.mktemp("first") / "planar_grasp")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The shipped model on loopback with the usual limits."""
    with running_server(tmp_path_factory.mktemp("server") / "log") as running:
        yield running
        assert "Traceback" not in running.log.read_text()


@pytest.fixture(scope="session")
def guarded(tmp_path_factory):
    """The shipped model behind a token and with narrow limits."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "token").write_text(f"{TOKEN}\n")
    limits = ("--max-batch", 2, "--max-samples", 64, "--max-body-mb", 1)
    with running_server(
        folder / "log", shipped_model() / "1", "--token-file", folder / "token", *limits
    ) as running:
        running.token = TOKEN
        yield running
        assert "Traceback" not in running.log.read_text()
