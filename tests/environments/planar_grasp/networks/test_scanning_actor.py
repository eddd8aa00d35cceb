import itertools
import math

import numpy as np
import onnx
import onnxruntime
import pytest
import shapely
import tensorflow as tf
import tf2onnx

from fag_tf.deployment.onnx_forms import CONVERTED_OTHERWISE, with_fast_forms
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import RANGES, Gripper
from fag_tf.environments.planar_grasp.networks.contact_network import Belief
from fag_tf.environments.planar_grasp.networks.look_critic import LookCritic
from fag_tf.environments.planar_grasp.networks.scanning_actor import ScanningActor
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.networks.policy import Policy
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

EDGE = shapely.affinity.translate(shapely.box(-0.03, -0.02, 0.03, 0.02), 0.118, -0.128)
GRIPPERS = [Gripper(max_lever=0.05), Gripper(opening=0.06, pad_width=0.012), Gripper()]
# An H, a block at a corner of the table, and nothing.
OBSERVATION = observation_of(lying("H"), EDGE, None, gripper=GRIPPERS)
LATENTS = latent_of(0, 3, 2000)
UNIFORM = -math.log(TABLE_SIDE**2 * math.pi)


@pytest.fixture(scope="module")
def actor():
    made = ScanningActor(24, 2.0, 0)
    made(OBSERVATION, LATENTS[:, :1])
    return stirred(made, 0.2)


@pytest.fixture(scope="module")
def features(actor):
    return actor.encode(OBSERVATION)


@pytest.fixture(scope="module")
def drawn(actor, features):
    return actor.draw(features, LATENTS)


def test_what_is_drawn_has_the_density_that_is_stated(actor, features, drawn):
    found = actor.log_density(features, drawn.actions).numpy()
    # Rounding puts what lies on the line between two cells or parts into the other one.
    close = np.abs(found - drawn.log_density) < 1e-2
    assert close.mean(axis=1).min() > 0.99
    assert np.all(np.isfinite(drawn.log_density))
    np.testing.assert_array_equal(actor.act(features, LATENTS), drawn.actions)


def test_the_density_integrates_to_1_over_the_table(actor, features):
    """By samples spread evenly over all places and turns."""
    total, squares, count = np.zeros(3), np.zeros(3), 0
    for seed in range(20):
        grasps = grasps_of(seed, 3, 20_000)
        values = np.exp(actor.log_density(features, grasps).numpy().astype(float) - UNIFORM)
        total += values.sum(axis=1)
        squares += (values**2).sum(axis=1)
        count += 20_000
    mean = total / count
    error = np.sqrt(squares / count - mean**2) / math.sqrt(count)
    assert error.max() < 0.1
    # Where the network lets two holds of a strip overlap, a grasp counts for one of them.
    assert np.all(np.abs(mean - 1.0) < 4 * error + 0.01)


def test_no_action_is_off_the_table(drawn):
    x, y, theta = np.moveaxis(drawn.actions.numpy(), -1, 0)
    edge = np.float32(TABLE_SIDE / 2)
    assert max(np.abs(x).max(), np.abs(y).max()) <= edge
    assert theta.min() >= 0.0
    assert theta.max() < math.pi


def test_the_extreme_latents_give_grasps_on_the_table_too(actor, features):
    ends = np.array(np.meshgrid([-1, 0, 1], [-1, 0, 1], [-1, 0, 1])).reshape(3, -1).T
    extreme = actor.draw(features, np.repeat(ends[None].astype(np.float32), 3, axis=0))
    assert np.all(np.isfinite(extreme.log_density))
    assert np.abs(extreme.actions[..., :2]).max() <= np.float32(TABLE_SIDE / 2)
    assert np.all((extreme.actions[..., 2] >= 0.0) & (extreme.actions[..., 2] <= math.pi))


def test_an_empty_picture_gives_uniform_grasps_that_the_critic_refuses(actor, features, drawn):
    low, high = np.array([-TABLE_SIDE / 2] * 2 + [0.0]), np.array([TABLE_SIDE / 2] * 2 + [math.pi])
    expected = low + (high - low) * 0.5 * (LATENTS[2] + 1.0)
    np.testing.assert_allclose(drawn.actions[2], expected, atol=1e-6)
    np.testing.assert_allclose(drawn.log_density[2], UNIFORM, rtol=1e-6)
    log_density = actor.log_density(features, grasps_of(1, 3, 50))
    np.testing.assert_allclose(log_density[2], UNIFORM, rtol=1e-6)
    logits = LookCritic(24, 1).logits_of(OBSERVATION, drawn)
    assert tf.sigmoid(logits[2]).numpy().max() < 1e-3


