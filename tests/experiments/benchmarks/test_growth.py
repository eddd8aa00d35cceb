import pytest

from fag_tf.experiments.benchmarks.growth import Series, draw_growth
from fag_tf.experiments.benchmarks.probe import Probe


@pytest.fixture
def series():
    """Time grows with the square of the largest sizes, memory in proportion to them."""
    sizes = [1, 16, 64, 256]
    costs = [Probe(0.5, 7e6), *(Probe(1e-3 * n**2, 1e6 * n) for n in sizes[1:])]
    return Series("supports N", sizes, costs)


def test_the_law_is_that_of_the_largest_sizes(series):
    assert series.exponent("seconds") == pytest.approx(2.0)
    assert series.exponent("peak") == pytest.approx(1.0)


def test_it_is_drawn(series, tmp_path):
    draw_growth([series, series], tmp_path / "growth.png")
    assert (tmp_path / "growth.png").stat().st_size > 1000
