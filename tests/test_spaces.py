import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, ArraySpec, Axis
from reference.execution import every_execution

GRASPS = ActionSpace(
    [
        Axis("x", -0.15, 0.15, "m"),
        Axis("y", -0.10, 0.20, "m"),
        Axis("theta", 0.0, np.pi, "rad", periodic=True),
    ]
)
HEADINGS = ActionSpace([Axis("a", -np.pi, np.pi, "rad", True), Axis("b", 1.0, 3.0, "1", True)])

values = st.floats(-50.0, 50.0, allow_nan=False)
several = hnp.arrays(np.float64, (7, 3), elements=values)
several_singles = hnp.arrays(np.float32, (7, 3), elements=st.floats(-50, 50, width=32))


# Laws -------------------------------------------------------------------------------------------


@given(several)
def test_wrapping_twice_is_wrapping_once(actions):
    once = GRASPS.wrap(actions)
    np.testing.assert_array_equal(GRASPS.wrap(once), once)


@given(several)
def test_wrapping_brings_periodic_axes_into_the_half_open_range_and_leaves_others(actions):
    wrapped = GRASPS.wrap(actions)
    assert np.all((wrapped[:, 2] >= 0.0) & (wrapped[:, 2] < np.pi))
    np.testing.assert_array_equal(wrapped[:, :2], actions[:, :2])


@given(several_singles)
def test_wrapping_single_precision_keeps_type_range_and_place(actions):
    wrapped = GRASPS.wrap(actions)
    assert wrapped.dtype == np.float32
    assert np.all((wrapped[:, 2] >= 0.0) & (wrapped[:, 2] <= np.float32(np.pi)))
    apart = GRASPS.difference(wrapped.astype(float), actions.astype(float))
    np.testing.assert_allclose(apart, 0.0, atol=1e-6)


@given(several)
def test_wrapping_moves_by_whole_periods(actions):
    turns = (GRASPS.wrap(actions) - actions)[:, 2] / np.pi
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)


@given(several, several)
def test_difference_is_antisymmetric_and_short(a, b):
    there, back = GRASPS.difference(a, b), GRASPS.difference(b, a)
    assert np.all(np.abs(there[:, 2]) <= 0.5 * np.pi + 1e-12)
    # Half a period apart both ways are equally short, and either may be given.
    opposite = np.abs(np.abs(there[:, 2]) - 0.5 * np.pi) < 1e-9
    np.testing.assert_allclose(there[:, :2], -back[:, :2])
    np.testing.assert_allclose(there[~opposite], -back[~opposite], atol=1e-9)


@given(several, several)
def test_difference_leads_from_one_action_to_the_other(a, b):
    arrived = b + GRASPS.difference(a, b)
    np.testing.assert_allclose(GRASPS.difference(arrived, a), 0.0, atol=1e-9)


@given(several, st.integers(-5, 5))
def test_difference_does_not_see_whole_periods(a, turns):
    turned = a + np.array([0.0, 0.0, turns * np.pi])
    np.testing.assert_allclose(GRASPS.difference(turned, a), 0.0, atol=1e-9)


@given(several)
def test_denormalise_is_the_inverse_of_normalise(actions):
    back = GRASPS.denormalise(GRASPS.normalise(actions))
    np.testing.assert_allclose(back, actions, atol=1e-9)


# Examples ---------------------------------------------------------------------------------------


@every_execution
def test_tensors_are_scaled_as_arrays_are_and_keep_their_type(run):
    coordinates = np.random.default_rng(0).uniform(-1.0, 1.0, (5, 3)).astype(np.float32)
    actions = run(GRASPS.denormalise)(tf.constant(coordinates))
    assert actions.dtype == tf.float32
    np.testing.assert_allclose(actions, GRASPS.denormalise(coordinates), atol=1e-7)
    back = run(GRASPS.normalise)(actions)
    assert back.dtype == tf.float32
    np.testing.assert_allclose(back, coordinates, atol=1e-6)


def test_the_ends_of_the_axes_normalise_to_minus_one_and_one():
    np.testing.assert_allclose(GRASPS.normalise(GRASPS.low), -1.0)
    np.testing.assert_allclose(GRASPS.normalise(GRASPS.high), 1.0)
    np.testing.assert_allclose(GRASPS.normalise(GRASPS.centre), 0.0)


