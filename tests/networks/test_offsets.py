import numpy as np
import tensorflow as tf

from fag_tf.networks.offsets import offsets
from fag_tf.spaces import ActionSpace, Axis
from reference.execution import every_execution
from reference.spaces import MIXED

RNG = np.random.default_rng(0)
ACTIONS = MIXED.sample(RNG, (2, 30))


@every_execution
def test_they_are_the_distances_on_the_leading_axes(run):
    things = MIXED.sample(RNG, (2, 3))
    extra = np.concatenate([things, RNG.normal(size=(2, 3, 2))], axis=-1).astype(np.float32)
    found = run(
        lambda actions: offsets(MIXED, actions, (tf.constant(extra), tf.constant(things[..., :1])))
    )
    apart = np.abs(MIXED.difference(ACTIONS[:, :, None], things[:, None])) / MIXED.half_range
    expected = np.concatenate([np.minimum(apart, 2.0), np.minimum(apart, 2.0)[..., :1]], axis=-1)
    np.testing.assert_allclose(found(tf.constant(ACTIONS)), expected, atol=1e-4)


def test_numbers_in_other_units_stay_small():
    space = ActionSpace([Axis("x", 0.0, 0.6, "m")])
    pixels = tf.constant([[[640.0], [-3e30]]])
    assert np.all(offsets(space, tf.constant([[[0.1]]]), (pixels,)).numpy() == 2.0)


def test_without_arrays_there_are_none():
    assert offsets(MIXED, tf.constant(ACTIONS), ()) is None
