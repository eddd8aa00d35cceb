import numpy as np

from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.registry import make_environment
from fag_tf.environments.toys.planar import Boxes
from fag_tf.evaluation.sample_plots import draw_examples


def uniform_sampler(environment, critic=True):
    def sample(observation, num_samples, seed):
        batch = len(next(iter(observation.values())))
        rng = np.random.default_rng(seed)
        actions = environment.action_space.sample(rng, (batch, num_samples))
        return actions, rng.random((batch, num_samples)) if critic else None

    return sample


def test_grasps_are_drawn_on_each_object(tmp_path):
    environment = PlanarGrasp()
    written = draw_examples(
        environment, uniform_sampler(environment), tmp_path, objects=["L", "O"], num_samples=20
    )
    assert [path.name for path in written] == ["L.png", "O.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["L.png", "O.png"]


def test_a_sampler_without_a_critic_is_drawn_too(tmp_path):
    environment = PlanarGrasp()
    sampler = uniform_sampler(environment, critic=False)
    assert len(draw_examples(environment, sampler, tmp_path, objects=["T"], num_samples=3)) == 1


def test_samples_of_a_plane_are_scattered_over_the_truth(tmp_path):
    environment = make_environment("boxes")
    assert environment.action_space.dim == 2
    written = draw_examples(environment, uniform_sampler(environment), tmp_path, num_samples=50)
    assert len(written) == len(list(tmp_path.iterdir())) > 0


def test_of_what_cannot_be_drawn_no_samples_are_asked(tmp_path):
    def sampler(observation, num_samples, seed):
        raise AssertionError("samples were drawn for nothing")

    assert draw_examples(Boxes(dim=3), sampler, tmp_path) == []
