"""The page as its user meets it: a real browser, the server in a process of its own."""

import re
import signal

import numpy as np
import pytest

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, PRESETS
from fag_tf.environments.planar_grasp.scenes import scene_of_object
from fag_tf.feasible_samples import draw_feasible
from fag_tf.model_folders import shipped_model
from fag_tf.sampler import load_sampler
from fag_tf.tables import samples_csv
from reference.browser import PlayServer, open_browser
from reference.page import picture

pytestmark = pytest.mark.slow
PATIENCE = 60_000  # ms; a busy machine


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


def told(page, pattern):
    """Wait until the status line reads so."""
    from playwright.sync_api import expect

    expect(page.locator("#status")).to_have_text(re.compile(pattern), timeout=PATIENCE)


def choose(page, kind):
    page.locator(f'input[value="{kind}"]').check(force=True)


def stroke(page, *points):
    """Draw through points in mm of the table."""
    box = page.locator("#stage").bounding_box()
    places = [
        (box["x"] + box["width"] * (x + 150) / 300, box["y"] + box["height"] * (150 - y) / 300)
        for x, y in points
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def csv_of(page, folder):
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(folder / "grasps.csv")
    return download.value.suggested_filename, (folder / "grasps.csv").read_text()


def expected_csv(part, gripper, count, least=0.5):
    sampler = load_sampler(shipped_model())
    observation = scene_of_object(part).observation(gripper)
    (found,) = draw_feasible(sampler, observation, count, 1, least)
    return samples_csv(["x", "y", "theta"], found.action, found.feasibility)


def test_a_part_is_drawn_and_rubbed_out(page):
    choose(page, "drawing")
    told(page, "^Draw a part")
    assert page.locator(".tick").count() == 0
    stroke(page, (-50, 0), (50, 0))
    told(page, r"^256 grasps of the drawing")
    assert page.locator(".tick").count() == 256
    choose(page, "eraser")
    stroke(page, (0, -40), (0, 40))
    told(page, "^the drawing has 2 separate pieces; join them, or erase all but one$")
    page.click("#undo")
    told(page, r"^256 grasps of the drawing")
    page.click("#clear")
    told(page, "^Draw a part")


def test_an_outline_is_filled_and_its_grasps_are_on_it(page, tmp_path):
    choose(page, "drawing")
    choose(page, "outline")
    stroke(page, (-60, -15), (60, -15), (60, 15), (-60, 15), (-60, -14))
    page.check("#exact")
    told(page, r"^256 grasps of the drawing .* The exact rules accept 2\d\d of 256\.")
    _, text = csv_of(page, tmp_path)
    theta = np.loadtxt(text.splitlines()[1:], delimiter=",")[:, 2]
    assert np.mean(np.abs(theta - np.pi / 2) < 0.5) > 0.9  # across the bar, which is 30 mm wide


def test_the_gripper_is_changed_and_what_is_shown_downloaded(page, tmp_path):
    name, text = csv_of(page, tmp_path)
    assert (name, text) == ("hammer_grasps.csv", expected_csv("hammer", DEFAULT_GRIPPER, 256))
    page.select_option("#preset", "franka_hand")
    page.locator("#count").fill("64")
    told(page, r"^64 grasps of hammer")
    assert csv_of(page, tmp_path)[1] == expected_csv("hammer", PRESETS["franka_hand"], 64)
    page.locator("#gripper-opening").fill("0.05")
    assert page.input_value("#preset") == ""
    page.select_option("#preset", "robotiq_2f85")
    assert float(page.input_value("#gripper-opening")) == pytest.approx(0.085)


def test_a_picture_is_read_with_its_width(page):
    file = {"name": "bar.png", "mimeType": "image/png", "buffer": picture()}
    page.set_input_files("#file", file)
    page.fill("#width", "270")
    told(page, r"^256 grasps of bar")
    assert "cluster" in page.text_content("#modes-text")
    page.fill("#width", "3000")
    told(page, "of the object in bar.png lies off the 0.30 m table")
    page.set_input_files("#file", {**file, "name": "bad.png", "buffer": b"no picture"})
    told(page, "^bad.png is not a picture")


def test_where_nothing_holds_the_page_says_so_kindly(page):
    choose(page, "drawing")
    page.locator("#brush-size").fill("60")
    page.locator("#gripper-opening").fill("0.05")
    stroke(page, (0, 0), (0, 1))
    told(page, "^No grasp of the drawing")
    assert "Found no grasp that holds" in page.text_content("#empty")
    assert page.is_visible("#empty")
    assert page.is_disabled("#download")


def test_grasps_modes_and_angles_are_walked_with_the_keyboard(page):
    page.focus("#stage")
    first = page.text_content("#selected")
    assert first.startswith("Grasp 1 of 256")
    page.keyboard.press("ArrowRight")
    assert page.text_content("#selected").startswith("Grasp 2 of 256")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.text_content("#selected").startswith("Grasp 256 of 256")
    page.keyboard.press("Home")
    assert page.text_content("#selected") == first
    page.keyboard.press("ArrowDown")
    assert "mode 2" in page.text_content("#selected")
    assert page.locator(".finger").count() == 2
    page.locator(".mode").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".mode").first.get_attribute("aria-pressed") == "true"
    assert page.locator(".tick.dim").count() > 0
    sector = page.locator('.sector[tabindex="0"]')
    sector.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert "near 15" in page.text_content("#map-text")


def test_every_control_has_a_name_and_is_reached_by_tab(page):
    unnamed = page.eval_on_selector_all(
        "input, select, button",
        "all => all.filter(e => !e.labels?.length && !e.textContent.trim()).map(e => e.id)",
    )
    assert unnamed == []
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {"shape", "preset", "gripper-opening", "count", "exact", "stage", "download"} <= reached


@pytest.mark.parametrize("width", [360, 800, 1300])
def test_nothing_is_wider_than_the_screen(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_server_that_goes_is_told_and_one_that_comes_back_is_found(browser, tmp_path):
    server = PlayServer(tmp_path / "log")
    server.start()
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(server.url)
    told(page, r"^256 grasps of hammer")
    assert page.is_hidden("#gone")
    assert server.stop(signal.SIGINT) == 0
    page.wait_for_selector("#gone", state="visible")
    assert csv_of(page, tmp_path)[1].count("\n") == 257  # what is shown stays
    page.select_option("#shape", "T")  # asked while nobody answers
    server.start()
    page.wait_for_selector("#gone", state="hidden")
    told(page, r"^256 grasps of T")
    page.close()
    server.stop()
