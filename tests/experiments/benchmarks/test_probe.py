import pytest

from fag_tf.errors import InputError
from fag_tf.experiments.benchmarks.probe import Probe, growth_exponent, probe


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_the_law_of_a_power_is_its_exponent(exponent):
    sizes = [16, 64, 256]
    assert growth_exponent(sizes, [3.0 * n**exponent for n in sizes]) == pytest.approx(exponent)


def test_a_cost_of_nothing_has_a_law_too():
    assert growth_exponent([1, 2, 4], [0.0, 0.0, 0.0]) == pytest.approx(0.0)


@pytest.mark.slow
def test_a_size_is_measured_in_a_process_of_its_own():
    found = probe(what="kernel", supports=1024, batch=2)
    assert isinstance(found, Probe)
    assert found.seconds > 0.0
    assert 0.0 < found.peak < 2e9


@pytest.mark.slow
def test_a_process_that_fails_is_told_in_a_line():
    with pytest.raises(InputError, match=r"(?s)'axes': -1.*code 1"):
        probe(what="kernel", supports=-5, axes=-1)
