import math

import numpy as np
import pytest
import shapely
import tensorflow as tf

from fag_tf.environments.planar_grasp.feasibility.rules import first_broken_rule
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.networks.look_critic import LookCritic, OwnGrasps
from fag_tf.environments.planar_grasp.networks.scanning_actor import ScanningActor
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE
from fag_tf.networks.base import Drawn
from reference.execution import every_execution
from reference.jaw_scenes import PIXEL
from reference.scan_scenes import (
    grasps_of,
    latent_of,
    lying,
    observation_of,
    of_state,
    shifted,
    stirred,
    turned,
)

PARTS = {"H": lying("H"), "T": lying("T", 0.02, 0.01, 2.0), "O": lying("O", -0.03, 0.02)}
GRIPPERS = [Gripper(max_lever=0.05), Gripper(pad_width=0.012), Gripper(opening=0.05)]
OBSERVATION = observation_of(*PARTS.values(), gripper=GRIPPERS)


def made(network, *arguments, size):
    network(*arguments)
    return stirred(network, size)


@pytest.fixture(scope="module")
def critic():
    return made(LookCritic(24, 1), OBSERVATION, grasps_of(0, 3, 1), size=0.3)


@pytest.fixture(scope="module")
def actor():
    return made(ScanningActor(24, 2.0, 0), OBSERVATION, latent_of(0, 3, 1), size=0.1)


@pytest.fixture(scope="module")
def near():
    """Grasps near those that a fresh actor draws: most of them have contacts, some have not."""
    fresh = ScanningActor(24, 2.0, 0)
    drawn = fresh(OBSERVATION, latent_of(4, 3, 400)).numpy()
    shake = np.random.default_rng(0).normal(size=drawn.shape) * [0.002, 0.002, 0.02]
    return ACTION_SPACE.wrap((drawn + shake).astype(np.float32))


def test_the_actors_own_grasps_are_judged_alike_whether_their_contacts_are_known_or_found(
    actor, critic
):
    drawn = actor.draw(actor.encode(OBSERVATION), latent_of(1, 3, 5000))
    assert isinstance(drawn.known, OwnGrasps)
    looked_at = np.exp(drawn.known.log_probability) < 0.98
    assert looked_at.mean() > 0.2
    known = critic.logits_of(OBSERVATION, drawn).numpy()[looked_at]
    found = critic(OBSERVATION, drawn.actions).numpy()[looked_at]
    # All but those on the line between two strips, which rounding puts into the other one.
    assert np.mean(np.abs(known - found) > 1e-3) < 1e-3
    assert known.std() > 0.5


