import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fag_tf.latents import stratified_latent


@given(
    batch=st.integers(1, 3),
    count=st.integers(1, 70),
    dim=st.integers(1, 6),
    seed=st.integers(0, 1000),
)
@settings(max_examples=25)
def test_latents_lie_in_the_cube_and_depend_on_the_generator_alone(batch, count, dim, seed):
    first = stratified_latent(np.random.default_rng(seed), batch, count, dim)
    again = stratified_latent(np.random.default_rng(seed), batch, count, dim)
    assert first.shape == (batch, count, dim)
    assert first.dtype == np.float32
    assert np.all((first >= -1.0) & (first <= 1.0))
    np.testing.assert_array_equal(first, again)


def test_each_latent_is_uniform_by_itself():
    latent = stratified_latent(np.random.default_rng(0), 4000, 5, 3)
    for n in range(5):
        for axis in range(3):
            assert stats.kstest(latent[:, n, axis], stats.uniform(-1, 2).cdf).pvalue > 1e-4


def test_the_places_of_two_states_are_independent():
    latent = stratified_latent(np.random.default_rng(1), 2000, 4, 2)
    paired = np.corrcoef(latent[0::2, 0, 0], latent[1::2, 0, 0])[0, 1]
    assert abs(paired) < 5 / np.sqrt(1000)


@pytest.mark.parametrize("count", [64, 512])
def test_together_they_fill_the_cube_more_evenly_than_independent_draws(count):
    rng = np.random.default_rng(2)
    together = stratified_latent(rng, 64, count, 3)
    alone = rng.uniform(-1.0, 1.0, together.shape)

    def error(latent):
        """Error of the estimated share of an eighth of the cube, root mean square over states."""
        share = np.all(latent > 0.1, axis=-1).mean(axis=1)
        return np.sqrt(np.mean((share - 0.45**3) ** 2))

    assert error(together) < 0.5 * error(alone)
