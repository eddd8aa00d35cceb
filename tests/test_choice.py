import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.choice import end_of_path, first_confident, take


@given(seed=st.integers(0, 2**31 - 1), confidence=st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=30)
def test_the_first_confident_candidate_is_taken_and_otherwise_what_was_asked_for(seed, confidence):
    rng = np.random.default_rng(seed)
    feasibility = rng.random((3, 5, 4)).astype(np.float32)
    actions = rng.normal(size=(3, 5, 4, 2)).astype(np.float32)
    otherwise = tf.one_hot(tf.fill([3, 5], 2), 4)
    chosen = first_confident(tf.constant(feasibility), confidence, otherwise)
    found = take(chosen, tf.constant(actions)).numpy()
    for b, n in np.ndindex(3, 5):
        confident = [k for k in range(4) if feasibility[b, n, k] >= np.float32(confidence)]
        np.testing.assert_array_equal(found[b, n], actions[b, n, confident[0] if confident else 2])


def test_the_gradient_reaches_the_action_that_is_taken_and_nothing_else():
    feasibility = tf.constant([[0.2, 0.95, 0.99]])
    actions = tf.constant([[[1.0], [2.0], [3.0]]])
    with tf.GradientTape() as tape:
        tape.watch([feasibility, actions])
        chosen = first_confident(feasibility, 0.9, tf.zeros_like(feasibility))
        taken = take(chosen, actions)
    to_feasibility, to_actions = tape.gradient(taken, [feasibility, actions])
    assert to_feasibility is None
    np.testing.assert_array_equal(to_actions, [[[0.0], [1.0], [0.0]]])


def test_a_way_ends_where_its_logit_is_confident_or_else_at_its_last_action():
    actions = tf.constant([[[[1.0], [2.0], [3.0]]] * 3])
    logits = tf.constant([[[0.0, 0.0], [0.0, 9.0], [9.0, 9.0]]])
    np.testing.assert_array_equal(end_of_path(actions, logits, 0.9), [[[3.0], [2.0], [1.0]]])
    alone = end_of_path(actions[:, :, :1], logits[:, :, :0], 0.9)
    np.testing.assert_array_equal(alone, [[[1.0], [1.0], [1.0]]])
