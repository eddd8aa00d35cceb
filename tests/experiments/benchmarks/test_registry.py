import importlib
import types
from pathlib import Path

import pytest

from fag_tf.cli.main import run
from fag_tf.errors import InputError
from fag_tf.experiments.benchmarks import registry
from fag_tf.experiments.benchmarks.registry import (
    BENCHMARKS,
    Benchmark,
    Conditions,
    choose,
    measure,
)
from fag_tf.experiments.benchmarks.results import Figure, NotMeasuredError


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_can_be_loaded(name):
    module = importlib.import_module(f"fag_tf.experiments.benchmarks.{BENCHMARKS[name].module}")
    assert callable(module.measure)


def test_the_help_names_every_benchmark_in_order(capsys):
    assert run(["benchmark", "--help"]) == 0
    # Lines break within names.
    text = "".join(capsys.readouterr().out.split())
    assert ",".join(BENCHMARKS) in text


def test_the_long_ones_are_run_only_where_they_are_asked_for():
    short = [name for name, benchmark in BENCHMARKS.items() if not benchmark.long]
    assert choose([]) == short
    assert choose([], long=True) == list(BENCHMARKS)
    assert choose([], drawn=True) == [*short, "growth"]
    assert choose(["latency", "kernels"]) == ["kernels", "latency"]
    assert choose(["latency"], drawn=True) == ["latency", "growth"]


def test_an_unknown_one_is_refused():
    with pytest.raises(InputError, match=r"'x'.*kernels"):
        choose(["kernels", "x"])


@pytest.fixture
def stand_ins(monkeypatch):
    """A benchmark that works and one that does not apply, in the place of the real ones."""

    def left_out(_):
        raise NotMeasuredError("no such thing here")

    modules = {
        "fag_tf.experiments.benchmarks.works": types.SimpleNamespace(
            measure=lambda conditions: [Figure(str(conditions.model), 1.0, "s")]
        ),
        "fag_tf.experiments.benchmarks.left_out": types.SimpleNamespace(measure=left_out),
    }
    monkeypatch.setattr(registry.importlib, "import_module", modules.__getitem__)
    monkeypatch.setitem(BENCHMARKS, "works", Benchmark("works", "what works"))
    monkeypatch.setitem(BENCHMARKS, "left-out", Benchmark("left_out", "what does not"))


@pytest.mark.usefixtures("stand_ins")
def test_what_does_not_apply_is_told_and_left_out():
    told = []
    conditions = Conditions(Path("m"), tell=told.append)
    found = list(measure(["left-out", "works"], conditions))
    assert found == [("works", [Figure("m", 1.0, "s")])]
    assert any("left-out" in line and "no such thing here" in line for line in told)


@pytest.mark.usefixtures("stand_ins")
def test_if_nothing_applies_that_is_an_error():
    with pytest.raises(InputError, match="no such thing here"):
        list(measure(["left-out"], Conditions(Path("m"))))
