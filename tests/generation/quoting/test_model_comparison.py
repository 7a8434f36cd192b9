"""Prices before spending: all models for a project, warnings about expensive ones, and replacements for retired ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from generation import catalogue
from generation.connections import is_retired, roster_for
from generation.models import Budget, with_takes
from generation.quoting import model_comparison, quotes
from generation.quoting.model_comparison import ProjectQuote, UnavailableModel
from generation.states import Status
from projects.models import Project, Reference, Scene, UndoEntry
from storyboard.loaders import live_scenes
from teams.models import User
from tests.queries import count_queries
from tests.standin import StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeScenes = Callable[..., list[Scene]]


def compare_models(project: Project) -> dict[str, ProjectQuote]:
    project.refresh_from_db()
    quotes = model_comparison.compare(project, live_scenes(project), roster_for(project.team_id))
    return {quote.model.id: quote for quote in quotes}


def unavailable_models(project: Project) -> list[UnavailableModel]:
    return model_comparison.find_unavailable_models(project, live_scenes(project), roster_for(project.team_id))


@pytest.fixture
def own_server(sora: StandIn, settings: Any) -> StandIn:
    """Sora 2 at $0.10 a second and Sora 2 Pro at $0.30, on a server where neither is retired, two at a time."""
    settings.MEDIA_WORKERS = 2
    return sora


# -- A whole project ---------------------------------------------------------------------------------------------------


def test_each_model_has_a_total_for_all_scenes_and_for_missing_ones(
    project: Project, make_scenes: MakeScenes, make_take, own_server: StandIn
):
    made, *_ = make_scenes(3, duration=Decimal(4))
    make_take(made, status=Status.COMPLETED, clip=b"clip")
    quotes = compare_models(project)
    assert [
        (quotes[name].possible, quotes[name].total, quotes[name].missing)
        for name in ("animatic", "sora-2", "sora-2-pro")
    ] == [
        (3, Decimal("0.0"), Decimal("0.0")),
        (3, Decimal("1.20"), Decimal("0.80")),
        (3, Decimal("3.60"), Decimal("2.40")),
    ]


def test_the_estimated_time_depends_on_how_many_run_at_a_time(
    project: Project, make_scenes: MakeScenes, own_server: StandIn
):
    make_scenes(3)
    quotes = compare_models(project)
    assert (quotes["sora-2"].expected_seconds, quotes["sora-2"].places) == (2 * 120, 2)
    assert (quotes["animatic"].expected_seconds, quotes["animatic"].places) == (2 * 5, 2)


def test_the_scenes_a_model_cannot_make_are_listed_by_reason(
    project: Project, make_scenes: MakeScenes, own_server: StandIn
):
    make_scenes(2, duration=Decimal(4))
    make_scenes(3, duration=Decimal(20))
    sora = compare_models(project)["sora-2"]
    assert (sora.possible, sora.impossible, sora.total) == (2, 3, Decimal("0.80"))
    (reason,) = sora.reasons
    assert reason.words.startswith("Sora 2 clips are 4, 8 or 12 s; this scene is 20 s.")
    assert reason.scenes == "Scenes 3-5"


def test_a_model_without_a_connection_has_a_price(project: Project, make_scenes: MakeScenes):
    make_scenes(2, duration=Decimal(4))
    omni = compare_models(project)["gemini-omni-1.2-flash"]
    assert (omni.unavailable_because, omni.total) == (
        "Set GEMINI_API_KEY, or add an account under Connections, to use Gemini Omni 1.2 Flash.",
        Decimal("0.56"),
    )
    assert (omni.can_be_used, omni.warning) == (False, "")


def test_a_retired_model_has_no_price(project: Project, make_scenes: MakeScenes):
    make_scenes(1)
    sora = compare_models(project)["sora-2"]
    assert (sora.is_retired, sora.total, sora.reasons) == (True, None, ())
    assert sora.unavailable_because.startswith("OpenAI retired Sora 2 on 24 September 2026.")


def test_available_models_come_first_and_the_cheapest_of_them_before_the_others(
    project: Project, make_scenes: MakeScenes, own_server: StandIn
):
    make_scenes(1)
    assert list(compare_models(project))[:3] == ["animatic", "sora-2", "sora-2-pro"]


def test_the_page_shows_prices_and_editors_can_choose(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, own_server: StandIn, vera: User, bob: User
):
    make_scenes(2, duration=Decimal(4))
    url = reverse("model_comparison", args=[project.pk])
    page = as_user(bob).get(url).content.decode()
    assert ("2 of 2" in page, "$0.80" in page, "$2.40" in page, 'aria-label="Use Sora 2"' in page) == (True,) * 4
    assert "3 times the price of Sora 2." in page
    assert 'aria-label="Use ' not in as_user(vera).get(url).content.decode()


def test_an_empty_project_has_no_comparison(as_user: AsUser, project: Project, vera: User):
    assert "No scenes yet" in as_user(vera).get(reverse("model_comparison", args=[project.pk])).content.decode()


def test_the_page_of_another_team_404(as_user: AsUser, project: Project, scene: Scene, mallory: User):
    assert as_user(mallory).get(reverse("model_comparison", args=[project.pk])).status_code == 404


def test_the_page_needs_as_many_queries_for_three_scenes_as_for_one(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, make_take, own_server: StandIn, bob: User
):
    client, url = as_user(bob), reverse("model_comparison", args=[project.pk])
    counts = []
    for more in (1, 2):
        for scene in make_scenes(more):
            make_take(scene)
            Reference.objects.create(
                project=project, scene=scene, role="start_frame", image="none.png", width=9, height=9
            )
        with count_queries() as queries:
            client.get(url)
        counts.append(len(queries))
    assert counts == [11, 11]


def test_storyboard_and_costs_link_to_the_page(
    as_user: AsUser, project: Project, scene: Scene, vera: User, mallory: User
):
    link = f'href="{reverse("model_comparison", args=[project.pk])}"'
    for url in (reverse("storyboard", args=[project.pk]), reverse("costs")):
        assert link in as_user(vera).get(url).content.decode()
    assert link not in as_user(mallory).get(reverse("costs")).content.decode()


# -- Expensive models --------------------------------------------------------------------------------------------------


def warnings(scene: Scene) -> dict[str, str]:
    return {
        quote.model.id: quote.warning
        for quote in quotes.quote_models(scene, roster_for(scene.project.team_id))
        if quote.is_possible
    }


def test_several_times_the_cheapest_hosted_price_has_a_warning(scene: Scene, own_server: StandIn):
    Scene.objects.update(duration=4)
    assert warnings(with_takes(Scene.objects.all()).get()) == {
        "animatic": "",
        "sora-2": "",
        "sora-2-pro": "3 times the price of Sora 2.",
    }


def test_a_price_above_the_threshold_has_a_warning(scene: Scene, own_server: StandIn):
    Scene.objects.update(duration=4)
    Budget.objects.create(team=scene.project.team, confirm_above=Decimal("0.30"))
    assert warnings(with_takes(Scene.objects.all()).get()) == {
        "animatic": "",
        "sora-2": "Needs confirmation (above $0.30).",
        "sora-2-pro": "3 times the price of Sora 2. Needs confirmation (above $0.30).",
    }


def test_the_scene_page_shows_the_warning(as_user: AsUser, scene: Scene, own_server: StandIn, vera: User):
    page = as_user(vera).get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert page.count("3 times the price of Sora 2.") == 1


# -- Models that are gone ----------------------------------------------------------------------------------------------


def switch(client: Client, project: Project, old: str, new: str):
    return client.post(reverse("model_switch", args=[project.pk]), {"from": old, "to": new}, follow=True)


def models_of(project: Project) -> list[str]:
    return list(project.scenes.order_by("position").values_list("model_id", flat=True))


def test_scenes_of_a_retired_model_are_listed_with_the_price_of_its_successor(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, vera: User, bob: User, settings: Any
):
    account = {"provider": "omni", "name": "Google", "key": "k", "base_url": ""}
    settings.CONNECTIONS = {"omni": account | {"max_in_flight": 2, "requests_per_minute": 60}}
    make_scenes(1)
    make_scenes(2, duration=Decimal(4), model_id="gemini-omni-flash-preview")
    (gone,) = unavailable_models(project)
    assert (gone.count, gone.scenes, gone.to.id, gone.possible, gone.price) == (
        2,
        "2-3",
        "gemini-omni-1.2-flash",
        2,
        Decimal("0.56"),
    )
    page = as_user(bob).get(reverse("storyboard", args=[project.pk])).content.decode()
    notice = "2 scenes (2-3) are set to Gemini Omni Flash (preview), which Google retired on 22 October 2026."
    assert notice in " ".join(page.split())
    assert "Switch to Gemini Omni 1.2 Flash" in page
    assert "Switch to " not in as_user(vera).get(reverse("storyboard", args=[project.pk])).content.decode()


def test_scenes_of_an_unknown_model_are_listed(as_user: AsUser, project: Project, scene: Scene, bob: User):
    Project.objects.update(model_id="sora-0")
    page = " ".join(as_user(bob).get(reverse("storyboard", args=[project.pk])).content.decode().split())
    assert "Scene 1 is set to sora-0, which is no longer available." in page
    assert "Switch to Animatic" in page


def test_a_hosted_model_is_suggested_before_the_local_animatic(project: Project, scene: Scene, own_server: StandIn):
    Scene.objects.update(model_id="sora-0", duration=4)
    assert [gone.to.id for gone in unavailable_models(project)] == ["sora-2"]


def test_the_local_animatic_is_suggested_if_no_hosted_model_can_make_the_scenes(
    project: Project, scene: Scene, own_server: StandIn
):
    Scene.objects.update(model_id="sora-0", duration=50)
    assert [gone.to.id for gone in unavailable_models(project)] == ["animatic"]


def test_a_retired_model_on_another_server_needs_no_replacement(project: Project, scene: Scene, own_server: StandIn):
    Scene.objects.update(model_id="sora-2")
    assert unavailable_models(project) == []


def test_the_scenes_switch_models_and_undo_switches_them_back(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    client = as_user(bob)
    make_scenes(1)
    make_scenes(2, model_id="sora-0")
    make_scenes(1, model_id="veo-3.1-generate-001")
    page = switch(client, project, "sora-0", "animatic").content.decode()
    assert models_of(project) == ["", "animatic", "animatic", "veo-3.1-generate-001"]
    assert "Model of 2 scenes set to Animatic." in page
    Scene.objects.filter(position=3).update(model_id="sora-2")
    undo = reverse("undo_entry", args=[UndoEntry.objects.get().pk])
    assert "Undone. 1 newer change kept." in client.post(undo, follow=True).content.decode()
    assert models_of(project) == ["", "sora-0", "sora-2", "veo-3.1-generate-001"]


def test_the_projects_model_is_switched_with_its_scenes(as_user: AsUser, project: Project, scene: Scene, bob: User):
    client = as_user(bob)
    Project.objects.update(model_id="sora-0")
    switch(client, project, "sora-0", "animatic")
    project.refresh_from_db()
    moved = Scene.objects.get()
    assert (project.model_id, moved.model_id, moved.changed_at > scene.changed_at) == ("animatic", "", True)
    client.post(reverse("undo_entry", args=[UndoEntry.objects.get().pk]))
    project.refresh_from_db()
    assert project.model_id == "sora-0"


@pytest.mark.parametrize("to", ["sora-9", "", "gpt-image-1", "gemini-omni-1.2-flash", "sora-2"])
def test_an_unavailable_model_switches_nothing(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User, to: str
):
    make_scenes(1, model_id="sora-0")
    assert "That model is not available here." in switch(as_user(bob), project, "sora-0", to).content.decode()
    assert project.scenes.get().model_id == "sora-0"


def test_switching_a_model_no_scene_uses_changes_nothing(as_user: AsUser, project: Project, scene: Scene, bob: User):
    assert "No scene uses that model any more." in switch(as_user(bob), project, "x", "animatic").content.decode()
    assert Scene.objects.get().changed_at == scene.changed_at


def test_viewers_cannot_switch_403_outsiders_404(as_user: AsUser, project: Project, vera: User, mallory: User):
    url = reverse("model_switch", args=[project.pk])
    assert as_user(vera).post(url, {"from": "animatic", "to": "animatic"}).status_code == 403
    assert as_user(mallory).post(url).status_code == 404


def test_the_storyboard_needs_as_many_queries_for_three_replacements_as_for_one(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, own_server: StandIn, bob: User
):
    client, url = as_user(bob), reverse("storyboard", args=[project.pk])
    counts = []
    for more in (1, 2):
        make_scenes(more, model_id="sora-0")
        with count_queries() as queries:
            client.get(url)
        counts.append(len(queries))
    assert counts == [11, 11]


def test_a_model_is_retired_from_its_retirement_day_on(settings: Any):
    model = catalogue.find("gemini-omni-flash-preview")
    assert [is_retired(model, None, day) for day in (date(2026, 10, 21), date(2026, 10, 22))] == [
        False,
        True,
    ]
