"""The three ways TensorFlow runs a function: the same test goes through each."""

import pytest
import tensorflow as tf

WAYS = {
    "eager": lambda function: function,
    "graph": lambda function: tf.function(function, autograph=False),
    "compiled": lambda function: tf.function(function, autograph=False, jit_compile=True),
}

every_execution = pytest.mark.parametrize("run", list(WAYS.values()), ids=list(WAYS))
"""Gives a test `run`: it turns a function of tensors into one that runs eagerly, as a graph or
compiled by XLA."""
