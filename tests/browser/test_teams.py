"""Inviting and removing a member, with both browsers open, and switching teams."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Server
from tests.browser.test_story import open_sample


def open_team(page: Page) -> None:
    page.get_by_role("button", name="Your account").click()
    page.locator("#person-menu").get_by_role("link", name="My team").click()
    expect(page.get_by_role("heading", name="My team")).to_be_visible()


def test_member_is_invited_joins_and_is_removed(fresh_server: Server, open_page: OpenPage):
    owner, dave = open_page(), open_page(allow_errors=True)
    open_sample(owner, fresh_server.link_of_prepared())
    open_team(owner)
    owner.get_by_label("E-mail address").fill("dave@example.com")
    owner.get_by_role("button", name="Invite").click()
    link = owner.get_by_label("Invitation link").input_value()

    dave.goto(link)
    dave.get_by_label("Name").fill("Dave")
    dave.get_by_label("Password").fill("short")
    dave.get_by_role("button", name="Create account and join").click()
    expect(dave.get_by_text("This password is too short.")).to_be_visible()
    dave.get_by_label("Password").fill("a lamp on the sill")
    dave.get_by_role("button", name="Create account and join").click()
    expect(dave.get_by_text("Welcome to My team.")).to_be_visible()
    dave.get_by_role("heading", name="The lighthouse keeper").get_by_role("link").click()
    expect(dave.locator("#board .card")).to_have_count(5)

    open_team(owner)
    expect(owner.locator(".member", has_text="dave@example.com")).to_contain_text("Dave")
    owner.locator("summary", has_text="Remove").click()
    owner.get_by_role("button", name="Remove Dave").click()
    expect(owner.get_by_text("Dave removed.")).to_be_visible()
    expect(dave.get_by_role("heading", name="Page not found")).to_be_visible(timeout=30_000)

    owner.get_by_role("link", name="Activity").click()
    expect(owner.locator(".activity").first).to_contain_text("removed Dave")
    expect(owner.locator(".activity").nth(1)).to_contain_text("Dave joined as editor")


@pytest.mark.long
def test_member_of_two_teams_switches_between_them(fresh_server: Server, open_page: OpenPage):
    page = open_page(java_script_enabled=False)
    page.goto(fresh_server.link_of_prepared())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("link", name="New team").click()
    page.get_by_label("Name").fill("Day shift")
    page.get_by_role("button", name="Create team").click()
    page.get_by_role("link", name="Projects", exact=True).click()
    expect(page.get_by_text("No project yet")).to_be_visible()
    page.locator(".team-switch").click()
    page.locator("#team-menu").get_by_role("button", name="All teams").click()
    expect(page.get_by_role("heading", name="The lighthouse keeper")).to_be_visible()
