"""Features that are computed once per image: maps for bilinear reading, and the object's place."""

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.gripper import RANGES
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE

__all__ = [
    "LENGTH_UNIT",
    "MAPS",
    "PictureFeatures",
    "picture_features",
    "read_distance",
    "read_maps",
    "signed_distance",
]

LENGTH_UNIT = 0.03
"""Unit of lengths in the networks' inputs, m. Typical lengths are then numbers near 1."""

GREATEST_DISTANCE = 0.08
"""Greatest distance to the object's edge in the distance map, m; larger distances are clipped."""

MAPS = 3
"""C, number of maps: occupancy, blurred occupancy and signed distance."""

# Standard deviation of the blurred map, in pixels.
_BLUR = 2.0

# Standard deviation, in pixels, of the blur that gives the distance to an edge below one pixel.
_EDGE_BLUR = 1.0
# Nearer than the first distance, in pixels, only this blur is used; beyond the second, it is not.
_EDGE_NEAR, _EDGE_FAR = 1.5, 2.5


class PictureFeatures(NamedTuple):
    """Features that are computed once per image.

    Attributes:
        maps: the C maps at each pixel and at its right, lower and lower right neighbours,
            `[B, H * W, 4 C]`. One bilinear reading is one look-up.
        distance: signed distance, m, at each pixel and at its right, lower and lower right
            neighbours, `[B, H * W, 4]`.
        size: H and W, int32 `[2]`.
        centroid: centroid of the object's area on the table, m, `[B, 2]`.
        reach: greatest distance of the object from its centroid, m, `[B]`.
        gripper: the six parameters of the gripper in SI units, `[B, 6]`.
        gripper_code: parameters of the gripper, scaled to [-1, 1] over the ranges of training,
            `[B, 6]`.
        fused: whether a compiler fuses small operations; see `fag_tf.networks.base.Actor`.
    """

    maps: tf.Tensor
    distance: tf.Tensor
    size: tf.Tensor
    centroid: tf.Tensor
    reach: tf.Tensor
    gripper: tf.Tensor
    gripper_code: tf.Tensor
    fused: bool


def _distance_down_columns(marked: tf.Tensor, window: int) -> tf.Tensor:
    """Distance from each pixel to the nearest marked pixel of its column, in pixels, `[B, H, W]`.

    The search range doubles in each round. A distance beyond `window` pixels may be too large.
    """
    height = marked.shape[1]
    distance = tf.where(marked, 0.0, 1e6)
    reach = 1
    while reach <= window:
        padded = tf.pad(distance, [[0, 0], [reach, reach], [0, 0]], constant_values=1e6)
        nearer = tf.minimum(padded[:, :height], padded[:, 2 * reach :])
        distance = tf.minimum(distance, nearer + float(reach))
        reach *= 2
    return distance


def _nearest(marked: tf.Tensor, window: int) -> tf.Tensor:
    """Squared distance from each pixel to the nearest marked pixel within `window`, in pixels^2."""
    width = marked.shape[2]
    down = tf.square(_distance_down_columns(marked, window))
    padded = tf.pad(down, [[0, 0], [0, 0], [window, window]], constant_values=1e12)
    # All offsets along a row as slices compile to one pass over the image.
    offsets = range(-window, window + 1)
    return functools.reduce(
        tf.minimum,
        (padded[:, :, window + k : window + k + width] + float(k * k) for k in offsets),
    )


