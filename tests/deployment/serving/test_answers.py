import numpy as np
import pytest

from fag_tf.deployment.feasible_sampling import draw_feasible
from fag_tf.deployment.serving.answers import Answer, answer_query
from fag_tf.deployment.serving.queries import Limits, parse_query
from fag_tf.latents import draw_latent


@pytest.fixture
def ask(sampler, hammer):
    def ask(arrays=hammer, limits=Limits(), **parameters) -> Answer:  # noqa: B008
        query = parse_query(sampler, arrays, parameters, limits)
        return answer_query(sampler, query, limits)

    return ask


def test_a_seed_gives_the_local_samplers_actions(ask, sampler, hammer):
    answer = ask(num_samples=20, seed=4)
    action, feasibility = sampler.sample(hammer, 20, 4)
    np.testing.assert_array_equal(answer.samples.action, action)
    np.testing.assert_array_equal(answer.samples.feasibility, feasibility)
    assert answer.parameters == {"seed": 4, "tries": 20}
    assert (answer.tries, answer.filtered) == (20, 0)


def test_a_latent_gives_the_models_own_actions(ask, sampler, hammer):
    latent = draw_latent(9, 1, 20, sampler.card.latent_dim)
    answer = ask({**hammer, "latent": latent})
    np.testing.assert_array_equal(answer.samples.action, sampler.run(hammer, latent)[0])
    assert answer.parameters == {}


def test_a_least_feasibility_draws_as_the_local_sampler_does(ask, sampler, hammer):
    answer = ask(num_samples=30, seed=4, min_feasibility=0.999)
    (found,) = draw_feasible(sampler, hammer, 30, 4, 0.999)
    np.testing.assert_array_equal(answer.samples.action[0], found.action)
    np.testing.assert_array_equal(answer.samples.feasibility[0], found.feasibility)
    assert answer.samples.feasibility.min() >= np.float32(0.999)
    assert answer.parameters["tries"] == found.tries == answer.filtered + 30


def test_the_search_for_feasible_actions_is_bounded(ask):
    answer = ask(limits=Limits(tries=300), num_samples=30, seed=4, min_feasibility=1.0)
    assert answer.tries == 300
    assert answer.samples.action.shape == (1, 300 - answer.filtered, 3)


def test_a_least_feasibility_filters_a_given_latent(ask, sampler, hammer):
    latent = draw_latent(9, 1, 50, sampler.card.latent_dim)
    action, feasibility, _ = sampler.run(hammer, latent)
    kept = feasibility[0] >= 0.999
    answer = ask({**hammer, "latent": latent}, min_feasibility=0.999)
    assert 0 < answer.filtered == np.sum(~kept) < 50
    np.testing.assert_array_equal(answer.samples.action[0], action[0, kept])


def test_top_k_are_the_likeliest_of_each_state_in_order(ask, sampler, hammer):
    twice = {name: np.repeat(array, 2, axis=0) for name, array in hammer.items()}
    action, feasibility = sampler.sample(twice, 20, 4)
    answer = ask(twice, num_samples=20, seed=4, top_k=5)
    assert answer.samples.action.shape == (2, 5, 3)
    for state in range(2):
        best = sorted(range(20), key=lambda n, s=state: -feasibility[s, n])[:5]
        np.testing.assert_array_equal(answer.samples.feasibility[state], feasibility[state, best])
        np.testing.assert_array_equal(answer.samples.action[state], action[state, best])


def test_top_k_gives_what_there_is(ask):
    assert ask(num_samples=3, seed=0, top_k=10).samples.action.shape == (1, 3, 3)
