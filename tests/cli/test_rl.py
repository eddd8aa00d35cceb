import importlib.util

import pytest

from fag_tf.cli.main import run

BAND = "reference.band:reference/Band-v0"

without_torch = pytest.mark.skipif(
    importlib.util.find_spec("stable_baselines3") is not None, reason="it is installed"
)


@without_torch
def test_without_stable_baselines_it_says_what_to_install(tmp_path, capsys):
    out = tmp_path / "agent"
    assert run(["rl", "--env", BAND, "--method", "penalty", "--out", str(out)]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("Error: ")
    assert "pip install 'fag-tf[rl-study]'" in error
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --env"),
        (["--env", BAND], "method mapping needs a model"),
        (["--env", BAND, "--method", "penalty", "--model", "m"], "takes no model"),
        (["--env", BAND, "--method", "magic"], "it must be one of mapping, penalty"),
        (["--env", "No-v0", "--method", "penalty"], "registered by gymnasium.register"),
        (["--env", BAND, "--model", "no/model"], "no/model does not exist"),
        (["--env", BAND, "--method", "penalty", "--algo", "dqn"], "sac or ppo"),
        (["--env", BAND, "--method", "penalty", "--steps", "0"], "steps is 0"),
        (["--env", BAND, "--method", "penalty", "--set", "x"], "NAME=VALUE"),
        (["--resume", "--steps", "3"], "leave out all but --out"),
        (["--resume"], "holds no training of an agent"),
    ],
)
def test_what_is_wrong_is_one_line(arguments, message, tmp_path, capsys):
    out = tmp_path / "agent"
    assert run(["rl", *arguments, "--out", str(out)]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("Error: ")
    assert message in error
    assert not out.exists()
