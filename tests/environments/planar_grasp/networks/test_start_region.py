import numpy as np
import pytest
import shapely
import tensorflow as tf
from scipy import stats

from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.images.rendering import occupancy
from fag_tf.environments.planar_grasp.networks.image_features import picture_features
from fag_tf.environments.planar_grasp.networks.start_region import Surroundings
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE
from fag_tf.objectives.mixtures import ActionDistribution
from reference.execution import every_execution
from reference.jaw_scenes import PART


def surroundings_of(*parts, gripper=DEFAULT_GRIPPER):
    images = np.stack([occupancy(part) for part in parts])[..., None]
    grippers = np.tile(gripper.vector(), (len(parts), 1))
    return Surroundings(picture_features({"image": images, "gripper": grippers}))


ASIDE = shapely.affinity.translate(shapely.affinity.scale(PART, 1.3), 0.05, 0.02)


@pytest.mark.parametrize("gripper", ["robotiq_2f85", None], ids=["one gripper", "any gripper"])
def test_all_feasible_grasps_lie_in_them(gripper):
    environment = PlanarGrasp(gripper=gripper) if gripper else PlanarGrasp()
    rng = np.random.default_rng(0)
    states = environment.draw_states(rng, 24)
    found = 0
    for state in states:
        truth = environment.truth(state)
        if truth.is_empty:
            continue
        observation = environment.observe([state])
        inside = np.isfinite(Surroundings(picture_features(observation)).log_prob(truth.centres))
        # The picture knows centre of mass and extent to a tenth of a millimetre or so.
        assert inside.mean() > 0.99
        found += 1
    assert found > 6


def test_their_density_integrates_to_one():
    around = surroundings_of(PART, ASIDE)
    rng = np.random.default_rng(1)
    half = np.array([0.2, 0.2, np.pi / 2])
    grasps = (half * rng.uniform(-1, 1, (200_000, 1, 3)) + [0, 0, np.pi / 2]).astype(np.float32)
    density = np.exp(around.log_prob(grasps).numpy())
    spread = density.std(axis=0) / np.sqrt(len(density))
    assert np.all(np.abs(density.mean(axis=0) - 1.0 / (8.0 * half.prod())) < 4.0 * spread)


@every_execution
def test_samples_are_even_over_them(run):
    around = surroundings_of(PART, ASIDE)
    drawn = run(lambda seed: around.sample(4000, seed=seed))(tf.constant([2, 3])).numpy()
    assert drawn.shape == (4000, 2, 3)
    density = around.log_prob(drawn).numpy()
    assert np.isfinite(density).mean() > 0.999  # rounding at the ends
    for b in range(2):
        x, y = (drawn[:, b, i] - around._centre.numpy()[b, i] for i in (0, 1))
        cos, sin = np.cos(drawn[:, b, 2]), np.sin(drawn[:, b, 2])
        along = (x * cos + y * sin) / around._along.numpy()[b]
        across = (y * cos - x * sin) / around._across.numpy()[b]
        for share in (along, across, 2.0 * drawn[:, b, 2] / np.pi - 1.0):
            assert stats.kstest(share, stats.uniform(-1, 2).cdf).pvalue > 1e-4


def test_the_lever_bounds_them_across_and_the_opening_along_the_jaw():
    corner = np.array([[[1.0, 1.0, -1.0]]], np.float32)
    narrow = surroundings_of(PART, gripper=Gripper(max_lever=0.02, opening=0.06)).place(corner)
    wide = surroundings_of(PART, gripper=Gripper(max_lever=0.03, opening=0.09)).place(corner)
    assert wide.x.numpy() - narrow.x.numpy() == pytest.approx(0.015, abs=1e-6)
    assert wide.y.numpy() - narrow.y.numpy() == pytest.approx(0.01, abs=1e-6)


def test_they_are_a_distribution_over_grasps():
    around = surroundings_of(PART, ASIDE)
    assert isinstance(around, ActionDistribution)
    assert around.space == ACTION_SPACE
    assert around.batch_shape == (2,)
    assert tuple(around.batch_shape_tensor()) == (2,)
    assert around.event_shape == (3,)
