import numpy as np
import tensorflow as tf

from fag_tf.networks.pooling import attended, attention, greatest

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(2, 3, 4, 2)).astype(np.float32)  # B, N, K, heads
VALUES = RNG.uniform(-0.2, 3.0, (2, 3, 4, 5)).astype(np.float32)
PRESENT = np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0]], np.float32)


def test_attention_is_a_softmax_over_the_things_that_are_there():
    share = attention(tf.constant(LOGITS), tf.constant(PRESENT)).numpy()
    assert share.shape == (2, 3, 2, 4)
    np.testing.assert_allclose(share.sum(axis=-1), 1.0, atol=1e-6)
    assert np.all(share[0, :, :, 2] == 0.0)
    np.testing.assert_allclose(share[1, :, :, 1], 1.0)
    there = np.exp(4.0 * LOGITS[0][:, [0, 1, 3]])
    expected = np.swapaxes(there / there.sum(axis=1, keepdims=True), 1, 2)
    np.testing.assert_allclose(share[0][..., [0, 1, 3]], expected, atol=1e-5)


def test_means_are_taken_with_the_shares_of_each_head():
    share = attention(tf.constant(LOGITS), None)
    found = attended(share, tf.constant(VALUES)).numpy()
    expected = np.einsum("bnhk,bnkd->bnhd", share, VALUES).reshape(2, 3, 10)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_greatest_value_is_that_of_a_thing_that_is_there():
    found = greatest(tf.constant(VALUES), tf.constant(PRESENT)).numpy()
    np.testing.assert_allclose(found[0], VALUES[0][:, [0, 1, 3]].max(axis=1))
    np.testing.assert_allclose(found[1], VALUES[1][:, 1])
    none = greatest(tf.constant(VALUES), tf.zeros_like(PRESENT)).numpy()
    np.testing.assert_array_equal(none, 0.0)
    np.testing.assert_allclose(greatest(tf.constant(VALUES), None), VALUES.max(axis=2))


def test_the_order_of_things_does_not_matter():
    order = [2, 0, 3, 1]
    one = attended(attention(tf.constant(LOGITS), None), tf.constant(VALUES))
    other = attended(
        attention(tf.constant(LOGITS[:, :, order]), None), tf.constant(VALUES[:, :, order])
    )
    np.testing.assert_allclose(one, other, atol=1e-5)
