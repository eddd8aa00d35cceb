"""The server does what its own OpenAPI document says, for requests of all kinds made from it."""

import json

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from reference.serving import NAME, json_request

EXAMPLES = 12  # of each operation
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.fixture(scope="module")
def document(server):
    return requests.get(server.url + "/openapi.json", timeout=20).json()


def test_the_document_lists_each_path_once_and_hides_none(document):
    paths = document["paths"]
    assert "/v2/models/{name}/infer" in paths
    assert not [path for path in paths if "{model_name}" in path]
    for path in ("/v2", "/v2/health/ready", "/v2/models", "/v2/repository/index", "/metrics"):
        assert path in paths


@pytest.mark.parametrize("path", [f"/v2/models/{NAME}", f"/v2/models/{NAME}/ready"])
def test_a_version_in_the_query_is_found_or_told(server, path):
    assert requests.get(f"{server.url}{path}?version=1", timeout=20).ok
    assert requests.get(f"{server.url}{path}?model_version=9", timeout=20).ok  # unknown: ignored
    refused = requests.get(f"{server.url}{path}?version=9", timeout=20)
    assert (refused.status_code, list(refused.json())) == (404, ["error"])


@pytest.mark.slow
def test_requests_made_from_the_document_are_answered_as_it_says(server, document):
    # Names and versions at random would find no model.
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                known = {"name": [NAME, "none"], "version": ["1", "2", "x"]}[parameter["name"]]
                parameter["schema"] = {"type": "string", "enum": known}
    schema = schemathesis.openapi.from_dict(document)
    seen = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        strategy = st.one_of(
            *(operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)
        )

        @given(case=strategy)
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case):
            response = case.call(base_url=server.url, timeout=20)
            seen.add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        ask()
    assert {200, 400, 403, 404} <= seen
    assert "Traceback" not in server.log.read_text()


def test_an_example_of_the_documents_body_is_answered(server, document, hammer):
    body = document["paths"]["/v2/models/{name}/infer"]["post"]["requestBody"]
    wanted = body["content"]["application/json"]["schema"]
    asked = json.loads(json.dumps(json_request(hammer, num_samples=2, seed=1)))
    assert set(wanted["required"]) <= set(asked) <= set(wanted["properties"])
    assert set(asked["parameters"]) <= set(wanted["properties"]["parameters"]["properties"])
    assert requests.post(f"{server.url}/v2/models/{NAME}/infer", json=asked, timeout=20).ok
