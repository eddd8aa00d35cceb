"""The object's part of an image, at one scale: a square about the centroid that just holds it.

All readings of the scanning actor and of its critic come from this view. Its number of pixels is
fixed, so that an image of any size costs the same, and a reading is one look-up of the nearest
pixel. The view has more pixels than the object in a common image, so the rounding is small.
"""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE

__all__ = ["VIEW_SIZE", "ObjectView", "look_up", "object_view", "read_view"]

VIEW_SIZE = 320
"""Number of pixels of a side of the view."""

# Occupancy from which a pixel belongs to the object's extent.
_LEAST_OCCUPANCY = 0.05

# Least half side of the view, m; it is that of an empty image.
_LEAST_REACH = 0.01

# The outermost readings of a strip, a 72nd of the reach and rounding inside the view, meet no
# material. It ends up to half a pixel beyond the farthest pixel that it covers.
_SPARE, _HALF_PIXEL = 1.019, 0.55


class ObjectView(NamedTuple):
    """The object of each image, seen in a square about its centroid.

    Attributes:
        picture: occupancy at the pixels of the view, rows of increasing y, `[B, VIEW_SIZE ** 2]`.
        centroid: centroid of the object's area on the table, m, `[B, 2]`.
        reach: half the side of the view, m, `[B]`: a little more than the greatest distance of
            the object from its centroid.
        gripper: the six parameters of the gripper in SI units, `[B, 6]`.
    """

    picture: tf.Tensor
    centroid: tf.Tensor
    reach: tf.Tensor
    gripper: tf.Tensor


def object_view(observation: Mapping[str, tf.Tensor]) -> ObjectView:
    """Compute the view from `image` `[B, H, W, 1]` and `gripper` `[B, 6]`."""
    image = tf.cast(observation["image"], tf.float32)[..., 0]
    x, pitch_x = _pixel_centres(tf.shape(image)[2], 1.0)
    y, pitch_y = _pixel_centres(tf.shape(image)[1], -1.0)
    down, across = tf.reduce_sum(image, axis=1), tf.reduce_sum(image, axis=2)
    area = tf.reduce_sum(down, axis=1) + 1e-6
    centre_x = tf.reduce_sum(down * x, axis=1) / area
    centre_y = tf.reduce_sum(across * y, axis=1) / area
    apart = (
        tf.square(x[None, None, :] - centre_x[:, None, None])
        + tf.square(y[None, :, None] - centre_y[:, None, None])
    )  # fmt: skip
    farthest = tf.reduce_max(tf.where(image > _LEAST_OCCUPANCY, apart, 0.0), axis=[1, 2])
    farthest, pitch = tf.sqrt(farthest), tf.maximum(pitch_x, pitch_y)
    reach = tf.maximum(farthest + 1.5 * pitch, _SPARE * (farthest + _HALF_PIXEL * pitch))
    reach = tf.maximum(reach, _LEAST_REACH)
    by_column = _interpolation(x, pitch_x, centre_x, reach)
    by_row = _interpolation(y, pitch_y, centre_y, reach)
    picture = tf.matmul(by_row, tf.matmul(image, by_column, transpose_b=True))
    return ObjectView(
        picture=tf.reshape(picture, [-1, VIEW_SIZE * VIEW_SIZE]),
        centroid=tf.stack([centre_x, centre_y], axis=1),
        reach=reach,
        gripper=tf.cast(observation["gripper"], tf.float32),
    )


def _pixel_centres(count: tf.Tensor, direction: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Coordinates of the centres of an image's columns or rows, m, and their distance, m."""
    number = tf.cast(count, tf.float32)
    pitch = TABLE_SIDE / number
    return direction * ((tf.range(number) + 0.5) * pitch - 0.5 * TABLE_SIDE), pitch


def _interpolation(
    source: tf.Tensor, pitch: tf.Tensor, centre: tf.Tensor, reach: tf.Tensor
) -> tf.Tensor:
    """Weights `[B, VIEW_SIZE, n]` of n source pixels for each pixel of the view, on one axis.

    They interpolate linearly. Where the source has more pixels than the view, they average them.
    """
    finer = 2.0 * reach / VIEW_SIZE
    steps = tf.range(float(VIEW_SIZE)) + 0.5
    place = centre[:, None] - reach[:, None] + steps * finer[:, None]
    # A whole number of source pixels, so that the weights add up to 1.
    count = tf.math.ceil(finer / pitch)
    # Distances times the weight of a whole pixel: few operations on all pairs of pixels.
    scale = (1.0 / (pitch * tf.square(count)))[:, None]
    place, source = place * scale, source[None] * scale
    whole = (1.0 / count)[:, None, None]
    return tf.nn.relu(whole - tf.abs(place[:, :, None] - source[:, None]))


def read_view(
    view: ObjectView, cos: tf.Tensor, sin: tf.Tensor, u: tf.Tensor, v: tf.Tensor
) -> tf.Tensor:
    """Occupancy at points of frames that are turned about the centroid.

    Args:
        view: views of B objects.
        cos: cosine of the turn of each frame, `[B, ...]`, broadcastable with u and v.
        sin: sine of the turn.
        u: coordinate along the frame's first axis, m, from the centroid.
        v: coordinate along the frame's second axis, m.

    Returns:
        Occupancy in [0, 1], in the broadcast shape of the arguments. Points outside the view have
        the occupancy of its border, 0.
    """
    rank = max(len(t.shape) for t in (cos, sin, u, v))
    scale = tf.reshape(0.5 * VIEW_SIZE / view.reach, [-1] + [1] * (rank - 1))
    cos, sin = cos * scale, sin * scale
    middle = 0.5 * VIEW_SIZE
    column, row = u * cos + (middle - v * sin), u * sin + (middle + v * cos)
    read = look_up(view.picture, column, row, tf.range(tf.shape(view.picture)[0]))
    return tf.reshape(read, tf.shape(column))


def look_up(pixels: tf.Tensor, column: tf.Tensor, row: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
    """Values of the pixels of views that hold given places, all in one row.

    A look-up in one row is several times faster than others in an exported graph.

    Args:
        pixels: values at the pixels of B views, `[B, VIEW_SIZE ** 2]`.
        column: place along x in pixels from the view's corner, `[K, ...]`.
        row: place along y, with the same shape.
        state: number of the view of each of K entries, int32 `[K]`.
    """
    greatest = VIEW_SIZE - 0.01
    # Few operations on all points: in an exported graph, each of them takes its time.
    column = tf.raw_ops.ClipByValue(t=column, clip_value_min=0.0, clip_value_max=greatest)
    row = tf.raw_ops.ClipByValue(t=row, clip_value_min=0.0, clip_value_max=greatest)
    index = tf.cast(tf.floor(row) * VIEW_SIZE + column, tf.int32)
    first = tf.reshape(state * (VIEW_SIZE * VIEW_SIZE), [-1] + [1] * (len(index.shape) - 1))
    # One number for all entries of a single view is added faster than one for each.
    several = tf.shape(pixels)[0] > 1
    first = first[: tf.where(several, tf.shape(state)[0], 1)]
    return tf.gather(tf.reshape(pixels, [-1]), tf.reshape(index + first, [-1]))
