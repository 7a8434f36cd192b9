"""Frames and references: upload, crop or pad, remove, undo."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit, until


def pictures_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Frames and references")


def square(folder: Path) -> Path:
    path = folder / "square.png"
    Image.new("RGB", (300, 300), "teal").save(path)
    return path


def shown_size(picture: Locator) -> list[int]:
    """Width and height of the decoded image; waits until it has loaded."""
    picture.scroll_into_view_if_needed()
    until(lambda: picture.evaluate("image => image.complete && image.naturalWidth > 0"))
    return picture.evaluate("image => [image.naturalWidth, image.naturalHeight]")


def overflow_width(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_start_frame_is_uploaded_padded_removed_and_restored(visit: Visit, tmp_path: Path):
    page = visit("/scenes/3")
    pictures = pictures_of(page)
    start = pictures.locator(".frame-slot").filter(has=page.get_by_role("heading", name="Start frame"))
    expect(start.get_by_role("img", name="Start frame")).to_have_count(0)

    start.locator("input[type=file]").set_input_files(square(tmp_path))
    thumbnail = start.get_by_role("img", name="Start frame")
    expect(thumbnail).to_be_visible()
    assert shown_size(thumbnail) == [300, 300]
    expect(start).to_contain_text("300 x 300")
    expect(start).to_contain_text("Cropping removes 44 % at top and bottom.")
    crop, pad = start.get_by_role("button", name="Crop to fill"), start.get_by_role("button", name="Pad with black")
    assert [shown_size(choice.locator("img")) for choice in (crop, pad)] == [[640, 360], [640, 360]]
    expect(crop).to_have_attribute("aria-pressed", "true")

    pad.click()
    expect(pad).to_have_attribute("aria-pressed", "true")
    expect(crop).to_have_attribute("aria-pressed", "false")

    start.get_by_role("button", name="Remove").click()
    expect(thumbnail).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text("Start frame removed.")
    page.get_by_role("button", name="Undo").click()
    expect(thumbnail).to_be_visible()
    expect(pad).to_have_attribute("aria-pressed", "true")

    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow_width(page) == 0


@pytest.mark.long
def test_upload_of_a_file_that_is_no_image_shows_an_error(visit: Visit, tmp_path: Path):
    page = visit("/scenes/4")
    pictures = pictures_of(page)
    (tmp_path / "page.png").write_text("<html><script>alert(1)</script></html>")
    pictures.locator("input[type=file]").first.set_input_files(tmp_path / "page.png")
    expect(page.locator(".toast-error")).to_contain_text("This file is not a readable image.")
    expect(pictures.locator(".picture")).to_have_text(re.compile("Illustration: The match"))
