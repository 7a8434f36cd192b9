"""The storyboard as an animatic and in print."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from generation.models import Generation
from generation.states import Status
from projects.models import Project, Scene
from teams.models import User

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeScenes = Callable[..., list[Scene]]


def test_animatic_plays_selected_takes_and_previz(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, make_take, vera: User
):
    first, second, third = make_scenes(3)
    chosen = make_take(first, status=Status.COMPLETED, clip=b"clip", clip_seconds=Decimal("1.200"))
    make_take(first, status=Status.COMPLETED, clip=b"clip", clip_seconds=Decimal(9))
    Generation.objects.filter(pk=chosen.pk).update(is_selected=True)
    make_take(second, status=Status.FAILED)
    newest = make_take(third, status=Status.COMPLETED, clip=b"clip")
    page = as_user(vera).get(reverse("animatic", args=[project.pk])).content.decode()
    assert re.findall(r'data-clip="([^"]+)"', page) == [
        f"{reverse('take_clip', args=[take.pk])}?v={take.files_version}" for take in (chosen, newest)
    ]
    assert re.findall(r'data-seconds="([^"]+)"', page) == ["1.2", "1", "1"]
    assert reverse("scene_panel", args=[second.pk]) in page
    assert "1 of 3 scenes has no take and plays as Previz." in page


def test_animatic_without_javascript_is_a_list_of_links(as_user: AsUser, project: Project, scene: Scene, vera: User):
    page = as_user(vera).get(reverse("animatic", args=[project.pk])).content.decode()
    assert f'<a href="{reverse("scene_page", args=[scene.pk])}">' in page


def test_empty_animatic_explains_itself(as_user: AsUser, project: Project, vera: User):
    page = as_user(vera).get(reverse("animatic", args=[project.pk])).content.decode()
    assert "Nothing to play yet" in page


@pytest.mark.parametrize(
    ("query", "pages"), [({}, 2), ({"panels": "9"}, 2), ({"panels": "7"}, 2), ({"text": "Scene 1"}, 1)]
)
def test_print_has_six_or_nine_panels_per_sheet(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, vera: User, query: dict[str, str], pages: int
):
    make_scenes(10)
    page = as_user(vera).get(reverse("storyboard_print", args=[project.pk]), query).content.decode()
    assert page.count('class="sheet ') == pages
    assert f"page {pages} of {pages}" in page


def test_panel_shows_action_dialogue_and_camera(as_user: AsUser, project: Project, make_scenes: MakeScenes, vera: User):
    make_scenes(
        1, dialogue="KEEPER: Not tonight.", shot_type="close-up", camera_move="dolly-in", duration=Decimal("6.5")
    )
    page = as_user(vera).get(reverse("storyboard_print", args=[project.pk])).content.decode()
    panel = page[page.index('class="panel"') :]
    for text in ("Scene 1", "Something happens.", "KEEPER: Not tonight.", "Close-up, Dolly in", "6.5 s"):
        assert text in panel


@pytest.mark.parametrize("name", ["animatic", "storyboard_print"])
def test_only_members_can_view_and_print(
    as_user: AsUser, project: Project, scene: Scene, vera: User, mallory: User, name: str
):
    url = reverse(name, args=[project.pk])
    assert as_user(vera).get(url).status_code == 200
    assert as_user(mallory).get(url).status_code == 404
