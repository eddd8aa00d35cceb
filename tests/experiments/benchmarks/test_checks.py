from fag_tf.experiments.benchmarks.checks import measure
from fag_tf.experiments.benchmarks.registry import Conditions


def test_the_exact_check_is_compared_and_agrees(stand_in_model):
    rate, same = measure(Conditions(stand_in_model, quick=True))
    assert rate.value > 0.0
    assert rate.reference > 0.0
    assert same.value == 1.0
    assert same.met
