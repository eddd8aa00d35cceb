import numpy as np
import pytest

from fag_tf.environments.toys.planar import Boxes
from fag_tf.experiments.studies.controls import RememberingEnvironment
from fag_tf.training.baselines.rejection import ExactRejection


def test_all_samples_are_feasible_and_the_checks_are_counted():
    boxes = Boxes()
    environment = RememberingEnvironment(boxes)
    states = boxes.draw_states(np.random.default_rng(0), 4)
    sampler = ExactRejection(environment)
    actions, nothing = sampler(environment.observe(states), 1000, 3)
    assert nothing is None
    assert boxes.feasibility(states, actions).all()
    assert sampler.samples == 4000
    expected = sum(1000 * boxes.action_space.volume / boxes.volume(state) for state in states)
    assert sampler.checks == pytest.approx(expected, rel=0.1)