def test_an_object_that_no_jaw_can_hold_is_treated_as_an_empty_picture(actor):
    observation = observation_of(shapely.Point(0, 0).buffer(0.06), gripper=Gripper(opening=0.04))
    found = actor.draw(actor.encode(observation), LATENTS[:1])
    np.testing.assert_allclose(found.log_density, UNIFORM, rtol=1e-6)
    logits = LookCritic(24, 1).logits_of(observation, found)
    assert tf.sigmoid(logits).numpy().max() < 1e-3


def test_the_samples_of_a_state_do_not_depend_on_the_batch(actor, features, drawn):
    order = [2, 1, 0, 1]
    again = actor.draw(actor.encode(of_state(OBSERVATION, *order)), LATENTS[order])
    for k, state in enumerate(order):
        alone = actor.draw(actor.encode(of_state(OBSERVATION, state)), LATENTS[[state]])
        for found in (again.actions[k], alone.actions[0]):
            # Rounding may put a latent on the line between two parts into the other one.
            apart = np.abs(found - drawn.actions[state]).max(axis=-1)
            assert np.mean(apart < 1e-4) > 0.998
    few = actor.draw(features, LATENTS[:, 5:8])
    np.testing.assert_array_equal(few.actions, drawn.actions[:, 5:8])


def test_an_object_with_many_gaps_has_the_density_that_is_stated_too():
    """A comb with more than a dozen holds in one strip."""
    teeth = [shapely.box(x, -0.015, x + 0.004, 0.03) for x in np.linspace(-0.085, 0.081, 12)]
    comb = shapely.union_all([shapely.box(-0.085, -0.02, 0.085, -0.01), *teeth])
    gripper = Gripper(opening=0.04, pad_width=0.01, finger_thickness=0.004, compliance=0.0005)
    actor = ScanningActor(24, 2.0, 0)
    features = actor.encode(observation_of(comb, gripper=gripper))
    assert np.bincount(features.holds.strip).max() > 12
    drawn = actor.draw(features, latent_of(0, 1, 5000))
    found = actor.log_density(features, drawn.actions).numpy()
    assert np.mean(np.abs(found - drawn.log_density) > 1e-2) < 2e-3


def test_a_graph_gives_what_eager_execution_gives(actor, drawn):
    run = tf.function(lambda: actor.draw(actor.encode(OBSERVATION), LATENTS), autograph=False)
    found = run()
    apart = np.abs(found.actions - drawn.actions).max(axis=-1)
    assert np.mean(apart < 1e-4) > 0.998
    assert np.mean(np.abs(found.log_density - drawn.log_density) < 1e-2) > 0.998


def test_imitation_brings_the_actors_probability_to_the_critics():
    actor = ScanningActor(24, 2.0, 0)
    observation = of_state(OBSERVATION, 0, 1)
    actions = actor(observation, LATENTS[:2, :300])
    variables = actor.trainable_variables
    for target in (0.0, 1.0):
        losses = []
        for _ in range(8):
            with tf.GradientTape() as tape:
                probability = tf.fill([2, 300], target)
                loss = actor.imitation_loss(actor.encode(observation), actions, probability)
            gradients = tape.gradient(loss, variables)
            assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.assign_sub(0.02 * gradient)
            losses.append(float(loss))
        assert losses[-1] < losses[0]


def test_a_grasp_that_belongs_to_no_hold_does_not_count_for_imitation(actor, features):
    far = np.tile(np.float32([0.0, 0.149, 0.0]), (3, 4, 1))
    assert float(actor.imitation_loss(features, far, tf.ones([3, 4]))) == 0.0
    assert np.all(actor.log_density(features, far)[:2] == -np.inf)


def test_the_gradient_of_the_density_is_finite_for_every_action(actor):
    grasps = np.concatenate([grasps_of(3, 3, 400), 3 * grasps_of(4, 3, 50)], axis=1)
    with tf.GradientTape() as tape:
        features = actor.encode(OBSERVATION)
        drawn = actor.draw(features, LATENTS[:, :200])
        actions = tf.concat([tf.stop_gradient(drawn.actions), grasps], axis=1)
        found = actor.log_density(features, actions)
        loss = tf.reduce_sum(tf.where(tf.math.is_finite(found), found, 0.0))
    gradients = tape.gradient(loss, actor.trainable_variables)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    assert any(np.any(gradient != 0.0) for gradient in gradients)


# Coverage ---------------------------------------------------------------------------------------


