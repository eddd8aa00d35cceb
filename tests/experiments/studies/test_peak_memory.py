import numpy as np
import pytest

from fag_tf.experiments.studies.peak_memory import PeakMemory


def test_what_is_held_meanwhile_counts_even_if_it_is_let_go_of():
    if PeakMemory().megabytes() is None:
        pytest.skip("the system does not tell")
    memory = PeakMemory()
    held = np.ones(30_000_000)
    del held
    assert 200.0 < memory.megabytes() < 300.0
    assert PeakMemory().megabytes() < 50.0
