import numpy as np
import pytest
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.long_rows import columns_first, stacked
from reference.execution import every_execution


@pytest.mark.parametrize("shape", [(5, 3), (0, 3), (2, 4, 3), (2, 3, 1, 2)])
def test_columns_come_first_and_are_the_very_same_numbers(shape):
    rows = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.testing.assert_array_equal(columns_first(tf.constant(rows)), np.moveaxis(rows, -1, 0))


@every_execution
def test_columns_come_first_however_it_is_run(run):
    rows = np.random.default_rng(1).normal(size=(2, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(run(columns_first)(tf.constant(rows)), np.moveaxis(rows, -1, 0))


@pytest.mark.parametrize("shape", [(4,), (2, 3)])
def test_rows_are_stacked_and_flat(shape):
    rows = np.arange(3 * np.prod(shape)).reshape(3, *shape)
    found = stacked([tf.constant(row) for row in rows])
    np.testing.assert_array_equal(found, rows.reshape(3, -1))
