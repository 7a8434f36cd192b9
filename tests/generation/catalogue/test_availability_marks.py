"""Models that close soon, or whose availability or data is uncertain, are marked wherever a model is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation.catalogue import loader
from projects.models import Project, Scene
from teams.models import Team, User
from tests.factories import make_connection
from tests.standin import StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
OMNI, PICTURES = "gemini-omni-1.1-flash", "gpt-image-1.5"


@pytest.fixture
def closing(monkeypatch, tmp_path: Path) -> Iterator[str]:
    """Two models that close in a week; their mark."""
    day = timezone.localdate() + timedelta(days=7)
    text = loader.MODELS_FILE.read_text("utf-8").replace("retired_on = 2026-12-01", f"retired_on = {day}")
    text = text.replace(f'id = "{OMNI}"', f'id = "{OMNI}"\nretired_on = {day}')
    changed = tmp_path / "models.toml"
    changed.write_text(text, "utf-8")
    monkeypatch.setattr(loader, "MODELS_FILE", changed)
    loader.all_models.cache_clear()
    yield f"closes {day:%-d %b %Y}"
    loader.all_models.cache_clear()


@pytest.fixture
def vendor_connections(settings) -> None:
    plain = {"key": "k", "base_url": "", "max_in_flight": 2, "requests_per_minute": 60, "options": {"project": "films"}}
    settings.CONNECTIONS = {name: plain | {"provider": name, "name": name} for name in ("omni", "veo", "openai_images")}


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_models_on_the_scene_page_are_marked(as_user: AsUser, scene: Scene, closing: str, vera: User):
    page = text_of(as_user(vera).get(reverse("scene_page", args=[scene.pk])).content.decode())
    assert f"Gemini Omni 1.1 Flash {closing} Google" in page
    assert "Veo 3.1 availability uncertain Google" in page
    assert "Gemini Omni 1.2 Flash Google" in page


def test_models_in_the_comparison_are_marked(as_user: AsUser, project: Project, scene: Scene, closing: str, vera: User):
    page = text_of(as_user(vera).get(reverse("model_comparison", args=[project.pk])).content.decode())
    assert f"Gemini Omni 1.1 Flash {closing} Google" in page
    assert "Veo 3.1 availability uncertain Google" in page


def test_models_in_the_storyboards_selects_are_marked(
    as_user: AsUser, project: Project, vendor_connections, closing: str, bob: User
):
    client = as_user(bob)
    board = client.get(reverse("storyboard", args=[project.pk])).content.decode()
    for select in ("model-choice", "bulk-model"):
        options = text_of(board.partition(f'id="{select}"')[2].partition("</select>")[0])
        assert f"· {closing}" in options
        assert "· availability uncertain" in options
    table = client.get(reverse("table", args=[project.pk])).content.decode()
    assert f"Gemini Omni 1.1 Flash · {closing}" in table


def test_models_in_the_select_of_image_models_are_marked(
    as_user: AsUser, scene: Scene, vendor_connections, closing: str, bob: User
):
    page = as_user(bob).get(reverse("scene_picture_make", args=[scene.pk])).content.decode()
    assert f"GPT Image 1.5 · {closing}</option>" in page
    assert "GPT Image 2</option>" in page


def test_a_vendors_closing_date_does_not_mark_the_model_on_another_server(
    as_user: AsUser, scene: Scene, team: Team, stand_in: StandIn, settings, closing: str, bob: User
):
    settings.CONNECTIONS = {}
    make_connection(team, stand_in, "openai_images")
    page = as_user(bob).get(reverse("scene_picture_make", args=[scene.pk])).content.decode()
    assert "GPT Image 1.5</option>" in page