def test_the_volume_is_the_product_of_the_widths():
    assert GRASPS.volume == pytest.approx(0.3 * 0.3 * np.pi)
    assert GRASPS.dim == 3


def test_the_high_end_of_a_periodic_axis_wraps_to_the_low_one():
    assert HEADINGS.wrap(np.array([np.pi, 3.0])).tolist() == [-np.pi, 1.0]
    assert HEADINGS.wrap(np.array([-4.0, 3.25])).tolist() == pytest.approx([-4.0 + 2 * np.pi, 1.25])


def test_a_tiny_negative_angle_wraps_into_the_range():
    assert GRASPS.wrap(np.array([0.0, 0.0, -1e-30])).tolist() == [0.0, 0.0, 0.0]


def test_difference_goes_the_short_way_round():
    a, b = np.array([0.1, 0.0, 0.05]), np.array([0.0, 0.0, np.pi - 0.05])
    np.testing.assert_allclose(GRASPS.difference(a, b), [0.1, 0.0, 0.1])


def test_a_space_contains_its_ends_and_every_finite_angle():
    actions = np.array(
        [[0.15, 0.2, 0.0], [-0.15, -0.1, 99.0], [0.151, 0, 0], [0, 0, np.nan], [0, 0, np.inf]]
    )
    assert GRASPS.contains(actions).tolist() == [True, True, False, False, False]


def test_samples_are_uniform_single_precision_actions_within_the_space():
    samples = GRASPS.sample(np.random.default_rng(0), (4, 5000))
    assert samples.shape == (4, 5000, 3)
    assert samples.dtype == np.float32
    assert GRASPS.contains(samples).all()
    unit = GRASPS.normalise(samples).reshape(-1, 3)
    n = len(unit)
    np.testing.assert_allclose(unit.mean(axis=0), 0.0, atol=5 / np.sqrt(3 * n))
    np.testing.assert_allclose((unit**2).mean(axis=0), 1 / 3, atol=5 * np.sqrt(4 / 45 / n))
    assert GRASPS.sample(np.random.default_rng(0), 7).shape == (7, 3)


def test_spaces_differ_if_an_axis_does():
    again = ActionSpace(GRASPS.axes)
    assert again == GRASPS
    assert hash(again) == hash(GRASPS)
    assert GRASPS != HEADINGS
    assert ActionSpace([Axis("a", 0.0, 1.0)]) != ActionSpace([Axis("a", 0.0, 1.0, "m")])


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0), (0.0, np.inf), (np.nan, 1.0)])
def test_an_axis_without_extent_is_refused(ends):
    with pytest.raises(InputError, match=f"'a'.*{ends[0]}.*{ends[1]}"):
        Axis("a", *ends)


def test_a_space_without_axes_or_with_two_of_one_name_is_refused():
    with pytest.raises(InputError):
        ActionSpace([])
    with pytest.raises(InputError, match=r"\['a', 'a'\]"):
        ActionSpace([Axis("a", 0.0, 1.0), Axis("a", 0.0, 2.0)])


def test_embedded_distances_are_those_of_the_actions():
    space = ActionSpace([Axis("turn", 0.0, 2.0, periodic=True), Axis("a", -3.0, 3.0)])
    points = space.embed(np.array([[0.0, 0.0], [1.999, 0.0], [0.001, 1.5], [1.0, 0.0]]))
    assert points.shape == (4, 3)
    apart = np.linalg.norm(points[0] - points[1:], axis=-1)
    assert apart == pytest.approx([0.001, 0.5, 2.0 / np.pi], abs=1e-5)  # the chord of half a turn


@pytest.mark.parametrize(
    ("shape", "names", "units", "message"),
    [
        ((5, 3), ("x", "y"), (), r"\(5, 3\) has 2 names"),
        ((), ("x",), (), r"\(\) has 1 names"),
        ((2,), ("x", "y"), ("m",), "2 names have 1 units"),
        ((2,), (), ("m", "m"), "0 names have 2 units"),
    ],
)
def test_names_and_units_fit_the_last_axis(shape, names, units, message):
    with pytest.raises(InputError, match=message):
        ArraySpec(shape, names=names, units=units)
