import math

import numpy as np
import pytest
import shapely
import tensorflow as tf

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.networks.cell_density import cell_density
from fag_tf.environments.planar_grasp.networks.contact_network import Belief, ContactNetwork
from fag_tf.environments.planar_grasp.networks.hold_frame import Frame, Place
from fag_tf.environments.planar_grasp.networks.holds import find_holds
from fag_tf.environments.planar_grasp.networks.object_view import object_view
from fag_tf.environments.planar_grasp.networks.strips import HALF_TURN_STEP, scan, strip_grid
from reference.scan_scenes import latent_of, lying, observation_of, of_state, stirred

H = lying("H")
EDGE = shapely.affinity.translate(shapely.box(-0.03, -0.02, 0.03, 0.02), 0.118, -0.128)
WIDE = shapely.Point(0.0, 0.0).buffer(0.06)
GRIPPERS = [
    Gripper(max_lever=0.05),
    Gripper(opening=0.06, pad_width=0.012),
    Gripper(),
    Gripper(opening=0.04),
]
# An H, a block at a corner of the table, nothing, and a disc that is too wide.
OBSERVATION = observation_of(H, EDGE, None, WIDE, gripper=GRIPPERS)
LATENTS = latent_of(0, 4, 3000)


def network_of(size):
    network = ContactNetwork(24, 0)
    density_of(OBSERVATION, network)
    return stirred(network, size)


def holds_of(observation, network):
    view = object_view(observation)
    grid = strip_grid(view)
    return view, find_holds(view, grid, scan(view, grid), network)


def density_of(observation, network, sharpness=2.0):
    return cell_density(*holds_of(observation, network), sharpness)


def frame_of(density):
    """All holds of a density, each attribute `[H]`."""
    return Frame.of(density.rows)


def masses_of(density):
    """The mass of each hold's parts, `[H, 9]`."""
    return density.masses.numpy().astype(float).reshape(-1, 9)


def holds_in(density, state):
    """First hold of a state, and the number of its holds."""
    return int(density.first[state]), int(density.count[state])


@pytest.fixture(scope="module", params=[0.0, 0.3], ids=["untrained", "stirred"])
def network(request):
    return network_of(request.param)


@pytest.fixture(scope="module")
def density(network):
    return density_of(OBSERVATION, network)


def places_of(density, state, rng, count):
    """Grasps of one state uniform over a part of its strips, and whether their hold has them all.

    Uniform over the holds, the turns and shifts of a cell and the places u of a wide interval."""
    first, number = holds_in(density, state)
    hold = rng.integers(first, first + number, count)
    belief = frame_of(density).belief
    half_pitch = belief.half_pitch.numpy()[hold]
    turn = rng.uniform(-1, 1, count) * HALF_TURN_STEP
    shift = rng.uniform(-1, 1, count) * half_pitch
    low = belief.least.numpy()[hold] - 0.006
    high = belief.greatest.numpy()[hold] + 0.006
    u = rng.uniform(low, high)
    # Holds times the volume of each.
    volume = number * 2 * HALF_TURN_STEP * 2 * half_pitch * (high - low)
    place = [values[None].astype(np.float32) for values in (turn, shift, u)]
    return Place(hold[None].astype(np.int32), *place), volume


def log_density_at(density, state, place):
    """Of one state; those of the others are thrown away."""
    batch = len(density.first)
    spread = Place(*(np.repeat(values, batch, axis=0) for values in place))
    v = tf.gather(frame_of(density).v, spread.hold) + spread.shift
    return density.log_density(spread, tf.abs(v) <= GRIPPERS[state].max_lever).numpy()[state]


@pytest.mark.parametrize("state", [0, 1])
def test_the_density_of_all_holds_together_integrates_to_1(density, state):
    place, volume = places_of(density, state, np.random.default_rng(state), 200_000)
    values = np.exp(log_density_at(density, state, place)) * volume
    error = values.std() / math.sqrt(len(values))
    assert error < 0.015
    # Each part's mass is its volume at its middle, so it may differ as the interval is linear.
    assert abs(values.mean() - 1.0) < 4 * error


