import numpy as np
import pytest
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.jaw_features import JawReader
from reference.jaw_scenes import PART, PIXEL, assert_mirrored, features_of, pose_of


def test_keypoints_lie_on_the_jaw():
    reader = JawReader(inner=(0.0, 1.0), outer=(0.5, 1.0), across=(-1.0, 0.0, 1.0))
    points = (3 + 4) * 3
    # A picture whose occupancy is the column's number tells where each keypoint is.
    ramp = np.broadcast_to(np.arange(128, dtype=np.float32), (1, 128, 128))
    features = features_of(PART)
    maps = np.stack([ramp[0], ramp[0].T], axis=-1)
    padded = np.pad(maps, ((0, 1), (0, 1), (0, 0)), mode="edge")
    corners = [padded[i : i + 128, j : j + 128] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))]
    flat = np.concatenate(corners, -1).reshape(1, 128 * 128, 8)
    features = features._replace(maps=tf.constant(flat))
    x, y, theta = 0.013, -0.021, 0.7
    pose = pose_of(x, y, theta)
    seen = reader(features, pose).numpy()[0, 0, : 2 * points].reshape(-1, 2)
    found = np.stack([(seen[:, 0] + 0.5) * PIXEL - 0.15, 0.15 - (seen[:, 1] + 0.5) * PIXEL], -1)

    half, thick, pad = 0.0425, 0.0135, 0.011
    expected = set()
    for u in (-half, 0.0, half, *(s * (half + t * thick) for s in (-1, 1) for t in (0.5, 1.0))):
        for v in (-pad, 0.0, pad):
            place = (
                x + np.cos(theta) * u - np.sin(theta) * v,
                y + np.sin(theta) * u + np.cos(theta) * v,
            )
            expected.add(tuple(np.round(place, 5)))
    assert {tuple(place) for place in np.round(found.astype(float), 5)} == expected


@pytest.mark.parametrize("axis", [0, 1], ids=["along u", "along v"])
def test_what_is_read_of_a_mirrored_scene_is_the_mirror_of_what_is_read(axis):
    assert_mirrored(JawReader(inner=(0.0, 1.0), outer=(0.5, 1.0), across=(-1.0, 0.0, 1.0)), axis)