def signed_distance(occupancy: tf.Tensor) -> tf.Tensor:
    """Distance from each pixel centre to the object's edge, m, negative inside, `[B, H, W]`.

    Far from the edge it is the exact Euclidean distance transform of the pixels, in one pass along
    columns and one pass along rows. Distances above `GREATEST_DISTANCE` are clipped. A jaw does
    not reach farther, and the limited window makes the pass along rows fast. Pixels locate the edge
    only to half a pixel, which is more than the compliance of a pad. Near the edge the distance
    therefore comes from the area shares of the pixels; see `_edge_distance`.

    Args:
        occupancy: share of each pixel that the object covers, `[B, H, W]`.
    """
    inside = occupancy >= 0.5
    pixel = TABLE_SIDE / occupancy.shape[2]
    window = math.ceil(GREATEST_DISTANCE / pixel) + 1
    # Each pixel needs the nearest pixel on the other side of the edge.
    squared = tf.where(inside, _nearest(~inside, window), _nearest(inside, window))
    # An edge runs half a pixel away from the pixel centres on both sides.
    pixels = tf.sqrt(squared) - 0.5
    far = tf.minimum(pixels * pixel, GREATEST_DISTANCE)
    nearness = tf.clip_by_value((_EDGE_FAR - pixels) / (_EDGE_FAR - _EDGE_NEAR), 0.0, 1.0)
    near = pixel * _edge_distance(occupancy)
    return nearness * near + (1.0 - nearness) * tf.where(inside, -far, far)


def _edge_distance(occupancy: tf.Tensor) -> tf.Tensor:
    """Distance to an edge that is near and straight, in pixels, accurate to a few hundredths.

    Across a straight edge in any direction, a blurred image is the blur's distribution function of
    the distance. A logistic function approximates it.
    """
    share = tf.clip_by_value(_blurred(occupancy, _EDGE_BLUR), 1e-3, 1.0 - 1e-3)
    # The square of the pixel is a blur too, with a variance of 1 / 12.
    width = math.sqrt(_EDGE_BLUR**2 + 1.0 / 12.0) / 1.702
    return width * (tf.math.log(1.0 - share) - tf.math.log(share))


def _blur_matrix(size: int, sigma: float) -> tf.Tensor:
    """The matrix `[size, size]` of a Gaussian blur, sigma in pixels; 0 beyond the image's ends."""
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    radius = math.ceil(3 * sigma)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weight = np.where(apart <= radius, np.exp(-0.5 * (apart / sigma) ** 2), 0.0)
    return tf.constant(weight / taps.sum(), tf.float32)


def _blurred(occupancy: tf.Tensor, sigma: float) -> tf.Tensor:
    """Gaussian blur of an image `[B, H, W]`, sigma in pixels.

    Near a straight edge the result is a smooth function of the distance to the edge. It is exact
    below one pixel because the occupancy is a share of area.
    """
    rows = _blur_matrix(occupancy.shape[1], sigma)
    columns = _blur_matrix(occupancy.shape[2], sigma)
    # Two products with band matrices are ten times as fast as convolutions of one channel.
    return rows @ occupancy @ columns


def _with_neighbours(maps: tf.Tensor) -> tf.Tensor:
    """Join each pixel and its right, lower and lower right neighbours: `[B, H * W, 4 C]`."""
    padded = tf.pad(maps, [[0, 0], [0, 1], [0, 1], [0, 0]])
    height, width = maps.shape[1], maps.shape[2]
    corners = [
        padded[:, i : i + height, j : j + width] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]
    return tf.reshape(tf.concat(corners, axis=-1), [-1, height * width, 4 * maps.shape[3]])


def picture_features(observation: Mapping[str, tf.Tensor], fused: bool = True) -> PictureFeatures:
    """Compute the features of images and grippers.

    Args:
        observation: `image` `[B, H, W, 1]`, share of each pixel that the object covers, and
            `gripper` `[B, 6]`, SI units.
        fused: whether a compiler fuses small operations.
    """
    image = observation["image"]
    gripper = observation["gripper"]
    height, width = image.shape[1], image.shape[2]
    occupancy = image[..., 0]
    distance = signed_distance(occupancy)
    maps = tf.stack([occupancy, _blurred(occupancy, _BLUR), distance / LENGTH_UNIT], axis=-1)
    x = (tf.range(width, dtype=tf.float32) + 0.5) * (TABLE_SIDE / width) - TABLE_SIDE / 2
    y = TABLE_SIDE / 2 - (tf.range(height, dtype=tf.float32) + 0.5) * (TABLE_SIDE / height)
    weight = occupancy / tf.maximum(tf.reduce_sum(occupancy, axis=[1, 2], keepdims=True), 1e-6)
    centre_x = tf.reduce_sum(weight * x, axis=[1, 2], keepdims=True)
    centre_y = tf.reduce_sum(weight * y[:, None], axis=[1, 2], keepdims=True)
    from_centre = tf.sqrt(tf.square(x - centre_x) + tf.square(y[:, None] - centre_y))
    reach = tf.reduce_max(tf.where(occupancy >= 0.5, from_centre, 0.0), axis=[1, 2])
    centroid = tf.concat([centre_x[:, 0], centre_y[:, 0]], axis=-1)
    low, high = (tf.constant([RANGES[name][i] for name in RANGES], tf.float32) for i in (0, 1))
    return PictureFeatures(
        maps=tf.stop_gradient(_with_neighbours(maps)),
        distance=tf.stop_gradient(_with_neighbours(distance[..., None])),
        size=tf.constant([height, width]),
        centroid=centroid,
        reach=reach,
        gripper=gripper,
        gripper_code=2.0 * (gripper - low) / (high - low) - 1.0,
        fused=fused,
    )