@pytest.mark.parametrize("state", [0, 1])
def test_what_is_drawn_has_the_density_that_is_stated(density, state):
    place, _, log_density = density.draw(LATENTS)
    mine = Place(*(values[state : state + 1].numpy() for values in place))
    found = log_density_at(density, state, mine)
    close = np.abs(found - log_density[state]) < 1e-3
    # Rounding puts what is drawn on the line between two parts into the other one.
    assert close.mean() > 0.998
    half_pitch = tf.gather(frame_of(density).belief.half_pitch, mine.hold)
    assert np.abs(mine.turn).max() <= HALF_TURN_STEP * 1.0001
    assert np.abs(mine.shift / half_pitch).max() <= 1.0001


@pytest.mark.parametrize("state", [0, 1])
def test_draws_fall_into_each_part_as_often_as_its_mass_says(density, state):
    count = 100_000
    latent = np.repeat(latent_of(1, 1, count), 4, axis=0)
    place, _, _ = density.draw(latent)
    hold, turn, shift = (values[state].numpy() for values in place[:3])
    frame = frame_of(density)
    half_pitch = frame.belief.half_pitch.numpy()[hold]
    thirds = [
        np.clip(np.floor(1.5 * (x + 1.0)), 0, 2).astype(int)
        for x in (turn / HALF_TURN_STEP, shift / half_pitch)
    ]
    masses = masses_of(density)
    first, number = holds_in(density, state)
    mine = slice(first, first + number)
    drawn = np.zeros_like(masses)
    np.add.at(drawn, (hold, 3 * thirds[0] + thirds[1]), 1.0)
    assert drawn.sum() == drawn[mine].sum()
    share = masses / masses[mine].sum()
    # By direction and part: some hundred numbers.
    direction = (frame.theta.numpy() / (2 * HALF_TURN_STEP)).astype(int)
    for part in range(9):
        for group in range(0, 60, 5):
            of_group = np.zeros(len(direction), bool)
            of_group[mine] = (direction[mine] >= group) & (direction[mine] < group + 5)
            expected = count * share[of_group, part].sum()
            error = math.sqrt(expected) + 0.001 * expected
            assert abs(drawn[of_group, part].sum() - expected) < 5 * error + 1


def test_a_part_has_the_mass_of_its_volume_times_the_probability_to_the_power_gamma(network):
    view, holds = holds_of(OBSERVATION, network)
    flat, sharp = (masses_of(cell_density(view, holds, gamma)) for gamma in (0.0, 3.0))
    belief = Belief(holds.beliefs)
    half_pitch = belief.half_pitch.numpy()
    for part in range(9):
        a, b = part // 3 - 1, part % 3 - 1
        turn, shift = a * 2 / 3 * HALF_TURN_STEP, b * 2 / 3 * half_pitch
        logit = belief.contact_logit(turn, shift).numpy().astype(float)
        weight = (1 + np.exp(-logit)) ** -3.0
        np.testing.assert_allclose(sharp[:, part], flat[:, part] * weight, rtol=1e-3, atol=1e-6)
        least, greatest, edge = belief.interval(turn, shift)
        half = np.maximum(0.5 * (greatest - least) - 1.5 * edge, 0.0)
        own = (holds.state.numpy() == 0) & (half > 1e-5)  # far from the table's edges
        lever = GRIPPERS[0].max_lever
        ends = [np.clip(holds.v + shift + side * half_pitch / 3, -lever, lever) for side in (-1, 1)]
        expected = 1e6 * half * (ends[1] - ends[0])
        np.testing.assert_allclose(flat[own, part], expected[own], rtol=1e-3, atol=1e-3)


def test_a_hold_stands_in_its_row_with_its_strip_and_its_object(network):
    view, holds = holds_of(OBSERVATION, network)
    frame = frame_of(cell_density(view, holds, 2.0))
    theta = (holds.direction.numpy() + 0.5) * math.pi / 60
    np.testing.assert_allclose(frame.theta, theta, rtol=1e-6)
    for one, other in zip(frame[2:5], (holds.v, holds.left, holds.right), strict=True):
        np.testing.assert_array_equal(one, other)
    state = holds.state.numpy()
    np.testing.assert_array_equal(frame.x, view.centroid.numpy()[state, 0])
    np.testing.assert_array_equal(frame.y, view.centroid.numpy()[state, 1])
    np.testing.assert_array_equal(frame.max_lever, view.gripper.numpy()[state, 5])
    np.testing.assert_array_equal(frame.belief.least, Belief(holds.beliefs).least)


