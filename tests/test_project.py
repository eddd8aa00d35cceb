"""What the files of the project's root say of one another."""

import re
import tomllib
from pathlib import Path

import pytest

import fag_tf

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def load(name):
    return pytest.importorskip("yaml").safe_load(read(name))


def test_one_version_everywhere():
    version = PROJECT["version"]
    assert fag_tf.__version__ == version
    assert load("CITATION.cff")["version"] == version
    assert re.search(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)[1] == version


def test_one_licence_everywhere():
    assert PROJECT["license"] == load("CITATION.cff")["license"] == "Apache-2.0"
    assert "Apache License" in read("LICENSE")


def test_the_citation_names_the_project_and_the_paper():
    citation = load("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] == [{"name": "fag_tf contributors"}]
    (paper,) = citation["references"]
    assert paper["title"] == "Learning to Generate All Feasible Actions"
    assert paper["url"].endswith("2301.11461")


def test_the_pythons_are_the_same_everywhere():
    prefix = "Programming Language :: Python :: 3."
    named = [each.removeprefix(prefix) for each in PROJECT["classifiers"] if prefix in each]
    versions = [f"3.{minor}" for minor in named]
    first, last = int(named[0]), int(named[-1])
    assert PROJECT["requires-python"] == f">=3.{first},<3.{last + 1}"
    jobs = load(".github/workflows/check.yml")["jobs"]
    assert jobs["check"]["strategy"]["matrix"]["python"] == versions
    assert f"for version in {' '.join(versions)}; do" in read("tests/check_wheel")


def test_the_workflow_runs_the_one_command():
    steps = load(".github/workflows/check.yml")["jobs"]["check"]["steps"]
    assert "bash .ci/run" in [step.get("run") for step in steps]
    assert "bash tests/check\n" in read(".ci/run")


def test_what_contributors_are_pointed_to_is_there():
    text = read("CONTRIBUTING.md")
    for name in set(re.findall(r"`((?:fag_tf|tests|docs|cli)/[\w/.-]+)`", text)):
        assert (ROOT / name).exists(), name


def test_commits_are_held_to_the_tools_of_the_one_command():
    (repository,) = load(".pre-commit-config.yaml")["repos"]
    hooks = {hook["entry"].split()[0] for hook in repository["hooks"]}
    assert hooks == {"ruff", "mypy"}
