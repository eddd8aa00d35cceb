import math

import numpy as np
import pytest
import tensorflow as tf
import tf2onnx

from fag_tf.networks.autoregressive import AutoregressiveActor
from fag_tf.spaces import ActionSpace, Axis
from reference.execution import WAYS, every_execution
from reference.small_inputs import SPEC, latent_of, observation_of, stirred
from reference.spaces import CIRCLE, GRASPS, LINE, MIXED, SPACES

PLANES = {
    "bounded, bounded": ActionSpace([Axis("a", -1.0, 3.0, "m"), Axis("b", 0.0, 0.5)]),
    "bounded, circle": ActionSpace(
        [Axis("a", -1.0, 3.0), Axis("b", 0.0, math.pi, "rad", periodic=True)]
    ),
    "circle, bounded": ActionSpace(
        [Axis("a", 0.0, math.pi, "rad", periodic=True), Axis("b", -1.0, 3.0)]
    ),
}
every_space = pytest.mark.parametrize("space", list(SPACES.values()), ids=list(SPACES))


def fresh(space=MIXED, width=16, depth=2, seed=0):
    actor = AutoregressiveActor(space, SPEC, width, depth, seed)
    actor(observation_of(0, 1), latent_of(0, 1, 1, space.dim))
    return actor


def trained(space=MIXED, seed=0):
    """An actor whose densities have gaps and steep edges."""
    return stirred(fresh(space), seed, 0.1)


def density_on(actor, observation, actions):
    """Density at actions `[P, A]` in one state."""
    features = actor.encode(observation)
    log_density = actor.log_density(features, tf.constant(actions[None], tf.float32))
    return np.exp(log_density.numpy().astype(float))[0]


# Actions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("space", "way"),
    [*((name, "eager") for name in SPACES), ("grasps", "graph"), ("grasps", "compiled")],
)
def test_actions_are_of_the_space_whatever_the_latents(space, way):
    run, space = WAYS[way], SPACES[space]
    actor = trained(space)
    latent = latent_of(1, 2, 50, space.dim)
    latent[:, 0], latent[:, 1] = -1.0, 1.0
    actions = run(actor)(observation_of(1, 2), latent).numpy()
    assert actions.shape == (2, 50, space.dim)
    assert actions.dtype == np.float32
    assert np.all((actions >= space.low) & (actions <= space.high))
    assert np.all(actions[..., space.periodic] < space.high[space.periodic])


@pytest.mark.parametrize("space", [*SPACES.values(), *PLANES.values()], ids=[*SPACES, *PLANES])
def test_act_gives_what_draw_gives(space):
    actor, observation = trained(space), observation_of(1, 2)
    latent = latent_of(1, 2, 20, space.dim)
    features = actor.encode(observation)
    acted = actor.act(features, tf.constant(latent))
    drawn = actor.draw(features, tf.constant(latent)).actions
    # Where next to nothing is, the inverse of the distribution function is steep.
    np.testing.assert_allclose(acted / space.half_range, drawn / space.half_range, atol=1e-4)


@every_space
def test_before_training_actions_are_spread_over_the_space(space):
    actions = fresh(space, width=64)(observation_of(2, 3), latent_of(2, 3, 4000, space.dim))
    x = space.normalise(actions.numpy())
    for b, i in np.ndindex(3, space.dim):
        counts, _ = np.histogram(x[b, :, i], 10, (-1.0, 1.0))
        assert np.all((counts > 200) & (counts < 600))


@every_space
def test_act_and_latent_of_are_inverse_to_one_another(space):
    actor = trained(space)
    features = actor.encode(observation_of(3, 4))
    latent = latent_of(3, 4, 300, space.dim)
    actions = actor.act(features, latent)
    back = actor.latent_of(features, actions).numpy()
    assert back.shape == latent.shape
    # An error in an early axis is multiplied by the steepness of the later ones.
    assert np.quantile(np.abs(back - latent), 0.99) < 1e-3
    assert np.abs(back - latent).max() < 0.05
    again = actor.act(features, back).numpy()
    apart = np.abs(space.difference(again, actions.numpy())) / space.half_range
    assert np.quantile(apart, 0.99) < 1e-3


