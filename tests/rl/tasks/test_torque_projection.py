import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.rl.tasks.torque_projection import (
    onto_ellipse,
    onto_half_space,
    onto_half_space_and_ellipsoid,
)


def test_a_half_space_in_two_dimensions_by_hand():
    points = np.array([[1.0, 1.0], [0.2, 0.1], [2.0, 0.0], [0.9, 0.0]])
    found = onto_half_space(points, np.ones((4, 2)), np.ones(4), 0.0)
    np.testing.assert_allclose(found, [[0.5, 0.5], [0.2, 0.1], [1.0, 0.0], [0.9, 0.0]], atol=1e-12)


def test_an_ellipsoid_by_hand():
    """A circle of radius 0.5, a half-space that cuts it, and both at once."""
    weights = np.ones((1, 2))

    def nearest(point, normal, bound):
        return onto_half_space_and_ellipsoid(
            np.array([point]), np.array([normal]), np.array([bound]), weights, 0.25
        )[0]

    np.testing.assert_allclose(nearest([0.8, 0.6], [0.0, 0.0], 1.0), [0.4, 0.3], atol=1e-9)
    np.testing.assert_allclose(nearest([0.4, 0.2], [1.0, 0.0], 0.3), [0.3, 0.2], atol=1e-9)
    np.testing.assert_allclose(nearest([0.9, 0.8], [1.0, 0.0], 0.3), [0.3, 0.4], atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.sampled_from([0.0, -1.0]))
@settings(max_examples=40)
def test_the_nearest_point_meets_the_optimality_conditions(seed, size, low):
    """Every admissible direction leads away: (point - x) . (y - x) <= 0 for all admissible y."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-2.0, 2.0, (3, size))
    normal = rng.normal(size=(3, size)) * (rng.random((3, size)) < 0.8)
    normal = np.abs(normal) if low == 0.0 else normal
    bound = rng.uniform(0.1, 1.0, 3)
    found = onto_half_space(points, normal, bound, low)
    assert np.all((found >= low) & (found <= 1.0))
    assert np.all(np.sum(normal * found, axis=-1) <= bound + 1e-12)
    others = rng.uniform(low, 1.0, (200, 3, size)) * rng.random((200, 3, 1))
    kept = np.sum(normal * others, axis=-1) <= bound
    gain = np.sum((points - found) * (others - found), axis=-1)
    assert np.all(gain[kept] <= 1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
@settings(max_examples=20)
def test_so_does_the_one_in_an_ellipsoid_as_well(seed, size):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0.0, 1.5, (3, size))
    normal = np.abs(rng.normal(size=(3, size)))
    weights = rng.uniform(0.0, 1.0, (3, size)) * (rng.random((3, size)) < 0.8)
    bound, ball = rng.uniform(0.1, 1.0, 3), rng.uniform(0.02, 0.5)
    found = onto_half_space_and_ellipsoid(points, normal, bound, weights, ball)
    assert np.all((found >= 0.0) & (found <= 1.0))
    assert np.all(np.sum(normal * found, axis=-1) <= bound + 1e-12)
    assert np.all(np.sum(weights * found**2, axis=-1) <= ball + 1e-12)
    others = rng.random((400, 3, size)) * rng.random((400, 3, 1))
    kept = np.sum(normal * others, axis=-1) <= bound
    kept &= np.sum(weights * others**2, axis=-1) <= ball
    gain = np.sum((points - found) * (others - found), axis=-1)
    assert np.all(gain[kept] <= 1e-7)


def test_an_ellipse_in_a_square_by_hand():
    """A circle, a band that the square closes, and a tilted band whose corner is cut off."""
    points = np.array([[0.8, 0.6], [3.0, 0.8], [2.0, 2.0]])
    band = np.array([[0.0, 0.0], [0.0, 1.0]])
    tilted = np.array([[1.0, -1.0], [-1.0, 1.0]])
    found = onto_ellipse(points, np.stack([np.eye(2), band, tilted]), 0.25)
    np.testing.assert_allclose(found, [[0.4, 0.3], [1.0, 0.5], [1.0, 1.0]], atol=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_so_does_the_one_in_an_ellipse(seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-2.0, 2.0, (3, 2))
    factors = rng.normal(size=(3, 2, 2)) * [[1.0], [rng.choice([0.0, 0.1, 1.0])]]
    matrix, size = np.swapaxes(factors, 1, 2) @ factors, rng.uniform(0.01, 1.0)
    found = onto_ellipse(points, matrix, size)
    assert np.all(np.abs(found) <= 1.0)
    assert np.all(np.einsum("bi,bij,bj->b", found, matrix, found) <= size + 1e-12)
    others = rng.uniform(-1.0, 1.0, (400, 3, 2)) * rng.random((400, 3, 1))
    kept = np.einsum("kbi,bij,kbj->kb", others, matrix, others) <= size
    gain = np.sum((points - found) * (others - found), axis=-1)
    assert np.all(gain[kept] <= 1e-7)


def test_an_admissible_point_stays():
    points = np.array([[0.3, 0.2, 0.1]])
    ones = np.ones((1, 3))
    assert onto_half_space(points, ones, np.ones(1), 0.0) == pytest.approx(points)
    found = onto_half_space_and_ellipsoid(points, ones, np.ones(1), ones, 0.5)
    np.testing.assert_array_equal(found, points)
