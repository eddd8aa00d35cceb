import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.networks.resampling import resampled, stopped_action


@given(seed=st.integers(0, 2**31 - 1), candidates=st.integers(1, 8))
@settings(max_examples=30)
def test_candidates_are_taken_in_proportion_to_their_weight(seed, candidates):
    rng = np.random.default_rng(seed)
    log_weight = rng.normal(scale=3.0, size=candidates)
    shares = (np.arange(2000) + 0.5) / 2000
    chosen = resampled(
        tf.constant(np.tile(log_weight, (2000, 1)), tf.float32), tf.constant(shares, tf.float32)
    )
    np.testing.assert_array_equal(tf.reduce_sum(chosen, axis=-1), 1.0)
    weight = np.exp(log_weight - log_weight.max())
    np.testing.assert_allclose(np.mean(chosen, axis=0), weight / weight.sum(), atol=1.5e-3)


@pytest.mark.parametrize(("share", "taken"), [(0.0, 1), (0.49, 1), (0.51, 3), (1.0, 3)])
def test_what_has_no_weight_to_speak_of_is_never_taken(share, taken):
    log_weight = tf.constant([[-200.0, 5.0, -100.0, 5.0]])
    assert int(tf.argmax(resampled(log_weight, tf.constant([share]))[0])) == taken


def test_weights_however_small_are_told_apart():
    chosen = resampled(tf.constant([[-3000.0, -2990.0]]), tf.constant([0.5]))
    np.testing.assert_array_equal(chosen, [[0.0, 1.0]])


def test_the_gradient_reaches_the_action_that_is_stopped_at_and_nothing_else():
    logits = tf.constant([[[-3.0, 4.0]]])
    path = tf.constant([[[[1.0], [2.0], [3.0]]]])
    with tf.GradientTape() as tape:
        tape.watch([logits, path])
        end = stopped_action(path, logits, 0.9)
    to_logits, to_path = tape.gradient(end, [logits, path])
    assert to_logits is None
    np.testing.assert_array_equal(to_path, [[[[0.0], [1.0], [0.0]]]])


def test_a_way_ends_where_its_logit_is_confident_or_else_at_its_last_action():
    actions = tf.constant([[[[1.0], [2.0], [3.0]]] * 3])
    logits = tf.constant([[[0.0, 0.0], [0.0, 9.0], [9.0, 9.0]]])
    np.testing.assert_array_equal(stopped_action(actions, logits, 0.9), [[[3.0], [2.0], [1.0]]])
    alone = stopped_action(actions[:, :, :1], logits[:, :, :0], 0.9)
    np.testing.assert_array_equal(alone, [[[1.0], [1.0], [1.0]]])