def read_maps(features: PictureFeatures, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Bilinear readings `[B, N, K * C]` of all maps at points x, y `[B, N, K]` on the table, m."""
    values = _read(features, features.maps, x, y)
    return tf.reshape(values, [tf.shape(x)[0], tf.shape(x)[1], x.shape[2] * values.shape[3]])


def read_distance(features: PictureFeatures, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Bilinear readings `[B, N, K]` of the distance, m, at points x, y `[B, N, K]`, m."""
    return _read(features, features.distance, x, y)[..., 0]


def _read(features: PictureFeatures, maps: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Bilinear readings `[B, N, K, C]` of maps with their neighbours `[B, H * W, 4 C]`."""
    height, width = tf.unstack(tf.cast(features.size, tf.float32))
    column = (x + TABLE_SIDE / 2) * (width / TABLE_SIDE) - 0.5
    row = (TABLE_SIDE / 2 - y) * (height / TABLE_SIDE) - 0.5
    column = tf.clip_by_value(column, 0.0, width - 1.0)
    row = tf.clip_by_value(row, 0.0, height - 1.0)
    left, top = tf.stop_gradient(tf.floor(column)), tf.stop_gradient(tf.floor(row))
    right_share, lower_share = column - left, row - top
    index = tf.cast(top * width + left, tf.int32)
    flat = tf.reshape(index, [tf.shape(index)[0], -1])
    corners = tf.gather(maps, flat, batch_dims=1)
    channels = maps.shape[-1] // 4
    shape = [tf.shape(x)[0], tf.shape(x)[1], x.shape[2], channels]
    between = _interpolated if features.fused else _interpolated_by_products
    return between(corners, right_share, lower_share, shape)


def _interpolated(
    corners: tf.Tensor, right_share: tf.Tensor, lower_share: tf.Tensor, shape: list[Any]
) -> tf.Tensor:
    """Interpolate between upper left, upper right, lower left and lower right, `[B, N K, 4 C]`."""
    corners = tf.reshape(corners, [*shape[:-1], 4, shape[-1]])
    right_share, lower_share = right_share[..., None], lower_share[..., None]
    upper = corners[..., 0, :] + right_share * (corners[..., 1, :] - corners[..., 0, :])
    lower = corners[..., 2, :] + right_share * (corners[..., 3, :] - corners[..., 2, :])
    return upper + lower_share * (lower - upper)


def _interpolated_by_products(
    corners: tf.Tensor, right_share: tf.Tensor, lower_share: tf.Tensor, shape: list[Any]
) -> tf.Tensor:
    """Interpolate as `_interpolated` does, by a product of matrices.

    Without operation fusion it takes half the time of `_interpolated`. With fusion it takes four
    times as long.
    """
    channels = shape[-1]
    both = right_share * lower_share
    corner = [1.0 - right_share - lower_share + both, right_share - both, lower_share - both, both]
    weights = tf.reshape(tf.stack(corner, axis=-1), [shape[0], -1, 4])
    for_each = tf.constant(np.repeat(np.eye(4), channels, axis=1), tf.float32)
    summed = tf.constant(np.tile(np.eye(channels), (4, 1)), tf.float32)
    return tf.reshape(tf.matmul(corners * tf.matmul(weights, for_each), summed), shape)
