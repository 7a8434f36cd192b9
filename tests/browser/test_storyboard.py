"""The board: quick edit, reordering, undo, live updates, keys, window widths and themes."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit


def titles(page: Page) -> list[str]:
    return page.locator(".card h3").all_inner_texts()


@pytest.mark.long
def test_double_click_generates_one_take(workers: None, visit: Visit):
    page = visit()
    card = page.locator("#scene-5")
    card.locator("[data-generate]").dblclick()
    expect(card.locator(".chip-completed")).to_have_count(1, timeout=60_000)
    expect(card).to_contain_text("Take 1 of 1")
    page.reload()
    expect(card).to_contain_text("Take 1 of 1")


@pytest.mark.long
def test_quick_edit_shows_errors_then_saves_and_keeps_focus(visit: Visit):
    page = visit()
    card = page.locator("#scene-3")
    card.get_by_role("button", name="Scene actions").click()
    page.locator("#scene-menu").get_by_role("link", name="Quick edit").click()
    expect(card.get_by_label("Title")).to_be_focused()
    card.get_by_label("Title").fill("")
    card.get_by_label("Duration").fill("10000")
    card.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("This field is required.")
    expect(card).to_contain_text("Enter 1 to 60 seconds.")
    card.get_by_label("Title").fill("A light, <b>far</b> out 🌊")
    card.get_by_label("Duration").fill("3.5")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("h3")).to_have_text("A light, <b>far</b> out 🌊")
    expect(card).to_contain_text("3.5 s")
    expect(card).to_be_focused()


@pytest.mark.long
def test_scene_added_by_another_member_appears_after_quick_edit_closes(visit: Visit):
    page, other = visit(), visit()
    before = titles(page)
    page.locator("#scene-2").focus()
    page.keyboard.press("e")
    expect(page.locator(".card-editing")).to_have_count(1)
    other.locator("#scene-1").focus()
    other.keyboard.press("d")
    expect(other.locator(".card h3")).to_have_count(len(before) + 1)
    page.wait_for_timeout(1_000)
    expect(page.locator(".card-editing")).to_have_count(1)
    page.get_by_role("link", name="Cancel").click()
    expect(page.locator(".card h3")).to_have_count(len(before) + 1)
    other.locator(".card").nth(1).focus()
    other.keyboard.press("Delete")
    expect(page.locator(".card h3")).to_have_text(before)


@pytest.mark.long
def test_scenes_are_reordered_by_keyboard_and_by_drag(visit: Visit):
    page = visit(reduced_motion="reduce")
    before = titles(page)
    page.locator("#scene-1").focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator(".card h3").first).to_have_text(before[1])
    expect(page.locator("#scene-1")).to_be_focused()
    page.keyboard.press("Alt+ArrowLeft")
    expect(page.locator(".card h3").first).to_have_text(before[0])
    assert titles(page) == before

    page.locator("#scene-4").hover()
    handle = page.locator("#scene-4 .drag-handle").bounding_box()
    target = page.locator("#scene-2").bounding_box()
    assert handle
    assert target
    page.mouse.move(handle["x"] + 10, handle["y"] + 10)
    page.mouse.down()
    for distance in (200, 160, 120, 80, 40, 30):
        page.mouse.move(target["x"] + distance, target["y"] + 80, steps=4)
        page.wait_for_timeout(60)
    page.mouse.up()
    wanted = [before[0], before[3], before[1], before[2], *before[4:]]
    expect(page.locator(".card h3")).to_have_text(wanted)
    expect(page.locator(".poster-number")).to_have_text([str(number) for number in range(1, len(before) + 1)])
    page.reload()
    assert titles(page) == wanted


@pytest.mark.long
def test_another_members_page_follows_a_move(visit: Visit):
    page, other = visit(), visit()
    order = titles(page)
    page.locator("#scene-1").focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(other.locator(".card h3")).to_have_text([order[1], order[0], *order[2:]])
    page.keyboard.press("Alt+ArrowLeft")
    expect(other.locator(".card h3")).to_have_text(order)


@pytest.mark.long
def test_hidden_page_closes_its_stream_and_catches_up_when_shown(visit: Visit):
    page, other = visit(), visit()
    set_visibility = (
        "state => { Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });"
    )
    set_visibility += " document.dispatchEvent(new Event('visibilitychange')) }"
    page.evaluate(set_visibility, "hidden")
    expect(page.locator("#live")).to_have_count(0, timeout=10_000)
    order = titles(page)
    other.locator("#scene-1").focus()
    other.keyboard.press("Alt+ArrowRight")
    expect(other.locator(".card h3").first).to_have_text(order[1])
    assert titles(page) == order
    page.evaluate(set_visibility, "visible")
    expect(page.locator(".card h3").first).to_have_text(order[1])
    other.keyboard.press("Alt+ArrowLeft")
    expect(page.locator(".card h3").first).to_have_text(order[0])


def test_scene_is_added_duplicated_deleted_and_restored_by_undo(visit: Visit):
    page = visit()
    before = titles(page)
    page.locator("#scene-1").focus()
    page.keyboard.press("n")
    page.get_by_label("Title").fill("Dawn")
    page.get_by_label("Action").fill("The sea is calm.")
    page.get_by_role("button", name="Add scene").click()
    expect(page.locator(".card h3")).to_have_text([*before, "Dawn"])
    page.locator(".card").last.focus()
    page.keyboard.press("d")
    expect(page.locator(".card h3")).to_have_text([*before, "Dawn", "Dawn"])
    page.locator(".card").last.focus()
    page.keyboard.press("Delete")
    expect(page.locator(".card h3")).to_have_text([*before, "Dawn"])
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator(".card h3")).to_have_text([*before, "Dawn", "Dawn"])


@pytest.mark.long
def test_board_keys_move_play_open_and_show_help(visit: Visit):
    page = visit()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".card").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".card").nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#scene-1 .chip-completed")).to_have_count(1, timeout=60_000)
    page.keyboard.press("Space")
    expect(page.locator("#player-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#scene-1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Save scene")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 768, 1440])
def test_pages_do_not_scroll_sideways(visit: Visit, width: int):
    page = visit()
    page.set_viewport_size({"width": width, "height": 900})
    storyboard = page.url
    scene = page.locator(".card h3 a").first.get_attribute("href") or ""
    for address in (storyboard, scene, "/", "/queue", "/projects/new", f"{storyboard}/settings"):
        page.goto(urljoin(storyboard, address))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.mark.long
def test_theme_is_remembered(visit: Visit):
    page = visit()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Toggle theme").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "light"
