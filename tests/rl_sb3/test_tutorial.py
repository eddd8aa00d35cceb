"""What the tutorial of action mapping tells users to write and run, with next to no steps."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("stable_baselines3")

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorials" / "action_mapping.md"

FEWER = {
    '"trainer.steps": 2500': '"trainer.steps": 8, "critic.warmup_steps": 2, '
    '"collect.initial_states": 16',
    "range(200)": "range(4)",
    "range(50)": "range(3)",
    "learning_starts=500": "learning_starts=50",
    "learn(10_000)": "learn(100)",
    "--steps 10000 --eval-every 5000 --eval-episodes 50": "--steps 200 --eval-every 100 "
    "--eval-episodes 1",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tutorial")
    text = TUTORIAL.read_text(encoding="utf-8")
    for many, few in FEWER.items():
        assert many in text, many
        text = text.replace(many, few)
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        name = re.match(r"# (\w+\.py)\n", code)
        (folder / (name[1] if name else "picture.py")).write_text(code, encoding="utf-8")
    (folder / "commands").write_text("\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)))
    return folder


def run(command, folder):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_tutorial_runs_from_an_environment_to_an_agent(folder):
    assert re.search(r"\d of 200 random first steps", run("python learn_feasible.py", folder))
    run("MPLBACKEND=Agg python picture.py", folder)
    told = run("python train_agent.py", folder)
    assert re.search(r"\d+ of 50 arrived; \d+ of \d+ actions were not allowed", told)


def test_its_command_leaves_an_agent_that_drives(folder):
    commands = (folder / "commands").read_text().replace("\\\n", " ").splitlines()
    (training,) = [line for line in commands if line.startswith("fag-tf rl")]
    run(training, folder)
    rooms = run("python drive.py", folder).splitlines()
    assert len(rooms) == 5
    assert all(re.fullmatch(r"room \d: (not )?arrived after \d+ steps", each) for each in rooms)