def test_an_action_depends_on_its_state_and_its_own_latent_alone():
    actor, latent = trained(), latent_of(4, 2, 20, MIXED.dim)
    observation = observation_of(4, 2)
    whole = actor(observation, latent).numpy()
    one = actor({name: array[:1] for name, array in observation.items()}, latent[:1, 5:6]).numpy()
    np.testing.assert_allclose(one[0, 0], whole[0, 5], atol=1e-4)
    assert np.abs(whole[0] - whole[1]).max() > 0.1


def test_an_axis_depends_on_the_latents_of_earlier_axes_only():
    actor, latent = trained(), latent_of(5, 1, 2, MIXED.dim)
    latent[0, 1] = latent[0, 0]
    latent[0, 1, 2] *= -1.0
    one, other = actor(observation_of(5, 1), latent).numpy()[0]
    np.testing.assert_array_equal(one[:2], other[:2])
    assert np.all(one[2:] != other[2:])


# Density ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [LINE, CIRCLE], ids=["bounded", "circle"])
def test_the_density_of_one_axis_integrates_to_one(space):
    cells = 100_000
    grid = space.low + (np.arange(cells)[:, None] + 0.5) * space.width / cells
    density = density_on(trained(space), observation_of(6, 1), grid)
    assert density.mean() * space.volume == pytest.approx(1.0, abs=1e-3)
    assert density.max() > 1.2 * density.mean()


@pytest.mark.parametrize("space", list(PLANES.values()), ids=list(PLANES))
def test_the_density_of_two_axes_integrates_to_one(space):
    cells = 400
    places = (np.arange(cells) + 0.5) / cells
    grid = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2)
    density = density_on(trained(space), observation_of(6, 1), space.low + grid * space.width)
    assert density.mean() * space.volume == pytest.approx(1.0, abs=5e-3)
    assert density.max() > 2.0 * density.mean()


@pytest.mark.parametrize("space", list(PLANES.values()), ids=list(PLANES))
def test_actions_fall_where_the_density_is(space):
    actor, observation = trained(space), observation_of(7, 1)
    count, bins, fine = 200_000, 10, 40
    actions = actor(observation, latent_of(7, 1, count, 2)).numpy()[0]
    shares = (actions - space.low) / space.width
    counts, *_ = np.histogram2d(*shares.T, bins, [(0.0, 1.0)] * 2)
    places = (np.arange(bins * fine) + 0.5) / (bins * fine)
    grid = np.stack(np.meshgrid(places, places, indexing="ij"), axis=-1).reshape(-1, 2)
    density = density_on(actor, observation, space.low + grid * space.width) * space.volume
    expected = density.reshape(bins, fine, bins, fine).mean(axis=(1, 3)) / bins**2
    error = np.sqrt(expected / count) + 1e-3  # of the draws, and of the sum over the grid
    assert np.all(np.abs(counts / count - expected) < 5.0 * error)


def test_the_density_is_that_of_the_map_from_latents():
    # The change of volume of a triangular map is the product of the slopes of its axes.
    actor, space = fresh(), MIXED
    features = actor.encode(observation_of(8, 2))
    actions = actor.act(features, np.float32(0.9) * latent_of(8, 2, 30, space.dim))
    log_slopes = np.zeros((2, 30))
    for i in range(space.dim):
        step = np.zeros(space.dim, np.float32)
        step[i] = 1e-2 * space.half_range[i]
        ends = [actor.latent_of(features, actions + sign * step).numpy() for sign in (-1, 1)]
        log_slopes += np.log((ends[1] - ends[0])[..., i] / (2.0 * step[i]))
    expected = log_slopes - space.dim * math.log(2.0)  # latents have the density 1 / 2
    np.testing.assert_allclose(actor.log_density(features, actions), expected, atol=0.02)


