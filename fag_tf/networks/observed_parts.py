"""What the general networks read of an observation: vectors, rows of things, and pictures.

An observation of rank 0 or 1 is numbers, joined in order of names. An observation of rank two is
rows, each of which is a thing: an obstacle, a box, a part. Observations with the same number of
rows describe the same things and are joined row by row. The place of a row in the list is told to
the networks, unless the rows are marked as a set (`ArraySpec.unordered`). An observation of rank
three is a picture `[height, width, channels]`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from fag_tf.networks.base import Observation, flatten
from fag_tf.spaces import ArraySpec

__all__ = ["ObservedParts", "PartReader", "Rows"]

_PICTURE_UNITS = 64
_LARGEST_VIEW = 8


class Rows(NamedTuple):
    """Things of B states.

    Attributes:
        values: numbers of each thing, `[B, K, R]`.
        present: 1 for a thing that is there and 0 for an absent one, `[B, K]`; None if all are.
    """

    values: tf.Tensor
    present: tf.Tensor | None


class ObservedParts(NamedTuple):
    """The parts of the observations of B states.

    Attributes:
        vector: numbers `[B, F]`; None if there are none.
        rows: the lists of things.
    """

    vector: tf.Tensor | None
    rows: tuple[Rows, ...]


class PartReader(keras.layers.Layer):
    """Reads the parts of an observation. Only pictures have weights.

    Args:
        spec: specification of the observations.
        seed: seed of the initial weights.

    Attributes:
        vector_size: F, 0 without a vector.
        row_sizes: R of each list of things.
    """

    def __init__(self, spec: Mapping[str, ArraySpec], seed: int) -> None:
        super().__init__(name="parts")
        self._spec = {name: spec[name] for name in sorted(spec)}
        self._vectors = {name: of for name, of in self._spec.items() if len(of.shape) < 2}
        pictures = [name for name, of in self._spec.items() if len(of.shape) > 2]
        self._pictures = {
            name: _PictureNetwork(self._spec[name], seed + 31 * i)
            for i, name in enumerate(pictures)
        }
        lists: dict[tuple[int, bool], list[str]] = {}
        for name, of in self._spec.items():
            if len(of.shape) == 2:
                lists.setdefault((of.shape[0], of.unordered), []).append(name)
        self._lists = [(*key, names) for key, names in lists.items()]
        numbers = sum(int(np.prod(of.shape)) for of in self._vectors.values())
        self.vector_size = numbers + _PICTURE_UNITS * len(pictures)
        self.row_sizes = [
            sum(self._spec[name].shape[1] for name in names) + (0 if unordered else count)
            for count, unordered, names in self._lists
        ]
        self.built = True

    def call(self, observation: Observation) -> ObservedParts:
        """The parts of observations `[B, ...]` by name."""
        parts = [flatten(observation, self._vectors)] if self._vectors else []
        parts += [network(observation[name]) for name, network in self._pictures.items()]
        vector = tf.concat(parts, axis=-1) if parts else None
        return ObservedParts(vector, tuple(self._rows(observation, *of) for of in self._lists))

    def _rows(
        self, observation: Observation, count: int, unordered: bool, names: list[str]
    ) -> Rows:
        tensors = [tf.cast(observation[name], tf.float32) for name in names]
        present = None
        for name, tensor in zip(names, tensors, strict=True):
            column = self._spec[name].presence
            if column is not None:
                there = tf.cast(tf.not_equal(tensor[..., column], 0.0), tf.float32)
                present = there if present is None else present * there
        if not unordered:
            place = tf.eye(count)[None]
            tensors.append(tf.broadcast_to(place, [tf.shape(tensors[0])[0], count, count]))
        return Rows(tf.concat(tensors, axis=-1), present)


class _PictureNetwork(keras.layers.Layer):
    """A small convolutional network: numbers `[B, units]` for pictures `[B, H, W, C]`."""

    def __init__(self, spec: ArraySpec, seed: int) -> None:
        super().__init__(name="picture")
        self._scale = 1.0 / 255.0 if np.dtype(spec.dtype) == np.uint8 else 1.0
        size, channels = max(spec.shape[:2]), 16
        self.convolutions: list[keras.layers.Layer] = []
        while size > _LARGEST_VIEW:
            start = keras.initializers.HeNormal(seed=seed + len(self.convolutions))
            self.convolutions.append(
                keras.layers.Conv2D(
                    channels, 3, 2, "same", activation="silu", kernel_initializer=start
                )
            )
            size, channels = -(-size // 2), min(2 * channels, 64)
        self.last = keras.layers.Dense(
            _PICTURE_UNITS,
            activation="silu",
            kernel_initializer=keras.initializers.HeNormal(seed=seed + 17),
        )
        self._shape = tuple(spec.shape)

    def call(self, picture: tf.Tensor) -> tf.Tensor:
        x = tf.cast(picture, tf.float32) * self._scale
        # Further axes, such as frames, are channels.
        x = tf.reshape(x, [-1, *self._shape[:2], int(np.prod(self._shape[2:]))])
        for layer in self.convolutions:
            x = layer(x)
        return self.last(tf.reshape(x, [-1, int(np.prod(x.shape[1:]))]))
