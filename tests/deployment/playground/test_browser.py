"""The page as its user meets it: a real browser, the server in a process of its own."""

import signal

import pytest

from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.deployment.model_folders import shipped_model
from fag_tf.deployment.sampler import load_model
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, PRESETS
from fag_tf.environments.planar_grasp.scenes import scene_of_object
from reference.browser import PATIENCE, PlayServer, csv_of, told
from reference.page import picture

pytestmark = pytest.mark.slow


def expected_csv(part, gripper, count, least=0.5):
    """What the library draws: grasps that hold."""
    model = GraspModel(load_model(shipped_model()))
    scene = scene_of_object(part)
    found = model.draw(scene, gripper, count, 1, least)
    return model.csv(found, scene.columns(found.action, gripper))


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
    page.wait_for_selector("#view image")  # what was refused is still shown
    assert page.locator("#view .part").count() == 0
    page.set_input_files("#file", {**file, "name": "bad.png", "buffer": b"no picture"})
    told(page, "^bad.png is not a picture")


def test_while_an_answer_is_awaited_the_page_says_so(page):
    held = []
    page.route("**/api/grasps", lambda route: held.append(route))
    page.select_option("#shape", "T")
    told(page, "^Looking for grasps")
    for box in ("#stage", "#right"):
        assert page.get_attribute(box, "aria-busy") == "true"
    held[-1].continue_()
    told(page, r"^256 grasps of T")
    assert page.get_attribute("#stage", "aria-busy") == "false"


def test_grasps_of_any_feasibility_are_not_called_the_networks_choice(page):
    page.locator("#least").fill("0")
    told(page, r"^256 grasps of hammer, from \d+ tries \(seed \d+\)\. All hold by the exact rules")
    page.check("#exact")
    told(page, r"^256 grasps of hammer, all that were tried, however the network rates them")
    page.locator("#least").fill("0.9")
    told(page, r"^256 grasps of hammer that the network rates 0\.90 or better, from \d+ tries")


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
