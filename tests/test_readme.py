import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fag_tf.cli.main import run
from fag_tf.environments.base import Environment
from fag_tf.training.run import open_run
from reference.readme_script import readme_script
from reference.tiny_runs import eager

README = Path(__file__).parents[1] / "README.md"

TINY = """
[trainer]
steps = 4
batch = 2
compile = false
[critic]
states = 4
experiences = 8
warmup_steps = 1
[objective]
num_supports = 8
num_samples = 8
[collect]
initial_states = 2
states = 2
experiences = 8
"""


def python_blocks():
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def tray(tmp_path):
    """The README's example of an environment, as a user would save it."""
    (code,) = (block for block in python_blocks() if block.startswith("# tray.py"))
    name = re.match(r"# (\w+\.py)\n", code).group(1)
    (tmp_path / name).write_text(code, encoding="utf-8")
    return tmp_path / name


@pytest.mark.slow
def test_the_lines_of_the_library_run_as_they_stand(tmp_path):
    (tmp_path / "notebook.py").write_text(readme_script(README.read_text(encoding="utf-8")))
    done = subprocess.run(
        [sys.executable, "notebook.py"],
        cwd=tmp_path,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
    assert "step 200 of 200" in done.stdout
    assert (tmp_path / "grasps.png").exists()


def test_the_readmes_environment_is_one(tray):
    names: dict[str, object] = {}
    exec(compile(tray.read_text(encoding="utf-8"), tray, "exec"), names)
    environment = names["Tray"]()
    assert isinstance(environment, Environment)
    rng = np.random.default_rng(0)
    states = environment.draw_states(rng, 3)
    actions = environment.action_space.sample(rng, (3, 400))
    feasible = environment.feasibility(states, actions)
    assert feasible.shape == (3, 400)
    assert 0.01 < feasible.mean() < 0.9


@pytest.mark.slow
def test_the_readmes_environment_trains_by_its_command(tray, monkeypatch, capsys):
    folder = tray.parent
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "tray", raising=False)
    (folder / "tiny.toml").write_text(TINY, encoding="utf-8")
    command = re.search(r"fag-tf (train --env tray:Tray .*)", README.read_text(encoding="utf-8"))
    with eager():
        assert run([*command.group(1).split(), "--config", "tiny.toml"]) == 0, capsys.readouterr()
    assert open_run(folder / "runs" / "full").log()[-1]["step"] == 4


def test_the_readme_is_short_and_names_no_command_that_is_not_there():
    from fag_tf.cli.main import COMMANDS

    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert set(re.findall(r"fag-tf ([a-z]+)", text)) <= set(COMMANDS)
