import numpy as np
import pytest
import shapely
import tensorflow as tf

from fag_tf.config.parsing import apply_settings, config_from_dict
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.images.rendering import occupancy
from fag_tf.environments.planar_grasp.networks.actor_critic import (
    GraspActor,
    GraspCritic,
)
from fag_tf.environments.planar_grasp.networks.build import build_actor, build_critic
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE
from reference.execution import every_execution
from reference.jaw_scenes import PART, PIXEL


def observation_of(*parts, gripper=DEFAULT_GRIPPER):
    images = np.stack([occupancy(part) for part in parts])[..., None]
    return {"image": images, "gripper": np.tile(gripper.vector(), (len(parts), 1))}


def turned(observation):
    """The same table seen after a quarter turn to the left."""
    return {**observation, "image": np.rot90(observation["image"], axes=(1, 2)).copy()}


def shifted(observation, right, down):
    return {**observation, "image": np.roll(observation["image"], (down, right), axis=(1, 2))}


def latent_of(seed, batch, count):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.0, 1.0, (batch, count, 3)).astype(np.float32)


def stirred(network, size, seed=0):
    """The network with weights as far from their start as training might take them."""
    rng = np.random.default_rng(seed)
    for variable in network.trainable_variables:
        variable.assign_add(size * rng.normal(size=variable.shape).astype(np.float32))
    return network


@pytest.fixture(scope="module")
def actor():
    made = GraspActor(width=16, depth=2, steps=2, seed=0)
    made(observation_of(PART), latent_of(0, 1, 1))
    return stirred(made, 0.02)


@pytest.fixture(scope="module")
def critic():
    made = GraspCritic(width=16, depth=2, seed=1)
    made(observation_of(PART), np.zeros((1, 1, 3), np.float32))
    return stirred(made, 0.02)


def assert_same_grasps(found, expected, atol=2e-5):
    apart = ACTION_SPACE.difference(np.asarray(found, float), np.asarray(expected, float))
    np.testing.assert_allclose(apart[..., :2], 0.0, atol=atol)
    np.testing.assert_allclose(apart[..., 2], 0.0, atol=100 * atol)


# The actor --------------------------------------------------------------------------------------


def test_an_empty_picture_gives_numbers(actor, critic):
    observation = observation_of(PART)
    observation["image"] = np.zeros_like(observation["image"])
    actions = actor(observation, latent_of(0, 1, 5))
    assert np.all(np.isfinite(actions))
    assert np.all(np.isfinite(critic(observation, actions)))


@every_execution
def test_an_actor_gives_grasps(run, actor):
    observation = observation_of(PART, shapely.affinity.translate(PART, 0.05, 0.02))
    grasps = run(actor)(observation, latent_of(1, 2, 300)).numpy()
    assert grasps.shape == (2, 300, 3)
    assert np.all(np.isfinite(grasps))
    assert np.all((grasps[..., 2] >= 0.0) & (grasps[..., 2] < np.float32(np.pi)))


def test_a_path_begins_where_the_latent_says(actor):
    features, latent = actor.encode(observation_of(PART)), latent_of(1, 1, 50)
    begun = actor.initial_actions(features, latent)
    assert_same_grasps(begun, actor.trajectory(features, latent)[0][:, :, 0])
    assert np.all(np.isfinite(actor.initial_distribution(features).log_prob(begun[0][:, None])))


def test_sample_n_depends_on_the_state_and_on_latent_n_alone(actor):
    observation = observation_of(PART, shapely.affinity.scale(PART, 1.3))
    latent, others = latent_of(2, 2, 6), latent_of(3, 2, 6)
    others[:, 4] = latent[:, 4]
    before = actor(observation, latent).numpy()
    assert_same_grasps(actor(observation, others)[:, 4], before[:, 4])
    assert_same_grasps(actor(observation, latent[:, 4:5])[:, 0], before[:, 4])
    first = {name: array[:1] for name, array in observation.items()}
    assert_same_grasps(actor(first, latent[:1])[0], before[0])
    assert np.abs(before[0] - actor(first, latent[1:])[0]).max() > 1e-3


@pytest.mark.parametrize(("right", "down"), [(3, 0), (0, -4), (-2, 3)])
def test_grasps_move_with_the_picture(actor, right, down):
    observation, latent = observation_of(PART), 0.6 * latent_of(4, 1, 200)
    move = np.array([right * PIXEL, -down * PIXEL, 0.0])
    expected = actor(observation, latent).numpy() + move
    assert_same_grasps(actor(shifted(observation, right, down), latent), expected)


def test_grasps_turn_with_the_picture(actor):
    observation, latent = observation_of(PART), 0.6 * latent_of(5, 1, 200)
    latent[..., 2] = -np.abs(latent[..., 2])  # so that a quarter turn stays within the latents
    other = latent + np.array([0.0, 0.0, 1.0], np.float32)
    x, y, theta = np.moveaxis(actor(observation, latent).numpy(), -1, 0)
    expected = np.stack([-y, x, theta + np.pi / 2], axis=-1)
    assert_same_grasps(actor(turned(observation), other), expected)


