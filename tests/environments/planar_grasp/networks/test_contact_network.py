import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.networks.contact_network import Belief, ContactNetwork
from fag_tf.environments.planar_grasp.networks.object_view import object_view
from fag_tf.environments.planar_grasp.networks.strips import CONTACT_FEATURES, HALF_TURN_STEP
from reference.execution import every_execution
from reference.scan_scenes import lying, observation_of, stirred

GRIPPERS = [Gripper(), Gripper(opening=0.05, pad_width=0.01, friction=0.9, compliance=0.002)]
HALF_PITCH = 0.0015


def belief_of(seed=0, count=4, size=1.0):
    """Beliefs of holds with any outputs of a network."""
    rng = np.random.default_rng(seed)

    def drawn(low, high, *shape):
        return tf.constant(rng.uniform(low, high, (count, *shape)), tf.float32)

    return Belief(
        tf.constant(size * rng.normal(size=(count, 13)), tf.float32),
        drawn(-0.05, 0.0),
        drawn(0.0, 0.05),
        drawn(-0.06, 0.06),
        drawn(-0.06, 0.06),
        tf.fill([count], np.float32(HALF_PITCH)),
    )


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def plain_belief(belief, hold, turn, shift):
    """Logit of the contacts, ends of the interval and width of its edges, of one hold."""
    w = belief.output.numpy()[hold].astype(float)
    a, b = turn / HALF_TURN_STEP, shift / HALF_PITCH
    logit = 2.0 + w[0] + w[1] * a + w[2] * b + w[3] * a * a + w[4] * a * b + w[5] * b * b
    least, greatest = (
        float(end[hold]) + float(touch[hold]) * turn + 0.002 * np.tanh(0.5 * of_ends)
        for end, touch, of_ends in (
            (belief.least, belief.right, w[6] + w[7] * a + w[8] * b),
            (belief.greatest, belief.left, w[9] + w[10] * a + w[11] * b),
        )
    )
    return logit, least, greatest, 0.0006 * np.exp(2.0 * np.tanh(0.5 * w[12]))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.floats(-1, 1), st.floats(-1, 1), st.floats(-0.06, 0.06))
def test_a_belief_is_quadratic_in_turn_and_shift_and_falls_off_at_the_ends(seed, a, b, u):
    belief = belief_of(seed)
    turn, shift = a * HALF_TURN_STEP, b * HALF_PITCH
    logit = belief.contact_logit(turn, shift)
    least, greatest, edge = belief.interval(turn, shift)
    log_probability = belief.log_probability(turn, shift, u)
    for hold in range(4):
        expected = plain_belief(belief, hold, turn, shift)
        found = [float(values[hold]) for values in (logit, least, greatest, edge)]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        wanted, low, high, wide = expected
        probability = sigmoid(wanted) * sigmoid((u - low) / wide) * sigmoid((high - u) / wide)
        assert np.exp(log_probability[hold]) == pytest.approx(probability, rel=1e-2, abs=1e-6)


def test_what_a_network_can_change_of_an_interval_is_bounded():
    belief = belief_of(3, 200, size=30.0)
    least, greatest, edge = belief.interval(HALF_TURN_STEP, HALF_PITCH)
    turned = belief.least + belief.right * HALF_TURN_STEP
    assert np.abs(least - turned).max() <= 0.002 + 1e-6
    turned = belief.greatest + belief.left * HALF_TURN_STEP
    assert np.abs(greatest - turned).max() <= 0.002 + 1e-6
    assert 0.0006 * np.exp(-2.001) <= edge.numpy().min() < edge.numpy().max()
    assert edge.numpy().max() <= 0.0006 * np.exp(2.001)
    log_probability = belief.log_probability(HALF_TURN_STEP, HALF_PITCH, 0.3)
    assert np.all(np.isfinite(log_probability))


def test_beliefs_are_taken_by_number_and_asked_about_several_places_at_once():
    belief = belief_of(4)
    some = belief.at(tf.constant([[3, 0], [1, 1]]))
    np.testing.assert_array_equal(some.left[0, 1], belief.left[0])
    np.testing.assert_array_equal(some.output[1, 1], belief.output[1])
    turns = tf.constant([-0.01, 0.0, 0.02])
    several = belief.expanded().contact_logit(turns, 0.001)
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
        self.profiles = rng.random((2, 2, 7, CONTACT_FEATURES), np.float32)
        self.v, self.least = rng.uniform(-0.03, 0.03, (2, 2, 7)).astype(np.float32)
        self.places = rng.uniform(-0.01, 0.01, (2, 2, 7)).astype(np.float32)
        self.width = rng.uniform(0.0, 0.08, (2, 7)).astype(np.float32)

    def judged(self, network, profiles=None):
        codes = [network.encode(self.view, None, p, self.v) for p in (profiles or self.profiles)]
        ends = self.least, self.least + 0.02
        half_pitch = tf.fill([2, 7], np.float32(HALF_PITCH))
        return network.belief(
            self.view, None, codes, self.places, self.v, self.width, *ends, half_pitch
        )

    def judged_together(self, network):
        """The same for a list of holds with the numbers of their states."""
        state = tf.constant(np.repeat([0, 1], 7), tf.int32)

        def flat(values):
            return values.reshape(14, *values.shape[2:])

        codes = [network.encode(self.view, state, flat(p), flat(self.v)) for p in self.profiles]
        arguments = flat(self.v), flat(self.width), flat(self.least), flat(self.least) + 0.02
        places = [flat(place) for place in self.places]
        half_pitch = tf.fill([14], np.float32(HALF_PITCH))
        return network.belief(self.view, state, codes, places, *arguments, half_pitch)


