import numpy as np
import pytest

from fag_tf.environments.toys.planar import Boxes, Ring
from fag_tf.errors import InputError
from fag_tf.evaluation.evaluate import RAW, evaluate
from fag_tf.experiments.studies.controls import CONTROLS, RememberingEnvironment, make_control
from reference.least_environment import Least


def figures(name, environment):
    remembering = RememberingEnvironment(environment)
    sampler = make_control(name, remembering)
    evaluation = evaluate(
        remembering, sampler, poses=4, num_samples=512, k_coverage=512, c2st_poses=0
    )
    return evaluation.mean[RAW]


def test_the_controls_mark_the_ends_of_every_figure():
    boxes = Boxes(num_boxes=2)
    perfect, removed, collapsed, uniform = (figures(name, boxes) for name in CONTROLS)
    assert perfect["feasible_rate"] == removed["feasible_rate"] == collapsed["feasible_rate"] == 1.0
    assert perfect["mode_recall"] == 1.0
    assert removed["mode_recall"] == collapsed["mode_recall"] == 0.5
    assert removed["least_share"] == collapsed["least_share"] == 0.0
    assert collapsed["coverage"] < 0.1 < removed["coverage"] < 0.9 < perfect["coverage"]
    assert perfect["grid_jsd"] < removed["grid_jsd"] < collapsed["grid_jsd"]
    assert uniform["feasible_rate"] < 0.5


def test_half_of_a_single_mode_is_removed():
    assert 0.3 < figures("one mode removed", Ring())["coverage"] < 0.7


def test_the_wrapped_environment_is_the_same_but_for_its_memory():
    inner = Boxes()
    remembering = RememberingEnvironment(inner)
    states = inner.draw_states(np.random.default_rng(0), 2)
    assert remembering.action_space is inner.action_space
    remembering.observe(states)
    assert remembering.observed == states


def test_a_control_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="'best'"):
        make_control("best", RememberingEnvironment(Boxes()))
    with pytest.raises(InputError, match=r"'least'.*truth"):
        make_control("perfect", RememberingEnvironment(Least()))
    assert make_control("uniform", RememberingEnvironment(Least()))