@pytest.mark.parametrize("axis", [1, 2], ids=["top to bottom", "left to right"])
def test_grasps_are_mirrored_with_the_picture(actor, critic, axis):
    """A jaw is its own mirror image: what holds here, its image holds there."""
    observation, latent = observation_of(PART), 0.6 * latent_of(7, 1, 200)
    mirrored = {**observation, "image": np.flip(observation["image"], axis=axis).copy()}
    sign = np.array([1.0, -1.0, -1.0] if axis == 1 else [-1.0, 1.0, -1.0], np.float32)
    # The third latent is a turn from -1 (0) to 1 (pi): mirroring either axis turns it about.
    grasps = actor(observation, latent).numpy()
    images = sign * grasps + [0.0, 0.0, np.pi]
    # The jaw's own axis that lies along the mirror keeps its direction, the other is turned about.
    turned_about = np.array([-1.0, 1.0, -1.0] if axis == 1 else [1.0, -1.0, -1.0], np.float32)
    assert_same_grasps(actor(mirrored, turned_about * latent), images)
    logits = critic(observation, grasps).numpy()
    np.testing.assert_allclose(
        critic(mirrored, images.astype(np.float32)).numpy(), logits, atol=1e-3
    )


def test_a_jaw_turned_half_round_is_the_same_jaw(critic):
    observation, grasps = (
        observation_of(PART),
        ACTION_SPACE.sample(np.random.default_rng(8), (1, 200)),
    )
    about = grasps + np.array([0.0, 0.0, np.pi], np.float32)
    np.testing.assert_allclose(critic(observation, about), critic(observation, grasps), atol=1e-3)


def test_another_gripper_gives_other_grasps(actor):
    latent = latent_of(6, 1, 50)
    before = actor(observation_of(PART), latent).numpy()
    changes = {
        "opening": 0.06,
        "pad_width": 0.012,
        "finger_thickness": 0.008,
        "friction": 0.8,
        "compliance": 0.0018,
        "max_lever": 0.05,
    }
    for name, value in changes.items():
        other = actor(observation_of(PART, gripper=Gripper(**{name: value})), latent).numpy()
        assert np.abs(other - before).max() > 1e-5, name


def test_an_untrained_actor_spreads_over_the_surroundings_of_the_part():
    fresh = GraspActor(width=16, depth=2, steps=2, seed=0)
    observation = observation_of(PART)
    features, latent = fresh.encode(observation), latent_of(6, 1, 400)
    begins = fresh.initial_distribution(features).place(latent).action()
    assert np.all(
        np.isfinite(fresh.initial_distribution(features).log_prob(0.999 * begins[0, :, None]))
    )
    apart = ACTION_SPACE.difference(fresh(observation, latent).numpy(), begins.numpy())
    assert np.median(np.abs(apart) / ACTION_SPACE.half_range) < 0.02


# The critic -------------------------------------------------------------------------------------


@every_execution
def test_a_critic_gives_one_logit_for_each_grasp(run, critic):
    grasps = ACTION_SPACE.sample(np.random.default_rng(0), (2, 30))
    observation = observation_of(PART, shapely.affinity.scale(PART, 1.3))
    logits = run(critic)(observation, grasps).numpy()
    assert logits.shape == (2, 30)
    assert np.all(np.isfinite(logits))
    np.testing.assert_allclose(critic(observation, grasps[:, 7:8])[:, 0], logits[:, 7], atol=1e-4)


