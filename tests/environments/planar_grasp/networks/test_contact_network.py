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
    w, (least, greatest, left, right, half_pitch) = row[:13].astype(float), row[13:].astype(float)
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


@settings(max_examples=50, deadline=None)
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
    first, last, left, right, _ = rows[:, 13:].T
    assert np.abs(least - (first + right * HALF_TURN_STEP)).max() <= 0.002 + 1e-6
    assert np.abs(greatest - (last + left * HALF_TURN_STEP)).max() <= 0.002 + 1e-6
    assert 0.0006 * np.exp(-2.001) <= edge.numpy().min() < edge.numpy().max()
    assert edge.numpy().max() <= 0.0006 * np.exp(2.001)
    log_probability = belief.log_probability(HALF_TURN_STEP, HALF_PITCH, 0.3)
    assert np.all(np.isfinite(log_probability))


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
        self.profiles = rng.random((2, 7, 2, *READINGS), np.float32)
        self.v, self.least = rng.uniform(-0.03, 0.03, (2, 2, 7)).astype(np.float32)
        self.places = rng.uniform(-0.01, 0.01, (2, 7, 2)).astype(np.float32)
        self.width = rng.uniform(0.0, 0.08, (2, 7)).astype(np.float32)

    def judged(self, network, profiles=None):
        """The rows of all holds, `[2, 7, NUM_BELIEFS]`."""
        read = self.profiles if profiles is None else profiles
        codes = network.encode(self.view, None, tf.constant(read), self.v)
        ends = self.least, self.least + 0.02
        half_pitch = tf.fill([2, 7], np.float32(HALF_PITCH))
        return network.judged(
            self.view, None, codes, self.places, self.v, self.width, ends, half_pitch
        )

    def judged_together(self, network):
        """The same for a list of holds with the numbers of their states."""
        state = tf.constant(np.repeat([0, 1], 7), tf.int32)

        def flat(values):
            return tf.constant(values.reshape(14, *values.shape[2:]))

        codes = network.encode(self.view, state, flat(self.profiles), flat(self.v))
        ends = flat(self.least), flat(self.least) + 0.02
        arguments = flat(self.places), flat(self.v), flat(self.width), ends
        half_pitch = tf.fill([14], np.float32(HALF_PITCH))
        return network.judged(self.view, state, codes, *arguments, half_pitch)


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
    assert rows.shape == (2, 7, NUM_BELIEFS)
    least, greatest, left, right, half_pitch = np.moveaxis(rows[..., 13:], -1, 0)
    np.testing.assert_array_equal(least, hold.least)
    np.testing.assert_array_equal(greatest, hold.least + np.float32(0.02))
    # The touches are in the frame of the object.
    np.testing.assert_allclose(left, hold.v + hold.places[..., 0], rtol=1e-6)
    np.testing.assert_allclose(right, hold.v + hold.places[..., 1], rtol=1e-6)
    np.testing.assert_array_equal(half_pitch, np.float32(HALF_PITCH))


def test_holds_may_be_given_state_by_state_or_with_the_numbers_of_their_states():
    hold, networks = Hold(), [ContactNetwork(24, 0) for _ in range(2)]
    hold.judged(networks[0])
    hold.judged_together(networks[1])
    one = hold.judged(stirred(networks[0], 0.3)).numpy()
    other = hold.judged_together(stirred(networks[1], 0.3))
    np.testing.assert_allclose(one.reshape(14, -1), other, rtol=1e-4, atol=1e-5)


def test_both_contacts_count_and_each_by_its_own_profile(network):
    hold = Hold()
    before = hold.judged(network)[..., :13].numpy()
    exchanged = hold.judged(network, hold.profiles[:, :, ::-1])[..., :13].numpy()
    assert np.abs(exchanged - before).max() > 1e-2
    for side in (0, 1):
        profiles = hold.profiles.copy()
        profiles[0, 3, side] = 1.0 - profiles[0, 3, side]
        found = hold.judged(network, profiles)[..., :13].numpy()
        changed = np.abs(found - before).max(axis=-1) > 1e-4
        assert changed[0, 3]
        assert changed.sum() == 1


def test_both_contacts_are_read_by_the_same_layers(network):
    hold = Hold()
    codes, exchanged = (
        network.encode(hold.view, None, tf.constant(read), hold.v)
        for read in (hold.profiles, hold.profiles[:, :, ::-1].copy())
    )
    assert codes.shape == (2, 7, 2, 4)
    np.testing.assert_allclose(codes, exchanged[:, :, ::-1], rtol=1e-5, atol=1e-6)


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