def test_grasps_that_hold_the_object_by_its_end_are_covered():
    """The pads' middle may be beyond the object, by less than half a pad."""
    part = shapely.box(-0.02, -0.03, 0.02, 0.03)
    gripper = Gripper(pad_width=RANGES["pad_width"][1], max_lever=RANGES["max_lever"][1])
    observation = observation_of(part, gripper=gripper)
    x, y = np.meshgrid(np.linspace(-0.01, 0.01, 9), [-0.046, -0.04, 0.0, 0.04, 0.046])
    grasps = np.stack([x, y, 0 * x + 0.02], axis=-1).reshape(-1, 3).astype(np.float32)
    assert feasibility(part, gripper, grasps).all()
    fresh = ScanningActor(24, 2.0, 0)
    assert np.all(np.isfinite(fresh.log_density(fresh.encode(observation), grasps[None])))
    assert np.all(LookCritic(24, 1)(observation, grasps[None]) > 0.0)


def firmly_feasible(part, gripper, count, seed):
    """Feasible grasps that a pixel along the closing direction, to either side, leaves feasible;
    and the share of uniform grasps that are feasible."""
    grasps = grasps_of(seed, 1, count)[0]
    holds = feasibility(part, gripper, grasps)
    kept = grasps[holds]
    along = PIXEL * np.stack([np.cos(kept[:, 2]), np.sin(kept[:, 2]), 0 * kept[:, 2]], axis=-1)
    firm = feasibility(part, gripper, kept + along) & feasibility(part, gripper, kept - along)
    return kept[firm], holds.mean()


@pytest.mark.parametrize("name", ["H", "8", "Spoon", "C", "hammer", "O"])
def test_an_untrained_actor_covers_all_but_a_few_grasps_and_finds_them_far_more_often(name):
    """By the exact rules, with grippers from the whole ranges; without those that barely hold."""
    rng = np.random.default_rng(sum(map(ord, name)))
    fresh, part = ScanningActor(24, 2.0, 0), lying(name, turn=1.1)
    tried = 0
    for seed in range(8):
        gripper = Gripper.random(rng)
        grasps, share = firmly_feasible(part, gripper, 30_000, seed)
        if len(grasps) < 100:
            continue
        features = fresh.encode(observation_of(part, gripper=gripper))
        covered = np.isfinite(fresh.log_density(features, grasps[None])).mean()
        assert covered > 0.95
        drawn = fresh.act(features, latent_of(seed, 1, 1000))[0].numpy()
        assert feasibility(part, gripper, drawn).mean() > max(0.1, 5 * share)
        tried += 1
    assert tried >= 2


# Laws of the density ----------------------------------------------------------------------------


def test_histograms_of_draws_are_those_of_the_density(actor):
    """In parts of the table and of half a turn, by the errors of both estimates."""
    features = actor.encode(of_state(OBSERVATION, 0))
    count = 40_000
    drawn = actor.draw(features, latent_of(4, 1, count)).actions.numpy()[0]
    uniform = grasps_of(5, 1, 400_000)
    density = np.exp(actor.log_density(features, uniform)[0] - UNIFORM)
    uniform = uniform[0]
    half = TABLE_SIDE / 2
    for axis, edges in ((0, np.linspace(-half, half, 9)), (2, np.linspace(0, math.pi, 13))):
        for low, high in itertools.pairwise(edges):
            values = density * ((uniform[:, axis] >= low) & (uniform[:, axis] < high))
            share = np.mean((drawn[:, axis] >= low) & (drawn[:, axis] < high))
            error = math.hypot(
                values.std() / math.sqrt(len(values)), math.sqrt(share * (1 - share) / count)
            )
            assert abs(share - values.mean()) < 4.5 * error + 1e-4


def test_the_density_moves_and_turns_with_the_picture(actor):
    observation = of_state(OBSERVATION, 0)
    features = actor.encode(observation)
    grasps = actor.draw(features, latent_of(10, 1, 3000)).actions.numpy()
    grasps = grasps[:, grasps[0, :, 2] < math.pi / 2 - 0.03]
    before = actor.log_density(features, grasps).numpy()
    moved = grasps + np.float32([5 * PIXEL, -3 * PIXEL, 0.0])
    x, y, theta = np.moveaxis(grasps, -1, 0)
    quarter = np.stack([-y, x, theta + np.float32(math.pi / 2)], axis=-1)
    for other, images in ((shifted(observation, 5, 3), moved), (turned(observation), quarter)):
        after = actor.log_density(actor.encode(other), images).numpy()
        # Readings on the line between two pixels of the view change some cells.
        assert np.mean(np.abs(after - before) < 0.05) > 0.9


