import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.images.rendering import place
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.environments.planar_grasp.states import draw_pose
from fag_tf.errors import InputError


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_parts_lie_wholly_on_the_table(seed):
    rng = np.random.default_rng(seed)
    part = random_part(rng)
    bounds = place(part, draw_pose(rng, part)).bounds
    assert np.abs(bounds).max() <= 0.15 + 1e-12


def test_places_reach_every_side_of_the_table():
    rng = np.random.default_rng(5)
    part = named_part("T")[1]
    bounds = np.array([place(part, draw_pose(rng, part)).bounds for _ in range(400)])
    assert np.all(bounds.min(axis=0)[:2] < -0.145)
    assert np.all(bounds.max(axis=0)[2:] > 0.145)


def test_a_part_larger_than_the_table_is_rejected():
    with pytest.raises(InputError, match=r"0\.4 m.*0\.3 m"):
        draw_pose(np.random.default_rng(0), shapely.box(-0.2, -0.2, 0.2, 0.2))
