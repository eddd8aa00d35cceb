"""What is computed once a picture: maps that can be read anywhere, and where the object lies."""

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
"""Lengths are handed to the networks in these units, m, which makes them numbers near 1."""

GREATEST_DISTANCE = 0.08
"""Beyond it, m, the distance to the object's edge is no longer told apart."""

MAPS = 3
"""What is known of each pixel: occupancy, blurred occupancy, distance."""

# Standard deviation of the blurred map, in pixels.
_BLUR = 2.0

# The same of the blur that tells where within a pixel an edge runs; how near to the edge, in
# pixels, the distance is taken from it alone, and from where on it no longer counts.
_EDGE_BLUR = 1.0
_EDGE_NEAR, _EDGE_FAR = 1.5, 2.5


class PictureFeatures(NamedTuple):
    """What is computed once a picture.

    Attributes:
        maps: `[B, H * W, 4 C]`, the C maps at each pixel and its three neighbours to the right and
            below, so that one bilinear reading is one look-up.
        distance: the map of distances alone, m, laid out likewise, `[B, H * W, 4]`.
        size: H and W, int32 `[2]`.
        centroid: of the object's area on the table, m, `[B, 2]`.
        reach: greatest distance of the object from its centroid, m, `[B]`.
        gripper: the six numbers, SI, `[B, 6]`.
        gripper_code: the same scaled to [-1, 1] over the trained ranges, `[B, 6]`.
        fused: whether a compiler fuses what is computed of them; see `networks.Actor.fused`.
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
    """Pixels from each one to the nearest marked one of its column, `[B, H, W]`; by doubling.

    Where that is more than `window` pixels away, any number greater than it.
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
    """Squared pixels from each one to the nearest marked one, at most `window` of them away."""
    width = marked.shape[2]
    down = tf.square(_distance_down_columns(marked, window))
    padded = tf.pad(down, [[0, 0], [0, 0], [window, window]], constant_values=1e12)
    # Every offset along the row, by slices: this compiles to one pass over the picture.
    offsets = range(-window, window + 1)
    return functools.reduce(
        tf.minimum,
        (padded[:, :, window + k : window + k + width] + float(k * k) for k in offsets),
    )


def signed_distance(occupancy: tf.Tensor) -> tf.Tensor:
    """Distance in m from each pixel centre to the object's edge, negative inside; `[B, H, W]`.

    Far from the edge it is the exact Euclidean transform of the pixels in two passes, down the
    columns and along the rows, up to `GREATEST_DISTANCE`: all that is farther counts as that far.
    What a jaw can reach is nearer, and a window makes the pass along the rows fast. Pixels know
    the edge to half a pixel, which is coarser than a pad yields, so near the edge the distance
    comes from the area shares instead, `_edge_distance`.
    """
    inside = occupancy >= 0.5
    pixel = TABLE_SIDE / occupancy.shape[2]
    window = math.ceil(GREATEST_DISTANCE / pixel) + 1
    # A pixel asks for the nearest pixel of the other kind.
    squared = tf.where(inside, _nearest(~inside, window), _nearest(inside, window))
    # An edge runs half a pixel from the centres on either side of it.
    pixels = tf.sqrt(squared) - 0.5
    far = tf.minimum(pixels * pixel, GREATEST_DISTANCE)
    nearness = tf.clip_by_value((_EDGE_FAR - pixels) / (_EDGE_FAR - _EDGE_NEAR), 0.0, 1.0)
    near = pixel * _edge_distance(occupancy)
    return nearness * near + (1.0 - nearness) * tf.where(inside, -far, far)


def _edge_distance(occupancy: tf.Tensor) -> tf.Tensor:
    """Distance in pixels to an edge that is near and straight, to a few hundredths of a pixel.

    Across a straight edge a blurred picture is the blur's distribution function of the distance,
    whichever way the edge runs; a logistic function comes close to it.
    """
    share = tf.clip_by_value(_blurred(occupancy, _EDGE_BLUR), 1e-3, 1.0 - 1e-3)
    # The pixel's own square blurs too, with a variance of a twelfth.
    width = math.sqrt(_EDGE_BLUR**2 + 1.0 / 12.0) / 1.702
    return width * (tf.math.log(1.0 - share) - tf.math.log(share))


