"""An owner adds a team connection, tests it, generates a take with it and sees its usage."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import MakeServer, OpenPage
from tests.browser.test_hosted import provider, stand_in
from tests.standin import StandIn

__all__ = ["provider", "stand_in"]
KEY = "sk-the-night-shifts-own-key-7788"


@pytest.mark.long
def test_owner_adds_a_connection_and_generates_a_take_with_it(
    make_server: MakeServer, open_page: OpenPage, provider: StandIn
):
    provider.state.key = KEY
    server = make_server(IMAGEAI_TEAM_HOSTS=provider.url.removeprefix("http://"))
    link = server.start()
    server.start_workers()
    page: Page = open_page()
    page.goto(link)
    page.get_by_role("heading", name="The lighthouse keeper").get_by_role("link").click()
    storyboard = page.url
    page.get_by_role("link", name="Connect a provider").click()
    expect(page.get_by_text("No connections yet")).to_be_visible()
    page.get_by_role("link", name="Video server").click()

    page.get_by_label("Name", exact=True).fill("Our GPU")
    page.get_by_label("Address").fill("https://127.0.0.1:9/v1")
    page.get_by_label("Key", exact=True).fill(KEY)
    page.get_by_label("Server type", exact=True).select_option("openai")
    page.get_by_label("Monthly cap").fill("5")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("main")).to_contain_text("is inside a private network and is not used.")
    expect(page.get_by_label("Key", exact=True)).to_have_value("")
    page.get_by_label("Address").fill(f"{provider.url}/openai/v1")
    page.get_by_label("Key", exact=True).fill(KEY)
    page.get_by_role("button", name="Add", exact=True).click()

    row = page.locator(".connection", has_text="Our GPU")
    expect(row).to_contain_text("key ends in 7788")
    row.get_by_role("button", name="Test connection").click()
    expect(row.locator(".test-works")).to_contain_text("The server speaks the video protocol and accepts the key.")

    page.goto(storyboard)
    page.select_option("#model-choice", "sora-2")
    expect(page.locator(".toast")).to_contain_text("Model set to Sora 2.")
    card = page.locator(".card").nth(2)
    card.locator("[data-generate]").click()
    expect(card.locator(".chip-completed")).to_be_visible(timeout=60_000)
    assert [call.headers["authorization"] for call in provider.state.calls("sora.create")] == [f"Bearer {KEY}"]

    page.get_by_role("link", name="Connections").click()
    page.get_by_role("main").get_by_role("listitem").get_by_role("link").first.click()
    expect(row).to_contain_text("0 of 2 running · 1 take this month for $0.40 of $5.00")
    row.get_by_role("button", name="Remove Our GPU").click()
    expect(page.get_by_text("No connections yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