def test_a_jaw_turned_half_round_has_the_same_density(actor, features, drawn):
    expected = actor.log_density(features, drawn.actions).numpy()[:2]
    for halves in (-1, 1, 2):
        about = drawn.actions + np.float32([0.0, 0.0, halves * math.pi])
        apart = np.abs(actor.log_density(features, about).numpy()[:2] - expected)
        assert np.mean(apart > 1e-2) < 5e-3


def test_the_gradient_by_the_logits_has_the_mean_0_over_the_actors_own_draws():
    """As it has for an exact density, which integrates to 1 whatever the weights.

    This cannot be so of the ends of the intervals, as the density is not 0 there."""
    actor = ScanningActor(24, 2.0, 0)
    actor(OBSERVATION, LATENTS[:, :1])
    stirred(actor, 0.1)
    observation = of_state(OBSERVATION, 0)
    grasps = actor(observation, latent_of(15, 1, 40_000))
    parts = []
    for each in tf.split(grasps, 10, axis=1):
        with tf.GradientTape() as tape:
            found = actor.log_density(actor.encode(observation), each)
            loss = tf.reduce_mean(tf.where(tf.math.is_finite(found), found, 0.0))
        # The biases of the six outputs that make the logit of every hold.
        parts.append(tape.gradient(loss, actor.trainable_variables[-1]).numpy()[:6])
    mean, error = np.mean(parts, axis=0), np.std(parts, axis=0) / math.sqrt(len(parts))
    assert np.abs(parts).max() > 1e-3
    assert np.all(np.abs(mean) < 5 * error + 1e-4)


def test_imitation_is_the_cross_entropy_over_the_grasps_that_belong_to_a_hold(actor, features):
    rng = np.random.default_rng(0)
    near = actor.draw(features, latent_of(13, 3, 200)).actions.numpy()
    shake = rng.normal(size=near.shape) * [0.003, 0.003, 0.05]
    grasps = np.concatenate([near + shake, grasps_of(1, 3, 200)], axis=1).astype(np.float32)
    probability = rng.random((3, 400)).astype(np.float32)
    place, covered = actor._find(features, tf.constant(grasps))
    belief = Belief(tf.gather(features.holds.beliefs, place.hold))
    log_p = belief.log_probability(place.turn, place.shift, place.u).numpy().astype(float)
    log_p = np.minimum(log_p, -1e-5)
    errors = -(probability * log_p + (1 - probability) * np.log(-np.expm1(log_p)))
    covered = covered.numpy()
    assert 100 < covered.sum() < 1000
    assert not covered[2].any()
    loss = actor.imitation_loss(features, grasps, probability)
    assert float(loss) == pytest.approx(errors[covered].mean(), rel=1e-3)


# The exported policy ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def policy(actor):
    critic = LookCritic(24, 1)
    critic(OBSERVATION, LATENTS[:, :1])
    return Policy(actor, stirred(critic, 0.2), num_looks=2)


@pytest.fixture(scope="module")
def session(policy):
    specs = (
        tf.TensorSpec([None, None, None, 1], tf.float32, "image"),
        tf.TensorSpec([None, 6], tf.float32, "gripper"),
        tf.TensorSpec([None, None, policy.latent_dim], tf.float32, "latent"),
    )

    @tf.function(autograph=False)
    def serving(image, gripper, latent):
        return policy.serving(image=image, gripper=gripper, latent=latent)

    model, _ = tf2onnx.convert.from_function(
        serving, input_signature=specs, opset=18, custom_op_handlers=CONVERTED_OTHERWISE
    )
    model = with_fast_forms(model)
    onnx.checker.check_model(model)
    return onnxruntime.InferenceSession(model.SerializeToString())


@pytest.mark.slow
@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("states", [[0], [2], [0, 1, 2]], ids=["one", "empty", "three"])
def test_the_exported_policy_gives_what_the_live_one_gives(policy, session, size, states):
    observation = observation_of(lying("H"), EDGE, None, gripper=GRIPPERS, size=size)
    rng = np.random.default_rng(size)
    latent = rng.uniform(-1, 1, (len(states), 300, policy.latent_dim)).astype(np.float32)
    inputs = {**of_state(observation, *states), "latent": latent}
    expected = policy.serving.python_function(
        **{name: tf.constant(array) for name, array in inputs.items()}
    )
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, inputs), strict=True))
    assert found.keys() == expected.keys()
    for name, array in found.items():
        assert array.shape == expected[name].shape
        assert np.all(np.isfinite(array))
        # A choice between candidates of the same weight may fall otherwise.
        apart = np.abs(array - expected[name]).reshape(len(states), 300, -1).max(axis=-1)
        assert np.mean(apart < 1e-2) > 0.98
