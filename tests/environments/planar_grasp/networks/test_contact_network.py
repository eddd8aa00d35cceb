import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.networks.contact_network import (
    NUM_BELIEFS,
    Belief,
    ContactNetwork,
    beliefs_at,
)
from fag_tf.environments.planar_grasp.networks.object_view import object_view
from fag_tf.environments.planar_grasp.networks.strips import HALF_TURN_STEP
from reference.execution import every_execution
from reference.scan_scenes import lying, observation_of, stirred

GRIPPERS = [Gripper(), Gripper(opening=0.05, pad_width=0.01, friction=0.9, compliance=0.002)]
HALF_PITCH = 0.0015
READINGS = (5, 11)


def rows_of(seed=0, count=4, size=1.0):
    """Rows of holds with any outputs of a network."""
    rng = np.random.default_rng(seed)
    bounds = [(-0.05, 0.0), (0.0, 0.05), (-0.06, 0.06), (-0.06, 0.06)]
    known = [size * rng.normal(size=(count, 13))]
    known += [rng.uniform(low, high, (count, 1)) for low, high in bounds]
    known.append(np.full((count, 1), HALF_PITCH))
    return np.concatenate(known, axis=-1).astype(np.float32)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def plain_belief(row, turn, shift):
    """Logit of the contacts, ends of the interval and width of its edges, of one hold."""
    w, (least, greatest, right, left, half_pitch) = row[:13].astype(float), row[13:].astype(float)
    a, b = turn / HALF_TURN_STEP, shift / half_pitch
    logit = 2.0 + w[0] + w[1] * a + w[2] * b + w[3] * a * a + w[4] * a * b + w[5] * b * b
    low, high = (
        end + touch * turn + 0.002 * np.tanh(0.5 * of_ends)
        for end, touch, of_ends in (
            (least, right, w[6] + w[7] * a + w[8] * b),
            (greatest, left, w[9] + w[10] * a + w[11] * b),
        )
    )
    return logit, low, high, 0.0006 * np.exp(2.0 * np.tanh(0.5 * w[12]))


@settings(max_examples=50)
@given(st.integers(0, 1000), st.floats(-1, 1), st.floats(-1, 1), st.floats(-0.06, 0.06))
def test_a_belief_is_quadratic_in_turn_and_shift_and_falls_off_at_the_ends(seed, a, b, u):
    rows = rows_of(seed)
    belief = Belief(tf.constant(rows))
    turn, shift = a * HALF_TURN_STEP, b * HALF_PITCH
    logit = belief.contact_logit(turn, shift)
    least, greatest, edge = belief.interval(turn, shift)
    log_probability = belief.log_probability(turn, shift, u)
    for hold in range(4):
        expected = plain_belief(rows[hold], turn, shift)
        found = [float(values[hold]) for values in (logit, least, greatest, edge)]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        wanted, low, high, wide = expected
        probability = sigmoid(wanted) * sigmoid((u - low) / wide) * sigmoid((high - u) / wide)
        assert np.exp(log_probability[hold]) == pytest.approx(probability, rel=1e-2, abs=1e-6)


def test_what_a_network_can_change_of_an_interval_is_bounded():
    rows = rows_of(3, 200, size=30.0)
    belief = Belief(tf.constant(rows))
    least, greatest, edge = belief.interval(HALF_TURN_STEP, HALF_PITCH)
    first, last, right, left, _ = rows[:, 13:].T
    assert np.abs(least - (first + right * HALF_TURN_STEP)).max() <= 0.002 + 1e-6
    assert np.abs(greatest - (last + left * HALF_TURN_STEP)).max() <= 0.002 + 1e-6
    assert 0.0006 * np.exp(-2.001) <= edge.numpy().min() < edge.numpy().max()
    assert edge.numpy().max() <= 0.0006 * np.exp(2.001)
    log_probability = belief.log_probability(HALF_TURN_STEP, HALF_PITCH, 0.3)
    assert np.all(np.isfinite(log_probability))


def test_without_a_turn_and_a_shift_it_is_the_same_belief():
    belief = Belief(tf.constant(rows_of(5, 50)))
    u = np.linspace(-0.06, 0.06, 50, dtype=np.float32)
    expected = belief.log_probability(0.0, 0.0, u)
    np.testing.assert_allclose(belief.log_probability_here(u), expected, rtol=1e-5, atol=1e-6)


def test_the_same_turns_and_shifts_of_all_holds_give_what_each_of_them_gives():
    rows = tf.constant(rows_of(6, 30))
    a, b = np.float32([-0.7, 0.0, 0.3, 1.0]), np.float32([0.2, 0.0, -1.0, 1.0])
    found = beliefs_at(rows, a, b)
    belief = Belief(rows)
    for i in range(4):
        turn, shift = a[i] * HALF_TURN_STEP, b[i] * HALF_PITCH
        expected = belief.contact_logit(turn, shift), *belief.interval(turn, shift)
        for one, other in zip(
            (*(part[i] for part in found[:3]), found[3][0]), expected, strict=True
        ):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_beliefs_are_taken_by_number_and_asked_about_several_places_at_once():
    rows = tf.constant(rows_of(4))
    belief, some = Belief(rows), Belief(tf.gather(rows, tf.constant([[3, 0], [1, 1]])))
    np.testing.assert_array_equal(some.least[0, 1], belief.least[0])
    np.testing.assert_array_equal(some.greatest[1, 1], belief.greatest[1])
    np.testing.assert_array_equal(some.half_pitch[0, 0], belief.half_pitch[3])
    turns = tf.constant([-0.01, 0.0, 0.02])
    several = Belief(rows[:, None]).contact_logit(turns, 0.001)
    assert several.shape == (4, 3)
    for k in range(3):
        np.testing.assert_allclose(
            several[:, k], belief.contact_logit(turns[k], 0.001), rtol=1e-5, atol=1e-5
        )


