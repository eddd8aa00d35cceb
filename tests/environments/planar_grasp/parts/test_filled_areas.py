import numpy as np
import pytest
import shapely

from fag_tf.environments.planar_grasp.parts.filled_areas import filled_area


def square(low, high, clockwise=False):
    ring = np.array([(low, low), (high, low), (high, high), (low, high)], float)
    return ring[::-1] if clockwise else ring


@pytest.mark.parametrize("rule", ["nonzero", "evenodd"])
def test_one_ring_encloses_its_area_whichever_way_round(rule):
    for clockwise in (False, True):
        assert filled_area([square(0, 2, clockwise)], rule).area == pytest.approx(4)


def test_a_ring_within_another_is_a_hole_by_parity_or_if_it_turns_back():
    same, back = [square(0, 4), square(1, 2)], [square(0, 4), square(1, 2, clockwise=True)]
    assert filled_area(same, "evenodd").area == filled_area(back, "evenodd").area == 15
    assert filled_area(same, "nonzero").area == 16
    assert filled_area(back, "nonzero").area == 15


def test_overlapping_rings_are_joined_or_cut_out_of_each_other():
    rings = [square(0, 2), square(1, 3)]
    assert filled_area(rings, "nonzero").area == pytest.approx(7)
    assert filled_area(rings, "evenodd").area == pytest.approx(6)


def test_the_middle_of_a_star_that_crosses_itself_is_filled_by_one_rule_alone():
    angle = 0.5 * np.pi + 4 * np.pi / 5 * np.arange(5)
    star = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inside = {
        rule: shapely.contains_xy(filled_area([star], rule), 0.0, 0.0)
        for rule in ("nonzero", "evenodd")
    }
    assert inside == {"nonzero": True, "evenodd": False}


@pytest.mark.parametrize("rings", [[], [np.zeros((1, 2))], [np.array([(0, 0), (1, 1), (2, 2.0)])]])
def test_what_encloses_nothing_is_empty(rings):
    assert filled_area(rings, "nonzero").is_empty
