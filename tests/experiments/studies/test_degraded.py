import numpy as np
import pytest

from fag_tf.environments.base import Environment
from fag_tf.environments.registry import make_environment
from fag_tf.environments.toys.planar import Boxes, BoxesState, Moons
from fag_tf.errors import InputError
from fag_tf.experiments.studies.degraded import DegradedEnvironment

NAME = "fag_tf.experiments.studies.degraded:DegradedEnvironment"
STATE = BoxesState(np.array([[0.0, 0.0]]), np.array([[0.3, 0.2]]))


def degraded(**options):
    return make_environment(NAME, {"env": "boxes", "env_options": {"num_boxes": 1}, **options})


def test_it_is_an_environment_and_can_do_what_the_inner_one_can():
    environment = degraded()
    assert isinstance(environment, DegradedEnvironment)
    assert isinstance(environment, Environment)
    assert environment.offers("evaluation_states", "truth")
    assert not environment.offers("build_actor", "build_critic")
    assert environment.name == "boxes"


def test_the_wanted_share_of_labels_is_turned_round_and_the_same_ones_each_time():
    actions = Boxes().action_space.sample(np.random.default_rng(0), (1, 20_000))
    right = degraded().feasibility([STATE], actions)
    noisy = degraded(label_noise=0.1).feasibility([STATE], actions)
    # Five standard errors.
    assert np.mean(noisy != right) == pytest.approx(0.1, abs=5 * np.sqrt(0.09 / 20_000))
    again = degraded(label_noise=0.1).feasibility([STATE], actions[:, ::-1])[:, ::-1]
    np.testing.assert_array_equal(noisy, again)


@pytest.mark.parametrize(("shift", "width"), [(0.1, 0.4), (-0.1, 0.2), (0.0, 0.3)])
def test_the_boundary_is_moved_by_what_is_said(shift, width):
    along = np.linspace(-0.99, 0.99, 199)
    actions = np.stack([along, np.zeros_like(along)], -1)[None].astype(np.float32)
    verdicts = degraded(boundary_shift=shift).feasibility([STATE], actions)[0]
    assert np.abs(along[verdicts]).max() == pytest.approx(width, abs=0.011)
    assert verdicts.sum() == pytest.approx(200 * width, abs=2)


def test_a_shift_goes_round_a_periodic_axis():
    environment = DegradedEnvironment("moons", {}, boundary_shift=0.1)
    moons = Moons()
    rng = np.random.default_rng(0)
    (state,) = moons.evaluation_states(rng, 1, ["seam"])["seam"]
    actions = moons.action_space.sample(rng, (1, 5000))
    grown = environment.feasibility([state], actions)
    assert np.all(grown[moons.feasibility([state], actions)])
    turned = actions + np.float32([0.0, 2 * np.pi])
    assert np.mean(environment.feasibility([state], turned) != grown) < 0.001


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_noise": 1.5}, "label_noise.*1.5"),
        ({"boundary_shift": float("nan")}, "boundary_shift.*nan"),
        ({"label_noise": "much"}, "label_noise.*'much'"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        degraded(**options)