# The network ------------------------------------------------------------------------------------


class Hold:
    """Arguments for the network, of seven holds in each of two states."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.view = object_view(observation_of(lying("H"), lying("X"), gripper=GRIPPERS))
        self.state = np.repeat(np.arange(2, dtype=np.int32), 7)
        self.profiles = rng.random((2, 14, np.prod(READINGS)), np.float32)
        self.v, self.least = rng.uniform(-0.03, 0.03, (2, 14)).astype(np.float32)
        self.places = rng.uniform(-0.01, 0.01, (2, 14)).astype(np.float32)
        self.width = rng.uniform(0.0, 0.08, 14).astype(np.float32)

    def codes(self, network, profiles=None):
        """Codes of the left and of the right contacts, `[2, 14, E]`."""
        read = (self.profiles if profiles is None else profiles).reshape(28, -1)
        found = network.encode(self.view, self.state, tf.constant(read), self.v)
        return tf.reshape(found, [2, 14, -1])

    def judged(self, network, profiles=None):
        """The rows of all holds, `[14, NUM_BELIEFS]`."""
        codes = tf.concat(tf.unstack(self.codes(network, profiles)), axis=1)
        ends = self.least, self.least + 0.02
        half_pitch = tf.fill([14], np.float32(HALF_PITCH))
        arguments = self.places, self.v, self.width, ends, half_pitch
        return network.judged(self.view, self.state, codes, *arguments)


@pytest.fixture(scope="module")
def network():
    made = ContactNetwork(24, 0)
    Hold().judged(made)
    return stirred(made, 0.3)


def test_an_untrained_network_believes_in_every_hold_and_in_the_interval_of_the_scan():
    hold = Hold()
    belief = Belief(hold.judged(ContactNetwork(96, 5)))
    logit = belief.contact_logit(0.0, 0.0).numpy()
    assert np.all(np.abs(logit - 2.0) < 0.5)
    least, greatest, edge = belief.interval(0.0, 0.0)
    np.testing.assert_allclose(least, hold.least, atol=3e-4)
    np.testing.assert_allclose(greatest, hold.least + 0.02, atol=3e-4)
    np.testing.assert_allclose(edge, 0.0006, rtol=0.5)


def test_a_row_ends_with_what_the_scan_and_the_touches_say(network):
    hold = Hold()
    rows = hold.judged(network).numpy()
    assert rows.shape == (14, NUM_BELIEFS)
    least, greatest, right, left, half_pitch = np.moveaxis(rows[..., 13:], -1, 0)
    np.testing.assert_array_equal(least, hold.least)
    np.testing.assert_array_equal(greatest, hold.least + np.float32(0.02))
    # The touches are in the frame of the object.
    np.testing.assert_allclose(left, hold.v + hold.places[0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(right, hold.v + hold.places[1], rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(half_pitch, np.float32(HALF_PITCH))


def test_both_contacts_count_and_each_by_its_own_profile(network):
    hold = Hold()
    before = hold.judged(network)[..., :13].numpy()
    exchanged = hold.judged(network, hold.profiles[::-1])[..., :13].numpy()
    assert np.abs(exchanged - before).max() > 1e-2
    for side in (0, 1):
        profiles = hold.profiles.copy()
        profiles[side, 3] = 1.0 - profiles[side, 3]
        found = hold.judged(network, profiles)[..., :13].numpy()
        changed = np.abs(found - before).max(axis=-1) > 1e-4
        assert changed[3]
        assert changed.sum() == 1


def test_both_contacts_are_read_by_the_same_layers(network):
    hold = Hold()
    codes, exchanged = hold.codes(network), hold.codes(network, hold.profiles[::-1])
    assert codes.shape == (2, 14, 4)
    np.testing.assert_allclose(codes, exchanged[::-1], rtol=1e-5, atol=1e-6)


def test_a_belief_depends_on_every_number_of_the_gripper(network):
    hold = Hold()
    before = hold.judged(network)[..., :13].numpy()
    for number in range(6):
        factor = np.ones(6, np.float32)
        factor[number] = 1.3
        other = Hold()
        other.view = hold.view._replace(gripper=hold.view.gripper * factor)
        assert np.abs(other.judged(network)[..., :13] - before).max() > 1e-4


def test_a_network_has_the_width_that_it_is_given():
    network = ContactNetwork(48, 0)
    Hold().judged(network)
    shapes = [tuple(variable.shape) for variable in network.trainable_variables]
    assert shapes[::2] == [(5 * 11 + 5, 16), (16, 8), (33, 24), (24, 16), (16, 13)]
    Hold().judged(ContactNetwork(1, 0))


def test_equal_seeds_give_equal_networks_and_others_others():
    first, again, other = (Hold().judged(ContactNetwork(12, seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_gradients_reach_all_weights(network):
    hold = Hold()
    with tf.GradientTape() as tape:
        belief = Belief(hold.judged(network))
        loss = tf.reduce_sum(belief.log_probability(0.01, 0.0005, hold.least + 0.005))
    gradients = tape.gradient(loss, network.trainable_variables)
    assert all(np.all(np.isfinite(g)) and np.any(g != 0.0) for g in gradients)


@every_execution
def test_a_belief_is_the_same_however_it_is_run(run, network):
    hold = Hold()
    expected, found = hold.judged(network), run(lambda: hold.judged(network))()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
