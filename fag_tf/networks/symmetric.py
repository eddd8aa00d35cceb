"""Multilayer perceptrons that are equivariant under mirror symmetries of their input.

If a problem has a mirror symmetry, a scene and its mirror image have equal labels. A network with
this symmetry learns from one experience as much as another network from two, or from four with two
mirrors. The mirrors generate a group. Each hidden layer holds one copy of its channels for each
element of this group, and a mirrored input permutes the copies. This is a group convolution (Cohen
and Welling 2016) over Z2 x ... x Z2. The copies share their weights. The arithmetic is that of a
dense layer of equal width.
"""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

__all__ = ["Mirror", "SymmetricMLP", "joined", "mirror_of_places"]


class Mirror(NamedTuple):
    """A mirror of a network's input: entry f of the mirror image is `sign[f] * x[source[f]]`.

    Attributes:
        source: index of the input for each entry, int `[F]`.
        sign: factor of each entry, -1 or 1, `[F]`.
    """

    source: NDArray[np.int64]
    sign: NDArray[np.float32]

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mirror image of inputs `[..., F]`."""
        return self.sign * x[..., self.source]


def joined(*mirrors: Mirror) -> Mirror:
    """The mirror of concatenated inputs, from the mirrors of the parts."""
    begins = np.cumsum([0, *(len(mirror.source) for mirror in mirrors)])
    sources = [mirror.source + begin for mirror, begin in zip(mirrors, begins, strict=False)]
    return Mirror(np.concatenate(sources), np.concatenate([mirror.sign for mirror in mirrors]))


def mirror_of_places(
    places: NDArray[np.floating], kinds: NDArray[np.integer], flip: Sequence[int]
) -> Mirror:
    """The mirror of values that are read at places in space.

    It exchanges the value at each place with the value at the mirrored place.

    Args:
        places: places of the F values, `[F, D]`. The mirror maps this set of places to itself.
        kinds: kind of each value, `[F]`. Only values of equal kind are exchanged.
        flip: 1 or -1 for each of the D coordinates.
    """
    apart = np.abs(places[:, None] - places * np.asarray(flip)).sum(axis=-1)
    apart[kinds[:, None] != kinds] = np.inf
    return Mirror(np.argmin(apart, axis=0), np.ones(len(places), np.float32))


class SymmetricMLP(keras.layers.Layer):
    """A multilayer perceptron with SiLU whose outputs keep or change sign under each mirror.

    Args:
        mirrors: k commuting mirrors of the input; each mirror is its own inverse.
        parities: one number per mirror for each output: 1 if the output keeps its sign when the
            input is mirrored, -1 if it changes its sign.
        width: number of units in each hidden layer, a multiple of 2^k.
        depth: number of hidden layers.
        seed: seed of the initial weights.
        final_scale: factor of the last layer's initial weights.

    Raises:
        ValueError: the mirrors do not commute, a mirror is not its own inverse, or the width is
            not a multiple of 2^k.
    """

    def __init__(
        self,
        mirrors: Sequence[Mirror],
        parities: Sequence[Sequence[int]],
        width: int,
        depth: int,
        seed: int,
        final_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.order = 2 ** len(mirrors)
        if width % self.order:
            raise ValueError(f"width {width} is no multiple of {self.order}")
        self.channels = width // self.order
        self._elements = _elements(mirrors)
        # Sign of each output under each element of the group (its character), [G, outputs].
        self._characters = np.array(
            [
                [np.prod([p for k, p in enumerate(parity) if g >> k & 1]) for parity in parities]
                for g in range(self.order)
            ],
            np.float32,
        )
        inputs = len(self._elements[0].source)
        fans = [inputs, *[width] * (depth - 1)]
        self._kernels = [
            self.add_weight(
                shape=(fan_in, self.channels),
                initializer=keras.initializers.RandomNormal(
                    stddev=(2.0 / fan_in) ** 0.5, seed=seed + 101 * i
                ),
                name=f"kernel_{i}",
            )
            for i, fan_in in enumerate(fans)
        ]
        self._biases = [
            self.add_weight(shape=(self.channels,), initializer="zeros", name=f"bias_{i}")
            for i in range(depth)
        ]
        self._output_kernel = self.add_weight(
            shape=(self.channels, len(parities)),
            initializer=keras.initializers.RandomNormal(
                stddev=max(final_scale, 1e-8) / width**0.5, seed=seed + 9973
            ),
            name="output_kernel",
        )
        self._output_bias = self.add_weight(
            shape=(len(parities),), initializer="zeros", name="output_bias"
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Outputs `[..., outputs]` for inputs `[..., F]`."""
        kernel = tf.convert_to_tensor(self._kernels[0])
        whole = tf.concat(
            [tf.gather(kernel, g.source) * g.sign[:, None] for g in self._elements], axis=1
        )
        hidden = tf.nn.silu(tf.matmul(x, whole) + self._beside_copies(self._biases[0]))
        for kernel, bias in zip(self._kernels[1:], self._biases[1:], strict=True):
            hidden = tf.nn.silu(
                tf.matmul(hidden, self._between_copies(kernel)) + self._beside_copies(bias)
            )
        final = self._characters[:, None, :] * tf.convert_to_tensor(self._output_kernel)
        final = tf.reshape(final, [self.order * self.channels, -1])
        # Only an output whose sign no mirror changes can have a bias.
        unchanged = np.all(self._characters == 1.0, axis=0).astype(np.float32)
        return tf.matmul(hidden, final) + unchanged * tf.convert_to_tensor(self._output_bias)

    def _beside_copies(self, bias: keras.Variable) -> tf.Tensor:
        return tf.tile(tf.convert_to_tensor(bias), [self.order])

    def _between_copies(self, kernel: keras.Variable) -> tf.Tensor:
        """The weights from each copy h to each copy g, which depend only on g^-1 h."""
        blocks = tf.split(tf.convert_to_tensor(kernel), self.order, axis=0)
        elements = range(self.order)
        return tf.concat(
            [tf.concat([blocks[g ^ h] for h in elements], axis=0) for g in elements], axis=1
        )


def _elements(mirrors: Sequence[Mirror]) -> list[Mirror]:
    """All products of the mirrors. Bit k of an element's index is set if it contains mirror k."""
    for mirror in mirrors:
        if not np.array_equal(mirror.source[mirror.source], np.arange(len(mirror.source))) or (
            np.any(mirror.sign != mirror.sign[mirror.source])
        ):
            raise ValueError("a mirror must be its own inverse")
    inputs = len(mirrors[0].source)
    elements = [Mirror(np.arange(inputs), np.ones(inputs, np.float32))]
    for mirror in mirrors:
        products = [_product(mirror, element) for element in elements]
        others = [_product(element, mirror) for element in elements]
        if any(
            not (np.array_equal(a.source, b.source) and np.array_equal(a.sign, b.sign))
            for a, b in zip(products, others, strict=True)
        ):
            raise ValueError("mirrors must commute")
        elements += products
    return elements


def _product(first: Mirror, second: Mirror) -> Mirror:
    """The mirror that applies `first` and then `second` to an input."""
    return Mirror(first.source[second.source], second.sign * first.sign[second.source])
