"""The views of a storyboard: editing and pasting in the table, filters, animatic and print."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit, until


def cell(page: Page, scene: int, column: str) -> Locator:
    return page.locator(f"#scene-{scene} td[data-column={column}]")


def titles(page: Page) -> list[str]:
    return page.locator("td[data-column=title]").all_inner_texts()


def put_on_clipboard(page: Page, text: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("text => navigator.clipboard.writeText(text)", text)


def test_cells_are_edited_with_the_keyboard(visit: Visit):
    page = visit("/projects/1/table")
    cell(page, 2, "title").click()
    page.keyboard.type("Up, up, up")
    page.keyboard.press("Enter")
    expect(cell(page, 2, "title")).to_have_text("Up, up, up")
    expect(cell(page, 3, "title")).to_be_focused()
    for key in ("ArrowRight", "ArrowRight", "F2"):
        page.keyboard.press(key)
    page.keyboard.type("100")
    page.keyboard.press("Tab")
    expect(cell(page, 3, "shot_type").locator("select")).to_be_focused()
    expect(cell(page, 3, "duration")).to_contain_text("Enter 1 to 60 seconds.")
    page.keyboard.press("Escape")
    cell(page, 3, "duration").locator("input").fill("6.5")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(cell(page, 3, "duration")).to_have_text("6.5")
    expect(cell(page, 3, "shot_type")).to_have_text("Over the shoulder")
    page.reload()
    expect(cell(page, 2, "title")).to_have_text("Up, up, up")
    expect(cell(page, 3, "duration")).to_have_text("6.5")


def test_typing_in_a_cell_is_text_and_never_spends_or_deletes(visit: Visit):
    page = visit("/projects/1/table")
    before = titles(page)
    cell(page, 4, "notes").click()
    page.keyboard.press("Escape")
    page.keyboard.type("gdx n? good")
    page.keyboard.press("Enter")
    expect(cell(page, 4, "notes")).to_have_text("gdx n? good")
    expect(page.locator(".cell-saving")).to_have_count(0)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Delete")
    expect(cell(page, 4, "notes")).to_have_text("")
    page.locator("#scene-4 th a").focus()
    page.keyboard.press("g")
    button = page.locator("#scene-4 [data-generate]")
    expect(button).to_be_focused()
    expect(button).to_contain_text("$0.00")
    assert titles(page) == before
    page.reload()
    expect(cell(page, 4, "notes")).to_have_text("")
    assert page.locator("#scene-4 .chip-empty").count() == 1
    assert titles(page) == before


@pytest.mark.long
def test_escape_discards_a_cell_edit(visit: Visit):
    page = visit("/projects/1/table")
    before = cell(page, 4, "action").inner_text()
    cell(page, 4, "action").click()
    page.keyboard.type("Nothing.")
    page.keyboard.press("Escape")
    expect(cell(page, 4, "action")).to_have_text(before)
    expect(cell(page, 4, "action")).to_be_focused()


@pytest.mark.long
def test_two_members_edit_one_row_and_resolve_a_conflict(visit: Visit):
    page, other = visit("/projects/1/table"), visit("/projects/1/table")
    cell(page, 1, "location").click()
    cell(other, 1, "notes").click()
    other.keyboard.type("Ask about the tide")
    other.keyboard.press("Tab")
    other.keyboard.press("Escape")
    page.keyboard.type("A rock")
    page.wait_for_timeout(600)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    for window in (page, other):
        expect(cell(window, 1, "location")).to_have_text("A rock")
        expect(cell(window, 1, "notes")).to_have_text("Ask about the tide")

    cell(page, 1, "notes").click()
    cell(other, 1, "notes").click()
    other.keyboard.type("Theirs")
    other.keyboard.press("Tab")
    other.keyboard.press("Escape")
    expect(cell(other, 1, "notes")).to_have_text("Theirs")
    expect(other.locator(".cell-saving")).to_have_count(0)
    page.keyboard.type("Mine")
    page.keyboard.press("Tab")
    expect(cell(page, 1, "notes")).to_contain_text("Another member changed this to “Theirs”.")
    page.keyboard.press("Escape")
    cell(page, 1, "notes").locator("textarea").press("Enter")
    expect(cell(other, 1, "notes")).to_have_text("Mine")


@pytest.mark.long
def test_pasted_rows_change_scenes_and_undo_restores_them(visit: Visit):
    page = visit("/projects/1/table")
    before = titles(page)
    put_on_clipboard(page, "Four\tIt happens.\t4\nFive\tIt goes on.\t5\nSix\tIt ends.\t6\n")
    cell(page, 4, "title").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+v")
    expect(page.locator("td[data-column=title]")).to_have_text([*before[:3], "Four", "Five", "Six"])
    expect(page.locator("#toasts")).to_contain_text("Pasted: 2 scenes changed, 1 scene added.")
    expect(cell(page, 4, "title")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(page.locator("td[data-column=title]")).to_have_text(before)


@pytest.mark.long
def test_bulk_move_and_delete_are_undone(visit: Visit):
    page = visit("/projects/1/table")
    before = titles(page)
    page.get_by_label("Select scene 1", exact=True).check()
    page.get_by_label("Select scene 3", exact=True).click(modifiers=["Shift"])
    expect(page.locator("[data-selected]")).to_have_text("3 scenes")
    page.get_by_label("Move after scene").fill("5")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("td[data-column=title]")).to_have_text([*before[3:], *before[:3]])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("td[data-column=title]")).to_have_text(before)

    board = visit()
    for scene in (1, 2):
        board.locator(f"#scene-{scene}").focus()
        board.keyboard.press("x")
    board.locator("#scene-2").focus()
    board.keyboard.press("Delete")
    expect(board.locator(".card")).to_have_count(len(before) - 2)
    board.get_by_role("button", name="Undo").click()
    expect(board.locator(".card")).to_have_count(len(before))


@pytest.mark.long
def test_none_unchecks_all_scenes_of_a_batch(visit: Visit):
    page = visit("/projects/1/generate?which=all")
    plan = page.locator("#batch-plan")
    expect(plan.get_by_role("button", name="Generate")).to_be_enabled()
    page.get_by_role("button", name="None").click()
    expect(plan.get_by_role("button", name="Generate")).to_be_disabled()
    expect(plan).to_contain_text("Select at least one scene.")
    expect(page.locator("input[name=take]:checked")).to_have_count(0)


@pytest.mark.long
def test_filter_of_the_board_carries_over_to_the_table(visit: Visit):
    page = visit()
    expect(page.locator(".card .chip-completed")).to_have_count(2, timeout=60_000)
    page.get_by_label("Filter by status").select_option("no-take")
    expect(page.locator(".card")).to_have_count(3)
    page.get_by_label("Search scenes").fill("match")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(".sifted")).to_contain_text("1 of 5 scenes.")
    assert page.url.endswith("/projects/1?state=no-take&text=match")
    page.get_by_role("link", name="Table").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("tbody tr")).to_have_count(5)


@pytest.mark.long
def test_table_follows_a_take_and_keeps_focus(workers: None, visit: Visit):
    page = visit("/projects/1/table")
    page.locator("#scene-5 [data-generate]").click()
    cell(page, 5, "title").click()
    page.keyboard.press("Escape")
    expect(page.locator("#scene-5 .chip-completed")).to_have_count(1, timeout=60_000)
    expect(cell(page, 5, "title")).to_be_focused()
    page.locator("#scene-5 [data-play]").click()
    expect(page.locator("#player-dialog")).to_be_visible()


@pytest.mark.long
def test_animatic_plays_from_one_scene_into_the_next(visit: Visit):
    page = visit()
    expect(page.locator("#scene-1 .chip-completed, #scene-2 .chip-completed")).to_have_count(2, timeout=60_000)
    page.get_by_role("link", name="Animatic").click()
    film = page.locator("#animatic")
    expect(film.locator(".film-title")).to_have_text(re.compile(r"^1\. "))
    seeker = film.locator("[data-seek]")
    seeker.fill("4")
    film.get_by_role("button", name="Play").click()
    playing = film.locator("video.is-shown")
    until(lambda: playing.evaluate("video => video.currentTime") > 4.2)
    expect(film.locator(".film-title")).to_have_text(re.compile(r"^2\. "))
    until(lambda: playing.evaluate("video => !video.paused && video.currentTime > 0.3"))
    page.keyboard.press("Space")
    assert playing.evaluate("video => video.paused")
    page.keyboard.press("End")
    expect(film.locator(".film-title")).to_have_text(re.compile(r"^5\. "))
    page.keyboard.press("Home")
    expect(film.locator("[data-time]")).to_have_text("0:00")
    film.locator(".film-scenes > li").nth(2).click(position={"x": 5, "y": 20})
    expect(film.locator(".film-title")).to_have_text(re.compile(r"^3\. "))
    expect(film.locator("img.film-still.is-shown")).to_have_count(1)
    page.keyboard.press("Space")
    until(lambda: float(seeker.input_value()) > 9.5)
    page.keyboard.press("ArrowRight")
    expect(film.locator(".film-title")).to_have_text(re.compile(r"^4\. "))
    page.keyboard.press("m")
    expect(film.get_by_role("button", name="Unmute")).to_be_visible()


@pytest.mark.long
def test_views_work_without_javascript(visit: Visit):
    page = visit("/projects/1/table", java_script_enabled=False)
    page.get_by_text("Paste rows as new scenes").click()
    page.get_by_label("Spreadsheet rows").fill("The last\tThe lamp goes out.\t3")
    page.get_by_role("button", name="Add scenes").click()
    expect(page.locator("tbody tr")).to_have_count(6)
    page.get_by_label("Select scene 6", exact=True).check()
    page.locator("#bulk").get_by_role("button", name="Delete").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.get_by_role("link", name="Animatic").click()
    expect(page.locator(".film-scenes a")).to_have_count(5)
    page.get_by_role("link", name="Board", exact=True).click()
    page.locator("#scene-1 [data-menu]").click()
    page.get_by_role("button", name="Move later").click()
    expect(page.locator(".card h3").nth(1)).to_contain_text("The rock at dusk")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".card h3").first).to_contain_text("The rock at dusk")


@pytest.mark.long
@pytest.mark.parametrize(("panels", "pages"), [(6, 1), (9, 1)])
def test_printed_sheet_fits_one_page(visit: Visit, panels: int, pages: int):
    page = visit(f"/projects/1/print?panels={panels}")
    page.wait_for_load_state("networkidle")
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == pages == page.locator(".sheet").count()
    assert re.search(rb"/MediaBox\s*\[\s*0 0 59[45][.\d]* 84[12]", paper)


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 1440])
def test_views_do_not_scroll_sideways(visit: Visit, width: int):
    page = visit()
    page.set_viewport_size({"width": width, "height": 900})
    for name in ("", "/table", "/animatic", "/print"):
        page.goto(urljoin(page.url, f"/projects/1{name}"))
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
