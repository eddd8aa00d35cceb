import numpy as np
import pytest
import shapely
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.feasibility.rules import first_broken_rule
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.networks.contact_network import Belief, ContactNetwork
from fag_tf.environments.planar_grasp.networks.holds import find_holds, interval_of_hold
from fag_tf.environments.planar_grasp.networks.object_view import object_view
from fag_tf.environments.planar_grasp.networks.strips import (
    NUM_DIRECTIONS,
    direction_angles,
    scan,
    strip_grid,
)
from reference.jaw_scenes import PIXEL
from reference.scan_scenes import (
    lying,
    observation_of,
    of_state,
    plain_material_in_band,
)

LENGTHS = st.floats(0.0005, 0.06)


def held(*parts, gripper=DEFAULT_GRIPPER, seed=0, observation=None):
    observation = observation or observation_of(*parts, gripper=gripper)
    view = object_view(observation)
    grid = strip_grid(view)
    contacts = scan(view, grid)
    return view, contacts, find_holds(view, grid, contacts, ContactNetwork(12, seed))


def each_hold(holds):
    """Strip, state, direction, v, left, right, least and greatest of each hold but the last."""
    belief = Belief(holds.beliefs)
    values = [*holds[:-1], belief.least, belief.greatest]
    return list(zip(*(array.numpy()[:-1].tolist() for array in values), strict=True))


# The interval of one hold -----------------------------------------------------------------------


@settings(max_examples=200)
@given(
    st.tuples(LENGTHS, LENGTHS, LENGTHS),
    st.floats(0.02, 0.15),
    st.floats(0.004, 0.03),
    st.floats(-0.2, 0.2),
)
def test_the_interval_is_where_both_fingers_stand_in_their_gaps_and_the_object_between_the_pads(
    lengths, opening, thickness, u
):
    left_gap, between, right_gap = lengths
    before, left = -left_gap, 0.0
    right, after = between, between + right_gap
    numbers = (tf.constant(x, tf.float32) for x in (left, right, before, after, opening, thickness))
    least, greatest = (float(end) for end in interval_of_hold(*numbers))
    left_pad, right_pad = u - 0.5 * opening, u + 0.5 * opening
    margins = (
        left_pad - thickness - before,
        left - left_pad,
        right_pad - right,
        after - (right_pad + thickness),
    )
    assume(min(abs(margin) for margin in margins) > 1e-6)
    assert (least <= u <= greatest) == (min(margins) > 0.0)


# The holds of a picture -------------------------------------------------------------------------


PARTS = {
    "block": (shapely.affinity.rotate(shapely.box(-0.045, -0.02, 0.045, 0.02), 25), Gripper()),
    "H": (lying("H"), Gripper(opening=0.05, pad_width=0.015, max_lever=0.06)),
    "H, wide": (lying("H", turn=1.3), Gripper(opening=0.14, finger_thickness=0.02, max_lever=0.05)),
    "O": (lying("O"), Gripper(opening=0.04, finger_thickness=0.008, pad_width=0.01)),
    "T": (lying("T", turn=-0.6), Gripper(opening=0.1, pad_width=0.008)),
}


@pytest.mark.parametrize("name", PARTS)
def test_at_all_places_of_a_hold_the_fingers_are_clear_and_something_is_between(name):
    """By the exact rules, at places a pixel and a half within the interval, as the picture is not
    exact. As far outside of it a finger stands on the object, or, where the interval ends as the
    object leaves the pads, holds less of it."""
    part, gripper = PARTS[name]
    view, _, holds = held(part, gripper=gripper)
    margin = 1.5 * PIXEL
    inside, outside = [], []
    angles = direction_angles().numpy()
    centroid = view.centroid[0].numpy().astype(float)
    for _, _, direction, v, *_, least, greatest in each_hold(holds)[::3]:
        theta = float(angles[direction])
        plain = plain_material_in_band(part, centroid, theta, v, gripper.pad_width, PIXEL)
        if plain is None:
            continue
        cos, sin = np.cos(theta), np.sin(theta)

        def grasp(u, cos=cos, sin=sin, v=v, theta=theta):
            return [*np.add(centroid, [cos * u - sin * v, sin * u + cos * v]), theta]

        if greatest - least > 2 * margin:
            inside += [grasp(u) for u in np.linspace(least + margin, greatest - margin, 5)]
        outside += [grasp(least - margin), grasp(greatest + margin)]
    assert min(len(inside), len(outside)) > 100
    broken = first_broken_rule(part, gripper, np.array(inside))
    assert not np.isin(broken, [2, 3]).any()
    # A pad that is not yet over the object may still be clear of it, where it does not end there.
    broken = first_broken_rule(part, gripper, np.array(outside))
    assert np.isin(broken, [2, 3]).mean() > 0.95


