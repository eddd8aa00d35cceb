"""The REST side of a running server, by Triton's client and by requests no client would make."""

import re
import socket

import numpy as np
import pytest
import requests
from tritonclient.http import InferRequestedOutput
from tritonclient.utils import InferenceServerException

from fag_tf.deployment.feasible_sampling import draw_feasible
from fag_tf.latents import draw_latent
from reference.serving import (
    INFER,
    NAME,
    binary_request,
    json_arrays,
    json_request,
    triton_inputs,
)


@pytest.fixture
def client(server):
    with server.http_client() as client:
        yield client


def times(observation, batch):
    return {name: np.repeat(array, batch, axis=0) for name, array in observation.items()}


# Any client of the protocol ----------------------------------------------------------------------


def test_it_says_what_it_is_and_has(client, sampler):
    assert client.is_server_live()
    assert client.is_server_ready()
    for version in ("", "1"):
        assert client.is_model_ready(NAME, version)
        metadata = client.get_model_metadata(NAME, version)
        assert (metadata["name"], metadata["versions"]) == (NAME, ["1"])
        assert [each["name"] for each in metadata["inputs"]] == list(sampler.card.inputs)
        assert {each["name"]: each["shape"] for each in metadata["outputs"]} == {
            "action": [-1, -1, 3],
            "feasibility": [-1, -1],
            "log_density": [-1, -1],
        }
    assert client.get_server_metadata()["name"] == "fag-tf"


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_every_form_of_tensors_gives_the_local_samplers_answer(
    client, sampler, hammer, binary_in, binary_out
):
    outputs = [InferRequestedOutput(name, binary_out) for name in ("feasibility", "action")]
    answer = client.infer(
        NAME,
        triton_inputs(hammer, binary_data=binary_in),
        outputs=outputs,
        request_id="mine",
        parameters={"num_samples": 16, "seed": 5},
    )
    action, feasibility = sampler.sample(hammer, 16, 5)
    np.testing.assert_array_equal(answer.as_numpy("action"), action)
    np.testing.assert_array_equal(answer.as_numpy("feasibility"), feasibility)
    response = answer.get_response()
    assert (response["id"], response["model_version"]) == ("mine", "1")
    assert response["parameters"] == {"seed": 5, "tries": 16}


def test_a_batch_gives_the_local_samplers_answer(client, sampler, hammer):
    both = times(hammer, 2)
    both["gripper"][1, 0] = 0.06
    answer = client.infer(
        NAME, triton_inputs(both), model_version="1", parameters={"num_samples": 9, "seed": 1}
    )
    np.testing.assert_array_equal(answer.as_numpy("action"), sampler.sample(both, 9, 1)[0])


def test_a_latent_gives_the_models_answer(client, sampler, hammer):
    latent = draw_latent(2, 1, 7, sampler.card.latent_dim)
    answer = client.infer(NAME, triton_inputs({**hammer, "latent": latent}))
    np.testing.assert_array_equal(answer.as_numpy("action"), sampler.run(hammer, latent)[0])


def test_parameters_filter_and_rank(client, sampler, hammer):
    wanted = {"num_samples": 40, "seed": 3, "min_feasibility": 0.9, "top_k": 4}
    answer = client.infer(NAME, triton_inputs(hammer), parameters=wanted)
    (found,) = draw_feasible(sampler, hammer, 40, 3, 0.9)
    best = np.argsort(-found.feasibility, kind="stable")[:4]
    np.testing.assert_array_equal(answer.as_numpy("action")[0], found.action[best])


def test_an_answer_may_be_empty(client, sampler, hammer):
    empty = {name: array for name, array in hammer.items() if name != "image"}
    empty["image"] = np.zeros_like(hammer["image"])
    latent = np.zeros((1, 3, sampler.card.latent_dim), np.float32)
    for binary in (True, False):
        answer = client.infer(
            NAME,
            triton_inputs({**empty, "latent": latent}),
            outputs=[InferRequestedOutput("action", binary)],
            parameters={"min_feasibility": 1.0},
        )
        assert answer.as_numpy("action").shape == (1, 0, 3)