def test_there_is_no_density_outside_the_space_and_a_circle_has_no_outside():
    actor, space = trained(), MIXED
    features = actor.encode(observation_of(9, 1))
    action = space.centre + 0.3 * space.half_range
    actions = tf.constant([[action, *(action + np.diag(space.width))]], tf.float32)
    found = actor.log_density(features, actions).numpy()[0]
    assert np.all(np.isinf(found[1:]) == ~space.periodic)
    np.testing.assert_allclose(found[1:][space.periodic], found[0], atol=2e-3)


@every_execution
def test_gradients_are_finite_at_the_bounds_and_far_from_all_intervals(run):
    actor, space = trained(), MIXED
    corners = np.stack([space.low, space.high, space.centre, space.high + space.width])
    actions = tf.constant(np.tile(corners, (2, 1, 1)), tf.float32)

    def compute(observation, actions):
        with tf.GradientTape() as tape:
            log_density = actor.log_density(actor.encode(observation), actions)
            inside = tf.where(log_density > -math.inf, log_density, 0.0)
            loss = tf.reduce_mean(inside)
        return log_density, tape.gradient(loss, actor.trainable_variables)

    log_density, gradients = run(compute)(observation_of(10, 2), actions)
    assert np.all(np.isfinite(log_density[:, :3]))
    assert np.all(log_density[:, 3] == -math.inf)
    for gradient in gradients:
        assert np.all(np.isfinite(tf.convert_to_tensor(gradient)))


@every_execution
def test_all_is_the_same_however_it_is_run(run):
    actor, observation = trained(), observation_of(11, 2)
    latent = latent_of(11, 2, 100, MIXED.dim)

    def compute(observation, latent):
        features = actor.encode(observation)
        actions = actor.act(features, latent)
        return actions, actor.log_density(features, actions), actor.latent_of(features, actions)

    found, eager = run(compute)(observation, latent), compute(observation, latent)
    apart = np.abs(MIXED.difference(found[0].numpy(), eager[0].numpy())) / MIXED.half_range
    assert np.quantile(apart, 0.99) < 1e-3
    for one, other in zip(found[1:], eager[1:], strict=True):
        assert np.quantile(np.abs(one - other), 0.99) < 1e-2


def test_onnx_gives_the_same_actions_and_densities():
    import onnxruntime

    actor, observation = trained(GRASPS), observation_of(12, 2)
    latent = latent_of(12, 2, 64, GRASPS.dim)
    names = sorted(SPEC)

    @tf.function(autograph=False)
    def serving(*inputs):
        features = actor.encode(dict(zip(names, inputs[:-1], strict=True)))
        actions = actor.act(features, inputs[-1])
        return {"action": actions, "log_density": actor.log_density(features, actions)}

    signature = [tf.TensorSpec((None, *SPEC[n].shape), SPEC[n].dtype, n) for n in names]
    signature.append(tf.TensorSpec((None, None, GRASPS.dim), tf.float32, "latent"))
    proto, _ = tf2onnx.convert.from_function(serving, input_signature=signature, opset=18)
    assert {node.domain for node in proto.graph.node} <= {"", "ai.onnx"}
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    action, log_density = session.run(
        ["action", "log_density"], {**{n: observation[n] for n in names}, "latent": latent}
    )
    expected = serving(*(tf.constant(observation[n]) for n in names), tf.constant(latent))
    apart = np.abs(GRASPS.difference(action, expected["action"].numpy())) / GRASPS.half_range
    assert np.quantile(apart, 0.99) < 1e-3
    assert np.quantile(np.abs(log_density - expected["log_density"]), 0.99) < 1e-2


def test_equal_seeds_give_equal_actors_and_others_give_others():
    latent, observation = latent_of(13, 1, 9, MIXED.dim), observation_of(13, 1)
    first, again, other = (fresh(seed=seed)(observation, latent).numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-4
