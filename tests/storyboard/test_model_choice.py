"""Choosing the model, and the price on the button."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from generation import pipeline
from generation.models import Generation
from generation.states import Status
from projects.models import Project, Scene
from teams.models import User
from tests.standin import StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def choose(client: Client, project: Project, model: str):
    return client.post(reverse("project_model", args=[project.pk]), {"model": model}, follow=True)


def test_choose_the_model_of_a_project(as_user: AsUser, project: Project, scene: Scene, sora: StandIn, bob: User):
    answer = choose(as_user(bob), project, "sora-2").content.decode()
    project.refresh_from_db()
    assert project.model_id == "sora-2"
    assert "Model set to Sora 2." in answer
    assert "selected>Sora 2 · $0.10 per second</option>" in answer


def test_choosing_an_unknown_model_changes_nothing(as_user: AsUser, project: Project, scene: Scene, bob: User):
    answer = choose(as_user(bob), project, "sora-9").content.decode()
    project.refresh_from_db()
    assert (project.model_id, "That model is not available here." in answer) == ("animatic", True)


def test_choosing_the_same_model_touches_no_scene(as_user: AsUser, project: Project, scene: Scene, bob: User):
    choose(as_user(bob), project, "animatic")
    assert Scene.objects.get().changed_at == scene.changed_at


def test_only_editors_of_the_team_can_choose_a_model(as_user: AsUser, project: Project, vera: User, mallory: User):
    url = reverse("project_model", args=[project.pk])
    assert as_user(vera).post(url, {"model": "sora-2"}).status_code == 403
    assert as_user(mallory).post(url, {"model": "sora-2"}).status_code == 404


def test_without_a_connection_only_local_models_are_offered(as_user: AsUser, project: Project, bob: User):
    page = as_user(bob).get(reverse("storyboard", args=[project.pk])).content.decode()
    assert page.split('id="model-choice"')[1].split("</select>")[0].count("<option") == 1
    assert "Free animatics on this server." in page


def test_scene_can_override_and_reset_its_model(as_user: AsUser, scene: Scene, sora: StandIn, bob: User):
    client, url = as_user(bob), reverse("scene_page", args=[scene.pk])
    fields = {"title": "One", "action": "It rains.", "duration": "4"}
    client.post(url, fields | {"model_id": ["", "sora-2"]})
    scene.refresh_from_db()
    assert (scene.model_id, scene.chosen_model_id) == ("sora-2", "sora-2")
    client.post(url, fields | {"model_id": ["sora-2", ""]})
    scene.refresh_from_db()
    assert scene.chosen_model_id == "animatic"


def test_button_shows_the_price_of_the_chosen_model(
    as_user: AsUser, project: Project, scene: Scene, sora: StandIn, bob: User
):
    Project.objects.update(model_id="sora-2")
    Scene.objects.update(duration=Decimal(5))
    page = as_user(bob).get(reverse("storyboard", args=[project.pk])).content.decode()
    assert f'formaction="{reverse("generate", args=[scene.pk])}?from=storyboard&amp;price=%240.80"' in page
    assert "1 scene · $0.80" in page


def test_changed_price_is_shown_and_nothing_is_started(as_user: AsUser, scene: Scene, sora: StandIn, bob: User):
    Project.objects.update(model_id="sora-2")
    url = reverse("generate", args=[scene.pk]) + "?price=%240.20"
    response = as_user(bob).post(url, {"take": 1}, headers=HTMX)
    assert (response.status_code, response.content.decode()) == (
        422,
        "The price is now $0.40. Nothing was started; generate again to accept.",
    )
    assert Generation.objects.count() == 0
    assert sora.state.charges == []


def test_button_with_the_current_price_starts_a_paid_take(
    as_user: AsUser, scene: Scene, sora: StandIn, bob: User, advance
):
    Project.objects.update(model_id="sora-2")
    as_user(bob).post(reverse("generate", args=[scene.pk]) + "?price=%240.40", {"take": 1}, headers=HTMX)
    take = Generation.objects.get()
    assert take.connection is not None
    assert (take.model_id, take.estimated_cost, take.connection.name) == ("sora-2", Decimal("0.40"), "Sora at home")
    for _ in range(3):
        take = advance(take)
    assert (take.status, take.actual_cost, len(sora.state.charges)) == (Status.COMPLETED, Decimal("0.40"), 1)


def test_unavailable_model_is_shown_in_place_of_the_button(as_user: AsUser, scene: Scene, bob: User):
    Scene.objects.update(model_id="wan-9")
    client = as_user(bob)
    for page in ("storyboard", "scene_page"):
        html = client.get(reverse(page, args=[scene.project_id if page == "storyboard" else scene.pk])).content.decode()
        assert "Model “wan-9” is no longer available." in html
    response = client.post(reverse("generate", args=[scene.pk]), {"take": 1}, headers=HTMX)
    assert response.content.decode() == "The model “wan-9” is no longer available. Choose another under Cost."


def test_unsupported_resolution_is_shown_beside_the_button(as_user: AsUser, scene: Scene, sora: StandIn, bob: User):
    Scene.objects.update(model_id="sora-2", scene_resolution="1080p")
    page = as_user(bob).get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert "Sora 2 doesn&#x27;t support 1080p, only 720p." in page


# -- From a finished take ----------------------------------------------------------------------------------------------


@pytest.fixture
def finished(scene: Scene, sora: StandIn, alice: User, advance) -> Generation:
    Project.objects.update(model_id="sora-2")
    take = pipeline.enqueue(Scene.objects.get(), number=1, member=alice).take
    Generation.objects.update(created_at="2026-01-01T00:00Z")
    for _ in range(3):
        take = advance(take)
    assert take.status == Status.COMPLETED
    return take


@pytest.mark.parametrize(("preset", "is_own"), [("openai", True), ("vllm-omni", False)])
def test_thumbnail_of_the_provider_becomes_the_poster(
    scene: Scene, sora: StandIn, alice: User, advance, settings, preset: str, is_own: bool
):
    blue = io.BytesIO()
    Image.new("RGB", (640, 360), (0, 0, 255)).save(blue, "WEBP")
    sora.state.thumbnail = blue.getvalue()
    settings.CONNECTIONS["sora"]["preset"] = preset
    Project.objects.update(model_id="sora-2")
    take = pipeline.enqueue(Scene.objects.get(), number=1, member=alice).take
    for _ in range(3):
        take = advance(take)
    with take.poster.open("rb") as poster:
        red, _, blueness = Image.open(poster).convert("RGB").resize((1, 1)).tobytes()
    assert (blueness - red > 200) is is_own
    assert take.filmstrip.name == f"{take.folder}/filmstrip.webp"


def make(client: Client, take: Generation, task: str, price: str = "$0.40", prompt: str = "At night", number: int = 2):
    url = reverse("take_rework", args=[take.pk])
    return client.post(f"{url}?price={price}", {"task": task, "prompt": prompt, "take": number})


@pytest.mark.parametrize("task", ["remix", "extend", "edit"])
def test_rework_starts_a_take_from_a_finished_one(
    as_user: AsUser, finished: Generation, sora: StandIn, bob: User, advance, task: str
):
    response = make(as_user(bob), finished, task)
    assert response.headers["Location"] == reverse("scene_page", args=[finished.scene_id])
    take = Generation.objects.get(number=2)
    # The size of the clip that is reworked, not of its order: no size is sent.
    assert (take.task, take.source, take.prompt, take.width) == (task, finished, "At night", 320)
    for _ in range(3):
        take = advance(take)
    assert take.status == Status.COMPLETED
    (sent,) = sora.state.calls(f"sora.{task}")
    assert finished.remote_id in (sent.fields.get("video", {}).get("id"), sent.path.split("/")[-2])
    page = as_user(bob).get(reverse("scene_page", args=[finished.scene_id])).content.decode()
    assert f"{task.capitalize()} of take 1" in page


def test_rework_page_shows_the_price_of_each_task(as_user: AsUser, finished: Generation, bob: User):
    page = as_user(bob).get(reverse("take_rework", args=[finished.pk])).content.decode()
    assert page.count("$0.40") == 3
    assert "Continues for 4 s." in page


def test_rework_page_omits_unsupported_tasks(as_user: AsUser, finished: Generation, bob: User, settings):
    settings.CONNECTIONS["sora"]["preset"] = "vllm-omni"
    page = as_user(bob).get(reverse("take_rework", args=[finished.pk])).content.decode()
    assert "The model of this take can't rework it." in page
    answer = make(as_user(bob), finished, "remix")
    assert answer.status_code == 422
    assert "Sora 2 can&#x27;t remix clips on Sora at home." in answer.content.decode()
    assert Generation.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prompt": " "}, "Describe what to change, or how it continues."),
        ({"price": "$0.10"}, "The price is now $0.40."),
        ({"prompt": "x" * 32_001}, "at most 32000 characters"),
        ({"number": 9}, "This page is out of date."),
    ],
)
def test_invalid_rework_shows_the_error(
    as_user: AsUser, finished: Generation, sora: StandIn, bob: User, changes, words
):
    answer = make(as_user(bob), finished, "remix", **changes)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert len(sora.state.charges) == 1


def test_double_click_on_rework_starts_one_take(as_user: AsUser, finished: Generation, bob: User):
    client = as_user(bob)
    for _ in range(2):
        assert make(client, finished, "remix").status_code == 302
    assert Generation.objects.count() == 2


def test_only_editors_of_the_team_can_rework(as_user: AsUser, finished: Generation, vera: User, mallory: User):
    assert make(as_user(vera), finished, "remix").status_code == 403
    assert make(as_user(mallory), finished, "remix").status_code == 404


# -- What went wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {
                "status": Status.FAILED,
                "error_kind": "moderation",
                "error_message": "No <b>violence</b>",
                "actual_cost": 0,
            },
            ["Declined by the provider", "No &lt;b&gt;violence&lt;/b&gt;", "Nothing was charged.", "failure-warning"],
        ),
        (
            {"status": Status.FAILED, "error_kind": "auth", "error_message": "Bad key", "error_request_id": "req_9"},
            ["Key refused", "Nothing was charged.", "Test the connection under Connections.", "req_9"],
        ),
        (
            {"status": Status.UNKNOWN, "error_kind": "unknown", "error_message": "It hung up"},
            ["Status unknown", "It may have been charged."],
        ),
        (
            {"status": Status.UNKNOWN, "error_kind": "provider", "error_message": "HTML", "remote_id": "video_1"},
            ["Finished, but not downloaded", "Charged. The clip can still be downloaded."],
        ),
        (
            {"status": Status.FAILED, "error_kind": "provider", "error_message": "GPU", "actual_cost": Decimal("0.3")},
            ["Failed at the provider", "$0.30 was charged."],
        ),
    ],
)
def test_failure_explains_what_happened_the_charge_and_the_fix(
    as_user: AsUser, scene: Scene, make_take, bob: User, fields, words
):
    make_take(scene, **fields)
    for url in (reverse("scene_page", args=[scene.pk]), reverse("queue")):
        page = as_user(bob).get(url).content.decode()
        assert [word for word in words if word not in page] == []


def test_waiting_take_shows_the_reason_on_card_and_queue(as_user: AsUser, scene: Scene, make_take, vera: User):
    make_take(
        scene, waiting_for="Waiting for Sora (limit of 60 requests per minute)", waiting_until="2026-11-24T14:03:20Z"
    )
    client = as_user(vera)
    for url in (reverse("storyboard", args=[scene.project_id]), reverse("queue")):
        page = client.get(url).content.decode()
        assert "Waiting for Sora (limit of 60 requests per minute), next at <time" in page
    assert "No worker is running" in page


def test_queue_drawer_is_a_fragment(as_user: AsUser, scene: Scene, make_take, vera: User):
    make_take(scene)
    drawer = as_user(vera).get(reverse("queue"), headers=HTMX).content.decode()
    assert ("<html" in drawer, "This server" in drawer) == (False, True)
