import asyncio
import importlib.resources
import json
import re

import pytest

from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.deployment.model_folders import shipped_model
from fag_tf.deployment.playground import application
from fag_tf.deployment.playground.application import build_page
from fag_tf.deployment.sampler import load_model
from reference.page import question

STATIC = importlib.resources.files("fag_tf.deployment.playground") / "static"
ORIGIN = {"host": "127.0.0.1:8010", "origin": "http://127.0.0.1:8010"}
JSON = {**ORIGIN, "content-type": "application/json"}


@pytest.fixture(scope="module")
def page():
    return build_page(GraspModel(load_model(shipped_model())))


def request(app, method, path, headers=None, body=b""):
    """Status, headers and body of the answer to one request."""
    given = {"host": "127.0.0.1:8010"} if headers is None else headers
    sent = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(key.encode(), value.encode()) for key, value in given.items()],
    }
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if messages:
            return messages.pop()
        return await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    told = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(each.get("body", b"") for each in sent[1:])


def test_every_file_of_the_page_is_served_and_loads_nothing_from_elsewhere(page):
    for file in STATIC.iterdir():
        path = "/" if file.name == "index.html" else f"/{file.name}"
        status, headers, body = request(page, "GET", path)
        assert (status, body) == (200, file.read_bytes())
        assert headers["content-security-policy"].startswith("default-src 'self';")
        text = body.decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), file.name


def test_a_question_is_answered(page):
    body = json.dumps(question({"name": "T"})).encode()
    status, _, told = request(page, "POST", "/api/grasps", JSON, body)
    assert status == 200
    assert len(json.loads(told)["grasps"]) == 32


@pytest.mark.parametrize(
    ("headers", "body", "status", "message"),
    [
        ({"host": "evil.example", "content-type": "application/json"}, b"{}", 403, "127.0.0.1"),
        ({"content-type": "application/json"}, b"{}", 403, "127.0.0.1"),
        ({**JSON, "origin": "http://evil.example"}, b"{}", 403, "another page"),
        ({**JSON, "origin": "null"}, b"{}", 403, "another page"),
        ({**ORIGIN, "content-type": "text/plain"}, b"{}", 415, "application/json"),
        (JSON, b"{", 400, "JSON"),
        (JSON, b"[" * 100_000, 400, "JSON"),
        (JSON, b"\xff", 400, "JSON"),
        (JSON, b"{}", 400, "gripper is None"),
    ],
)
def test_what_is_not_asked_by_the_page_is_refused(page, headers, body, status, message):
    code, _, told = request(page, "POST", "/api/grasps", headers, body)
    assert code == status
    assert message in json.loads(told)["error"]


@pytest.mark.parametrize("host", ["localhost:8010", "127.0.0.1", "[::1]:8010"])
def test_this_machine_has_several_names(page, host):
    assert request(page, "GET", "/api/model", {"host": host})[0] == 200


@pytest.mark.parametrize("declared", [True, False])
def test_a_question_of_too_many_bytes_is_refused(page, monkeypatch, declared):
    monkeypatch.setattr(application, "MOST_BODY", 1 << 20)
    body = b" " * (2 << 20)
    headers = {**JSON, "content-length": str(len(body))} if declared else JSON
    status, _, told = request(page, "POST", "/api/grasps", headers, body)
    assert status == 413
    assert "1 MB" in json.loads(told)["error"]


def test_a_fault_of_the_server_is_told_without_its_trace(monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(application, "answer_query", fail)
    app = build_page(GraspModel(load_model(shipped_model())))
    body = json.dumps(question({"name": "T"})).encode()
    with pytest.raises(RuntimeError):  # after the answer, for the server's log
        request(app, "POST", "/api/grasps", JSON, body)
    assert "/api/grasps failed" in caplog.text
