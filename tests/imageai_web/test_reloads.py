"""A page that a post has rendered can be reloaded, and a slash at the end of an address is forgiven."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project
from tests.attacks.access_table import ROWS, Who
from tests.attacks.world import PATTERNS, World, rolled_back, visitors, world

__all__ = ["visitors", "world"]
pytestmark = pytest.mark.django_db
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
POST_ONLY = [pattern for pattern in PATTERNS if ROWS[str(pattern.name)].read is Who.NO_ONE]
#: Their project or scene is in the trash, and so is its page.
DELETED = {"project_restore", "scene_restore"}


def test_every_address_that_only_takes_posts_leads_to_a_page(world: World, visitors: dict[str, Client]):
    owner, rendered = visitors["alice"], []
    for pattern in POST_ONLY:
        address = world.address(pattern)
        with rolled_back(owner):
            posted = owner.post(address)
            rendered += [str(pattern.name)] * (posted.status_code != 302 and b"<html" in posted.content)
        assert owner.get(address).status_code == 405
        reloaded = owner.get(address, headers=BROWSER, follow=True)
        status = 404 if pattern.name in DELETED else 200
        assert reloaded.status_code == status, pattern.name
        assert b"<html" in reloaded.content or pattern.name not in rendered, pattern.name
    assert {"team_invite", "team_rename", "member_role"} <= set(rendered)


def test_the_page_is_the_nearest_one_above(world: World, visitors: dict[str, Client], project: Project):
    team, scene = project.team_id, project.scenes.first()
    assert scene is not None
    pages = {
        reverse("team_invite", args=[team]): reverse("team_page", args=[team]),
        reverse("generate", args=[scene.pk]): reverse("scene_page", args=[scene.pk]),
        reverse("generate_missing", args=[project.pk]): reverse("storyboard", args=[project.pk]),
        # The number of an invitation is no token, which the address above has.
        reverse("invitation_resend", args=[7]): "/",
    }
    for address, page in pages.items():
        assert visitors["alice"].get(address, headers=BROWSER).headers["Location"] == page


def test_programs_and_outsiders_learn_nothing_new(world: World, visitors: dict[str, Client], project: Project):
    address = reverse("team_invite", args=[project.team_id])
    assert visitors["alice"].get(address, headers=BROWSER | {"HX-Request": "true"}).status_code == 405
    assert visitors["alice"].put(address, headers=BROWSER).status_code == 405
    assert visitors["mallory"].get(address, headers=BROWSER, follow=True).status_code == 404


@pytest.mark.parametrize(
    ("address", "page"), [("/queue/", "/queue"), ("/costs/?by=month", "/costs?by=month"), ("/queue//", "/queue")]
)
def test_a_slash_at_the_end_is_forgiven(visitors: dict[str, Client], address: str, page: str):
    assert visitors["alice"].get(address, headers=BROWSER).headers["Location"] == page


@pytest.mark.parametrize("address", ["/nothing/", "//evil.example/", "/projects/x/", "/"])
def test_an_address_without_a_page_is_not_redirected(visitors: dict[str, Client], address: str):
    assert "Location" not in visitors["alice"].get(address, headers=BROWSER).headers