@pytest.mark.parametrize("name", PARTS)
def test_every_way_in_which_the_fingers_are_clear_is_a_hold(name):
    part, gripper = PARTS[name]
    view, _, holds = held(part, gripper=gripper)
    grid, angles = strip_grid(view), direction_angles().numpy()
    found = {}
    for _, _, direction, v, *_, least, greatest in each_hold(holds):
        found.setdefault((direction, round(v, 6)), []).append((least, greatest))
    centroid = view.centroid[0].numpy().astype(float)
    rng, missed, tried = np.random.default_rng(0), 0, 0
    for _ in range(300):
        direction, step = rng.integers(NUM_DIRECTIONS), rng.integers(int(grid.number[0]))
        v, theta = float(grid.first()[0] + step * grid.pitch[0]), float(angles[direction])
        if plain_material_in_band(part, centroid, theta, v, gripper.pad_width, PIXEL) is None:
            continue
        reach = float(view.reach[0]) + 0.5 * gripper.opening
        u = np.arange(-reach, reach, 0.25 * PIXEL)
        cos, sin = np.cos(theta), np.sin(theta)
        along = np.stack([cos * u - sin * v, sin * u + cos * v, 0 * u + theta], axis=-1)
        grasps = along + np.append(centroid, 0.0)
        clear = ~np.isin(first_broken_rule(part, gripper, grasps), [1, 2, 3])
        # Clear a pixel farther on either side too.
        firm = np.convolve(clear, np.ones(9), "same") == 9
        intervals = found.get((direction, round(v, 6)), [])
        known = np.zeros(len(u), bool)
        for least, greatest in intervals:
            known |= (u >= least - 0.5 * PIXEL) & (u <= greatest + 0.5 * PIXEL)
        missed += np.sum(firm & ~known)
        tried += np.sum(firm)
    assert tried > 300
    assert missed == 0


def test_the_inner_and_the_outer_grasps_of_an_h_are_holds_of_their_own():
    """Two bars 34 mm wide and 55 mm apart: each of them, and both, where no crossbar is between."""
    upright = lying("H", 0.0, 0.0, 0.0)
    gripper = Gripper(opening=0.135, max_lever=0.06, pad_width=0.01)
    _, _, holds = held(upright, gripper=gripper)
    by_strip = {}
    for strip, _, direction, v, left, right, *_ in each_hold(holds):
        if direction in (0, NUM_DIRECTIONS - 1) and 0.03 < abs(v) < 0.055:
            by_strip.setdefault((strip, v > 0), []).append((left, right))
    assert len(by_strip) > 20
    for pairs in by_strip.values():
        expected = [(-0.0615, -0.0275), (-0.0615, 0.0615), (0.0275, 0.0615)]
        # The opening lets the bars be held alone only if a finger goes between them.
        np.testing.assert_allclose(sorted(pairs), expected, atol=1.5 * PIXEL)
    narrow = Gripper(opening=0.05, max_lever=0.06, pad_width=0.01)
    _, _, holds = held(upright, gripper=narrow)
    widths = [right - left for _, _, d, v, left, right, *_ in each_hold(holds) if d == 0]
    assert widths
    assert max(widths) < 0.05


def comb(teeth, pitch, width):
    """Teeth that point up from a back below."""
    length = (teeth - 1) * pitch + width
    back = shapely.box(-length / 2, -0.04, length / 2, -0.02)
    starts = -length / 2 + pitch * np.arange(teeth)
    return shapely.union_all([back, *(shapely.box(x, -0.02, x + width, 0.03) for x in starts)])


