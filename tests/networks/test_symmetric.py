import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.networks.symmetric import Mirror, SymmetricMLP, joined, mirror_of_places
from reference.execution import every_execution
from reference.layers import silu

# Six inputs: a row of three, one number that changes its sign with the first mirror and one that
# does with the second, and one that neither changes.
ALONG = Mirror(np.array([2, 1, 0, 3, 4, 5]), np.array([1, 1, 1, -1, 1, 1], np.float32))
ACROSS = Mirror(np.arange(6), np.array([1, 1, 1, 1, -1, 1], np.float32))
PARITIES = ((1, 1), (-1, 1), (1, -1), (-1, -1))


def network_of(width=8, depth=2, seed=0, **options):
    network = SymmetricMLP((ALONG, ACROSS), PARITIES, width, depth, seed, **options)
    rng = np.random.default_rng(seed)
    for variable in network.trainable_variables:
        variable.assign_add(0.3 * rng.normal(size=variable.shape).astype(np.float32))
    return network


def inputs_of(seed, count=50):
    return np.random.default_rng(seed).normal(size=(2, count, 6)).astype(np.float32)


@settings(max_examples=30)
@given(depth=st.integers(1, 4), seed=st.integers(0, 99), which=st.sampled_from([0, 1]))
def test_mirrored_inputs_give_outputs_of_the_stated_parity(depth, seed, which):
    network, x = network_of(depth=depth, seed=seed), inputs_of(seed)
    sign = np.array(PARITIES)[:, which]
    mirrored = network((ALONG, ACROSS)[which](x)).numpy()
    np.testing.assert_allclose(mirrored, sign * network(x).numpy(), atol=1e-4)


@every_execution
def test_it_is_the_perceptron_of_the_paper(run):
    """One copy of the channels for each element, each looking at the input as mirrored by it."""
    network, x = network_of(width=8, depth=2, seed=5), inputs_of(5)
    first, second = (kernel.numpy() for kernel in network._kernels)
    bias, other_bias = (bias.numpy() for bias in network._biases)
    seen = [x, ALONG(x), ACROSS(x), ALONG(ACROSS(x))]
    copies = [silu(s @ first + bias) for s in seen]
    blocks = np.split(second, 4)
    deeper = [silu(sum(copies[h] @ blocks[g ^ h] for h in range(4)) + other_bias) for g in range(4)]
    weight = network._output_kernel.numpy()
    signs = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
    expected = np.stack(
        [
            sum(s * d @ weight[:, k] for s, d in zip(signs[k], deeper, strict=True))
            for k in range(4)
        ],
        axis=-1,
    )
    expected[..., 0] += network._output_bias.numpy()[0]
    np.testing.assert_allclose(run(network)(x).numpy(), expected, atol=1e-4)


def test_a_small_final_scale_starts_near_nothing():
    x = inputs_of(0)
    small, large = (
        SymmetricMLP((ALONG, ACROSS), PARITIES, 64, 2, 0, final_scale=scale)(x).numpy()
        for scale in (0.01, 1.0)
    )
    np.testing.assert_allclose(small, 0.01 * large, atol=1e-6)
    assert 0.1 < large.std() < 3.0


def test_every_weight_is_trained():
    network, x = network_of(), inputs_of(1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(network(x)))
    gradients = tape.gradient(loss, network.trainable_variables)
    assert all(np.abs(tf.convert_to_tensor(g)).max() > 0.0 for g in gradients)


@pytest.mark.parametrize(
    "mirrors",
    [
        (Mirror(np.array([1, 2, 0]), np.ones(3, np.float32)),),
        (Mirror(np.array([1, 0, 2]), np.array([1, -1, 1], np.float32)),),
        (
            Mirror(np.array([1, 0, 2]), np.ones(3, np.float32)),
            Mirror(np.array([0, 2, 1]), np.ones(3, np.float32)),
        ),
    ],
    ids=["a rotation", "a sign that does not undo itself", "two that do not commute"],
)
def test_what_is_no_mirror_is_refused(mirrors):
    with pytest.raises(ValueError, match="mirror"):
        SymmetricMLP(mirrors, [[1] * len(mirrors)], 8, 1, 0)


def test_a_width_that_cannot_be_shared_is_refused():
    with pytest.raises(ValueError, match="width 6"):
        network_of(width=6)


def test_a_joined_mirror_mirrors_each_part_of_its_input():
    x = np.random.default_rng(0).normal(size=(7, 12)).astype(np.float32)
    expected = np.concatenate([ALONG(x[:, :6]), ACROSS(x[:, 6:])], axis=1)
    np.testing.assert_array_equal(joined(ALONG, ACROSS)(x), expected)


def test_places_are_exchanged_with_their_images_within_their_kind():
    places = np.array([[-1.0, 2.0], [1.0, 2.0], [0.0, 3.0], [1.0, 2.0], [-1.0, 2.0]])
    mirror = mirror_of_places(places, np.array([0, 0, 0, 1, 1]), (-1, 1))
    np.testing.assert_array_equal(mirror.source, [1, 0, 2, 4, 3])
    np.testing.assert_array_equal(mirror.sign, np.ones(5))
