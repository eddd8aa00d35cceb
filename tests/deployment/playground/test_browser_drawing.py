"""Parts drawn on the page, by hand and by keys."""

import numpy as np
import pytest

from reference.browser import choose, csv_of, stroke, told

pytestmark = pytest.mark.slow


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
    page.click("#undo")
    told(page, r"^256 grasps of the drawing")


def test_an_outline_is_filled_and_its_grasps_are_on_it(page, tmp_path):
    choose(page, "drawing")
    choose(page, "outline")
    stroke(page, (-60, -15), (60, -15), (60, 15), (-60, 15), (-60, -14))
    page.check("#exact")
    told(page, r"^256 grasps of the drawing .* The exact rules accept 2\d\d of 256\.")
    _, text = csv_of(page, tmp_path)
    theta = np.loadtxt(text.splitlines()[1:], delimiter=",")[:, 2]
    assert np.mean(np.abs(theta - np.pi / 2) < 0.5) > 0.9  # across the bar, which is 30 mm wide


def test_where_nothing_holds_the_page_says_so_kindly(page):
    choose(page, "drawing")
    page.locator("#brush-size").fill("60")
    page.locator("#gripper-opening").fill("0.05")
    page.check("#exact")
    stroke(page, (0, 0), (0, 1))
    told(page, r"^No grasp of the drawing: none of \d+ tries .* the best 0\.\d\d\.$")
    assert "Found no grasp that holds" in page.text_content("#empty")
    assert page.is_visible("#empty")
    box, scale = (page.locator(each).bounding_box() for each in ("#empty", ".scale-text"))
    assert box["y"] + box["height"] <= scale["y"]
    assert page.is_disabled("#download")


def test_a_part_beyond_the_models_sizes_is_remarked_as_a_drawing(page):
    choose(page, "drawing")
    stroke(page, (-120, 0), (120, 0))
    told(page, r"of the drawing.* The object is 0\.26\d m long, .*; better draw it within that\.$")


def test_a_part_is_drawn_with_the_keyboard_alone(page):
    choose(page, "drawing")
    told(page, "^Draw a part")
    assert page.is_visible("text=Space puts it down and lifts it")
    page.focus("#stage")
    for key in [*["ArrowLeft"] * 10, "ArrowUp", "Shift+ArrowDown"]:
        page.keyboard.press(key)
    assert page.text_content("#selected") == "Brush lifted at x -50 mm, y 4 mm"
    told(page, "^Draw a part")  # a lifted brush draws nothing
    page.keyboard.press(" ")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert page.text_content("#selected") == "Brush down at x 50 mm, y 4 mm"
    page.keyboard.press(" ")
    told(page, r"^256 grasps of the drawing")
    part = page.evaluate(
        "(({x, y, width, height}) => [x, y, x + width, y + height])"
        "(document.querySelector('#view .part').getBBox())"
    )
    np.testing.assert_allclose(part, [-62, -8, 62, 16], atol=0.5)  # a brush of 24 mm
    first = page.text_content("#selected")
    page.keyboard.press("n")
    assert page.text_content("#selected").startswith("Grasp 2 of 256")
    page.keyboard.press("p")
    assert page.text_content("#selected") == first


def test_a_brush_that_is_down_is_lifted_when_the_table_is_left(page):
    choose(page, "drawing")
    page.focus("#stage")
    page.keyboard.press(" ")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    told(page, r"^256 grasps of the drawing")
    assert page.is_hidden("#brush")
