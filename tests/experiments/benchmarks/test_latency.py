from fag_tf.experiments.benchmarks.latency import QUICK_SIZES, measure
from fag_tf.experiments.benchmarks.registry import Conditions


def test_every_size_is_timed_in_both_runtimes(stand_in_model):
    figures = measure(Conditions(stand_in_model, quick=True))
    names = [figure.name for figure in figures]
    for batch, number in QUICK_SIZES:
        for runtime in ("ONNX Runtime", "SavedModel"):
            for part in ("p50", "p99"):
                named = [
                    n for n in names if f"{batch} x {number}, {runtime}" in n and f", {part}" in n
                ]
                assert len(named) == 1
    assert "one action more" in names[-1]


def test_another_model_is_timed_in_the_same_rounds(stand_in_model):
    alone = measure(Conditions(stand_in_model, quick=True))
    figures = measure(Conditions(stand_in_model, quick=True, beside=stand_in_model))
    beside = [figure for figure in figures if figure.against == "the model beside"]
    assert len(beside) == len(QUICK_SIZES)
    assert len(figures) > len(alone)
    for figure in beside:
        # A model beside itself.
        assert 0.05 < figure.ratio < 20.0
