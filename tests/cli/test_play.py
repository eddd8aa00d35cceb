import re
import subprocess
import sys

import pytest

from fag_tf.cli.main import run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--port", "70000"], "'--port'"), (["no-such-model"], "no-such-model")],
)
def test_what_cannot_be_served_is_told_in_one_line(arguments, message, capsys):
    assert run(["play", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_a_port_that_is_taken_is_told(capsys):
    from fag_tf.deployment.http.listening import bind

    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert run(["play", "--port", str(port)]) == 2
    assert f"127.0.0.1:{port}" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_its_extra_it_says_what_to_install(missing):
    code = (
        f"import sys; sys.modules['{missing}'] = None;"
        "from fag_tf.cli.main import run; sys.exit(run(['play']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert re.fullmatch(rf"Error: .*{missing}.*pip install 'fag-tf\[play\]'\n", done.stderr)
