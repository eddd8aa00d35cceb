"""Commands say what they do where there is no terminal, and do not fall silent."""

import re
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from fag_tf.cli.progress import Progress, progress
from reference.tiny_runs import TINY

BEATING = (
    "import fag_tf.cli.progress as p; p.HEARTBEAT = 0.3; from fag_tf.cli.main import main; main()"
)


def beating(*arguments, cwd):
    """A command in a process of its own, whose heart beats fast."""
    command = [sys.executable, "-c", BEATING, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_silence_is_broken_by_what_is_being_done_and_for_how_long(monkeypatch, capsys):
    monkeypatch.setattr("fag_tf.cli.progress.HEARTBEAT", 0.1)
    with progress("compiling") as show:
        time.sleep(0.35)
        show.doing("drawing")
        time.sleep(0.25)
    told = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"compiling, \d+ s so far", told[0])
    assert re.fullmatch(r"drawing, \d+ s so far", told[-1])
    time.sleep(0.2)
    assert capsys.readouterr().err == ""


def test_what_is_quick_says_nothing_but_what_must_be_said(capsys):
    with progress("compiling", 3) as show:
        show.advance(1, "one")
        show.advance(3, "all", always=True)
    assert capsys.readouterr().err == "all\n"


def test_a_heartbeat_does_not_hold_the_figures_back(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr("fag_tf.cli.progress.time", SimpleNamespace(monotonic=lambda: now[0]))
    show = Progress("compiling")

    def later(seconds):
        now[0] += seconds
        return show

    later(5.0).advance(1, "too early")
    later(5.5)._say("a heartbeat")
    later(0.5).advance(2, "two")
    later(5.0).advance(3, "too soon after it")
    later(5.0).advance(4, "four")
    assert capsys.readouterr().err.splitlines() == ["a heartbeat", "two", "four"]


def test_no_bar_goes_through_a_pipe_though_a_notebook_forces_colours(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress("compiling", 3) as show:
        show.advance(3, "all", always=True)
    assert capsys.readouterr().err == "all\n"


@pytest.mark.slow
def test_train_evaluate_and_export_are_never_silent(tmp_path, here, monkeypatch):
    small = (*TINY, "actor.depth=1", "critic.depth=1", "trainer.steps=2", "critic.warmup_steps=0")
    settings = [word for each in small for word in ("--set", each)]
    told = beating("train", *settings, "--out", "run", cwd=tmp_path)
    assert re.search(r"^loading TensorFlow and building the networks, \d+ s so far$", told, re.M)
    assert re.search(r"^collecting and compiling, \d+ s so far$", told, re.M)
    assert re.search(r"^step 2/2 · ", told, re.M)
    # TensorFlow is loaded here, so there is little time to be silent in.
    monkeypatch.setattr("fag_tf.cli.progress.HEARTBEAT", 0.02)
    told = here("evaluate", "run", "--poses", 1, "--samples", 20).stderr
    assert re.search(r"^loading the model, \d+ s so far$", told, re.M)
    told = here("export", "run", "--out", "model", "--poses", 0).stderr
    assert re.search(r"^measuring, converting and comparing, \d+ s so far$", told, re.M)