def _blur_matrix(size: int, sigma: float) -> tf.Tensor:
    """The Gaussian blur of a column of `size` pixels, sigma in pixels; black beyond its ends."""
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    radius = math.ceil(3 * sigma)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weight = np.where(apart <= radius, np.exp(-0.5 * (apart / sigma) ** 2), 0.0)
    return tf.constant(weight / taps.sum(), tf.float32)


def _blurred(occupancy: tf.Tensor, sigma: float) -> tf.Tensor:
    """Gaussian blur `[B, H, W]`, sigma in pixels.

    Near a straight edge it is a smooth function of the distance to it, exact below the pixel
    because the occupancy is an area share.
    """
    rows = _blur_matrix(occupancy.shape[1], sigma)
    columns = _blur_matrix(occupancy.shape[2], sigma)
    # Two products with band matrices: ten times as fast as convolutions of one channel.
    return rows @ occupancy @ columns


def _with_neighbours(maps: tf.Tensor) -> tf.Tensor:
    """`[B, H, W, C]` -> `[B, H * W, 4 C]`: each pixel, its right, lower and lower right one."""
    padded = tf.pad(maps, [[0, 0], [0, 1], [0, 1], [0, 0]])
    height, width = maps.shape[1], maps.shape[2]
    corners = [
        padded[:, i : i + height, j : j + width] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]
    return tf.reshape(tf.concat(corners, axis=-1), [-1, height * width, 4 * maps.shape[3]])


def picture_features(observation: Mapping[str, tf.Tensor], fused: bool = True) -> PictureFeatures:
    """The maps of occupancy, blurred occupancy and distance, and where the object lies.

    Args:
        observation: `image` `[B, H, W, 1]` and `gripper` `[B, 6]`.
        fused: see `PictureFeatures`.
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
    """Bilinear readings of all maps at points `[B, N, K]`: `[B, N, K * C]`."""
    values = _read(features, features.maps, x, y)
    return tf.reshape(values, [tf.shape(x)[0], tf.shape(x)[1], x.shape[2] * values.shape[3]])


def read_distance(features: PictureFeatures, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Bilinear readings of the signed distance, m, at points `[B, N, K]`: the same shape."""
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
    """Between upper left, upper right, lower left and lower right, `[B, N * K, 4 C]`."""
    corners = tf.reshape(corners, [*shape[:-1], 4, shape[-1]])
    right_share, lower_share = right_share[..., None], lower_share[..., None]
    upper = corners[..., 0, :] + right_share * (corners[..., 1, :] - corners[..., 0, :])
    lower = corners[..., 2, :] + right_share * (corners[..., 3, :] - corners[..., 2, :])
    return upper + lower_share * (lower - upper)


def _interpolated_by_products(
    corners: tf.Tensor, right_share: tf.Tensor, lower_share: tf.Tensor, shape: list[Any]
) -> tf.Tensor:
    """The same as a product of matrices.

    Slices and broadcasts of three numbers at a time cost an interpreter twice as much as this,
    and a compiler that fuses them a quarter.
    """
    channels = shape[-1]
    both = right_share * lower_share
    corner = [1.0 - right_share - lower_share + both, right_share - both, lower_share - both, both]
    weights = tf.reshape(tf.stack(corner, axis=-1), [shape[0], -1, 4])
    for_each = tf.constant(np.repeat(np.eye(4), channels, axis=1), tf.float32)
    summed = tf.constant(np.tile(np.eye(channels), (4, 1)), tf.float32)
    return tf.reshape(tf.matmul(corners * tf.matmul(weights, for_each), summed), shape)
