"""Hosted models: one click causes one charge at the price on the button."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Prepared, Server, until
from tests.clips import make_long_clip
from tests.standin import Fault, StandIn, standing_in


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with standing_in() as running:
        running.state.content = make_long_clip()
        yield running


@pytest.fixture
def provider(stand_in: StandIn) -> StandIn:
    stand_in.state.reset()
    stand_in.state.seconds_needed = 2.0
    return stand_in


@pytest.fixture(scope="module")
def hosted_server(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared, stand_in: StandIn) -> Iterator[Server]:
    address = f"{stand_in.url}/openai/v1"
    settings = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": address, "SORA_PRESET": "openai"}
    server = Server(tmp_path_factory.mktemp("hosted") / "data", prepared, **settings)
    yield server
    server.kill()


@pytest.fixture
def page(hosted_server: Server, open_page: OpenPage, provider: StandIn) -> Page:
    """The sample's board with Sora 2, which the stand-in serves."""
    link = hosted_server.reset()
    hosted_server.start_workers()
    page = open_page()
    page.goto(link)
    page.get_by_role("heading", name="The lighthouse keeper").get_by_role("link").click()
    page.locator("#board").wait_for()
    page.select_option("#model-choice", "sora-2")
    expect(page.locator(".toast")).to_contain_text("Model set to Sora 2.")
    return page


def open_scene(page: Page, title: str) -> None:
    page.get_by_role("heading", name=title).get_by_role("link").click()
    page.locator(".takes").wait_for()


def test_double_click_charges_once_for_a_take_and_its_remix(page: Page, provider: StandIn):
    card = page.locator(".card").nth(2)
    button = card.locator("[data-generate]")
    expect(button).to_contain_text("$0.40")
    button.dblclick()
    expect(card.locator(".chip-completed")).to_be_visible(timeout=60_000)
    assert len(provider.state.charges) == 1

    open_scene(page, "A light answers")
    page.locator(".take").get_by_role("link", name="Play").click()
    video = page.locator("[data-player] video")
    until(lambda: video.evaluate("video => video.videoWidth") == 320)
    page.get_by_role("link", name="Rework").click()
    page.get_by_label("Prompt").fill("The same, but at dawn")
    page.get_by_role("button", name="Remix $0.40").dblclick()
    expect(page.locator(".take")).to_have_count(2)
    expect(page.locator(".take").first).to_contain_text("Remix of take 1")
    expect(page.locator(".take").first.get_by_role("button", name="Keep")).to_be_visible(timeout=60_000)
    assert [charge.operation for charge in provider.state.charges] == ["sora.create", "sora.remix"]


def test_generate_missing_charges_each_scene_once_and_the_queue_shows_why_one_waits(page: Page, provider: StandIn):
    provider.state.seconds_needed = 4.0
    missing = page.locator("[data-generate-missing]")
    expect(missing).to_contain_text("5 scenes · $2.80")
    missing.dblclick()
    waiting = page.locator(".card .waiting").first
    expect(waiting).to_contain_text(re.compile(r"Waiting for Sora .*\(2 of 2 running"), timeout=20_000)
    page.locator("[data-action=queue]").click()
    drawer = page.locator("#queue-drawer")
    expect(drawer).to_contain_text("2 of 2 running, 3 waiting")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.locator(".card .chip-completed")).to_have_count(5, timeout=90_000)
    assert len(provider.state.charges) == 5


def test_moderation_refusal_shows_the_providers_message_and_charges_nothing(page: Page, provider: StandIn):
    body = {"error": {"message": "This <b>prompt</b> may violate our policies.", "code": "moderation_blocked"}}
    provider.state.fail("sora.create", Fault(status=400, body=body))
    card = page.locator(".card").nth(3)
    card.locator("[data-generate]").click()
    note = card.locator(".failure-warning")
    expect(note).to_contain_text("Declined by the provider", timeout=30_000)
    expect(note).to_contain_text("This <b>prompt</b> may violate our policies.")
    expect(note).to_contain_text("Nothing was charged.")
    expect(card.locator("[data-generate]")).to_contain_text("Try again")
    assert provider.state.charges == []


def test_connection_test_works_and_a_start_frame_is_generated(page: Page, provider: StandIn):
    storyboard = page.url
    page.get_by_role("link", name="Connections").click()
    page.get_by_role("button", name="Test connection").first.click()
    expect(page.locator(".test-works")).to_contain_text("The server speaks the video protocol and accepts the key.")
    page.goto(storyboard)
    open_scene(page, "The match")
    page.get_by_role("link", name="Generate start frame").click()
    page.select_option("[name=model]", "gpt-image-2")
    expect(page.locator("[name=size] option", has_text="1280x720")).to_have_count(1)
    page.get_by_role("button", name="Generate").dblclick()
    until(lambda: len(provider.state.charges) == 1)
    expect(page.locator("#pictures .picture", has_text="Illustration")).to_have_count(0, timeout=60_000)
    expect(page.locator("#pictures .picture img")).to_be_visible()
    assert [charge.operation for charge in provider.state.charges] == ["images.generate"]