def test_where_the_actor_is_sure_its_own_probability_stands(actor, critic):
    drawn = actor.draw(actor.encode(OBSERVATION), latent_of(1, 3, 500))
    own = np.random.default_rng(0).uniform(0.96, 0.9999, (3, 500))
    own[abs(own - 0.98) < 1e-4] = 0.5
    logits, everywhere = (
        critic.logits_of(
            OBSERVATION,
            drawn._replace(
                known=drawn.known._replace(log_probability=tf.constant(logs, tf.float32))
            ),
        ).numpy()
        for logs in (np.log(own), np.full((3, 500), -3.0))
    )
    sure = own > 0.98
    assert 0.3 < sure.mean() < 0.7
    np.testing.assert_allclose(logits[sure], np.log(own / (1 - own))[sure], atol=0.01)
    np.testing.assert_allclose(logits[~sure], everywhere[~sure], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("log_probability", [0.0, -1e-9, -3.0], ids=["sure", "almost", "unsure"])
def test_all_or_none_of_the_grasps_may_be_looked_at(actor, critic, log_probability):
    drawn = actor.draw(actor.encode(OBSERVATION), latent_of(1, 3, 20))
    known = drawn.known._replace(log_probability=tf.fill([3, 20], log_probability))
    logits = critic.logits_of(OBSERVATION, drawn._replace(known=known)).numpy()
    assert logits.shape == (3, 20)
    assert np.all(np.isfinite(logits))
    if log_probability > -1.0:
        np.testing.assert_allclose(logits, math.log(1e5), atol=0.05)
    else:
        apart = np.abs(logits - critic(OBSERVATION, drawn.actions))
        assert np.sum(apart > 1e-2) <= 1


def test_grasps_of_which_nothing_is_known_are_looked_at(critic, near):
    drawn = Drawn(tf.constant(near), tf.zeros([3, 400]))
    np.testing.assert_array_equal(critic.logits_of(OBSERVATION, drawn), critic(OBSERVATION, near))


def test_where_the_actor_found_no_hold_the_critic_says_no(critic):
    observation = observation_of(None, shapely.Point(0, 0).buffer(0.06), PARTS["H"])
    actor = ScanningActor(24, 2.0, 0)
    drawn = actor.draw(actor.encode(observation), latent_of(1, 3, 50))
    logits = critic.logits_of(observation, drawn).numpy()
    assert np.all(np.isfinite(logits))
    assert logits[:2].max() < -50.0
    found = critic(observation, drawn.actions).numpy()
    np.testing.assert_array_equal(found[0], -20.0)
    assert found[1].max() <= -1.0


def test_an_untrained_critic_knows_where_fingers_are_clear_and_something_is_between():
    """By the exact rules, two pixels from where they change."""
    fresh = LookCritic(48, 3)
    counted = 0
    for part, gripper in zip(PARTS.values(), GRIPPERS, strict=True):
        observation = observation_of(part, gripper=gripper)
        grasps = grasps_of(2, 1, 20_000)
        logits = fresh(observation, grasps).numpy()[0]
        cos, sin = np.cos(grasps[0, :, 2]), np.sin(grasps[0, :, 2])
        steps = np.arange(-2, 3)[:, None] * PIXEL
        spread = np.stack(
            [
                grasps[0] + np.stack([cos * u - sin * v, sin * u + cos * v, 0 * cos], axis=-1)
                for u in steps
                for v in steps
            ]
        )
        broken = first_broken_rule(part, gripper, spread.reshape(-1, 3)).reshape(25, -1)
        clear = np.all(broken == 0, axis=0)
        blocked = np.all(np.isin(broken, [1, 2, 3]), axis=0)
        assert np.mean(logits[clear] > 0.5) > 0.98
        assert np.mean(logits[blocked] < 0.5) > 0.98
        counted += clear.sum()
    assert counted > 100


def test_grasps_out_of_reach_or_away_from_the_object_are_all_but_ruled_out(critic):
    grasps = np.tile(
        np.float32([[0.151, 0.0, 1.0], [0.0, -0.2, 1.0], [0.149, -0.149, 1.0]]), (3, 1, 1)
    )
    np.testing.assert_array_equal(critic(OBSERVATION, grasps), -20.0)
    corner = shapely.box(0.09, -0.02, 0.15, 0.02)
    observation = observation_of(corner, gripper=Gripper(opening=0.1))
    edge = np.float32([[[0.1499, 0.0, math.pi / 2], [0.1501, 0.0, math.pi / 2]]])
    inside, outside = critic(observation, edge).numpy()[0]
    assert outside == -20.0
    assert inside != -20.0


@pytest.mark.parametrize(("right", "down"), [(4, 0), (-3, 7), (0, -8)])
def test_a_verdict_stays_when_picture_and_grasp_move_together(critic, near, right, down):
    move = np.array([right * PIXEL, -down * PIXEL, 0.0])
    before = critic(OBSERVATION, near).numpy()
    after = critic(shifted(OBSERVATION, right, down), (near + move).astype(np.float32)).numpy()
    # A reading on the line between two pixels of the view may be of the other one.
    assert np.mean(np.abs(after - before) < 0.05) > 0.95
    assert np.median(np.abs(after - before)) < 1e-3


def test_a_verdict_stays_when_picture_and_grasp_turn_together(critic, near):
    x, y, theta = np.moveaxis(near, -1, 0)
    quarter = np.stack([-y, x, theta + np.float32(math.pi / 2)], axis=-1)
    before = critic(OBSERVATION, near).numpy()
    after = critic(turned(OBSERVATION), quarter).numpy()
    # Half of them turn past the seam of theta, where left and right change places.
    stays = theta < math.pi / 2 - 0.01
    assert np.mean(np.abs(after - before)[stays] < 0.05) > 0.95
    assert np.median(np.abs(after - before)[stays]) < 1e-3


def test_a_jaw_turned_half_round_is_the_same_jaw(critic, near):
    about = near + np.array([0.0, 0.0, math.pi], np.float32)
    apart = np.abs(critic(OBSERVATION, about) - critic(OBSERVATION, near).numpy())
    assert np.mean(apart < 0.05) > 0.98


def test_a_verdict_depends_on_its_own_grasp_and_state_alone(critic, near):
    expected = critic(OBSERVATION, near).numpy()
    some = critic(of_state(OBSERVATION, 2, 0), near[[2, 0]][:, 5:9])
    np.testing.assert_allclose(some, expected[[2, 0]][:, 5:9], rtol=1e-4, atol=1e-4)


def test_a_verdict_depends_on_every_number_of_the_gripper(critic, near):
    expected = critic(OBSERVATION, near).numpy()
    for number in range(6):
        factor = np.ones(6, np.float32)
        factor[number] = 0.9
        other = {**OBSERVATION, "gripper": OBSERVATION["gripper"] * factor}
        assert np.abs(critic(other, near) - expected).max() > 1e-3


@every_execution
def test_a_verdict_is_the_same_however_it_is_computed(run, critic, near):
    expected, found = critic(OBSERVATION, near).numpy(), run(critic)(OBSERVATION, near).numpy()
    assert found.shape == (3, 400)
    assert np.all(np.isfinite(found))
    assert np.mean(np.abs(found - expected) < 1e-3) > 0.98


@pytest.mark.parametrize("size", [64, 256, (96, 160)], ids=str)
def test_pictures_of_other_sizes_are_judged_alike(near, size):
    fresh = LookCritic(24, 1)
    other = observation_of(*PARTS.values(), gripper=GRIPPERS, size=size)
    expected, found = fresh(OBSERVATION, near).numpy(), fresh(other, near).numpy()
    assert np.mean((expected > 0.0) == (found > 0.0)) > 0.85


def test_gradients_reach_all_weights_and_are_finite_everywhere(critic):
    grasps = np.concatenate([grasps_of(3, 3, 400), 3 * grasps_of(4, 3, 50)], axis=1)
    with tf.GradientTape() as tape:
        logits = critic(OBSERVATION, grasps)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(logits), logits))
    gradients = tape.gradient(loss, critic.trainable_variables)
    assert all(np.all(np.isfinite(g)) and np.any(g != 0.0) for g in gradients)


def test_logits_of_a_network_gone_astray_are_finite():
    astray = made(LookCritic(24, 1), OBSERVATION, grasps_of(0, 3, 1), size=30.0)
    with tf.GradientTape() as tape:
        logits = astray(OBSERVATION, grasps_of(3, 3, 500))
        loss = tf.reduce_sum(tf.math.log_sigmoid(logits))
    assert np.all(np.isfinite(logits))
    assert all(np.all(np.isfinite(g)) for g in tape.gradient(loss, astray.trainable_variables))