@pytest.fixture(scope="module")
def network():
    made = ContactNetwork(24, 0)
    Hold().judged(made)
    return stirred(made, 0.3)


def test_an_untrained_network_believes_in_every_hold_and_in_the_interval_of_the_scan():
    hold = Hold()
    belief = hold.judged(ContactNetwork(96, 5))
    logit = belief.contact_logit(0.0, 0.0).numpy()
    assert np.all(np.abs(logit - 2.0) < 0.5)
    least, greatest, edge = belief.interval(0.0, 0.0)
    np.testing.assert_allclose(least, hold.least, atol=3e-4)
    np.testing.assert_allclose(greatest, hold.least + 0.02, atol=3e-4)
    np.testing.assert_allclose(edge, 0.0006, rtol=0.5)


def test_the_touches_of_a_belief_are_in_the_frame_of_the_object(network):
    hold = Hold()
    belief = hold.judged(network)
    np.testing.assert_allclose(belief.left, hold.v + hold.places[0], rtol=1e-6)
    np.testing.assert_allclose(belief.right, hold.v + hold.places[1], rtol=1e-6)


def test_holds_may_be_given_state_by_state_or_with_the_numbers_of_their_states():
    hold, networks = Hold(), [ContactNetwork(24, 0) for _ in range(2)]
    hold.judged(networks[0])
    hold.judged_together(networks[1])
    one = hold.judged(stirred(networks[0], 0.3))
    other = hold.judged_together(stirred(networks[1], 0.3))
    for here, there in zip(one, other, strict=True):
        np.testing.assert_allclose(np.reshape(here, np.shape(there)), there, rtol=1e-4, atol=1e-5)


def test_both_contacts_count_and_each_by_its_own_profile(network):
    hold = Hold()
    before = hold.judged(network).output.numpy()
    exchanged = hold.judged(network, list(hold.profiles[::-1])).output.numpy()
    assert np.abs(exchanged - before).max() > 1e-2
    for side in (0, 1):
        profiles = hold.profiles.copy()
        profiles[side, 0, 3] = 1.0 - profiles[side, 0, 3]
        changed = np.abs(hold.judged(network, list(profiles)).output - before).max(axis=-1) > 1e-4
        assert changed[0, 3]
        assert changed.sum() == 1


def test_a_belief_depends_on_every_number_of_the_gripper(network):
    hold = Hold()
    before = hold.judged(network).output.numpy()
    for number in range(6):
        factor = np.ones(6, np.float32)
        factor[number] = 1.3
        other = Hold()
        other.view = hold.view._replace(gripper=hold.view.gripper * factor)
        assert np.abs(other.judged(network).output - before).max() > 1e-4


def test_a_network_has_the_width_that_it_is_given():
    network = ContactNetwork(48, 0)
    Hold().judged(network)
    shapes = [tuple(variable.shape) for variable in network.trainable_variables]
    assert shapes[::2] == [(CONTACT_FEATURES + 5, 16), (16, 8), (33, 24), (24, 16), (16, 13)]
    Hold().judged(ContactNetwork(1, 0))


def test_equal_seeds_give_equal_networks_and_others_others():
    first, again, other = (Hold().judged(ContactNetwork(12, seed)).output for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_gradients_reach_all_weights(network):
    hold = Hold()
    with tf.GradientTape() as tape:
        belief = hold.judged(network)
        loss = tf.reduce_sum(belief.log_probability(0.01, 0.0005, hold.least + 0.005))
    gradients = tape.gradient(loss, network.trainable_variables)
    assert all(np.all(np.isfinite(g)) and np.any(g != 0.0) for g in gradients)


@every_execution
def test_a_belief_is_the_same_however_it_is_run(run, network):
    hold = Hold()
    expected = hold.judged(network)
    for found, values in zip(run(lambda: hold.judged(network))(), expected, strict=True):
        np.testing.assert_allclose(found, values, rtol=1e-3, atol=1e-4)
