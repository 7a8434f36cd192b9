"""Comparing, selecting, annotating and deleting takes, and passing frames to other scenes."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenPage, Prepared, Server, until
from tests.browser.test_pictures import overflow_width, shown_size


@pytest.fixture
def scene_page(fresh_server: Server, prepared: Prepared, open_page: OpenPage) -> Page:
    """The sample's second scene, which has one take of 4 s."""
    page = open_page(storage_state=prepared.storage_state)
    page.goto(f"{fresh_server.address}/scenes/2")
    expect(page.locator(".take-selected")).to_contain_text("Take 1")
    return page


def second_take(page: Page, seconds: str) -> None:
    page.get_by_label("Duration").fill(seconds)
    page.get_by_label("Action").fill("The keeper climbs the spiral stairs and stops to listen.")
    page.get_by_role("button", name="Save scene").click()
    expect(page.locator(".toast")).to_contain_text("Saved.")
    page.locator(".takes [data-generate]").click()
    expect(page.locator(".take").first.get_by_role("button", name="Keep")).to_be_visible(timeout=60_000)


def times(page: Page) -> list[float]:
    return page.locator(".compare video").evaluate_all("videos => videos.map((video) => video.currentTime)")


def are_still(page: Page) -> bool:
    return page.locator(".compare video").evaluate_all(
        "videos => videos.every((video) => video.paused && !video.seeking)"
    )


@pytest.mark.long
def test_compared_takes_play_in_sync_and_one_is_selected(fresh_server: Server, scene_page: Page):
    fresh_server.start_workers()
    page = scene_page
    second_take(page, "2")
    for take in (1, 0):
        page.locator(".take").nth(take).get_by_label("Compare take").check()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("heading", name="Compare takes")).to_be_visible()
    bar = page.locator("[data-compare-bar]")
    expect(bar).to_contain_text("0.00 of 4.00 s")
    expect(page.locator(".prompt-diff ins")).to_contain_text(["stops to listen."])
    expect(page.locator(".compare-settings").first).to_contain_text("4 s")

    page.keyboard.press("Space")
    until(lambda: min(times(page)) > 0.3)
    page.keyboard.press("Space")
    until(lambda: are_still(page))
    longer, shorter = times(page)
    assert shorter == pytest.approx(min(longer, 2 - 0.5 / 24), abs=0.01)

    position = bar.get_by_role("slider")
    position.fill("1")
    until(lambda: times(page) == [1, 1])
    page.keyboard.press("ArrowRight")
    until(lambda: are_still(page) and times(page) == pytest.approx([25.5 / 24] * 2, abs=0.001))
    page.keyboard.press("ArrowLeft")
    until(lambda: are_still(page) and times(page) == pytest.approx([24.5 / 24] * 2, abs=0.001))
    position.fill("3.5")
    until(lambda: times(page) == pytest.approx([3.5, 2 - 0.5 / 24], abs=0.02))
    bar.get_by_role("button", name="Mute A").click()
    muted = page.locator(".compare video").evaluate_all("videos => videos.map((video) => video.muted)")
    assert muted == [True, True]

    bar.get_by_role("button", name="Play").click()
    until(lambda: times(page)[0] > 3.9 and are_still(page))
    expect(bar.get_by_role("button", name="Play")).to_be_visible()

    page.get_by_role("button", name="Select A").click()
    expect(page.locator("#choice-A")).to_contain_text("Selected")
    expect(page.get_by_role("button", name="Select B")).to_be_visible()
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow_width(page) == 0
    page.get_by_role("link", name="2. Up the stairs").click()
    expect(page.locator(".take-selected")).to_contain_text("Take 1")


def test_last_frame_becomes_the_next_scenes_start_frame(scene_page: Page):
    page = scene_page
    page.get_by_role("button", name="Use last frame in scene 3").click()
    toast = page.locator(".toast").filter(has_text="Scene 3 now starts with the last frame of this scene.")
    expect(toast).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="3. A light answers").click()
    frame = page.locator(".frame-slot").first.get_by_role("img", name="Last frame of scene 2, take 1")
    assert shown_size(frame) == [480, 270]

    page.get_by_role("link", name="2. Up the stairs").click()
    video = page.locator("[data-player] video")
    video.evaluate("video => { video.currentTime = 1.5 }")
    seconds = page.get_by_label("Seconds from start")
    until(lambda: seconds.input_value() == "1.500")
    page.get_by_label("Use frame from take 1 as").select_option("Character")
    page.locator(".frame-bar").get_by_label("Name of the reference").fill("The keeper")
    page.get_by_role("button", name="Frame at").click()
    expect(page.locator(".references")).to_contain_text("The keeper", timeout=30_000)
    assert video.evaluate("video => video.currentTime") == 1.5
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".references .picture")).to_have_count(0)


@pytest.mark.long
def test_note_being_written_survives_a_live_update(scene_page: Page):
    page = scene_page
    note: Locator = page.locator(".take-selected [data-note]")
    note.locator("summary").click()
    note.get_by_role("textbox").fill("The lamp is in the wrong hand")
    page.locator(".takes [data-generate]").click()
    page.wait_for_timeout(1_500)
    expect(note.get_by_role("textbox")).to_have_value("The lamp is in the wrong hand")
    note.get_by_role("button", name="Save note").click()
    expect(page.locator(".take")).to_have_count(2)
    expect(page.locator(".take-selected summary")).to_contain_text("The lamp is in the wrong hand")


def delay_response(route: Route) -> None:
    """Delays the response until after the live update about the same change."""
    response = route.fetch()
    time.sleep(2)
    route.fulfill(response=response)


def test_deleted_take_is_restored_by_undo(scene_page: Page):
    page = scene_page
    page.route("**/delete", delay_response)
    page.locator(".take-selected").get_by_role("button", name="Delete").click()
    expect(page.locator(".take")).to_have_count(0)
    expect(page.locator("[data-player] video")).to_have_count(0)
    expect(page.get_by_text("Deleted takes (1)")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".take-selected")).to_contain_text("Take 1")
    expect(page.locator("[data-player] video")).to_have_count(1)


@pytest.mark.long
def test_takes_are_compared_without_javascript(fresh_server: Server, prepared: Prepared, open_page: OpenPage):
    fresh_server.start_workers()
    page = open_page(storage_state=prepared.storage_state, java_script_enabled=False)
    page.goto(f"{fresh_server.address}/scenes/2")
    page.locator(".takes [data-generate]").click()
    for _ in range(60):
        if page.get_by_role("button", name="Compare", exact=True).count():
            break
        page.wait_for_timeout(500)
        page.reload()
    page.locator(".frame-bar").get_by_role("button", name="Last").click()
    expect(page.locator(".toast")).to_contain_text("Last frame of take 2 set as start frame.")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".compare video[controls]")).to_have_count(2)
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()
    page.get_by_role("button", name="Select B").click()
    expect(page.locator("#choice-B")).to_contain_text("Selected")
