import contextlib
import os

import pytest

from fag_tf._utils.environment_variables import variable


@pytest.mark.parametrize("before", [None, "", "before"])
@pytest.mark.parametrize("value", [None, "", "within"])
def test_a_variable_is_changed_for_a_while(before, value, monkeypatch):
    if before is None:
        monkeypatch.delenv("FAG_TF_TRIED", raising=False)
    else:
        monkeypatch.setenv("FAG_TF_TRIED", before)
    with contextlib.suppress(KeyError), variable("FAG_TF_TRIED", value):
        assert os.environ.get("FAG_TF_TRIED") == value
        raise KeyError  # whatever happens within
    assert os.environ.get("FAG_TF_TRIED") == before
