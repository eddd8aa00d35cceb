"""Dense layers of several equal networks that run side by side in one operation."""

import keras
import tensorflow as tf

__all__ = ["StackedDense"]


class StackedDense(keras.layers.Layer):
    """One dense layer for each of S networks.

    Args:
        stack: S.
        inputs: number of inputs.
        units: number of outputs.
        scale: variance of an output for inputs of variance 1, before training.
        seed: seed of the initial weights.
        bias: whether there is a bias.
        name: name of the layer. With `output` in its name, the optimiser treats it as the last of
            its network.
    """

    def __init__(
        self,
        stack: int,
        inputs: int,
        units: int,
        scale: float,
        seed: int,
        bias: bool,
        name: str,
    ) -> None:
        super().__init__(name=name)
        self.inputs, self.units = inputs, units
        normal = keras.initializers.RandomNormal(0.0, (scale / inputs) ** 0.5, seed=seed)
        self.kernel = self.add_weight(
            shape=(stack, inputs, units), initializer=normal, name="kernel"
        )
        self.bias = (
            self.add_weight(shape=(stack, 1, units), initializer="zeros", name="bias")
            if bias
            else None
        )
        self.built = True

    def call(self, x: tf.Tensor, only: int | None = None) -> tf.Tensor:
        """Outputs `[S, ..., units]` for inputs `[S, ..., inputs]`.

        Args:
            x: inputs of each network. A first axis of length 1 gives all networks the same inputs.
            only: number of the one network that runs. The first axes then have length 1.
        """
        chosen = slice(None) if only is None else slice(only, only + 1)
        kernel = tf.convert_to_tensor(self.kernel)[chosen]
        shape = tf.shape(x)
        y = tf.matmul(tf.reshape(x, [x.shape[0], -1, self.inputs]), kernel)
        if self.bias is not None:
            y += tf.convert_to_tensor(self.bias)[chosen]
        return tf.reshape(y, tf.concat([[kernel.shape[0]], shape[1:-1], [self.units]], axis=0))
