"""How the page looks: focus, narrow windows, what is in sight."""

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chosen_sector_shows_its_focus_without_the_browsers_outline(page, scheme):
    page.emulate_media(color_scheme=scheme)
    sector = page.locator(".sector").first
    box = page.locator("#rose").bounding_box()
    scale = box["height"] / 2.34
    page.locator("#rose").click(position={"x": box["width"] / 2 + 0.9 * scale, "y": 1.28 * scale})
    assert sector.get_attribute("aria-pressed") == "true"
    assert sector.evaluate("shape => shape === document.activeElement")
    outline, stroke, width, effect = sector.evaluate(
        "shape => (({outlineStyle, stroke, strokeWidth, vectorEffect}) =>"
        " [outlineStyle, stroke, strokeWidth, vectorEffect])(getComputedStyle(shape))"
    )
    assert (outline, width, effect) == ("none", "3px", "non-scaling-stroke")
    assert stroke == {"light": "rgb(11, 92, 173)", "dark": "rgb(156, 203, 255)"}[scheme]
    after = sector.evaluate(
        "shape => !!(shape.compareDocumentPosition(shape.ownerSVGElement"
        ".querySelector('.wedge')) & Node.DOCUMENT_POSITION_PRECEDING)"
    )
    assert after  # or a long wedge would cover the focus


@pytest.mark.parametrize("width", [360, 800, 1300])
def test_nothing_is_wider_than_the_screen(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [720, 800, 1300])
def test_what_the_modes_say_fits_their_rows(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.locator(".mode").count() == 4
    cut = page.eval_on_selector_all(
        ".mode, .mode > span", "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).length"
    )
    assert cut == 0


def test_a_long_list_of_modes_shows_whole_rows(page):
    ends = page.evaluate(
        "() => { const list = document.getElementById('modes');"
        " for (let n = 0; n < 16; n++) list.append(list.lastElementChild.cloneNode(true));"
        " const end = list.getBoundingClientRect().bottom;"
        " return [...list.children].map(row => row.getBoundingClientRect())"
        ".map(({top, bottom}) => [top < end, bottom <= end]); }"
    )
    assert [begun for begun, _ in ends] == [whole for _, whole in ends] == [True] * 14 + [False] * 6


def test_the_download_takes_a_row_of_its_own_where_cards_stand_beside_each_other(page):
    page.set_viewport_size({"width": 800, "height": 900})
    saved, right = (page.locator(each).bounding_box() for each in ("#save", "#right"))
    assert saved["width"] == right["width"]


def test_on_a_telephone_the_table_stays_in_sight_of_the_sliders(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.focus("#least")
    stage, slider = (page.locator(each).bounding_box() for each in ("#stage", "#least"))
    assert stage["y"] >= 0
    assert stage["y"] + stage["height"] <= slider["y"] < 844


def test_the_origin_is_marked_in_the_middle_of_the_table(page):
    page.locator('input[value="drawing"]').check(force=True)
    dot, stage = (page.locator(each).bounding_box() for each in (".origin-dot", "#stage"))
    for start, length in (("x", "width"), ("y", "height")):
        middle = stage[start] + stage[length] / 2
        assert dot[start] + dot[length] / 2 == pytest.approx(middle, abs=1.5)
    assert page.locator(".origin-text").all_text_contents() == ["x", "y"]


@pytest.mark.parametrize("width", [720, 800, 1300])
def test_a_modes_count_and_share_stand_apart_even_at_a_hundred_per_cent(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    gaps = page.eval_on_selector_all(
        ".mode",
        """all => all.map(row => {
          const [, number, share] = row.querySelectorAll("span");
          [number.textContent, share.textContent] = ["1024", "100 %"];
          const box = (cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return range.getBoundingClientRect();
          };
          return box(share).left - box(number).right;
        })""",
    )
    assert min(gaps) >= 4
