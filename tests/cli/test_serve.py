import re
import subprocess
import sys

import pytest

from fag_tf.cli.main import run


def fail(capsys, *arguments):
    assert run(["serve", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "'--port'"),
        (["--max-batch", "0"], "'--max-batch'"),
        (["no-such-model"], "no-such-model"),
        (["--token-file", "no-such-file"], "no-such-file"),
        (["--host", "192.0.2.1"], "192.0.2.1:8000"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(arguments, message, capsys):
    assert message in fail(capsys, *arguments)


def test_without_its_extra_it_says_what_to_install():
    code = (
        "import sys; sys.modules['kserve'] = None;"
        "from fag_tf.cli.main import run; sys.exit(run(['serve']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert re.fullmatch(r"Error: .*kserve.*pip install 'fag-tf\[serve\]'\n", done.stderr)


def test_its_help_imports_no_server():
    code = (
        "import sys; from fag_tf.cli.main import run; code = run(['serve', '--help']);"
        "heavy = [name for name in ('kserve', 'grpc', 'uvicorn', 'numpy') if name in sys.modules];"
        "sys.exit(code or ', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
