import os
import subprocess
import sys

import pytest

from fag_tf._utils.compiled_code import shared_compiled_code

PROGRAM = """
import tensorflow as tf
print(float(tf.function(lambda x: tf.reduce_sum(tf.sin(x)), jit_compile=True)(tf.ones(9))))
"""


def run() -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


@pytest.mark.slow
def test_processes_share_compiled_code_and_none_is_left(tmp_path, monkeypatch):
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    folder = tmp_path / "name with spaces" / "compiled"
    folder.mkdir(parents=True)
    (folder / "xla_compile_cache__of_an_earlier_command.pb").write_bytes(b"damaged")
    with shared_compiled_code(folder):
        first = run()
        kept = [path.name for path in folder.iterdir()]
        assert len(kept) == 1
        assert run() == first
        assert [path.name for path in folder.iterdir()] == kept
    assert not folder.exists()
    assert "TF_XLA_FLAGS" not in os.environ


def test_the_users_own_flags_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=0")
    with shared_compiled_code(tmp_path / "compiled"):
        assert os.environ["TF_XLA_FLAGS"].startswith("--tf_xla_auto_jit=0 --tf_xla_persistent")
    assert os.environ["TF_XLA_FLAGS"] == "--tf_xla_auto_jit=0"


def test_a_folder_that_the_user_has_chosen_is_taken(tmp_path, monkeypatch):
    chosen = f"--tf_xla_persistent_cache_directory={tmp_path}"
    monkeypatch.setenv("TF_XLA_FLAGS", chosen)
    with shared_compiled_code(tmp_path / "compiled"):
        assert os.environ["TF_XLA_FLAGS"] == chosen
    assert tmp_path.exists()
