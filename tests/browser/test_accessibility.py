"""axe-core finds nothing serious on any page, in either theme."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Server, Visit

PAGES = {
    "projects": "/",
    "new project": "/projects/new",
    "board": "/projects/1",
    "table": "/projects/1/table",
    "animatic": "/projects/1/animatic",
    "print": "/projects/1/print",
    "settings": "/projects/1/settings",
    "budget": "/projects/1/budget",
    "models": "/projects/1/models",
    "import": "/projects/1/import",
    "style": "/projects/1/style",
    "scene": "/scenes/1",
    "compare": "/scenes/1/compare",
    "a picture": "/scenes/1/pictures/make",
    "presets": "/presets/camera_move",
    "team": "/teams/1",
    "budget of a team": "/teams/1/budget",
    "more takes": "/projects/1/generate?which=all",
    "new team": "/teams/new",
    "activity": "/teams/1/activity",
    "prompt templates": "/teams/1/prompts",
    "account": "/account",
    "second factor of a team": "/teams/1/second-factor",
    "queue": "/queue",
    "costs": "/costs",
    "connections": "/connections",
    "a team's connections": "/teams/1/connections",
    "new connection": "/teams/1/connections/add/sora",
    "password": "/accounts/password/change/",
    "nothing there": "/nowhere",
}
SERIOUS = {"serious", "critical"}


#: By theme. A theme changes nothing but colours, so only rules about these are asked twice.
RULES: dict[str, dict[str, Any]] = {
    "dark": {"resultTypes": ["violations"]},
    "light": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}


def serious_on(page: Page, theme: str) -> list[str]:
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    violations = Axe().run(page, options=RULES[theme]).response["violations"]
    return [
        f"{violation['id']}: {node['target']} {node['html'][:160]}"
        for violation in violations
        if violation["impact"] in SERIOUS
        for node in violation["nodes"][:5]
    ]


@pytest.mark.long
def test_no_serious_violation_on_any_page(server: Server, visit: Visit):
    page = visit(bypass_csp=True, base_url=server.address, reduced_motion="reduce")
    found = {}
    for name in [*PAGES, "sign in"]:
        if name == "sign in":
            page.context.clear_cookies()
        page.goto(PAGES.get(name, "/accounts/login/"))
        page.wait_for_timeout(300)
        for theme in RULES:
            if violations := serious_on(page, theme):
                found[f"{name}, {theme}"] = violations
    assert found == {}
