"""The views of a storyboard: cells and pastes in the table, filters, the film, and what is printed."""

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


def test_editing_cells_with_the_keyboard(visit: Visit):
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


def test_escape_leaves_a_cell_as_it_was(visit: Visit):
    page = visit("/projects/1/table")
    before = cell(page, 4, "action").inner_text()
    cell(page, 4, "action").click()
    page.keyboard.type("Nothing.")
    page.keyboard.press("Escape")
    expect(cell(page, 4, "action")).to_have_text(before)
    expect(cell(page, 4, "action")).to_be_focused()


def test_two_people_in_one_row(visit: Visit):
    mine, theirs = visit("/projects/1/table"), visit("/projects/1/table")
    cell(mine, 1, "location").click()
    cell(theirs, 1, "notes").click()
    theirs.keyboard.type("Ask about the tide")
    theirs.keyboard.press("Tab")
    theirs.keyboard.press("Escape")
    mine.keyboard.type("A rock")
    mine.wait_for_timeout(600)
    mine.keyboard.press("Tab")
    mine.keyboard.press("Escape")
    for page in (mine, theirs):
        expect(cell(page, 1, "location")).to_have_text("A rock")
        expect(cell(page, 1, "notes")).to_have_text("Ask about the tide")

    cell(mine, 1, "notes").click()
    cell(theirs, 1, "notes").click()
    theirs.keyboard.type("Theirs")
    theirs.keyboard.press("Tab")
    theirs.keyboard.press("Escape")
    expect(cell(theirs, 1, "notes")).to_have_text("Theirs")
    expect(theirs.locator(".cell-saving")).to_have_count(0)
    mine.keyboard.type("Mine")
    mine.keyboard.press("Tab")
    expect(cell(mine, 1, "notes")).to_contain_text("Another member changed this to “Theirs”.")
    mine.keyboard.press("Escape")
    cell(mine, 1, "notes").locator("textarea").press("Enter")
    expect(cell(theirs, 1, "notes")).to_have_text("Mine")


def test_pasting_rows_and_undoing_that(visit: Visit):
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


def test_selecting_many_and_undoing_what_was_done(visit: Visit):
    page = visit("/projects/1/table")
    before = titles(page)
    page.get_by_label("Select scene 1", exact=True).check()
    page.get_by_label("Select scene 3", exact=True).click(modifiers=["Shift"])
    expect(page.locator("[data-selected]")).to_have_text("3 scenes")
    page.get_by_label("Move behind scene").fill("5")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("td[data-column=title]")).to_have_text([*before[3:], *before[:3]])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("td[data-column=title]")).to_have_text(before)

    board = visit()
    for scene in (1, 2):
        board.locator(f"#scene-{scene}").focus()
        board.keyboard.press("x")
    board.locator("#bulk").get_by_role("button", name="Delete").click()
    expect(board.locator(".card")).to_have_count(len(before) - 2)
    board.get_by_role("button", name="Undo").click()
    expect(board.locator(".card")).to_have_count(len(before))


def test_filtering_the_board_and_keeping_that_in_the_table(visit: Visit):
    page = visit()
    expect(page.locator(".card .chip-completed")).to_have_count(2, timeout=60_000)
    page.get_by_label("Filter by what became of a scene").select_option("no-take")
    expect(page.locator(".card")).to_have_count(3)
    page.get_by_label("Find in scenes").fill("match")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(".sifted")).to_contain_text("1 of 5 scenes.")
    assert page.url.endswith("/projects/1?state=no-take&text=match")
    page.get_by_role("link", name="Table").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("tbody tr")).to_have_count(5)


def test_the_table_follows_what_happens(workers: None, visit: Visit):
    page = visit("/projects/1/table")
    cell(page, 5, "title").click()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.locator("#scene-5 .chip-completed")).to_have_count(1, timeout=60_000)
    expect(cell(page, 5, "title")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#player-dialog")).to_be_visible()


def test_the_film_plays_from_one_scene_into_the_next(visit: Visit):
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
    expect(film.get_by_role("button", name="Sound on")).to_be_visible()


def test_without_script_the_views_still_work(visit: Visit):
    page = visit("/projects/1/table", java_script_enabled=False)
    page.get_by_text("Paste rows as new scenes").click()
    page.get_by_label("Rows of a spreadsheet").fill("The last\tThe lamp goes out.\t3")
    page.get_by_role("button", name="Add the scenes").click()
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


@pytest.mark.parametrize(("panels", "pages"), [(6, 1), (9, 1)])
def test_a_sheet_is_a_page_of_paper(visit: Visit, panels: int, pages: int):
    page = visit(f"/projects/1/print?panels={panels}")
    page.wait_for_load_state("networkidle")
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == pages == page.locator(".sheet").count()
    assert re.search(rb"/MediaBox\s*\[\s*0 0 59[45][.\d]* 84[12]", paper)


@pytest.mark.parametrize("width", [390, 1440])
def test_no_view_is_wider_than_the_window(visit: Visit, width: int):
    page = visit()
    page.set_viewport_size({"width": width, "height": 900})
    for name in ("", "/table", "/animatic", "/print"):
        page.goto(urljoin(page.url, f"/projects/1{name}"))
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
