"""Scenes for the networks that scan the picture, and what they should find by the outlines."""

import math

import numpy as np
import shapely
from shapely import affinity

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from fag_tf.environments.planar_grasp.images.rendering import occupancy, place
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.environments.planar_grasp.workspace import Pose

SIDE = 0.30


def lying(name, x=0.004, y=-0.007, turn=0.4):
    """A named part at a pose."""
    return place(named_part(name)[1], Pose(x, y, turn))


def observation_of(*parts, gripper=DEFAULT_GRIPPER, size=128):
    """Parts seen each with the same gripper, or each with its own one of several; None is empty."""
    grippers = [gripper] * len(parts) if not isinstance(gripper, list) else gripper
    nothing = np.zeros((size, size) if isinstance(size, int) else size, np.float32)
    images = [nothing if part is None else occupancy(part, size) for part in parts]
    return {
        "image": np.stack(images)[..., None],
        "gripper": np.stack([each.vector() for each in grippers]),
    }


def of_state(observation, *states):
    """Some of the states, in the order given."""
    return {name: array[list(states)] for name, array in observation.items()}


def shifted(observation, right, down):
    """Everything on the table some pixels farther."""
    return {**observation, "image": np.roll(observation["image"], (down, right), axis=(1, 2))}


def turned(observation):
    """The same table seen after a quarter turn to the left."""
    return {**observation, "image": np.rot90(observation["image"], axes=(1, 2)).copy()}


def latent_of(seed, batch, count):
    """Latents `[B, N, 3]`, uniform on [-1, 1]."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.0, 1.0, (batch, count, 3)).astype(np.float32)


def grasps_of(seed, batch, count):
    """Grasps `[B, N, 3]`, uniform over the table."""
    rng = np.random.default_rng(seed)
    low, high = [-SIDE / 2, -SIDE / 2, 0.0], [SIDE / 2, SIDE / 2, math.pi]
    return rng.uniform(low, high, (batch, count, 3)).astype(np.float32)


def stirred(network, size, seed=0):
    """The network with weights as far from their start as training might take them."""
    rng = np.random.default_rng(seed)
    for variable in network.trainable_variables:
        variable.assign_add(size * rng.normal(size=variable.shape).astype(np.float32))
    return network


def material_in_band(part, centroid, theta, low, high):
    """Intervals of u `[n, 2]`, m from the centroid, that a part fills where low < v < high."""
    x, y = (float(value) for value in centroid)
    seen = affinity.rotate(affinity.translate(part, -x, -y), -theta, (0, 0), use_radians=True)
    within = shapely.get_parts(seen.intersection(shapely.box(-1.0, low, 1.0, high)))
    merged = []
    for begin, _, end, _ in sorted(piece.bounds for piece in within if piece.area > 1e-12):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([begin, end])
    return np.array(merged).reshape(-1, 2)


def plain_material_in_band(part, centroid, theta, v, pad_width, blur):
    """The material in front of a pad, where it is the same in a band that is `blur` m wider or
    narrower: as many intervals, whose ends are nearly the same; None where it is not."""
    half = 0.5 * pad_width
    narrow, wide = (
        material_in_band(part, centroid, theta, v - half - more, v + half + more)
        for more in (-min(blur, 0.9 * half), blur)
    )
    if len(narrow) != len(wide) or (len(wide) and np.abs(narrow - wide).max() > blur):
        return None
    gaps = np.append(wide[1:, 0] - wide[:-1, 1], 1.0)
    if len(wide) and min(gaps.min(), (narrow[:, 1] - narrow[:, 0]).min()) < 0.006:
        return None  # too thin for the readings along a strip
    return 0.5 * (narrow + wide)
