"""The wheel that users install, not the checkout that tests run in."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_every_folder_of_code_is_packaged():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    inits = (ROOT / "fag_tf").rglob("__init__.py")
    folders = [".".join(init.parent.relative_to(ROOT).parts) for init in inits]
    assert listed == sorted([*folders, "fag_tf.cli", "fag_tf.exported_models"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_the_commands_and_the_shipped_model_and_no_stray_top_level(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"fag_tf"}
    assert "fag_tf/cli/main.py" in names
    model = "fag_tf/exported_models/planar_grasp/1"
    for part in ("model.onnx", "saved_model.pb", "model.json", "variables/variables.index"):
        assert f"{model}/{part}" in names


@pytest.mark.slow
def test_the_wheel_samples_from_the_shipped_model_outside_the_checkout(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    script = (
        "import sys; sys.path.insert(0, 'site'); import fag_tf; from fag_tf.cli.main import run; "
        "assert fag_tf.__file__.startswith(sys.argv[1]), fag_tf.__file__; "
        "sys.exit(run(['sample', '--object', 'L', '-n', '5', '--seed', '1']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 6


@pytest.mark.slow
def test_a_checkouts_root_finds_commands_and_model_with_the_wheel_installed(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    root = tmp_path / "a checkout"
    for name in ("fag_tf", "cli", "exported_models"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "pyproject.toml", root)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}

    def python(*words):
        done = subprocess.run(
            [sys.executable, *words],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Commands:" in python("-m", "fag_tf.cli.main", "--help")
    where = "import fag_tf.cli.main as m, fag_tf.deployment.model_folders as f"
    found = python("-c", f"{where}; print(m.__file__); print(f.shipped_model())").splitlines()
    assert found == [str(root / "cli/main.py"), str(root / "exported_models/planar_grasp")]
    sampled = python("-m", "fag_tf.cli.main", "sample", "--object", "L", "-n", "5", "--seed", "1")
    assert len(sampled.splitlines()) == 6
