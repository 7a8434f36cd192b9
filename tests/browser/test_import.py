"""Importing a script: preview, checked scenes, undo, and scenes whose model is unavailable."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

SCRIPT = """INT. LAMP ROOM - NIGHT

= The lamp

The keeper opens the door to the lamp.

KEEPER
Not tonight.

EXT. ROCK - DAWN

The sea is calm.
"""


def test_pasted_screenplay_becomes_scenes_and_undo_removes_them(visit: Visit, tmp_path: Path):
    page = visit()
    before = page.locator(".card h3").all_inner_texts()
    page.get_by_role("button", name="Project actions").click()
    page.get_by_role("link", name="Import script").click()
    page.get_by_label("Script", exact=True).fill(SCRIPT)
    expect(page.locator(".draft label")).to_have_text(["1. The lamp", "2. Rock, dawn"])
    expect(page.locator("[data-ticked]")).to_have_text("2 of 2")
    page.get_by_label("Position").select_option(index=1)
    page.get_by_label("2. Rock, dawn").uncheck()
    expect(page.locator("[data-ticked]")).to_have_text("1 of 2")
    page.get_by_role("button", name="Add 1 scene").click()
    expect(page.locator(".card h3")).to_have_text([before[0], "The lamp", *before[1:]])
    with page.expect_download() as download:
        page.get_by_role("button", name="Project actions").click()
        page.get_by_role("link", name="Export as Fountain").click()
    exported = tmp_path / "exported.fountain"
    download.value.save_as(exported)
    assert "INT. Lamp room - Night\n\n= The lamp\n" in exported.read_text()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator(".card h3")).to_have_text(before)

    page.goto(urljoin(page.url, "/projects/new"))
    page.get_by_label("Title").fill("From a file")
    page.get_by_text("Start from a script").click()
    page.get_by_label("Or a file").set_input_files(exported)
    expect(page.locator(".draft")).to_have_count(len(before) + 1)
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name=f"Create project ({len(before) + 1} scenes)").click()
    expect(page.locator(".card h3")).to_have_text([before[0], "The lamp", *before[1:]])


@pytest.mark.long
def test_scene_with_an_unavailable_model_switches_to_another(visit: Visit):
    page = visit()
    page.get_by_role("button", name="Project actions").click()
    page.get_by_role("link", name="Import script").click()
    page.get_by_label("Script", exact=True).fill("Title\tAction\tVideo model\nGulls\tThey circle.\tsora-0\n")
    page.get_by_role("button", name="Add 1 scene").click()
    banner = page.locator(".gone-model")
    expect(banner).to_contain_text("Scene 6 is set to sora-0, which is no longer available.")
    banner.get_by_role("button", name="Switch to Animatic").click()
    expect(banner).to_have_count(0)
    toast = page.locator(".toast", has_text="Model of 1 scene set to Animatic.")
    toast.get_by_role("button", name="Undo").click()
    expect(banner).to_have_count(1)
    banner.get_by_role("link", name="Compare models").click()
    expect(page.get_by_role("row", name="Animatic")).to_contain_text("6 of 6")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
