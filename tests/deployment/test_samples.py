import numpy as np
import pytest

from fag_tf.deployment.samples import Samples


def some(with_log_density=True):
    action = np.arange(12, dtype=np.float32).reshape(1, 4, 3)
    return Samples(action, action[..., 0] / 10, -action[..., 0] if with_log_density else None)


@pytest.mark.parametrize("with_log_density", [True, False])
def test_samples_are_those_of_their_outputs(with_log_density):
    samples = some(with_log_density)
    names = ["action", "feasibility", "log_density"][: 2 + with_log_density]
    assert list(samples.outputs()) == names
    again = Samples.from_outputs(samples.outputs())
    assert all(ours is theirs for ours, theirs in zip(samples, again, strict=True))


def test_a_change_of_each_keeps_them_together():
    chosen = some().each(lambda array: array[:, [2, 0]])
    np.testing.assert_array_equal(chosen.action[..., 0], [[6, 0]])
    np.testing.assert_array_equal(chosen.log_density, [[-6, 0]])
    assert some(False).each(lambda array: array[:, :1]).log_density is None


def test_parts_are_joined_in_order():
    parts = [some().each(lambda array, n=n: array[:, n : n + 1]) for n in range(4)]
    for ours, theirs in zip(Samples.joined(parts, axis=1), some(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert Samples.joined([some(False)] * 2, axis=0).log_density is None
