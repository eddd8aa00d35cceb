import dataclasses

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS, RANGES, UNITS, Gripper
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.environments.planar_grasp.scenes import scene
from fag_tf.environments.planar_grasp.views import View, scaled, view_scale
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, longest_side

FINE = Gripper(0.025, 0.006, 0.005, 0.5, 0.0003, 0.010)


def bar(length, width=None):
    half, across = 0.5 * length, 0.5 * (width or 0.2 * length)
    return shapely.box(-half, -across, half, across)


def in_range(gripper):
    return all(low <= getattr(gripper, name) <= high for name, (low, high) in RANGES.items())


@given(
    st.floats(0.008, 0.25),
    st.builds(
        Gripper,
        st.floats(0.02, 0.15),
        st.floats(0.005, 0.04),
        st.floats(0.004, 0.03),
        st.floats(0.2, 1.0),
        st.floats(0.0003, 0.003),
        st.floats(0.01, 0.08),
    ),
)
@settings(max_examples=100)
def test_a_gripper_that_is_known_stays_one_and_the_part_on_the_table(length, gripper):
    scale = view_scale(bar(length), gripper)
    assert scale >= 1.0
    assert in_range(scaled(gripper, scale))
    assert scale * length <= TABLE_SIDE


def test_small_parts_are_enlarged_as_far_as_the_gripper_may_be():
    assert view_scale(bar(0.02), FINE) == pytest.approx(0.9 * 0.15 / 0.025)
    assert view_scale(bar(0.02), DEFAULT_GRIPPER) == pytest.approx(0.9 * 0.15 / 0.085)
    assert view_scale(bar(0.1), FINE) == pytest.approx(1.5)
    assert view_scale(bar(0.15), FINE) == 1.0
    # No finer than what was read.
    assert view_scale(bar(0.02), FINE, finest=1.3) == pytest.approx(1.3)
    assert view_scale(bar(0.02), FINE, finest=0.4) == 1.0


def test_parts_and_grippers_beyond_the_table_are_reduced():
    assert view_scale(bar(0.4), DEFAULT_GRIPPER) == pytest.approx(
        0.5 * TABLE_SIDE / (0.2 + 0.0425), rel=1e-6
    )
    wide = dataclasses.replace(DEFAULT_GRIPPER, opening=0.2)
    scale = view_scale(bar(0.1), wide)
    assert scale < 1.0
    assert in_range(scaled(wide, scale))
    tiny = dataclasses.replace(FINE, opening=0.01)
    assert in_range(scaled(tiny, view_scale(bar(0.02), tiny)))


def test_what_no_scale_helps_is_left_as_it_is():
    odd = Gripper(opening=0.5, pad_width=0.006)  # no factor brings both into range
    assert view_scale(bar(0.1), odd) == 1.0
    unknown = dict.fromkeys(FIELDS, (None, None))
    assert view_scale(bar(0.02), FINE, unknown) == 1.0
    single = {name: (getattr(FINE, name),) * 2 for name in FIELDS}
    assert view_scale(bar(0.02), FINE, single) == 1.0


def test_verdicts_know_no_scale_and_grasps_return_to_the_table():
    part = shapely.transform(named_part("hammer")[1], lambda xy: 0.4 * xy + [0.05, -0.03])
    seen = scene(part)
    view = seen.view(FINE)
    assert view.scale > 1.5
    rng = np.random.default_rng(0)
    actions = rng.uniform((-0.15, -0.15, 0), (0.15, 0.15, np.pi), (20_000, 3))
    enlarged = shapely.transform(part, lambda xy: view.scale * (xy - view.middle))
    assert longest_side(enlarged) <= 0.15 + 1e-9
    there = feasibility(enlarged, view.gripper, actions)
    here = feasibility(part, FINE, view.to_table(actions), anywhere=True)
    assert there.sum() > 50
    assert (there != here).mean() < 1e-3  # single precision
    half = (TABLE_SIDE / len(view.image)) ** 2
    assert view.image.sum() * half == pytest.approx(enlarged.area, rel=1e-3)


def test_only_lengths_of_a_gripper_are_scaled():
    twice = scaled(DEFAULT_GRIPPER, 2.0)
    for name in FIELDS:
        factor = 2.0 if UNITS[name] == "m" else 1.0
        assert getattr(twice, name) == factor * getattr(DEFAULT_GRIPPER, name)


def test_the_table_is_seen_as_it_is_where_that_is_best():
    seen = scene(bar(0.16))
    view = seen.view(DEFAULT_GRIPPER)
    assert view.is_table
    assert view.image is seen.image
    grasp = np.array([[0.1, 0.2, 0.3]], np.float32)
    assert view.to_table(grasp) is grasp
    assert not view.on_table(grasp)[0]
    assert isinstance(view, View)
