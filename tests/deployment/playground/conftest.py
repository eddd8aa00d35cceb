"""The page in a real browser, for the modules that use it as its user does."""

import pytest

from reference.browser import PATIENCE, PlayServer, open_browser, told


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = PlayServer(tmp_path_factory.mktemp("play") / "log")
    server.start()
    yield server
    if server.process.poll() is None:
        assert server.stop() == 0


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser, server):
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: _note(faults, message))
    page.goto(server.url)
    told(page, r"^256 grasps of hammer")
    yield page
    context.close()
    assert not faults


def _note(faults, message):
    """Refused questions are told on the page, and by the browser as well."""
    if message.type == "error" and "400 (Bad Request)" not in message.text:
        faults.append(message.text)
