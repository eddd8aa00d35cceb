"""A server of a model with a log density, which is 2 - 100 x for each of its actions."""

import numpy as np
import pytest
import requests
from tritonclient.http import InferRequestedOutput

from fag_tf.deployment.sampler import load_model
from fag_tf.latents import draw_latent
from reference.serving import (
    grpc_arrays,
    grpc_request,
    json_arrays,
    json_request,
    running_server,
    triton_inputs,
)

ALL = {"action", "feasibility", "log_density"}
QUERIES = [
    {"num_samples": 16, "seed": 5},
    {"num_samples": 16, "seed": 5, "min_feasibility": 0.9},
    {"num_samples": 16, "seed": 5, "top_k": 4},
    {"num_samples": 16, "seed": 5, "min_feasibility": 0.7, "top_k": 4},
]


@pytest.fixture(scope="module")
def dense_server(dense_model, tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("dense") / "log", dense_model) as running:
        yield running
        assert "Traceback" not in running.log.read_text()


@pytest.fixture
def client(dense_server):
    with dense_server.http_client() as client:
        yield client


def ask_rest(client, arrays, names, parameters, binary=True):
    outputs = [InferRequestedOutput(name, binary) for name in names] or None
    answer = client.infer("dense", triton_inputs(arrays), outputs=outputs, parameters=parameters)
    given = [output["name"] for output in answer.get_response()["outputs"]]
    return {name: answer.as_numpy(name) for name in given}


def ask_grpc(server, arrays, names, parameters):
    request = grpc_request(arrays, **parameters)
    request.model_name = "dense"
    for name in names:
        request.outputs.add(name=name)
    with server.grpc_stub() as stub:
        return grpc_arrays(stub.ModelInfer(request))


def are_aligned(outputs):
    expected = 2.0 - 100.0 * outputs["action"][..., 0]
    np.testing.assert_allclose(outputs["log_density"], expected, atol=1e-5)


def test_it_offers_the_log_density(client):
    outputs = client.get_model_metadata("dense")["outputs"]
    assert outputs[-1] == {"name": "log_density", "datatype": "FP32", "shape": [-1, -1]}
    assert {output["name"] for output in outputs} == ALL


@pytest.mark.parametrize("query", QUERIES)
def test_both_protocols_give_the_log_density_of_each_action(
    query, client, dense_server, observation
):
    by_rest = ask_rest(client, observation, (), query)
    by_grpc = ask_grpc(dense_server, observation, (), query)
    assert set(by_rest) == set(by_grpc) == ALL
    are_aligned(by_rest)
    assert by_rest["log_density"].shape == by_rest["feasibility"].shape
    assert by_rest["log_density"].dtype == np.float32
    assert np.ptp(by_rest["log_density"]) > 0.01
    for name in ALL:
        np.testing.assert_array_equal(by_rest[name], by_grpc[name])


@pytest.mark.parametrize("binary", [True, False])
def test_it_comes_alone_if_it_alone_is_asked_for(
    binary, client, dense_server, observation, dense_model
):
    names, query = ("log_density",), QUERIES[0]
    by_rest = ask_rest(client, observation, names, query, binary)
    by_grpc = ask_grpc(dense_server, observation, names, query)
    assert set(by_rest) == set(by_grpc) == {"log_density"}
    local = load_model(dense_model).draw(observation, 16, 5)
    np.testing.assert_array_equal(by_rest["log_density"], local.log_density)
    np.testing.assert_array_equal(by_grpc["log_density"], local.log_density)


def test_a_given_latent_that_is_filtered_stays_aligned(client, observation):
    arrays = {**observation, "latent": draw_latent(3, 1, 40, 4)}
    outputs = ask_rest(client, arrays, (), {"min_feasibility": 0.5})
    assert 0 < outputs["log_density"].shape[1] < 40
    are_aligned(outputs)


def test_ranked_batches_stay_aligned(client, observation):
    several = {name: np.repeat(array, 2, axis=0) for name, array in observation.items()}
    several["image"][1] = np.roll(several["image"][1], 20, axis=1)
    outputs = ask_rest(client, several, (), {"num_samples": 9, "seed": 1, "top_k": 3})
    assert outputs["log_density"].shape == (2, 3)
    are_aligned(outputs)


def test_plain_json_holds_numbers(dense_server, observation):
    answer = requests.post(
        f"{dense_server.url}/v2/models/dense/infer",
        json=json_request(observation, num_samples=3, seed=0),
    )
    are_aligned(json_arrays(answer.json()))
