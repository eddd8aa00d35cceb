"""Grasps in the frame of the strip that they lie in."""

import math
from typing import NamedTuple

import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.object_view import ObjectView
from fag_tf.environments.planar_grasp.networks.strips import (
    HALF_TURN_STEP,
    NUM_DIRECTIONS,
    StripGrid,
    direction_angles,
)

__all__ = ["InStrip", "in_strip"]


class InStrip(NamedTuple):
    """Grasps in the frame of the nearest strip of the grid, each attribute `[B, E]`.

    Attributes:
        direction: number of the strip's direction, int32.
        step: number of the strip among those of its direction, int32.
        v: coordinate of the strip's middle along the pads, m.
        turn: turn of the grasp from the strip's direction, rad.
        shift: shift of the grasp along v from the strip's middle, m.
        u: place of the jaw's middle along its closing direction, m.
        theta: closing direction of the grasp, rad, in [0, pi).
        covered: whether there is a strip, and the object hangs level enough.
    """

    direction: tf.Tensor
    step: tf.Tensor
    v: tf.Tensor
    turn: tf.Tensor
    shift: tf.Tensor
    u: tf.Tensor
    theta: tf.Tensor
    covered: tf.Tensor


def in_strip(view: ObjectView, grid: StripGrid, actions: tf.Tensor) -> InStrip:
    """Find the strips of actions `[B, E, 3]`."""
    theta = tf.math.floormod(actions[..., 2], math.pi)
    direction = tf.cast(theta * (0.5 / HALF_TURN_STEP), tf.int32)
    direction = tf.clip_by_value(direction, 0, NUM_DIRECTIONS - 1)
    x = actions[..., 0] - view.centroid[:, None, 0]
    y = actions[..., 1] - view.centroid[:, None, 1]
    cos, sin = tf.cos(theta), tf.sin(theta)
    along_pads = cos * y - sin * x
    first, pitch, number = grid.first()[:, None], grid.pitch[:, None], grid.number[:, None]
    step = tf.round((along_pads - first) / pitch)
    covered = (step >= 0.0) & (step < number)
    covered &= tf.abs(along_pads) <= view.gripper[:, None, 5]
    step = tf.clip_by_value(step, 0.0, number - 1.0)
    v = first + step * pitch
    return InStrip(
        direction=direction,
        step=tf.cast(step, tf.int32),
        v=v,
        turn=theta - tf.gather(direction_angles(), direction),
        shift=along_pads - v,
        u=cos * x + sin * y,
        theta=theta,
        covered=covered,
    )
