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
from numpy.typing import NDArray

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
        observed: the arrays that the numbers come from, as they were observed, each `[B, K, r]`.
    """

    values: tf.Tensor
    present: tf.Tensor | None
    observed: tuple[tf.Tensor, ...] = ()


class ObservedParts(NamedTuple):
    """The parts of the observations of B states.

    Attributes:
        vector: numbers `[B, F]`; None if there are none.
        rows: the lists of things.
    """

    vector: tf.Tensor | None
    rows: tuple[Rows, ...]


class PartReader(keras.layers.Layer):
    """Reads the parts of an observation. Only pictures have weights that are trained.

    Args:
        spec: specification of the observations.
        seed: seed of the initial weights.
        standardise: whether `adapt` changes anything.

    Attributes:
        vector_size: F, 0 without a vector.
        row_sizes: R of each list of things.
        array_sizes: number of numbers in each array that a list of things comes from.
    """

    def __init__(self, spec: Mapping[str, ArraySpec], seed: int, standardise: bool = False) -> None:
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
        self.array_sizes = [
            [self._spec[name].shape[1] for name in names] for *_, names in self._lists
        ]
        widths = [sum(sizes) for sizes in self.array_sizes]
        self.row_sizes = [
            width + (0 if unordered else count)
            for width, (count, unordered, _) in zip(widths, self._lists, strict=True)
        ]
        self._of_vector = _Standardised(numbers) if standardise and numbers else None
        self._of_rows = [_Standardised(width) if standardise else None for width in widths]
        self.built = True

    def adapt(self, observation: Observation) -> None:
        """Learn the scale of the numbers from the observations of many states `[B, ...]`.

        Metres, radians and counts then weigh alike. A second call changes nothing: trained weights
        are for the scale that they were trained with.
        """
        if self._of_vector is not None:
            self._of_vector.adapt(flatten(observation, self._vectors).numpy())
        for scale, (*_, names) in zip(self._of_rows, self._lists, strict=True):
            if scale is not None:
                observed, present = self._numbers_of(observation, names)
                values = tf.concat(observed, axis=-1)
                there = np.ones(values.shape[:2], bool) if present is None else present.numpy() > 0
                scale.adapt(values.numpy()[there])

    def call(self, observation: Observation) -> ObservedParts:
        """The parts of observations `[B, ...]` by name."""
        parts = [flatten(observation, self._vectors)] if self._vectors else []
        if self._of_vector is not None:
            parts = [self._of_vector(part) for part in parts]
        parts += [network(observation[name]) for name, network in self._pictures.items()]
        vector = tf.concat(parts, axis=-1) if parts else None
        rows = (
            self._rows(observation, scale, *of)
            for scale, of in zip(self._of_rows, self._lists, strict=True)
        )
        return ObservedParts(vector, tuple(rows))

    def _rows(
        self,
        observation: Observation,
        scale: "_Standardised | None",
        count: int,
        unordered: bool,
        names: list[str],
    ) -> Rows:
        observed, present = self._numbers_of(observation, names)
        values = tf.concat(observed, axis=-1)
        if scale is not None:
            values = scale(values)
        if not unordered:
            place = tf.eye(count)[None]
            place = tf.broadcast_to(place, [tf.shape(values)[0], count, count])
            values = tf.concat([values, place], axis=-1)
        return Rows(values, present, observed)

    def _numbers_of(
        self, observation: Observation, names: list[str]
    ) -> tuple[tuple[tf.Tensor, ...], tf.Tensor | None]:
        """Arrays `[B, K, r]` of a list of things; which are there, `[B, K]`, or None if all are."""
        tensors = tuple(tf.cast(observation[name], tf.float32) for name in names)
        present = None
        for name, tensor in zip(names, tensors, strict=True):
            column = self._spec[name].presence
            if column is not None:
                there = tf.cast(tf.not_equal(tensor[..., column], 0.0), tf.float32)
                present = there if present is None else present * there
        return tensors, present


class _Standardised(keras.layers.Layer):
    """Numbers `[..., C]` less their mean, divided by their standard deviation.

    `keras.layers.Normalization` would divide by almost nothing where a number is always the same.

    Args:
        size: C.
    """

    def __init__(self, size: int) -> None:
        super().__init__(name="standardised")
        self.mean = self.add_weight(
            shape=(size,), initializer="zeros", trainable=False, name="mean"
        )
        self.rate = self.add_weight(shape=(size,), initializer="ones", trainable=False, name="rate")
        self.built = True

    def adapt(self, values: NDArray[np.float32]) -> None:
        """Learn mean and deviation from `[n, C]`, unless they have been learnt."""
        if len(values) < 2 or np.any(self.mean.numpy()) or np.any(self.rate.numpy() != 1.0):
            return
        values = values.astype(np.float64)
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        varies = deviation > 1e-6 * np.maximum(np.abs(values).max(axis=0), 1e-6)
        self.mean.assign(np.where(varies, mean, 0.0))
        self.rate.assign(np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 1.0))

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """The standardised numbers."""
        return (values - self.mean) * self.rate


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
