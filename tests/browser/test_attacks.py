"""Markup in every text of users and providers is shown as text on every page, never executed."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import MakeServer, OpenPage
from tests.browser.test_accessibility import PAGES
from tests.browser.test_story import open_sample
from tests.standin import Fault, standing_in

#: Breaks out of attributes, text areas and titles; any execution sets `window.ran`.
MARKUP = (
    '"\'></textarea></title><img src=x onerror="window.ran=1"><script>window.ran=1</script>{{ 7*7 }}'
    "<svg onload=window.ran=1>"
)
FIELDS = ["title", "action", "subject", "location", "dialogue", "notes", "negative_prompt"]


def write(page: Page, path: str, fields: dict[str, str]) -> None:
    """Submits the form without the browser's own validation."""
    page.goto(path)
    for name, value in fields.items():
        page.evaluate(
            "([name, value]) => { const field = document.querySelector(`main [name='${name}']`);"
            " if (field) field.value = value.slice(0, field.maxLength > 0 ? field.maxLength : undefined); }",
            [name, value],
        )
    form = page.locator("main form").filter(has=page.locator(f"[name='{next(iter(fields))}']")).first
    with page.expect_navigation():
        form.evaluate("form => form.submit()")


def test_markup_in_user_and_provider_text_is_never_run(make_server: MakeServer, open_page: OpenPage, tmp_path: Path):
    picture = tmp_path / "<img src=x onerror=window.ran=1>.png"
    Image.new("RGB", (300, 200), "teal").save(picture)
    with standing_in() as provider:
        refusal = {"error": {"message": f"No: {MARKUP}", "type": "invalid_request_error", "code": "moderation_blocked"}}
        provider.state.fail("sora.create", Fault(status=400, body=refusal))
        server = make_server(OPENAI_API_KEY="any", OPENAI_BASE_URL=f"{provider.url}/openai/v1", SORA_PRESET="openai")
        page = open_page(base_url=server.address, allow_errors=True)
        dialogs: list[str] = []

        def dismiss(dialog: Dialog) -> None:
            dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        open_sample(page, server.start())
        server.start_workers()
        write(page, "/scenes/3", dict.fromkeys(FIELDS, MARKUP))
        write(page, "/projects/1/settings", {"title": MARKUP[:60]})
        write(page, "/teams/1", {"name": MARKUP[:60]})
        write(page, "/account", {"name": MARKUP[:60]})
        page.goto("/scenes/3#pictures")
        page.locator("input[type=file]").first.set_input_files(picture)
        expect(page.get_by_role("img", name="Start frame").first).to_be_visible()
        page.goto("/projects/1")
        page.select_option("#model-choice", "sora-2")
        card = page.locator(".card").nth(2)
        card.locator("[data-generate]").click()
        expect(card.locator(".chip-failed")).to_be_visible(timeout=60_000)
        ran = []
        for path in [
            *PAGES.values(),
            "/scenes/3",
            "/scenes/3/compare",
            "/projects/1?q=" + MARKUP,
            "/costs?by=" + MARKUP,
        ]:
            page.goto(path)
            page.wait_for_timeout(150)
            if page.evaluate("window.ran") or dialogs:
                ran.append(path)
        assert ran == []
        page.goto("/scenes/3")
        expect(page.locator("main")).to_contain_text("<script>window.ran=1</script>")
        assert page.locator("main img[src='x']").count() == 0
