import numpy as np
import pytest

from fag_tf.experiments.benchmarks.feasible_rate import harmonic_rates
from fag_tf.experiments.benchmarks.timing import Timings


def test_a_rate_is_of_as_many_of_each_object():
    # 10 a second of one and 40 of the other: 0.125 s for one of each.
    easy, hard = (80.0, Timings((2.0, 4.0))), (10.0, Timings((1.0, 2.0)))
    np.testing.assert_allclose(harmonic_rates([easy, hard]), [16.0, 8.0])


@pytest.mark.parametrize("order", [1, -1])
def test_an_object_that_gives_nothing_makes_it_none(order):
    of_objects = [(80.0, Timings((2.0,))), (0.0, Timings((1.0,)))][::order]
    np.testing.assert_array_equal(harmonic_rates(of_objects), [0.0])
