"""Choosing presets from pictures, and applying a style to several scenes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit


@pytest.mark.long
def test_preset_dialog_chooses_by_mouse_keyboard_and_search(visit: Visit):
    page = visit()
    page.get_by_role("heading", name="The match").get_by_role("link").click()
    select = page.get_by_role("combobox", name="Camera movement", include_hidden=True)
    select.scroll_into_view_if_needed()
    button = page.get_by_role("button", name="Browse camera movement presets")
    expect(button.locator("svg")).to_have_attribute("data-picture", select.input_value() or "none")

    button.click()
    dialog = page.get_by_role("dialog", name="Camera movement")
    expect(dialog.get_by_role("radio", name="Dolly in")).to_be_visible()
    dialog.locator(".preset-choice").filter(has_text="Crane up").click()
    expect(dialog).to_be_hidden()
    expect(select).to_have_value("crane-up")
    expect(button).to_be_focused()
    expect(button.locator("svg")).to_have_attribute("data-picture", "crane-up")
    expect(page.locator("#scene-form")).to_have_class(re.compile("is-changed"))

    page.keyboard.press("Enter")
    expect(dialog.get_by_role("radio", name="Crane up")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("radio", name="Crane down")).to_be_checked()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(select).to_have_value("crane-up")

    button.press("Enter")
    page.keyboard.type("drone")
    expect(dialog.locator(".preset-choice:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(select).to_have_value("fly-over")
    page.get_by_role("button", name="Save scene").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(select).to_have_value("fly-over")


@pytest.mark.long
def test_style_is_applied_to_three_scenes_and_undone(visit: Visit):
    page = visit()
    page.get_by_role("button", name="Project actions").click()
    page.get_by_role("link", name="Apply style").click()
    page.get_by_role("button", name="None").click()
    plan = page.locator("#style-plan")
    for title in ("The rock at dusk", "Up the stairs", "The beam"):
        page.locator(".style-scene").filter(has_text=title).click()
    page.get_by_role("button", name="Browse lighting presets").click()
    page.get_by_role("dialog", name="Lighting").locator(".preset-choice").filter(has_text="Moonlight").click()
    expect(plan).to_contain_text("3 scenes will change")
    expect(plan.locator("li")).to_have_count(3)
    expect(plan.locator(".chip-stale")).to_have_count(2)

    plan.get_by_role("button", name="Apply to 3 scenes").click()
    expect(page.locator(".toast")).to_contain_text("Style applied to 3 scenes.")
    expect(page.locator(".card .chip-stale")).to_have_count(2)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("Undone.")
    expect(page.locator(".card .chip-stale")).to_have_count(0)


@pytest.mark.long
def test_style_page_works_without_javascript(visit: Visit):
    page = visit("/projects/1/style", java_script_enabled=False)
    expect(page.get_by_role("button", name=re.compile("^Browse"))).to_have_count(0)
    page.get_by_label("Weather", exact=True).select_option("mist")
    page.get_by_role("button", name="Preview changes").click()
    expect(page.locator("#style-plan")).to_contain_text("5 scenes will change")
    page.get_by_role("link", name="See all presets").first.click()
    expect(page.get_by_role("heading", name="Visual style")).to_be_visible()
