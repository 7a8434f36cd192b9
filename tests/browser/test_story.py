"""The first session of a new user, started with script/server: from the printed link to the downloaded clips."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import MakeServer, OpenPage, Server, until


def measure_seconds(clip: Path | io.BytesIO) -> float:
    """Length of a 24 fps clip, measured by decoding every frame."""
    with av.open(clip, "r") as container:
        return len(list(container.decode(video=0))) / 24


def open_sample(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("heading", name="Projects").wait_for()
    page.get_by_role("heading", name="The lighthouse keeper").get_by_role("link").click()
    page.locator("#board").wait_for()


def test_new_user_goes_from_the_printed_link_to_downloaded_clips(
    make_server: MakeServer, open_page: OpenPage, tmp_path: Path
):
    page = open_page()
    open_sample(page, make_server(from_nothing=True).start_script())
    expect(page.locator(".card")).to_have_count(5)

    generate_missing = page.locator("[data-generate-missing]")
    expect(generate_missing).to_contain_text("Generate missing")
    expect(generate_missing).to_contain_text("3 scenes · $0.00")
    generate_missing.dblclick()
    expect(page.locator(".card .chip-completed")).to_have_count(5, timeout=90_000)
    expect(page.locator("[data-generate-missing]")).to_contain_text("Generate more")
    expect(page.locator(".card .play")).to_have_count(5)

    page.locator(".card .play").first.click()
    video = page.locator("#player-dialog video")
    until(lambda: video.evaluate("video => video.currentTime") > 0.2)
    video.evaluate("video => { video.currentTime = 4 }")
    until(lambda: video.evaluate("video => video.currentTime") >= 4)
    assert video.evaluate("video => video.videoWidth") == 1280
    page.keyboard.press("Escape")
    expect(page.locator("#player-dialog")).to_be_hidden()

    page.get_by_role("heading", name="Up the stairs").get_by_role("link").click()
    page.locator(".takes [data-generate]").dblclick(delay=120)
    expect(page.locator(".take")).to_have_count(2)
    page.locator(".take").first.get_by_role("button", name="Keep").click(timeout=60_000)
    expect(page.locator(".take-selected")).to_contain_text("Take 2")

    with page.expect_download() as download:
        page.locator(".take-selected").get_by_role("link", name="MP4").click()
    assert download.value.suggested_filename == "02-up-the-stairs-take-2.mp4"
    saved = tmp_path / "saved.mp4"
    download.value.save_as(saved)
    assert measure_seconds(saved) == 4

    page.get_by_role("link", name="The lighthouse keeper").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all").click()
    assert download.value.suggested_filename == "the-lighthouse-keeper.zip"
    with zipfile.ZipFile(download.value.path()) as zipped:
        assert {name: measure_seconds(io.BytesIO(zipped.read(name))) for name in zipped.namelist()} == {
            "01-the-rock-at-dusk-take-1.mp4": 5,
            "02-up-the-stairs-take-2.mp4": 4,
            "03-a-light-answers-take-1.mp4": 4,
            "04-the-match-take-1.mp4": 3,
            "05-the-beam-take-1.mp4": 6,
        }


@pytest.mark.long
def test_restart_keeps_takes_and_open_pages_reconnect(make_server: MakeServer, open_page: OpenPage):
    server = make_server()
    link = server.start_script()
    page = open_page(allow_errors=True)
    open_sample(page, link)
    expect(page.locator(".card .chip-completed")).to_have_count(2)
    assert server.stop() < 10

    assert server.start_script() != link
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".card .chip-completed")).to_have_count(2)
    other.locator("#scene-4 [data-generate]").click()
    expect(page.locator("#scene-4 .chip-completed")).to_have_count(1, timeout=60_000)

    stranger = open_page()
    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="This link is no longer valid")).to_be_visible()


@pytest.mark.long
def test_main_steps_work_without_javascript(fresh_server: Server, open_page: OpenPage):
    page = open_page(java_script_enabled=False)
    page.goto(fresh_server.link_of_prepared())
    fresh_server.start_workers()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="The lighthouse keeper").get_by_role("link").click()
    page.locator("#scene-3").get_by_role("button", name="Generate").click()
    for _ in range(60):
        if page.locator("#scene-3 .chip-completed").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#scene-3 .chip-completed")).to_have_count(1)
    page.get_by_role("link", name="New scene").click()
    page.get_by_label("Title").fill("A last look")
    page.get_by_label("Action").fill("He turns down the wick.")
    page.get_by_role("button", name="Add scene").click()
    expect(page.get_by_role("heading", name="A last look")).to_be_visible()
