import numpy as np
import pytest

from fag_tf.deployment.serving.queries import Limits, Query, parse_query
from fag_tf.errors import InputError
from fag_tf.latents import draw_latent

LIMITS = Limits(batch=3, samples=100)


def parse(sampler, arrays, **parameters) -> Query:
    return parse_query(sampler, arrays, parameters, LIMITS)


def times(observation, batch):
    return {name: np.repeat(array, batch, axis=0) for name, array in observation.items()}


def test_a_request_may_name_samples_and_seed(sampler, hammer):
    query = parse(sampler, times(hammer, 2), num_samples=50, seed=7, top_k=3)
    assert (query.batch, query.num_samples, query.seed, query.top_k) == (2, 50, 7, 3)
    assert query.latent is None
    assert query.min_feasibility is None


def test_a_request_may_bring_its_latent(sampler, hammer):
    latent = draw_latent(0, 1, 5, sampler.card.latent_dim)
    query = parse(sampler, {**hammer, "latent": latent}, min_feasibility=0.25)
    np.testing.assert_array_equal(query.latent, latent)
    assert (query.num_samples, query.min_feasibility) == (5, 0.25)


def test_without_a_seed_each_request_has_its_own(sampler, hammer):
    seeds = {parse(sampler, hammer, num_samples=1).seed for _ in range(5)}
    assert len(seeds) > 1


def test_numbers_may_come_as_text(sampler, hammer):
    query = parse(sampler, hammer, num_samples="8", seed="3", min_feasibility="0.5", top_k="2")
    assert (query.num_samples, query.seed, query.min_feasibility, query.top_k) == (8, 3, 0.5, 2)


def test_what_tritons_clients_send_with_every_request_is_passed_over(sampler, hammer):
    query = parse(sampler, hammer, num_samples=2, triton_enable_empty_final_response=True)
    assert query.num_samples == 2


def test_the_limits_themselves_are_allowed(sampler, hammer):
    assert parse(sampler, times(hammer, 2), num_samples=50).num_samples == 50
    assert parse(sampler, times(hammer, 3), num_samples=1).batch == 3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "latent.*num_samples"),
        ({"num_samples": 0}, r"^num_samples.*\b0\b.*1"),
        ({"num_samples": -1}, "^num_samples.*-1"),
        ({"num_samples": True}, "^num_samples.*True"),
        ({"num_samples": 2.0}, r"^num_samples.*2\.0"),
        ({"num_samples": None}, "^num_samples.*None"),
        ({"num_samples": "9" * 5000}, "^num_samples.*'999"),
        ({"num_samples": 101}, r"\b101\b.*\b100\b"),
        ({"num_samples": 10**30}, r"\b10{30}\b.*\b100\b"),
        ({"num_samples": 1, "seed": -1}, r"^seed.*-1\b.*0"),
        ({"num_samples": 1, "seed": 2**63}, "^seed.*9223372036854775808"),
        ({"num_samples": 1, "seed": [1]}, r"^seed.*\[1\]"),
        ({"num_samples": 1, "min_feasibility": 1.5}, r"^min_feasibility.*1\.5"),
        ({"num_samples": 1, "min_feasibility": "nan"}, "^min_feasibility.*'nan'"),
        ({"num_samples": 1, "min_feasibility": True}, "^min_feasibility.*True"),
        ({"num_samples": 1, "min_feasibility": None}, "^min_feasibility.*None"),
        ({"num_samples": 1, "min_feasibility": {}}, r"^min_feasibility.*\{\}"),
        ({"num_samples": 1, "top_k": 0}, r"^top_k.*\b0\b.*1"),
        ({"num_samples": 1, "sede": 1}, "'sede'.*num_samples"),
    ],
)
def test_a_wrong_parameter_is_told(sampler, hammer, parameters, message):
    with pytest.raises(InputError, match=message) as error:
        parse(sampler, hammer, **parameters)
    assert len(str(error.value)) < 200


def test_a_latent_goes_without_samples_and_seed(sampler, hammer):
    latent = draw_latent(0, 1, 5, sampler.card.latent_dim)
    for name in ("num_samples", "seed"):
        with pytest.raises(InputError, match=f"^{name}.*latent"):
            parse(sampler, {**hammer, "latent": latent}, **{name: 5})


@pytest.mark.parametrize(
    ("shape", "value", "message"),
    [
        ((1, 5, 1), 0.0, r"latent.*\(1, 5, 1\)"),
        ((5, "Z"), 0.0, r"latent.*\(5, \d+\)"),
        ((2, 5, "Z"), 0.0, r"latent.*\(2, 5, \d+\).*\b1\b"),
        ((1, 0, "Z"), 0.0, r"latent.*\(1, 0, \d+\)"),
        ((1, 5, "Z"), np.nan, "latent.*finite"),
        ((1, 5, "Z"), 1.5, r"latent.*1\.5"),
        ((1, 101, "Z"), 0.0, r"\b101\b.*\b100\b"),
    ],
)
def test_a_wrong_latent_is_told(sampler, hammer, shape, value, message):
    sizes = [sampler.card.latent_dim if size == "Z" else size for size in shape]
    latent = np.full(sizes, value, np.float32)
    with pytest.raises(InputError, match=message):
        parse(sampler, {**hammer, "latent": latent})


def test_too_many_states_are_told(sampler, hammer):
    with pytest.raises(InputError, match=r"\b4\b.*\b3\b"):
        parse(sampler, times(hammer, 4), num_samples=1)


def test_a_least_feasibility_is_for_one_state(sampler, hammer):
    with pytest.raises(InputError, match=r"min_feasibility.*\b2\b"):
        parse(sampler, times(hammer, 2), num_samples=1, min_feasibility=0.5)


def test_an_input_that_is_missing_or_out_of_range_is_told(sampler, hammer):
    with pytest.raises(InputError, match=r"\['image'\].*\['gripper', 'image'\]"):
        parse(sampler, {"image": hammer["image"]}, num_samples=1)
    wide = hammer["gripper"].copy()
    wide[0, 0] = 0.2
    with pytest.raises(InputError, match=r"gripper opening.*0\.2\b"):
        parse(sampler, {**hammer, "gripper": wide}, num_samples=1)
