"""Configuration, statistics and index, as tools that measure servers ask for them."""

import pytest
import requests

from fag_tf.deployment.serving.extension_messages import MESSAGES, message_of
from fag_tf.deployment.serving.statistics import ModelStatistics, Phases
from reference.serving import INFER, NAME, json_request, triton_inputs

FLOATS = "TYPE_FP32"


def test_tritons_rest_client_gets_them(server, hammer):
    with server.http_client() as client:
        config = client.get_model_config(NAME, "1")
        metadata = client.get_model_metadata(NAME)
        assert config["max_batch_size"] == 32
        for told, tensors in ((config["input"], "inputs"), (config["output"], "outputs")):
            assert [(each["name"], FLOATS, [-1, *each["dims"]]) for each in told] == [
                (each["name"], each["data_type"], entry["shape"])
                for each, entry in zip(told, metadata[tensors], strict=True)
            ]
        assert [each["name"] for each in config["input"] if each.get("optional")] == ["latent"]
        index = client.get_model_repository_index()
        assert index == [{"name": NAME, "version": "1", "state": "READY", "reason": ""}]
        extensions = client.get_server_metadata()["extensions"]
        assert {"model_configuration", "statistics", "model_repository"} <= set(extensions)


def stats_of(client):
    (stats,) = client.get_inference_statistics(NAME)["model_stats"]
    return stats


def test_statistics_count_what_was_asked(server, hammer):
    with server.http_client() as client:
        before = stats_of(client)
        several = {name: array.repeat(2, axis=0) for name, array in hammer.items()}
        for _ in range(3):
            client.infer(NAME, triton_inputs(several), parameters={"num_samples": 8})
        bad = requests.post(server.url + INFER, json=json_request(hammer, num_samples=10**9))
        assert bad.status_code == 400
        after = stats_of(client)
        (everything,) = client.get_inference_statistics()["model_stats"]
    assert everything == after
    assert after["inference_count"] - before["inference_count"] == 6
    assert after["execution_count"] - before["execution_count"] == 3

    def rise(kind, unit="count"):
        return after["inference_stats"][kind][unit] - before["inference_stats"][kind][unit]

    assert (rise("success"), rise("fail")) == (3, 1)
    parts = ("queue", "compute_input", "compute_infer", "compute_output")
    assert 0 < sum(rise(part, "ns") for part in parts) <= rise("success", "ns")
    (batch,) = (each for each in after["batch_stats"] if each["batch_size"] == 2)
    assert batch["compute_infer"]["count"] >= 3


def test_tritons_grpc_client_gets_the_same(server, hammer):
    calls = {
        "get_model_config": [NAME, "1"],
        "get_inference_statistics": [NAME],
        "get_model_repository_index": [],
        "get_server_metadata": [],
    }
    wrong = [("get_model_config", ["other"]), ("get_inference_statistics", [NAME, "9"])]
    about = [*calls.items(), *wrong]
    config, stats, index, metadata, *refused = server.ask_triton_grpc({}, [], about=about)
    with server.http_client() as client:
        same = client.get_model_config(NAME)
    assert config["config"]["input"][0]["name"] == same["input"][0]["name"] == "image"
    for one, other in zip(config["config"]["input"], same["input"], strict=True):
        assert [int(size) for size in one["dims"]] == other["dims"]
        assert one["data_type"] == other["data_type"] == FLOATS
    (model,) = stats["model_stats"]
    assert (model["name"], model["version"]) == (NAME, "1")
    assert index["models"] == [{"name": NAME, "version": "1", "state": "READY"}]
    assert "statistics" in metadata["extensions"]
    assert [each["status"] for each in refused] == ["StatusCode.NOT_FOUND"] * 2


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"models/{NAME}/versions/1/config", None, 200),
        (f"models/{NAME}/versions/2/config", None, 404),
        ("models/other/config", None, 404),
        ("models/other/stats", None, 404),
        (f"models/{NAME}/versions/1/stats", None, 200),
        ("models/stats", None, 200),
        ("repository/index", b"", 200),
        ("repository/index", b'{"ready": true}', 200),
        ("repository/index", b'{"ready": 1}', 400),
        ("repository/index", b"[]", 400),
        ("repository/index", b"{", 400),
    ],
)
def test_wrong_names_and_bodies_are_told(path, body, status, server):
    method = "GET" if body is None else "POST"
    answer = requests.request(method, f"{server.url}/v2/{path}", data=body)
    assert answer.status_code == status
    assert status == 200 or "\n" not in answer.json()["error"]


def test_they_need_the_token(guarded, hammer):
    for path in (f"models/{NAME}/config", "models/stats"):
        assert requests.get(f"{guarded.url}/v2/{path}").status_code == 401
    (refused,) = guarded.ask_triton_grpc({}, [], about=[("get_model_config", [NAME])])
    assert refused["status"] == "StatusCode.UNAUTHENTICATED"


def test_totals_are_sums_and_batches_are_apart():
    statistics = ModelStatistics()
    statistics.count_success(2, 3, 0.5, Phases(0.1, 0.1, 0.2, 0.1))
    statistics.count_success(4, 1, 1.5, Phases(compute_infer=1.0))
    statistics.count_failure(0.25)
    content = statistics.content()
    assert (content["inference_count"], content["execution_count"]) == (6, 4)
    assert content["inference_stats"]["success"] == {"count": 2, "ns": 2_000_000_000}
    assert content["inference_stats"]["fail"] == {"count": 1, "ns": 250_000_000}
    assert content["inference_stats"]["compute_infer"] == {"count": 2, "ns": 1_200_000_000}
    assert [each["batch_size"] for each in content["batch_stats"]] == [2, 4]
    message = message_of("ModelStatistics", {"name": "m", "version": "1", **content})
    again = MESSAGES["ModelStatistics"].FromString(message.SerializeToString())
    assert again.batch_stats[1].compute_infer.ns == 1_000_000_000
