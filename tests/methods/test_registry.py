import numpy as np
import pytest

from fag_tf.errors import InputError
from fag_tf.methods.fitted import Fitted
from fag_tf.methods.registry import METHODS, fit_method
from fag_tf.methods.wgan import NetworkGenerator
from reference.tiny_runs import eagerly, tiny_config

assert eagerly
assert NetworkGenerator


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
    with pytest.raises(InputError, match="no method is called 'magic'"):
        fit_method("magic", tiny_config())
