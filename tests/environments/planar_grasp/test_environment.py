import subprocess
import sys

import numpy as np
import pytest
import shapely

from fag_tf.environments.base import Environment
from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, PRESETS, RANGES, Gripper
from fag_tf.environments.planar_grasp.parts.named import TEST_PARTS, TRAINING_PARTS
from fag_tf.environments.registry import make_environment
from fag_tf.errors import InputError

_BOLT = "POLYGON ((0 0, {0} 0, {0} {1}, 0 {1}, 0 0))"


def test_it_is_found_by_name_and_offers_every_capability():
    environment = make_environment("planar_grasp")
    assert isinstance(environment, Environment)
    assert environment.offers("evaluation_states", "truth")
    assert environment.offers("build_actor", "build_critic")


def test_importing_it_does_not_import_tensorflow():
    program = (
        "import sys, fag_tf.environments.planar_grasp.environment as module;"
        "module.PlanarGrasp(); sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_observations_meet_their_specification():
    environment = PlanarGrasp(image_size=64)
    states = environment.draw_states(np.random.default_rng(0), 5)
    observation = environment.observe(states)
    assert observation.keys() == environment.observation_spec.keys()
    for name, spec in environment.observation_spec.items():
        assert observation[name].shape == (5, *spec.shape)
        assert observation[name].dtype == spec.dtype
    np.testing.assert_array_equal(observation["gripper"][3], states[3].gripper.vector())


def test_the_picture_shows_where_a_grasp_holds():
    environment = PlanarGrasp(parts="Spoon", gripper="robotiq_2f85")
    (state,) = environment.draw_states(np.random.default_rng(1), 1)
    picture = environment.observe([state])["image"][0, :, :, 0]
    grasps = environment.truth(state).centres
    x, y, theta = grasps.T
    rows, columns = (0.15 - y) / 0.3 * 128, (x + 0.15) / 0.3 * 128
    covered = np.zeros(len(grasps), bool)
    for step in np.arange(-0.0425, 0.0425, 0.002):
        i = np.clip(rows - step * np.sin(theta) / 0.3 * 128, 0, 127).astype(int)
        j = np.clip(columns + step * np.cos(theta) / 0.3 * 128, 0, 127).astype(int)
        covered |= picture[i, j] > 0.3
    assert covered.mean() > 0.95


def test_feasibility_of_a_batch_is_that_of_each_state():
    environment = PlanarGrasp()
    rng = np.random.default_rng(2)
    states = environment.draw_states(rng, 4)
    actions = environment.action_space.sample(rng, (4, 3000))
    verdicts = environment.feasibility(states, actions)
    assert verdicts.shape == (4, 3000)
    assert verdicts.dtype == bool
    for k, state in enumerate(states):
        alone = environment.feasibility([state], actions[k : k + 1])
        np.testing.assert_array_equal(alone[0], verdicts[k])


def test_uniform_grasps_are_feasible_at_the_rate_of_the_contract():
    environment = PlanarGrasp()
    rng = np.random.default_rng(3)
    states = environment.draw_states(rng, 100)
    rate = environment.feasibility(states, environment.action_space.sample(rng, (100, 2000))).mean()
    assert 0.002 < rate < 0.02


def test_samples_of_the_truth_hold():
    environment = PlanarGrasp(gripper="robotiq_2f85")
    rng = np.random.default_rng(4)
    for states in environment.evaluation_states(rng, 1, ["C", "L", "hammer"]).values():
        truth = environment.truth(states[0])
        # Judged at cell centres, so some of a boundary cell is infeasible.
        assert environment.feasibility(states, truth.sample(rng, 2000)[None]).mean() > 0.8
        assert environment.feasibility(states, truth.centres[None]).all()


def test_mixed_parts_and_random_grippers_come_in_the_stated_shares():
    environment = PlanarGrasp(default_share=0.25, named_share=0.5)
    states = environment.draw_states(np.random.default_rng(6), 400)
    named = np.mean([state.name in TRAINING_PARTS for state in states])
    default = np.mean([state.gripper == DEFAULT_GRIPPER for state in states])
    # Four standard errors.
    assert named == pytest.approx(0.5, abs=0.1)
    assert default == pytest.approx(0.25, abs=0.09)
    assert not {state.name for state in states} & set(TEST_PARTS)
    for name, (low, high) in RANGES.items():
        assert all(low <= getattr(state.gripper, name) <= high for state in states)


def test_random_parts_alone_have_no_names():
    states = PlanarGrasp(parts="random").draw_states(np.random.default_rng(7), 40)
    assert {state.name for state in states} == {"random"}


def test_the_training_parts_alone_are_drawn_and_evaluated():
    environment = PlanarGrasp(parts="training")
    states = environment.draw_states(np.random.default_rng(7), 40)
    assert {state.name for state in states} == set(TRAINING_PARTS)
    assert set(environment.evaluation_states(np.random.default_rng(0), 1)) == set(TRAINING_PARTS)
    assert set(environment.evaluation_states(np.random.default_rng(0), 1, ["X"])) == {"X"}


def test_one_part_and_one_gripper_are_drawn_alone():
    environment = PlanarGrasp(parts="hammer", gripper="opening=0.06")
    states = environment.draw_states(np.random.default_rng(8), 5)
    assert {state.name for state in states} == {"hammer"}
    assert {state.gripper for state in states} == {Gripper(opening=0.06)}
    assert len({state.pose for state in states}) == 5


def test_a_part_given_by_its_outline_is_centred():
    parts = {"name": "plank", "outline": "POLYGON ((1 1, 1.1 1, 1.1 1.02, 1 1.02, 1 1))"}
    (state,) = PlanarGrasp(parts=parts).draw_states(np.random.default_rng(0), 1)
    assert state.name == "plank"
    assert state.part.bounds == pytest.approx((-0.05, -0.01, 0.05, 0.01))
    assert list(PlanarGrasp(parts=parts).evaluation_states(np.random.default_rng(0), 1)) == [
        "plank"
    ]


def test_the_same_seed_gives_the_same_states():
    first, second = (PlanarGrasp().draw_states(np.random.default_rng(9), 6) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert (a.name, a.pose, a.gripper) == (b.name, b.pose, b.gripper)
        assert shapely.equals_identical(a.part, b.part)


def test_evaluation_meets_the_test_parts_with_the_chosen_gripper():
    rng = np.random.default_rng(10)
    states = PlanarGrasp().evaluation_states(rng, 3)
    assert tuple(states) == TEST_PARTS
    assert all(len(poses) == 3 for poses in states.values())
    assert all(state.gripper == DEFAULT_GRIPPER for poses in states.values() for state in poses)
    franka = PlanarGrasp(gripper="franka_hand").evaluation_states(rng, 1, ["eight"])
    assert franka["8"][0].gripper == PRESETS["franka_hand"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gripper": "robotic"}, "'robotic'.*robotiq_2f85"),
        ({"parts": "wrench"}, "'wrench'"),
        ({"parts": "wrench.stl"}, r"--object wrench\.stl"),
        ({"parts": "parts/wrench"}, "--object parts/wrench"),
        ({"parts": 8}, "parts.*8.*name and outline"),
        ({"parts": {"outline": "POINT (0 0)"}}, r"parts.*\{'outline': 'POINT \(0 0\)'\}"),
        ({"parts": {"name": "p", "outline": 3}}, "parts.*'outline': 3"),
        ({"parts": {"name": "p", "outline": "POINT (0 0)"}}, r"parts\.outline.*Point"),
        ({"parts": {"name": "p", "outline": "LYGON"}}, r"parts\.outline.*WKT"),
        (
            {"parts": {"name": "p", "outline": "POLYGON ((0 0, 1e9 0, 1e9 1, 0 1, 0 0))"}},
            r"\bp\b.*1e\+09 m",
        ),
        ({"image_size": 2}, r"^image_size.*\b2\b"),
        ({"default_share": 1.5}, r"^default_share.*1\.5"),
        ({"named_share": float("nan")}, "^named_share.*nan"),
        ({"grippers": "random"}, "'grippers'"),
    ],
)
def test_options_that_cannot_be_used_say_what_could(options, message):
    with pytest.raises(InputError, match=message):
        make_environment("planar_grasp", options)


def test_a_part_too_small_to_be_seen_is_not_trained_on():
    PlanarGrasp(parts={"name": "bolt", "outline": _BOLT.format(0.02, 0.008)})
    with pytest.raises(InputError, match=r"bolt.*0\.00016 mm\^2"):
        PlanarGrasp(parts={"name": "bolt", "outline": _BOLT.format(2e-5, 8e-6)})


def test_random_parts_are_evaluated_by_their_seeds():
    states = PlanarGrasp().evaluation_states(np.random.default_rng(0), 2, ["L", "random:3-5"])
    assert list(states) == ["L", "random:3", "random:4", "random:5"]
    assert all(len(posed) == 2 for posed in states.values())
    for wrong in ("random:5-3", "random:0-1000"):
        with pytest.raises(InputError, match=rf"{wrong} .*\b1 to 1000\b"):
            PlanarGrasp().evaluation_states(np.random.default_rng(0), 1, [wrong])


def test_objects_given_twice_are_rejected():
    with pytest.raises(InputError, match="'8'"):
        PlanarGrasp().evaluation_states(np.random.default_rng(0), 1, ["8", "eight"])
