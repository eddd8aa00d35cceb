import json

import pytest

from fag_tf.cli.main import run


@pytest.fixture
def evaluate(stand_in_model, tmp_path, capsys):
    """Run `fag-tf evaluate` of the stand-in on little; give exit code, output and messages."""

    def call(*arguments):
        few = ["--poses", "1", "--samples", "64", "--coverage-samples", "64"]
        out = ["--out", str(tmp_path / "out")]
        code = run(["evaluate", str(stand_in_model), *few, *out, *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


def test_a_table_a_file_and_pictures_are_made(evaluate, tmp_path):
    code, out, _ = evaluate("--object", "L", "--object", "O")
    assert code == 0
    for word in ("coverage@64", "L", "O", "mean", "worst", "kept", "uniform"):
        assert word in out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"evaluation.json", "evaluation.png", "L.png", "O.png"}
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert set(content["rows"]) == {"raw", "kept", "uniform"}
    assert set(content["rows"]["raw"]) == {"L", "O"}


def test_both_runtimes_and_the_same_seed_give_the_same_figures(evaluate):
    first = evaluate("--object", "L")[1]
    assert evaluate("--object", "L", "--runtime", "savedmodel")[1] == first


def test_another_gripper_gives_other_figures(evaluate):
    assert evaluate("--object", "L", "--gripper", "opening=0.06")[1] != evaluate("--object", "L")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--object", "Q"], "no part is called 'Q'"),
        (["--poses", "0"], "0 is not in the range"),
        (["--gripper", "opening=0.5"], "the model was trained on"),
        (["--gripper", "hand"], "neither a preset"),
        (["--seed", "-1"], "-1 is not in the range"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_2(arguments, message, evaluate):
    code, _, err = evaluate(*arguments)
    assert code == 2
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err


def test_a_folder_that_is_neither_run_nor_model_is_refused(tmp_path, capsys):
    assert run(["evaluate", str(tmp_path)]) == 2
    assert "holds neither" in capsys.readouterr().err