def test_sums_over_holds_are_those_of_each_state(network):
    view, holds = holds_of(OBSERVATION, network)
    density = cell_density(view, holds, 2.0)
    state, masses = holds.state.numpy(), masses_of(density)
    for k in range(4):
        own = np.flatnonzero(state == k)
        first, count = holds_in(density, k)
        assert count == len(own)
        np.testing.assert_allclose(density.total[k], masses[own].sum(), rtol=1e-5)
        if len(own):
            assert first == own[0]
            of_holds = masses[own].sum(axis=1)
            below = density.below.numpy()[k]
            expected = np.cumsum(of_holds) - of_holds
            np.testing.assert_allclose(below[:count], expected, rtol=1e-4, atol=1e-3)
            np.testing.assert_allclose(below[count:], of_holds.sum(), rtol=1e-4)
    assert np.all(density.total.numpy()[2:] == 0.0)


def test_no_draw_lies_off_the_table_or_hangs_too_far_from_the_middle(density):
    place, frame, _ = density.draw(latent_of(2, 4, 20_000))
    v = frame.v[1] + place.shift[1]
    assert np.abs(v).max() <= GRIPPERS[1].max_lever + 1e-6
    theta = frame.theta[1] + place.turn[1]
    x, y = object_view(OBSERVATION).centroid[1].numpy()
    u = place.u[1].numpy()
    x = x + np.cos(theta) * u - np.sin(theta) * v
    y = y + np.sin(theta) * u + np.cos(theta) * v
    beyond = np.maximum(np.abs(x), np.abs(y)) - 0.15
    # A cell that the edge cuts may have some turns and shifts without a place on the table.
    assert np.mean(beyond > 1e-6) < 1e-3
    assert beyond.max() < 0.0005
    # Some lie at the edge: the object is nearer to it than half the opening.
    assert np.mean(np.abs(beyond) < 0.003) > 0.05


def test_what_no_hold_covers_has_no_density(density):
    place, _, _ = density.draw(LATENTS)
    mine = Place(*(values[:1].numpy() for values in place))
    assert np.all(log_density_at(density, 0, mine._replace(u=mine.u + 1.0)) == -np.inf)
    nothing = np.zeros((4, 5))
    none = Place(nothing.astype(np.int32), *([nothing.astype(np.float32)] * 3))
    assert np.all(density.log_density(none, tf.zeros([4, 5], tf.bool)) == -np.inf)


def test_the_density_is_finite_for_the_least_and_the_greatest_latents(density):
    ends = np.array(np.meshgrid([-1, 0, 1], [-1, 0, 1], [-1, 0, 1])).reshape(3, -1).T
    latent = np.repeat(ends[None].astype(np.float32), 4, axis=0)
    place, _, log_density = density.draw(latent)
    assert np.all(np.isfinite(log_density[:2]))
    for values in place[1:]:
        assert np.all(np.isfinite(values))
    hold = place.hold.numpy()[:2]
    for state in range(2):
        first, count = holds_in(density, state)
        assert np.all((hold[state] >= first) & (hold[state] < first + count))


@pytest.mark.parametrize("size", [0.0, 0.3, 2.0])
def test_the_gradient_is_finite_everywhere(size):
    network = network_of(size)
    with tf.GradientTape() as tape:
        density = density_of(OBSERVATION, network)
        place, _, _ = density.draw(LATENTS[:, :300])
        place = Place(place.hold, *(tf.stop_gradient(values) for values in place[1:]))
        loss = tf.zeros([])
        for off in (0.0, 0.003, 0.3):
            found = density.log_density(place._replace(u=place.u + off), place.u < 1.0)
            loss += tf.reduce_sum(tf.where(tf.math.is_finite(found), found, 0.0))
            loss += tf.reduce_sum(tf.exp(found))
    gradients = tape.gradient(loss, network.trainable_variables)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    assert any(np.any(gradient != 0.0) for gradient in gradients)


