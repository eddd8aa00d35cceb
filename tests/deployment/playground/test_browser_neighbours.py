"""Several objects on the page: neighbours that are drawn or pictured, and pictures to click in."""

import csv
import io

import numpy as np
import pytest
import shapely
from PIL import Image, ImageDraw

from fag_tf.environments.planar_grasp.feasibility.obstacles import clear_of
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from fag_tf.environments.planar_grasp.parts.named import named_part
from reference.browser import PATIENCE, choose, csv_of, stroke, told

pytestmark = pytest.mark.slow

# Of a picture 400 x 200 mm, 2 pixels a mm: two bars, and a ring beyond the table of 300 mm.
BARS, RING = ((40, 60, 199, 99), (240, 260, 419, 299)), (620, 120, 759, 259)


@pytest.fixture
def several():
    image = Image.new("RGB", (800, 400), "white")
    draw = ImageDraw.Draw(image)
    for box in BARS:
        draw.rectangle(box, fill=(60, 60, 70))
    draw.ellipse(RING, fill=(60, 60, 70))
    draw.ellipse((660, 160, 719, 219), fill="white")
    file = io.BytesIO()
    image.save(file, "png")
    return {"name": "several.png", "mimeType": "image/png", "buffer": file.getvalue()}


def grasps_of(text):
    rows = csv.DictReader(io.StringIO(text))
    return np.array([[float(row[name]) for name in ("x", "y", "theta")] for row in rows])


def test_a_neighbour_is_drawn_and_no_finger_meets_it(page, tmp_path):
    part = named_part("hammer")[1]
    wall = shapely.LineString([(-0.1, 0.06), (0.1, 0.06)]).buffer(0.011)
    before = grasps_of(csv_of(page, tmp_path)[1])
    assert not clear_of([wall], part, DEFAULT_GRIPPER, before).all()
    choose(page, "draw-beside")
    told(page, r"^256 grasps of hammer")
    assert page.locator("#view .part").count() == 1
    stroke(page, (-100, 60), (100, 60))  # 24 mm wide
    page.wait_for_selector("#view .neighbour", state="attached")
    told(page, r"^256 grasps of hammer")
    after = grasps_of(csv_of(page, tmp_path)[1])
    assert clear_of([wall - part], part, DEFAULT_GRIPPER, after).all()
    page.click("#clear")
    page.wait_for_selector("#view .neighbour", state="detached")
    choose(page, "none")
    told(page, r"^256 grasps of hammer")
    np.testing.assert_array_equal(grasps_of(csv_of(page, tmp_path)[1]), before)


def test_part_and_neighbours_are_drawn_on_layers_of_their_own(page):
    choose(page, "drawing")
    stroke(page, (-50, 0), (50, 0))
    told(page, r"^256 grasps of the drawing")
    assert page.is_hidden("#layers")
    choose(page, "draw-beside")
    choose(page, "beside-layer")
    stroke(page, (-60, 36), (60, 36))
    told(page, r"^No grasp of the drawing holds: wherever .* a finger meets a neighbour")
    assert "misses the neighbours" in page.text_content("#empty")
    page.click("#undo")
    told(page, r"^256 grasps of the drawing")
    choose(page, "part-layer")
    page.click("#clear")
    told(page, "^Draw a part")


def test_neighbours_are_read_from_a_picture(page, several):
    choose(page, "picture-beside")
    told(page, r"^256 grasps of hammer")
    page.set_input_files("#beside-file", several)
    page.fill("#beside-width", "400")
    page.wait_for_selector("#view .neighbour")
    told(page, r"grasps of hammer")
    page.set_input_files("#beside-file", {**several, "name": "bad.png", "buffer": b"no picture"})
    told(page, "^bad.png is not a picture")


def test_of_several_objects_in_a_picture_one_is_clicked(page, several, tmp_path):
    from playwright.sync_api import expect

    page.set_input_files("#file", several)
    page.fill("#width", "400")
    told(page, r"^several shows 3 objects: click the one to grasp\.$")
    assert page.locator("#view .object").count() == 3
    click(page, 170, 5)  # on the ring
    told(page, r"^256 grasps of several")
    assert page.input_value("#which") == "2"
    grasps = grasps_of(csv_of(page, tmp_path)[1])
    assert np.abs(np.median(grasps[:, :2], axis=0) - [0.145, 0.005]).max() < 0.01
    page.select_option("#which", "0")
    # The first bar lies left of the middle.
    expect(page.locator("#selected")).to_contain_text(": x -", timeout=PATIENCE)
    told(page, r"^256 grasps of several")
    assert np.all(grasps_of(csv_of(page, tmp_path)[1])[:, 0] < -0.05)
    page.select_option("#which", "")
    told(page, "click the one to grasp")
    page.check("#largest")
    told(page, r"^256 grasps of several")
    assert page.input_value("#which") == "2"
    page.set_input_files("#file", {**several, "name": "again.png"})
    page.uncheck("#largest")
    told(page, "^again shows 3 objects")


def click(page, x, y, side=400):
    """Click at a place, mm, where the stage shows a square of that side about the middle."""
    box = page.locator("#stage").bounding_box()
    scale = box["width"] / side
    page.mouse.click(box["x"] + scale * (x + side / 2), box["y"] + box["height"] / 2 - scale * y)
