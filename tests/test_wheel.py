"""The wheel that users install, not the checkout that tests run in."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


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