def in_order(view, holds, order):
    """The same states in another order, each with the very same holds."""
    own = [np.flatnonzero(holds.state == state) for state in order]
    held = type(holds)(*(tf.gather(values, np.concatenate(own)) for values in holds))
    state = np.repeat(np.arange(len(order), dtype=np.int32), [len(index) for index in own])
    seen = type(view)(*(tf.gather(values, order) for values in view))
    return seen, held._replace(state=tf.constant(state))


def test_neither_the_other_states_nor_the_other_latents_matter(network):
    """Bit by bit, for what the network believes."""
    order = [3, 1, 0, 2, 1]
    view, holds = holds_of(OBSERVATION, network)
    density = cell_density(view, holds, 2.0)
    place, frame, log_density = density.draw(LATENTS)
    again = cell_density(*in_order(view, holds, order), 2.0).draw(LATENTS[order])
    here, there = ((*p[1:], f.left, f.x, d) for p, f, d in ((place, frame, log_density), again))
    for one, other in zip(here, there, strict=True):
        for k, state in enumerate(order):
            if state < 2:  # the others are without a hold
                np.testing.assert_array_equal(one[state], other[k])
    fewer = density.draw(LATENTS[:, 7:9])
    for one, other in zip((*place, log_density), (*fewer[0], fewer[2]), strict=True):
        np.testing.assert_array_equal(one[:, 7:9], other)


def test_the_draws_of_a_state_do_not_depend_on_the_batch_that_the_network_judged(network):
    """Products of matrices of other sizes are rounded otherwise, so not bit by bit."""
    order = [3, 1, 0, 2, 1]
    place, _, log_density = density_of(OBSERVATION, network).draw(LATENTS)
    again = density_of(of_state(OBSERVATION, *order), network).draw(LATENTS[order])
    here, there = ((*p[1:], d) for p, d in ((place, log_density), again[::2]))
    for one, other in zip(here, there, strict=True):
        for k, state in enumerate(order):
            if state < 2:
                # Rounding may put a latent on the line between two parts into the other one.
                apart = np.abs(one[state].numpy() - other[k])
                assert np.mean(apart < 1e-3 * np.abs(one[state]) + 1e-6) > 0.998


def test_what_is_drawn_comes_with_the_row_of_its_hold(density):
    place, frame, _ = density.draw(LATENTS)
    whole = frame_of(density)
    for one, other in zip(frame[1:], whole[1:], strict=True):
        np.testing.assert_array_equal(one, tf.gather(other, place.hold))
    np.testing.assert_array_equal(
        frame.belief.contact_logit(place.turn, place.shift),
        Frame.of(tf.gather(density.rows, place.hold)).belief.contact_logit(place.turn, place.shift),
    )


def test_a_third_latent_moves_the_jaw_alone_and_a_second_one_the_pads(density):
    latent = LATENTS[:, :200].copy()
    before, _, _ = density.draw(latent)
    latent[..., 2] *= -1.0
    moved, _, _ = density.draw(latent)
    for one, other in zip(before[:3], moved[:3], strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.mean(moved.u != before.u) > 0.4
    latent[..., 1] *= -1.0
    shifted, _, _ = density.draw(latent)
    np.testing.assert_array_equal(shifted.hold, before.hold)
    np.testing.assert_array_equal(shifted.turn, before.turn)


def test_draws_are_spread_evenly_over_a_part(density):
    """As the latents are, so that the density within a part is even."""
    latent = np.repeat(latent_of(5, 1, 50_000), 4, axis=0)
    place, frame, _ = density.draw(latent)
    a = place.turn[0] / HALF_TURN_STEP
    within = np.mod(1.5 * (a + 1.0), 1.0)
    counts, _ = np.histogram(within, bins=10, range=(0, 1))
    assert np.abs(counts - 5000).max() < 5 * math.sqrt(5000)
    lever = GRIPPERS[0].max_lever
    half_pitch = frame.belief.half_pitch.numpy()[0]
    whole = np.abs(frame.v.numpy()[0]) + half_pitch < lever
    within = np.mod(1.5 * (place.shift[0].numpy() / half_pitch + 1.0), 1.0)[whole]
    counts, _ = np.histogram(within, bins=10, range=(0, 1))
    assert np.abs(counts - len(within) / 10).max() < 5 * math.sqrt(len(within) / 10)