def test_only_what_is_asked_for_is_sent(client, hammer):
    answer = client.infer(
        NAME,
        triton_inputs(hammer),
        outputs=[InferRequestedOutput("feasibility")],
        parameters={"num_samples": 2},
    )
    assert answer.as_numpy("action") is None
    assert answer.as_numpy("feasibility").shape == (1, 2)


def test_without_a_seed_the_answer_says_which_it_was(client, sampler, hammer):
    answer = client.infer(NAME, triton_inputs(hammer), parameters={"num_samples": 3})
    seed = answer.get_response()["parameters"]["seed"]
    np.testing.assert_array_equal(answer.as_numpy("action"), sampler.sample(hammer, 3, seed)[0])


def test_a_client_is_told_what_is_wrong(client, hammer):
    with pytest.raises(InferenceServerException, match=r"latent.*num_samples") as error:
        client.infer(NAME, triton_inputs(hammer))
    assert error.value.status() == "400"


@pytest.mark.parametrize("change", ["load_model", "unload_model"])
def test_nobody_loads_or_unloads_a_model(client, change):
    with pytest.raises(InferenceServerException):
        getattr(client, change)(NAME)
    assert client.is_model_ready(NAME)
    assert client.is_server_ready()


# Requests that no client would make --------------------------------------------------------------


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}]
)
def test_json_needs_no_content_type(server, sampler, hammer, headers):
    body = requests.Request("POST", "http://x", json=json_request(hammer, num_samples=2, seed=1))
    answer = requests.post(server.url + INFER, data=body.prepare().body, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["id"]
    action, _ = sampler.sample(hammer, 2, 1)
    np.testing.assert_array_equal(json_arrays(answer.json())["action"], action)


@pytest.mark.parametrize("id_", ["", None])
def test_the_answer_has_an_id_even_if_the_request_has_none(server, hammer, id_):
    content = {"id": id_, **json_request(hammer, num_samples=1)}
    assert requests.post(server.url + INFER, json=content).json()["id"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/none", 404),
        ("GET", "/v2/models/none/ready", 404),
        ("GET", f"/v2/models/{NAME}/versions/2", 404),
        ("GET", f"/v2/models/{NAME}/versions/2/ready", 404),
        ("POST", "/v2/models/none/infer", 404),
        ("POST", f"/v2/models/{NAME}/versions/2/infer", 404),
        ("GET", INFER, 405),
        ("GET", "/v1/models", 404),
        ("GET", "/docs", 404),
        ("POST", f"/v2/repository/models/{NAME}/load", 403),
        ("POST", f"/v2/repository/models/{NAME}/unload", 403),
    ],
)
def test_what_it_has_not_is_told_in_the_protocols_form(server, method, path, status):
    answer = requests.request(method, server.url + path)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize("cut", [1, 200, 4, 70_000])
def test_a_truncated_binary_body_is_told(server, hammer, cut):
    body, headers = binary_request(hammer, num_samples=1)
    answer = requests.post(server.url + INFER, data=body[:-cut], headers=headers)
    assert answer.status_code == 400
    assert "error" in answer.json()


def test_values_out_of_range_are_told(server, hammer):
    content = json_request(hammer, num_samples=1)
    content["inputs"][1]["data"][0][0] = 1e40
    answer = requests.post(server.url + INFER, json=content)
    assert answer.status_code == 400
    assert "gripper" in answer.json()["error"]


def test_an_unknown_output_is_told(server, hammer):
    content = {**json_request(hammer, num_samples=1), "outputs": [{"name": "pose"}]}
    answer = requests.post(server.url + INFER, json=content)
    assert answer.status_code == 400
    assert re.search("'pose'.*action, feasibility", answer.json()["error"])


