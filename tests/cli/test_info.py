import json
import shutil

import pytest

from fag_tf.cli.main import run


def test_the_card_is_shown_with_units_and_bounds(stand_in_model, capsys):
    assert run(["info", str(stand_in_model)]) == 0
    text = " ".join(capsys.readouterr().out.split())  # long cells are folded
    for part in ("stand_in, version 1", "max_lever", "0.02 to 0.15", "period 3.14159", "workspace"):
        assert part in text


def test_of_the_configuration_it_is_said_how_to_print_it(capsys):
    assert run(["info", "planar_grasp"]) == 0
    text = capsys.readouterr().out
    assert "training: its configuration is printed by --json\n" in text
    assert "checkpoint_every" not in text
    assert run(["info", "planar_grasp", "--json"]) == 0
    assert "checkpoint_every" in json.loads(capsys.readouterr().out)["training"]["trainer"]


def test_the_card_is_printed_as_it_is(stand_in_model, capsys):
    assert run(["info", str(stand_in_model / "1"), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card == json.loads((stand_in_model / "1" / "model.json").read_text())


def test_a_missing_model_ends_in_one_line_and_code_2(tmp_path, capsys):
    assert run(["info", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "JSON"),
        ('{"format": "fag_tf mo', "JSON"),
        ("[" * 100_000, "brackets"),
        ('{"format": "keras"}', "fag_tf model card"),
        ('{"format": "fag_tf model card", "format_version": 1}', "'name'"),
        (b"\xff\xfe{}", "UTF-8"),
    ],
)
def test_a_foreign_or_damaged_card_ends_in_one_line(content, message, tmp_path, capsys):
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "model.json").write_bytes(content)
    assert run(["info", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_letters_that_a_terminal_lacks_are_no_fault(
    stand_in_model, tmp_path, fag_tf_command, monkeypatch
):
    model = shutil.copytree(stand_in_model, tmp_path / "model")
    path = model / "1" / "model.json"
    path.write_text(path.read_text().replace("A stand-in", "Friction µ, a stand-in"))
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = fag_tf_command("info", model)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Friction ?, a stand-in" in done.stdout


def test_it_runs_as_a_command(stand_in_model, fag_tf_command):
    done = fag_tf_command("info", stand_in_model)
    assert done.returncode == 0
    assert done.stderr == ""
