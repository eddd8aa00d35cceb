import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.networks.object_view import object_view
from fag_tf.environments.planar_grasp.networks.strip_frame import in_strip
from fag_tf.environments.planar_grasp.networks.strips import (
    HALF_TURN_STEP,
    NUM_DIRECTIONS,
    direction_angles,
    strip_grid,
)
from reference.execution import every_execution
from reference.scan_scenes import grasps_of, lying, observation_of

GRIPPERS = [Gripper(), Gripper(pad_width=0.008, max_lever=0.06)]


@pytest.fixture(scope="module")
def frame():
    view = object_view(observation_of(lying("H"), lying("X", 0.03, 0.02), gripper=GRIPPERS))
    return view, strip_grid(view)


def near_grasps(view, seed, count):
    """Grasps whose pads are not far from the level of the centroid."""
    rng = np.random.default_rng(seed)
    apart = rng.uniform(-0.07, 0.07, (2, count, 2)) + view.centroid.numpy()[:, None]
    theta = rng.uniform(0.0, math.pi, (2, count, 1))
    return np.concatenate([apart, theta], axis=-1).astype(np.float32)


def test_a_grasp_is_put_together_again_from_its_place_in_the_strip(frame):
    view, grid = frame
    grasps = near_grasps(view, 0, 500)
    found = in_strip(view, grid, grasps)
    theta = direction_angles().numpy()[found.direction] + found.turn
    np.testing.assert_allclose(theta, grasps[..., 2], atol=1e-5)
    np.testing.assert_allclose(found.theta, grasps[..., 2], atol=1e-6)
    v = found.v.numpy() + found.shift
    x = view.centroid.numpy()[:, :1] + np.cos(theta) * found.u - np.sin(theta) * v
    y = view.centroid.numpy()[:, 1:] + np.sin(theta) * found.u + np.cos(theta) * v
    np.testing.assert_allclose(x, grasps[..., 0], atol=1e-6)
    np.testing.assert_allclose(y, grasps[..., 1], atol=1e-6)
    first, pitch = grid.first().numpy()[:, None], grid.pitch.numpy()[:, None]
    np.testing.assert_allclose(found.v, first + found.step.numpy() * pitch, atol=1e-7)


def test_the_strip_is_the_nearest_one_of_all(frame):
    view, grid = frame
    grasps = near_grasps(view, 1, 200)
    found = in_strip(view, grid, grasps)
    angles = direction_angles().numpy()
    for state, n in np.ndindex(2, 200):
        x, y, theta = grasps[state, n].astype(float)
        apart = np.abs((angles - theta + math.pi / 2) % math.pi - math.pi / 2)
        assert apart[found.direction[state, n]] == pytest.approx(apart.min(), abs=1e-5)
        cx, cy = view.centroid.numpy()[state]
        v = math.cos(theta) * (y - cy) - math.sin(theta) * (x - cx)
        number, pitch = int(grid.number[state]), float(grid.pitch[state])
        places = (np.arange(number) - 0.5 * (number - 1)) * pitch
        assert abs(places[found.step[state, n]] - v) == pytest.approx(
            np.abs(places - v).min(), abs=1e-6
        )
        beyond = max(abs(v) - GRIPPERS[state].max_lever, abs(v) - 0.5 * number * pitch)
        if abs(beyond) > 1e-6:
            assert bool(found.covered[state, n]) == (beyond < 0.0)
        if found.covered[state, n]:
            assert abs(found.shift[state, n]) <= 0.5 * pitch + 1e-6
            assert abs(found.turn[state, n]) <= HALF_TURN_STEP + 1e-6


@given(st.floats(-0.15, 0.15), st.floats(-0.15, 0.15), st.floats(0.0, math.pi), st.integers(-3, 3))
def test_a_jaw_turned_half_round_is_the_same_jaw(frame, x, y, theta, halves):
    view, grid = frame
    grasps = np.float32([[[x, y, theta], [x, y, theta + halves * math.pi]]] * 2)
    found = in_strip(view, grid, grasps)
    assert np.all((found.theta.numpy() >= 0.0) & (found.theta.numpy() <= np.float32(math.pi)))
    apart = (theta / (2 * HALF_TURN_STEP)) % 1.0
    if 1e-3 < apart < 1.0 - 1e-3:
        for values in (found.direction, found.turn, found.u):
            np.testing.assert_allclose(values[:, 0], values[:, 1], atol=1e-5)
        v = found.v + found.shift
        np.testing.assert_allclose(v[:, 0], v[:, 1], atol=1e-6)


@pytest.mark.parametrize("theta", [0.0, -1e-9, math.pi, np.nextafter(np.float32(math.pi), 4)])
def test_the_seam_of_half_a_turn_lies_between_the_last_strip_and_the_first(frame, theta):
    found = in_strip(*frame, np.full((2, 1, 3), [0.0, 0.0, theta], np.float32))
    assert set(found.direction.numpy().ravel()) <= {0, NUM_DIRECTIONS - 1}
    np.testing.assert_allclose(np.abs(found.turn), HALF_TURN_STEP, rtol=1e-4)


@every_execution
def test_a_strip_is_the_same_however_it_is_found(run, frame):
    view, grid = frame
    grasps = grasps_of(2, 2, 300)
    expected, found = in_strip(view, grid, grasps), run(in_strip)(view, grid, grasps)
    same = (expected.direction == found.direction) & (expected.step == found.step)
    assert np.mean(same) > 0.99
    np.testing.assert_allclose(found.u, expected.u, atol=1e-6)
    np.testing.assert_allclose(found.v + found.shift, expected.v + expected.shift, atol=1e-6)
