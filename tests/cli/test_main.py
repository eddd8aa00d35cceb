import importlib
import re
import signal
import subprocess
import sys

import pytest

import fag_tf
from fag_tf.cli.main import COMMANDS, run

HEAVY = ("tensorflow", "matplotlib", "scipy", "onnxruntime", "shapely", "rich", "numpy")


@pytest.mark.parametrize("statement", ["import fag_tf", "import fag_tf.cli.main"])
def test_importing_is_light(statement):
    code = f"{statement}; import sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [["--help"], ["sample", "--help"], ["train", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys; from fag_tf.cli.main import run; code = run(sys.argv[1:]);"
        f"heavy = [name for name in {HEAVY} if name in sys.modules];"
        "sys.exit(code or ', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: fag-tf" in done.stdout


@pytest.mark.parametrize(
    "module",
    [
        "deployment.sampler",
        "deployment.model_card",
        "deployment.sample_files",
        "deployment.runtimes",
        "environments.planar_grasp.images.segmentation",
        "environments.planar_grasp.images.drawing",
        "environments.planar_grasp.scenes",
        "evaluation.sample_plots",
    ],
)
def test_modules_without_networks_import_no_tensorflow(module):
    code = f"import fag_tf.{module}, sys; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_exists_and_has_its_help(name, capsys):
    assert importlib.import_module(f"fag_tf.cli.{name}").command is not None
    assert run([name, "--help"]) == 0
    assert f"Usage: fag-tf {name}" in capsys.readouterr().out


def test_the_help_lists_every_command(capsys):
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in COMMANDS)


def test_the_version_is_told(capsys):
    assert run(["--version"]) == 0
    assert fag_tf.__version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["draw"], "'draw'"),
        (["--colour"], "'--colour'"),
        (["sample", "-n"], "'-n'"),
        (["check", "--object", "H"], "'--actions'"),
        (["export"], "Missing argument"),
    ],
)
def test_a_wrong_command_line_ends_in_one_line_and_code_2(arguments, message, capsys):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert message in err
    assert err.count("\n") == 1


def test_an_interrupt_ends_without_a_traceback(monkeypatch, capsys):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("fag_tf.cli.main.cli.main", interrupt)
    assert run(["info"]) == 130
    assert capsys.readouterr().err == "Interrupted\n"


def test_too_little_memory_ends_in_one_line_and_code_2(monkeypatch, capsys):
    def exhaust(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("fag_tf.cli.main.cli.main", exhaust)
    assert run(["info"]) == 2
    assert re.match("Error: .*memory", capsys.readouterr().err)


def test_a_fault_of_the_program_is_not_hidden(monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("a bug")

    monkeypatch.setattr("fag_tf.cli.main.cli.main", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        run(["info"])


def test_a_closed_pipe_is_told_by_the_exit_code_alone():
    process = subprocess.Popen(
        [sys.executable, "-m", "fag_tf.cli.main", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 128 + signal.SIGPIPE


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_standard_stream_is_no_fault(closed):
    command = f"{sys.executable} -m fag_tf.cli.main --help {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_installed_script_runs(fag_tf_command):
    done = fag_tf_command("--help")
    assert done.returncode == 0
    assert "Commands:" in done.stdout
