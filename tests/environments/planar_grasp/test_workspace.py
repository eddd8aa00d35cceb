import numpy as np
import pytest
import shapely
from shapely import affinity

from fag_tf.environments.planar_grasp.workspace import longest_side


@pytest.mark.parametrize("turn", [0.0, 30.0, 90.0])
def test_the_longest_side_is_that_of_the_smallest_rectangle_at_any_turn(turn):
    part = affinity.rotate(shapely.box(0.0, 0.0, 0.1, 0.02), turn)
    assert longest_side(part) == pytest.approx(0.1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("height", [1e-12, 1e-160, 1e-300])
def test_an_outline_thinner_than_rounding_has_a_side_too(height):
    part = shapely.Polygon(np.array([(0.0, 0.0), (0.1, 0.0), (0.1, height)]))
    assert longest_side(part) == pytest.approx(0.1)
