"""The scene inspector: tabs, prompt preview, custom prompt, autosave and edit conflicts."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server, Visit


def prompt(page: Page, name: str = "sora") -> Locator:
    return page.locator(f"#prompt-{name} .prompt-text")


def test_prompt_preview_follows_typing_and_the_scene_autosaves(visit: Visit):
    page = visit("/scenes/3")
    expect(prompt(page)).to_contain_text("One continuous shot: The keeper at the window.")
    page.get_by_label("Subject").fill("Two keepers")
    expect(prompt(page)).to_contain_text("One continuous shot: Two keepers.")
    expect(page.locator("#save-state")).to_have_text("Saved")
    page.get_by_label("Duration").fill("900")
    expect(page.locator("#id_duration_note")).to_have_text("Enter 1 to 60 seconds.")
    expect(page.locator("#save-state")).to_have_text("Saved, except the marked fields.")
    expect(page.get_by_label("Duration")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Duration").fill("4")
    expect(page.locator("#save-state")).to_have_text("Saved")
    expect(page.get_by_label("Duration")).not_to_have_attribute("aria-invalid", "true")
    page.reload()
    expect(page.get_by_label("Subject")).to_have_value("Two keepers")


@pytest.mark.long
def test_arrow_keys_switch_the_inspectors_tabs(visit: Visit):
    page = visit("/scenes/3")
    tabs = page.get_by_role("tablist", name="Inspector")
    tabs.get_by_role("tab", name="Prompt").focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.get_by_role("tab", name="Settings")).to_be_focused()
    expect(page.get_by_label("Seed")).to_be_visible()
    expect(page.get_by_label("Title")).to_be_hidden()
    page.keyboard.press("End")
    expect(page.get_by_role("columnheader", name="Price")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Title")).to_be_visible()
    previews = page.get_by_role("tablist", name="Prompt preview")
    previews.get_by_role("tab", name="Veo").click()
    expect(prompt(page, "veo")).to_contain_text("says: Not tonight.")
    page.get_by_label("Subject").fill("Three keepers")
    expect(prompt(page, "veo")).to_contain_text("Three keepers")
    expect(prompt(page, "sora")).to_be_hidden()
    expect(page.locator("#save-state")).to_have_text("Saved")


@pytest.mark.long
def test_scene_gets_a_custom_prompt_and_returns_to_the_template(visit: Visit):
    page = visit("/scenes/2")
    page.get_by_role("button", name="Edit prompt").first.click()
    own = page.locator("#id_custom_prompt")
    expect(own).to_be_visible()
    own.fill("Only a lamp, climbing.")
    expect(prompt(page)).to_have_text("Only a lamp, climbing.")
    expect(page.locator("#save-state")).to_have_text("Saved")
    page.goto(page.url.replace("/scenes/2", "/projects/1"))
    expect(page.locator("#scene-2")).to_contain_text("Custom prompt")
    page.goto(page.url.replace("/projects/1", "/scenes/2"))
    page.get_by_role("button", name="Use template").first.click()
    expect(prompt(page)).to_contain_text("One continuous shot: An old keeper")


def test_two_members_edit_one_scene_and_resolve_a_conflict(visit: Visit):
    alice, bob = visit("/scenes/4"), visit("/scenes/4")
    alice.get_by_label("Action").fill("She strikes a match.")
    expect(alice.locator("#save-state")).to_have_text("Saved")
    bob.get_by_label("Subject").fill("Her hands")
    expect(bob.locator("#save-state")).to_have_text("Saved")
    bob.get_by_label("Action").fill("They strike a match.")
    conflict = bob.locator(".conflict")
    expect(conflict).to_contain_text("Action was also changed by another member")
    expect(conflict).to_contain_text("She strikes a match.")
    expect(conflict).to_contain_text("They strike a match.")
    expect(bob.locator("#save-state")).to_have_text("Saved, except the marked fields.")
    alice.reload()
    expect(alice.get_by_label("Action")).to_have_value("She strikes a match.")
    expect(alice.get_by_label("Subject")).to_have_value("Her hands")
    bob.get_by_role("button", name="Keep mine").click()
    expect(bob.locator(".conflict")).to_have_count(0)
    alice.get_by_label("Action").fill("The match stays dark.")
    alice.get_by_role("button", name="Use theirs").click()
    expect(alice.locator(".conflict")).to_have_count(0)
    expect(alice.get_by_label("Action")).to_have_value("They strike a match.")


@pytest.mark.long
def test_inspector_without_javascript_shows_all_tabs_and_saves(visit: Visit):
    page = visit("/scenes/5", java_script_enabled=False)
    for label in ("Title", "Seed", "Notes"):
        expect(page.get_by_label(label, exact=True)).to_be_visible()
    expect(page.get_by_role("columnheader", name="Price")).to_be_visible()
    page.get_by_label("Subject").fill("A large boat")
    page.get_by_role("button", name="Save scene").click()
    expect(prompt(page)).to_contain_text("One continuous shot: A large boat.")


@pytest.mark.long
def test_team_edits_a_prompt_template_and_restores_the_built_in(visit: Visit):
    page = visit("/teams/1/prompts/omni")
    text = page.get_by_label("Template")
    text.fill("Ours\n{% for x in y %}{% endfor %}")
    expect(page.locator("#samples")).to_contain_text("Line 2: A loop is not allowed in a prompt template.")
    text.fill("Ours: {{ shot.action | in_order }}")
    expect(page.locator("#samples .prompt-text").first).to_contain_text("Ours: First: His hands strike a match.")
    page.get_by_role("button", name="Save template").click()
    expect(page.get_by_text("Edited by")).to_be_visible()
    page.get_by_role("button", name="Restore built-in template").click()
    expect(page.get_by_text("Built-in template.", exact=False)).to_be_visible()


def test_generate_makes_the_text_that_stands_there(server: Server, visit: Visit):
    """Younger than the delay of the autosave."""
    page = visit("/scenes/4")
    page.get_by_label("Action").fill("A second match, and a third.")
    page.locator(".takes [data-generate]").click()
    expect(page.locator(".take")).to_have_count(1)
    with closing(sqlite3.connect(server.data / "db.sqlite3")) as database:
        (shot,) = database.execute("SELECT shot FROM generation_generation ORDER BY id DESC").fetchone()
    assert json.loads(shot)["action"] == "A second match, and a third."


def test_leaving_at_once_keeps_what_was_typed(visit: Visit):
    page = visit("/scenes/5")
    page.get_by_label("Action").fill("The beam finds nothing.")
    page.get_by_role("link", name="4. The match").click()
    expect(page.get_by_role("heading", name="4. The match")).to_be_visible()
    page.get_by_role("link", name="5. The beam").click()
    expect(page.get_by_label("Action")).to_have_value("The beam finds nothing.")


@pytest.mark.long
def test_a_session_that_ends_loses_no_text_and_says_so(server: Server, visit: Visit):
    page = visit("/scenes/5", allow_errors=True)
    with closing(sqlite3.connect(server.data / "db.sqlite3", timeout=20)) as database, database:
        database.execute("DELETE FROM django_session")
    page.get_by_label("Action").fill("Written while signed out.")
    expect(page.locator("#save-state")).to_contain_text("Signed out.")
    page.locator(".takes [data-generate]").click()
    expect(page.locator("#save-state")).to_contain_text("Not saved, so nothing was started.")
    expect(page.get_by_label("Action")).to_have_value("Written while signed out.")
