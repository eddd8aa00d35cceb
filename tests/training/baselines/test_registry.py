import numpy as np
import pytest

from fag_tf.config.schema import GENERATORS
from fag_tf.environments.toys.planar import Boxes
from fag_tf.errors import InputError
from fag_tf.training.baselines.fitted import Fitted
from fag_tf.training.baselines.registry import METHODS, build_generator, fit_method
from reference.tiny_runs import eagerly, tiny_config

assert eagerly


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_every_method_learns_and_samples(name):
    config = tiny_config("trainer.steps=2")
    fitted = fit_method(name, config)
    assert isinstance(fitted, Fitted)
    assert fitted.interactions > 0
    observation = {"centres": np.zeros((2, 1, 2)), "half_widths": np.full((2, 1, 2), 0.2)}
    observation = {key: value.astype(np.float32) for key, value in observation.items()}
    actions, feasibility = fitted.sampler(observation, 5, 0)
    assert actions.shape == (2, 5, 2)
    assert np.all(np.abs(actions) <= 1.0)
    assert np.all((feasibility >= 0.0) & (feasibility <= 1.0))


def test_an_unknown_method_is_told():
    with pytest.raises(InputError, match="'magic'"):
        fit_method("magic", tiny_config())


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_covers_the_space_at_its_start_and_depends_on_its_own_latent_alone(name):
    boxes = Boxes(num_boxes=1)
    network = build_generator(name, tiny_config(), boxes)
    observation = boxes.observe(boxes.draw_states(np.random.default_rng(0), 2))
    latent = np.random.default_rng(1).uniform(-1.0, 1.0, (2, 500, network.latent_dim))
    latent = latent.astype(np.float32)
    actions = network(observation, latent).numpy()
    assert np.all(np.abs(actions) <= 1.0)
    assert np.all(actions.std(axis=1) > 0.2)
    latent[:, 1:] = 0.0
    np.testing.assert_allclose(network(observation, latent)[:, 0], actions[:, 0], atol=1e-5)
