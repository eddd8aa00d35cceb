import numpy as np
import pytest
import tensorflow as tf

from fag_tf.networks.autoregressive import AutoregressiveActor
from fag_tf.training.optimizers import muon
from reference.execution import every_execution
from reference.small_inputs import SPEC, latent_of, observation_of
from reference.spaces import GRASPS


def first_steps(variables, rate=1e-3, **options):
    """Change of each variable by the first step of the optimiser, for gradients at random."""
    rng = np.random.default_rng(0)
    optimizer = muon(1e9, **options)
    optimizer.build(variables)
    optimizer.learning_rate.assign(rate)
    before = [variable.numpy() for variable in variables]
    drawn = [rng.normal(size=v.shape) for v in variables]
    # Away from 0, where what keeps Adam from dividing by 0 would tell.
    gradients = [tf.constant(g + 0.01 * np.sign(g), tf.float32) for g in drawn]
    optimizer.apply(gradients, variables)
    return {
        variable.path: variable.numpy() - start
        for variable, start in zip(variables, before, strict=True)
    }


def test_biases_and_output_layers_take_adams_steps_and_other_matrices_muons():
    actor = AutoregressiveActor(GRASPS, SPEC, width=16, depth=2, seed=0)
    actor(observation_of(0, 1), latent_of(0, 1, 1, 3))
    steps = first_steps(actor.trainable_variables)
    adam = [name for name in steps if "output" in name or name.endswith("bias")]
    assert any(name.endswith("kernel") for name in adam)
    assert any(step.ndim == 3 for name, step in steps.items() if name not in adam)
    for name, step in steps.items():
        if name in adam:  # the first step of Adam is the rate, whatever the gradient
            np.testing.assert_allclose(np.abs(step), 1e-3, rtol=0.02)
        else:  # most singular values are alike, and a typical weight changes by the rate
            values = np.linalg.svd(step, compute_uv=False)
            # Each matrix of a stack by itself.
            assert np.all(np.median(values, axis=-1) > 0.5 * values.max(axis=-1))
            assert 0.3e-3 < np.sqrt(np.mean(step**2)) < 3e-3


def test_only_muons_matrices_decay():
    actor = AutoregressiveActor(GRASPS, SPEC, width=16, depth=2, seed=0)
    actor(observation_of(0, 1), latent_of(0, 1, 1, 3))
    variables = actor.trainable_variables
    for variable in variables:
        variable.assign(tf.ones_like(variable))
    plain = first_steps(variables)
    for variable in variables:
        variable.assign(tf.ones_like(variable))
    decayed = first_steps(variables, weight_decay=10.0)
    for name, step in plain.items():
        matrix = not (name.endswith("bias") or "output" in name)
        np.testing.assert_allclose(decayed[name] - step, -0.01 if matrix else 0.0, atol=1e-5)


@every_execution
@pytest.mark.parametrize("shape", [(2, 3, 7), (2, 7, 3), (5, 5)])
def test_muons_iterations_are_those_of_its_paper(run, shape):
    """Five steps of X <- a X + (b X X' + c (X X')^2) X, after a division by the norm."""
    x = np.random.default_rng(0).normal(size=shape)
    optimizer = muon(1.0)
    a, b, c = optimizer.muon_a, optimizer.muon_b, optimizer.muon_c
    expected = x / np.linalg.norm(x, axis=(-2, -1), keepdims=True)
    for _ in range(5):
        square = expected @ expected.swapaxes(-2, -1)
        expected = a * expected + (b * square + c * square @ square) @ expected
    found = run(lambda x: optimizer.zeropower_via_newtonschulz5(x, 5))(tf.constant(x, tf.float32))
    np.testing.assert_allclose(found, expected, atol=1e-5)
