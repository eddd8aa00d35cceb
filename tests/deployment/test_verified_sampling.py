import zlib
from types import SimpleNamespace

import numpy as np
import pytest
import shapely

from fag_tf.deployment.feasible_sampling import draw_feasible
from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.deployment.model_folders import shipped_model
from fag_tf.deployment.sampler import load_model
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.verified_sampling import draw_verified, even_fill
from fag_tf.deployment.viewed_model import ViewedModel
from fag_tf.environments.planar_grasp.feasibility.exact_sampling import draw_exact, draw_near
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER as JAW
from fag_tf.environments.planar_grasp.parts.named import named_part
from fag_tf.environments.planar_grasp.scenes import scene

HAMMER = named_part("hammer")[1]
BAR = shapely.box(-0.06, -0.01, 0.06, 0.01)


@pytest.fixture(scope="module")
def model():
    return GraspModel(load_model(shipped_model()))


class Skewed:
    """A model whose candidates are near the part, three times out of four with x > 0.

    Of a bar in the middle of the table the even share is one half, so their density is 1.5 times
    that of an even draw on one side and 0.5 times on the other.
    """

    card = SimpleNamespace(
        latent_dim=1,
        sample_outputs=("action", "feasibility", "log_density"),
        outputs={
            "action": SimpleNamespace(shape=("B", "N", 3)),
            "feasibility": SimpleNamespace(shape=("B", "N")),
            "log_density": SimpleNamespace(shape=("B", "N")),
        },
    )

    def __init__(self, part, right=0.75):
        self.part, self.right = part, right

    def check_observation(self, observation):
        return observation

    def run(self, observation, latent):
        rng = np.random.default_rng(zlib.crc32(latent.tobytes()))
        count = latent.shape[1]
        grasps, volume = draw_near(self.part, JAW, 10 * count, rng)
        share = np.where(grasps[:, 0] > 0, self.right, 1 - self.right)
        grasps = grasps[rng.random(len(grasps)) < share][:count]
        share = np.where(grasps[:, 0] > 0, self.right, 1 - self.right)
        log_density = np.log(2 * share / volume)
        return Samples(grasps[None], np.ones((1, count), np.float32), log_density[None])


def test_grasps_of_a_known_outline_all_hold_and_are_the_models_where_it_gives_enough(model):
    seen = scene("hammer")
    found = model.draw(seen, None, 200, 3)
    assert feasibility(seen.part, JAW, found.action).all()
    assert (found.verified, found.filled, found.reason) == (True, 0, "")
    view = model.view(seen, JAW)
    (own,) = draw_feasible(ViewedModel(model.saved, view), view.observation(), 260, 3)
    holds = feasibility(seen.part, JAW, own.action)
    np.testing.assert_array_equal(found.action, own.action[holds][:200])


def test_without_verification_the_models_own_are_given(model):
    seen = scene("hammer")
    found = model.draw(seen, None, 50, 3, verified=False)
    view = model.view(seen, JAW)
    (own,) = draw_feasible(ViewedModel(model.saved, view), view.observation(), 50, 3)
    np.testing.assert_array_equal(found.action, own.action)
    assert not found.verified


def test_a_part_that_the_model_cannot_see_is_drawn_by_the_rules_alone(model):
    strip = shapely.box(-0.05, -0.00075, 0.05, 0.00075)  # thinner than a pixel
    found = model.draw(scene(strip), None, 60, 1)
    assert len(found.action) == 60
    assert feasibility(strip, JAW, found.action).all()
    assert found.filled == 60
    np.testing.assert_array_equal(found.feasibility, 1.0)
    assert np.isnan(found.log_density).all()


def test_where_nothing_holds_the_reason_is_given(model, monkeypatch):
    monkeypatch.setattr(
        "fag_tf.environments.planar_grasp.feasibility.exact_sampling._MOST_TRIES", 20_000
    )
    found = model.draw(scene(shapely.box(-0.06, -0.06, 0.06, 0.06)), None, 8, 1)
    assert len(found.action) == 0
    assert found.reason == "its narrowest width, 120 mm, exceeds the opening, 85 mm"


def test_the_fill_makes_a_skewed_model_even():
    """Only some 4 percent of the stand-in's 4,096 candidates hold; the rules draw the rest."""
    model = Skewed(BAR)
    found = draw_verified(model, {"image": np.zeros((1, 1))}, BAR, JAW, 400, 0)
    assert 0.2 < found.filled / 400 < 0.8
    assert feasibility(BAR, JAW, found.action).all()
    own, fill = found.action[: 400 - found.filled], found.action[400 - found.filled :]
    assert np.mean(own[:, 0] > 0) > 0.6
    assert np.mean(fill[:, 0] > 0) < 0.45
    assert np.mean(found.action[:, 0] > 0) == pytest.approx(0.5, abs=0.075)  # 3 standard errors


def test_candidates_that_lie_denser_than_an_even_set_are_thinned_out():
    model = Skewed(BAR, right=0.999)
    found = draw_verified(model, {"image": np.zeros((1, 1))}, BAR, JAW, 240, 0)
    assert found.filled > 100  # of some 160 candidates that hold, all on one side, 120 are due
    assert np.mean(found.action[:, 0] > 0) == pytest.approx(0.5, abs=0.1)


def test_the_fill_leaves_out_of_an_even_pool_what_is_nearest_to_what_is_there():
    rng = np.random.default_rng(0)
    pool = draw_exact(HAMMER, JAW, 600, rng).action
    taken = draw_exact(HAMMER, JAW, 900, rng).action
    taken = taken[taken[:, 0] > 0][:200]
    fill = even_fill(pool, taken, rng)
    assert len(fill) == 400
    rows = {row.tobytes() for row in pool}
    assert all(row.tobytes() in rows for row in fill)
    whole = np.concatenate([taken, fill])
    assert abs(np.mean(whole[:, 0] > 0) - np.mean(pool[:, 0] > 0)) < 0.02
    at_random = np.concatenate([taken, rng.permutation(pool)[:400]])
    assert np.mean(at_random[:, 0] > 0) > np.mean(pool[:, 0] > 0) + 0.1


def test_half_a_turn_is_no_distance():
    rng = np.random.default_rng(0)
    pool = np.array([[0, 0, 0.001], [0, 0, 1.5], [0, 0, 2.0]], np.float32)
    fill = even_fill(pool, np.array([[0, 0, np.pi - 0.001]], np.float32), rng)
    np.testing.assert_array_equal(fill, pool[1:])


def test_nothing_there_leaves_the_whole_pool_and_a_full_set_leaves_none():
    rng = np.random.default_rng(0)
    pool = draw_exact(HAMMER, JAW, 300, rng).action
    assert len(even_fill(pool, pool[:0], rng)) == 300
    assert len(even_fill(pool, pool, rng)) == 0


def test_the_same_seed_gives_the_same_grasps(model):
    strip = scene(shapely.box(-0.05, -0.00075, 0.05, 0.00075))
    first, second = (model.draw(strip, None, 20, 7).action for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, model.draw(strip, None, 20, 8).action)