def near_grasps(seed, count):
    """Grasps whose jaw stays on the picture."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(-0.05, 0.05, (1, count, 2))
    return np.concatenate([place, rng.uniform(0, np.pi / 2, (1, count, 1))], -1).astype(np.float32)


def test_a_verdict_does_not_change_when_picture_and_grasp_move_or_turn_together(critic):
    observation, grasps = observation_of(PART), near_grasps(1, 200)
    expected = critic(observation, grasps).numpy()
    moved = (grasps + np.array([4 * PIXEL, 3 * PIXEL, 0.0])).astype(np.float32)
    np.testing.assert_allclose(
        critic(shifted(observation, 4, -3), moved), expected, atol=1e-3, rtol=1e-3
    )
    x, y, theta = np.moveaxis(grasps, -1, 0)
    quarter = np.stack([-y, x, theta + np.float32(np.pi / 2)], axis=-1)
    np.testing.assert_allclose(critic(turned(observation), quarter), expected, atol=1e-3, rtol=1e-3)


def test_the_way_of_a_sample_begins_where_its_latent_says_and_ends_at_its_grasp(actor):
    observation, latent = observation_of(PART), latent_of(3, 1, 40)
    features = actor.encode(observation)
    path, logits = (part.numpy() for part in actor.trajectory(features, latent))
    assert logits.shape == (1, 40, len(actor.bodies))
    assert path.shape == (1, 40, len(actor.bodies) + 1, 3)
    assert np.all((path[..., 2] >= 0.0) & (path[..., 2] < np.pi))
    np.testing.assert_array_equal(path[:, :, -1], actor(observation, latent))
    begins = actor.initial_distribution(features).place(tf.constant(latent)).action()
    assert_same_grasps(path[:, :, 0], begins)


def test_the_same_grasps_are_as_good_to_stop_at_whether_on_the_way_or_given(actor):
    features, latent = actor.encode(observation_of(PART)), latent_of(3, 1, 40)
    path, logits = actor.trajectory(features, latent)
    np.testing.assert_allclose(actor.stop_logits(features, path), logits, atol=1e-3)


def test_noise_between_the_steps_is_part_of_the_way():
    actor = GraspActor(width=8, depth=1, steps=3, seed=0)
    features = actor.encode(observation_of(PART))
    rng = np.random.default_rng(1)
    latent = rng.uniform(-1, 1, (1, 20, actor.latent_dim + actor.jitter_dim)).astype(np.float32)
    path, logits = actor.trajectory(features, latent)
    np.testing.assert_allclose(actor.stop_logits(features, path), logits, atol=1e-3)


def test_a_second_opinion_without_the_closeup_guides_the_actor(critic):
    features, grasps = critic.encode(observation_of(PART)), near_grasps(4, 60)
    judge, guide = (logits.numpy() for logits in critic.all_logits(features, grasps))
    np.testing.assert_array_equal(judge, critic.logits(features, grasps))
    np.testing.assert_array_equal(guide, critic.guidance_logits(features, grasps))
    assert np.abs(judge - guide).max() > 0.1


def test_a_verdict_depends_on_the_gripper(critic):
    grasps = near_grasps(2, 50)
    before = critic(observation_of(PART), grasps).numpy()
    other = critic(observation_of(PART, gripper=Gripper(opening=0.06)), grasps).numpy()
    assert np.abs(other - before).max() > 1e-4


def test_grasps_out_of_reach_are_all_but_ruled_out(critic):
    grasps = np.array([[[0.151, 0.0, 1.0], [0.0, -0.2, 1.0], [0.149, -0.149, 1.0]]], np.float32)
    logits = critic(observation_of(PART), grasps).numpy()[0]
    np.testing.assert_array_equal(logits[:2], -20.0)
    assert abs(logits[2]) < 20.0


def test_gradients_reach_every_step_and_none_outgrows_the_others():
    steep = GraspActor(width=16, depth=2, steps=4, seed=0)
    steep(observation_of(PART), latent_of(0, 1, 1))
    stirred(steep, 0.3)  # what is seen now moves the jaw far
    with tf.GradientTape() as tape:
        mean = tf.reduce_mean(steep(observation_of(PART), latent_of(1, 1, 100)) ** 2)
    gradients = tape.gradient(mean, steep.trainable_variables)
    norms = [float(tf.linalg.global_norm(gradients[6 * k : 6 * k + 6])) for k in range(4)]
    assert all(np.isfinite(norms))
    assert min(norms) > 0.0
    assert max(norms) < 1e4 * min(norms)


# Configuration ----------------------------------------------------------------------------------


def test_networks_have_the_size_that_is_configured():
    sizes = ["actor.width=24", "actor.depth=3", "actor.steps=5", "critic.width=40", "seed=3"]
    settings = ["actor.kind=implicit", *sizes]
    config = config_from_dict(apply_settings({}, settings))
    actor, critic = build_actor(config), build_critic(config)
    observation = observation_of(PART)
    critic(observation, actor(observation, latent_of(0, 1, 2)))
    assert len(actor.bodies) == 5
    # Kernels and biases of three hidden layers and the last, five times and for the crowding.
    assert len(actor.trainable_variables) == 6 * 8
    # A quarter of the channels is stored, the others are their mirror images.
    assert (24, 6) in [tuple(variable.shape) for variable in actor.trainable_variables]
    assert (40, 10) in [tuple(variable.shape) for variable in critic.trainable_variables]


def test_columns_of_the_latent_beyond_its_own_jitter_the_steps_while_the_actor_learns():
    actor = GraspActor(width=8, depth=1, steps=3, seed=0)
    observation = observation_of(PART)
    rng = np.random.default_rng(0)
    latent = rng.uniform(-1, 1, (1, 5, actor.latent_dim)).astype(np.float32)
    still = np.zeros((1, 5, actor.jitter_dim), np.float32)
    plain = actor(observation, latent).numpy()
    unmoved = actor(observation, np.concatenate([latent, still], axis=-1)).numpy()
    np.testing.assert_allclose(unmoved, plain, atol=1e-6)
    moved = actor(observation, np.concatenate([latent, still + 1.0], axis=-1)).numpy()
    apart = np.hypot(*(moved - plain)[..., :2].reshape(-1, 2).T)
    assert np.all((apart > 0.001) & (apart < 0.02))
