"""Dense layers of several equal networks that run side by side in one operation."""

import keras
import tensorflow as tf

__all__ = ["StackedDense", "of_networks"]


def of_networks(stacked: tf.Tensor, only: int | tf.Tensor | None) -> tf.Tensor:
    """What S networks have `[S, ...]`, or one of them, `[1, ...]`.

    Args:
        stacked: a tensor with a part for each network.
        only: number of the one network, also one that a loop in the graph counts; None for all.
    """
    if only is None:
        return stacked
    if isinstance(only, int):
        return stacked[only : only + 1]
    return tf.gather(stacked, only)[None]


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

    def call(self, x: tf.Tensor, only: int | tf.Tensor | None = None) -> tf.Tensor:
        """Outputs `[S, ..., units]` for inputs `[S, ..., inputs]`.

        Args:
            x: inputs of each network. A first axis of length 1 gives all networks the same inputs.
            only: number of the one network that runs, see `of_networks`. The first axes then have
                length 1.
        """
        kernel = of_networks(tf.convert_to_tensor(self.kernel), only)
        shape = tf.shape(x)
        y = tf.matmul(tf.reshape(x, [x.shape[0], -1, self.inputs]), kernel)
        if self.bias is not None:
            y += of_networks(tf.convert_to_tensor(self.bias), only)
        return tf.reshape(y, tf.concat([[kernel.shape[0]], shape[1:-1], [self.units]], axis=0))