def test_metrics_count_requests_and_samples(server, hammer):
    def metric(name, labels=f'model="{NAME}"'):
        lines = requests.get(server.url + "/metrics").text.splitlines()
        return sum(
            float(line.split()[-1])
            for line in lines
            if line.startswith(f"{name}{{") and labels in line
        )

    names = ("fag_tf_samples_total", "fag_tf_samples_filtered_total")
    before = [metric(name) for name in names]
    ended = metric("fag_tf_requests_total", 'code="200"')
    answer = requests.post(
        server.url + INFER, json=json_request(hammer, num_samples=9, min_feasibility=0.999)
    )
    tries = answer.json()["parameters"]["tries"]
    assert [metric(name) - old for name, old in zip(names, before, strict=True)] == [
        tries,
        tries - 9,
    ]
    assert metric("fag_tf_requests_total", 'code="200"') == ended + 1
    assert metric("fag_tf_request_seconds_count", 'protocol="rest"') > 0
    requests.post(server.url + "/v2/models/none-such/infer", data=b"{}")
    assert "none-such" not in requests.get(server.url + "/metrics").text


# Limits and the token ----------------------------------------------------------------------------


def bearer(guarded):
    return {"Authorization": f"Bearer {guarded.token}"}


@pytest.mark.parametrize("path", ["/v2", "/v2/models", f"/v2/models/{NAME}", "/metrics", "/x"])
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic s3cret-of-tests", "Bearer "])
def test_nothing_is_told_without_the_token(guarded, path, header):
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(guarded.url + path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_no_request_is_answered_without_the_token(guarded, hammer):
    content = json_request(hammer, num_samples=2)
    assert requests.post(guarded.url + INFER, json=content).status_code == 401
    answer = requests.post(guarded.url + INFER, json=content, headers=bearer(guarded))
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready"])
def test_health_needs_no_token(guarded, path):
    assert requests.get(guarded.url + path).status_code == 200


def test_a_client_may_send_the_token(guarded, hammer):
    with guarded.http_client() as client:
        answer = client.infer(
            NAME, triton_inputs(hammer), parameters={"num_samples": 2}, headers=bearer(guarded)
        )
        assert answer.as_numpy("action").shape == (1, 2, 3)


@pytest.mark.parametrize(
    ("batch", "number", "status"), [(2, 32, 200), (3, 1, 400), (1, 65, 400), (2, 33, 400)]
)
def test_states_and_actions_of_a_request_are_bounded(guarded, hammer, batch, number, status):
    body, headers = binary_request(times(hammer, batch), num_samples=number)
    answer = requests.post(guarded.url + INFER, data=body, headers=headers | bearer(guarded))
    assert answer.status_code == status
    assert status == 200 or re.search(r"\b(2|64)\b", answer.json()["error"])


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("megabytes", [2, 10])
def test_a_body_that_is_too_large_is_refused(guarded, chunked, megabytes):
    piece = bytes(1_000_000)
    data = (piece for _ in range(megabytes)) if chunked else piece * megabytes
    answer = requests.post(guarded.url + INFER, data=data, headers=bearer(guarded))
    assert answer.status_code == 413
    assert answer.json() == {"error": "a request may have 1048576 bytes"}


def test_who_asks_before_sending_too_much_is_refused_at_once(guarded):
    with socket.create_connection((guarded.host, guarded.port), 5) as connection:
        connection.sendall(
            f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n"
            f"Authorization: Bearer {guarded.token}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_compressed_body_is_refused(server):
    answer = requests.post(server.url + INFER, data=b"x", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


def test_who_breaks_off_does_no_harm(server, hammer):
    body, headers = binary_request(hammer, num_samples=1)
    length = headers["Inference-Header-Content-Length"]
    for end in (0, 10, len(body) // 2, len(body) - 1):
        with socket.create_connection((server.host, server.port), 5) as connection:
            connection.sendall(
                f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
                f"Inference-Header-Content-Length: {length}\r\n\r\n".encode()
                + body[:end]
            )
    assert requests.post(server.url + INFER, data=body, headers=headers).status_code == 200