def holds_across(part, gripper):
    """Left and right touches of the holds across the teeth of a comb, strip by strip."""
    view, contacts, holds = held(part, gripper=gripper)

    def across(direction, v):
        return direction == 0 and 0.012 < v + float(view.centroid[0, 1]) < 0.02

    arrays = [values.numpy() for values in contacts]
    found = {
        strip: []
        for strip, _, direction, v, *_ in zip(*arrays, strict=True)
        if across(direction, v)
    }
    assert found
    for strip, _, direction, v, left, right, *_ in each_hold(holds):
        if across(direction, v):
            found[strip].append((left, right))
    return list(found.values())


@pytest.mark.parametrize("opening", [0.02, 0.033, 0.06, 0.08, 0.14])
def test_up_to_three_pieces_may_be_between_the_pads(opening):
    teeth = -0.0685 + 0.025 * np.arange(6)[:, None] + np.array([0.0, 0.012])
    gripper = Gripper(opening=opening, finger_thickness=0.006, pad_width=0.008)
    # Where both fingers are clear, and what is then between the pads.
    expected = set()
    for u in np.arange(-0.15, 0.15, 0.0005):
        low, high = u - 0.5 * opening, u + 0.5 * opening
        fingers = np.array([[low - 0.006, low], [high, high + 0.006]])
        meets = (teeth[:, None, 0] < fingers[:, 1]) & (teeth[:, None, 1] > fingers[:, 0])
        between = np.flatnonzero((teeth[:, 0] >= low) & (teeth[:, 1] <= high))
        if not meets.any() and 1 <= len(between) <= 3:
            expected.add((teeth[between[0], 0], teeth[between[-1], 1]))
    assert expected
    for pairs in holds_across(comb(6, 0.025, 0.012), gripper):
        np.testing.assert_allclose(sorted(pairs), sorted(expected), atol=1.5 * PIXEL)


@pytest.mark.parametrize(("thickness", "stands"), [(0.014, True), (0.022, False)])
def test_a_finger_stands_between_two_pieces_only_if_it_is_thinner_than_their_gap(thickness, stands):
    gripper = Gripper(opening=0.022, finger_thickness=thickness, pad_width=0.008)
    # Three teeth 18 mm apart: the one in the middle needs a finger on either side.
    for pairs in holds_across(comb(3, 0.036, 0.018), gripper):
        assert any(left < 0 < right for left, right in pairs) == stands


def test_holds_come_in_order_of_their_strips_and_the_last_one_is_wider_than_any_jaw():
    view, contacts, holds = held(lying("H"), None, lying("X"))
    strip, state, direction, v, left, right = (values.numpy() for values in holds[:-1])
    assert np.all(np.diff(strip) >= 0)
    assert set(state[:-1]) == {0, 2}
    assert np.all(left < right)
    assert right[-1] - left[-1] == pytest.approx(2.0)
    assert state[-1] == 2
    belief = Belief(holds.beliefs)
    assert belief.greatest[-1] < belief.least[-1]
    known = {
        (int(s), float(b)): (int(n), int(d), float(p))
        for s, n, d, p, b, _ in zip(*(values.numpy() for values in contacts), strict=True)
    }
    for k in range(0, len(strip), 50):
        expected = int(state[k]), int(direction[k]), float(v[k])
        assert known[int(strip[k]), float(left[k])] == expected
    half_pitch = 0.5 * strip_grid(view).pitch.numpy()[state]
    np.testing.assert_allclose(belief.half_pitch, half_pitch)


def test_an_empty_picture_and_an_object_too_wide_have_no_hold():
    assert each_hold(held(None)[2]) == []
    wide = shapely.Point(0.0, 0.0).buffer(0.05)
    assert each_hold(held(wide, gripper=Gripper(opening=0.05))[2]) == []


def test_the_holds_of_a_state_do_not_depend_on_the_others():
    observation = observation_of(
        lying("H"), lying("X"), gripper=[Gripper(max_lever=0.06), Gripper(pad_width=0.008)]
    )
    _, _, together = held(observation=observation)
    for state in range(2):
        _, _, alone = held(observation=of_state(observation, state))
        own = together.state.numpy()[:-1] == state
        for one, other in zip(together[3:], alone[3:], strict=True):
            here, there = one.numpy()[:-1][own], other.numpy()[:-1]
            np.testing.assert_allclose(here, there, rtol=1e-4, atol=1e-5)
