"""MuJoCo writes its warnings to a file in the working directory; tests give it one of their own."""

import pytest


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
