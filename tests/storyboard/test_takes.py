"""Generating, cancelling and selecting takes, and the pages around them."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from generation.models import Generation, selected_take
from generation.states import Status
from projects.models import Project, Scene
from teams.models import User
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def generate(client: Client, scene: Scene, take: object = 1, **kwargs):
    return client.post(reverse("generate", args=[scene.pk]), {"take": take}, **kwargs)


def test_generate_button_carries_the_take_number_and_price(as_user: AsUser, scene: Scene, bob: User):
    page = as_user(bob).get(reverse("storyboard", args=[scene.project_id])).content.decode()
    assert 'name="take"' in page
    assert 'value="1"' in page
    assert '<span class="button-detail">$0.00</span>' in page


def test_generate_returns_the_card(as_user: AsUser, scene: Scene, bob: User):
    response = generate(as_user(bob), scene, headers=HTMX)
    assert f'id="scene-{scene.pk}"' in response.content.decode()
    assert "Queued" in response.content.decode()
    assert Generation.objects.get().created_by == bob


def test_generate_from_the_scene_page_returns_the_takes(as_user: AsUser, scene: Scene, bob: User):
    url = reverse("generate", args=[scene.pk]) + "?from=scene"
    response = as_user(bob).post(url, {"take": 1}, headers=HTMX)
    assert f'id="takes-{scene.pk}"' in response.content.decode()


def test_generate_without_javascript_returns_to_its_page(as_user: AsUser, scene: Scene, bob: User):
    client = as_user(bob)
    assert generate(client, scene).headers["Location"].endswith(f"#scene-{scene.pk}")
    url = reverse("generate", args=[scene.pk]) + "?from=scene"
    assert client.post(url, {"take": 2}).headers["Location"] == reverse("scene_page", args=[scene.pk])


def test_double_click_starts_one_take(as_user: AsUser, scene: Scene, bob: User):
    client = as_user(bob)
    generate(client, scene, headers=HTMX)
    assert generate(client, scene, headers=HTMX).status_code == 200
    assert Generation.objects.count() == 1


@pytest.mark.parametrize(("take", "status"), [("", 400), ("x", 400), ("7", 422), ("0", 400)])
def test_generate_with_an_invalid_take_number_starts_nothing(
    as_user: AsUser, scene: Scene, bob: User, take: str, status: int
):
    response = generate(as_user(bob), scene, take, headers=HTMX)
    assert (response.status_code, Generation.objects.count()) == (status, 0)


def test_generate_missing_starts_each_scene_once(as_user: AsUser, project: Project, make_scenes, bob: User):
    make_scenes(3)
    client, url = as_user(bob), reverse("generate_missing", args=[project.pk])
    page = client.get(reverse("storyboard", args=[project.pk])).content.decode()
    assert 'value="3 scenes · $0.00"' in page
    client.post(url, {"expected": "3 scenes · $0.00"})
    assert Generation.objects.count() == 3
    again = client.post(url, {"expected": "3 scenes · $0.00"}, follow=True)
    assert Generation.objects.count() == 3
    assert "Every scene already has a take or one in progress." in again.content.decode()


def test_generate_missing_starts_nothing_if_the_price_changed(
    as_user: AsUser, project: Project, make_scenes, bob: User
):
    make_scenes(4)
    url = reverse("generate_missing", args=[project.pk])
    answer = as_user(bob).post(url, {"expected": "3 scenes · $0.00"}, follow=True).content.decode()
    assert "The batch is now 4 scenes · $0.00. Nothing was started" in answer
    assert Generation.objects.count() == 0


def test_take_of_a_deleted_scene_can_be_cancelled(as_user: AsUser, local_take: Generation, bob: User, vera: User):
    Scene.objects.update(deleted_at="2026-01-01T00:00Z")
    url = reverse("take_cancel", args=[local_take.pk])
    queue = as_user(bob).get(reverse("queue")).content.decode()
    assert ("(deleted)" in queue, f'formaction="{url}?from=queue"' in queue) == (True, True)
    assert url not in as_user(vera).get(reverse("queue")).content.decode()
    assert as_user(bob).post(url).headers["Location"] == reverse("queue")
    local_take.refresh_from_db()
    assert local_take.status == Status.CANCELLED


def test_cancel_take(as_user: AsUser, local_take: Generation, bob: User):
    response = as_user(bob).post(reverse("take_cancel", args=[local_take.pk]), headers=HTMX)
    local_take.refresh_from_db()
    assert (local_take.status, "Cancelled" in response.content.decode()) == (Status.CANCELLED, True)


def test_cancelling_twice_changes_nothing(as_user: AsUser, local_take: Generation, bob: User):
    client, url = as_user(bob), reverse("take_cancel", args=[local_take.pk])
    client.post(url)
    version = Generation.objects.get().version
    assert client.post(url, headers=HTMX).status_code == 200
    assert Generation.objects.get().version == version


def test_select_take(as_user: AsUser, scene: Scene, make_take, bob: User):
    first, second = (make_take(scene, status=Status.COMPLETED, clip=b"clip") for _ in range(2))
    Generation.objects.filter(pk=first.pk).update(is_selected=True)
    response = as_user(bob).post(reverse("take_select", args=[second.pk]) + "?from=scene", headers=HTMX)
    scene.refresh_from_db()
    assert selected_take(scene) == second
    assert f'data-shown="{second.pk}"' in response.content.decode()


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.FAILED, Status.CANCELLED, Status.UNKNOWN])
def test_unfinished_take_cannot_be_selected(as_user: AsUser, scene: Scene, make_take, bob: User, status: Status):
    take = make_take(scene, status=status)
    client, url = as_user(bob), reverse("take_select", args=[take.pk])
    assert client.post(url, headers=HTMX).status_code == 422
    assert client.post(url)["Location"] == f"{reverse('storyboard', args=[scene.project_id])}#scene-{scene.pk}"
    scene.refresh_from_db()
    assert selected_take(scene) is None


@pytest.mark.parametrize("name", ["generate", "generate_missing", "take_cancel", "take_select"])
def test_only_editors_of_the_team_can_spend(
    as_user: AsUser, local_take: Generation, vera: User, mallory: User, name: str
):
    args = {"generate": local_take.scene_id, "generate_missing": local_take.scene.project_id}
    url = reverse(name, args=[args.get(name, local_take.pk)])
    before = list(Generation.objects.values())
    for method in ("get", "post"):
        assert getattr(as_user(mallory), method)(url, {"take": 2}).status_code in (404, 405)
    assert as_user(vera).post(url, {"take": 2}).status_code == 403
    assert as_user(vera).get(url).status_code == 405
    assert list(Generation.objects.values()) == before


def test_failed_take_shows_the_reason_and_offers_another(as_user: AsUser, scene: Scene, make_take, bob: User):
    make_take(scene, status=Status.FAILED, error_message="<b>The disk</b> is full.")
    page = as_user(bob).get(reverse("storyboard", args=[scene.project_id])).content.decode()
    assert "&lt;b&gt;The disk&lt;/b&gt; is full." in page
    assert "Try again" in page


def test_take_is_stale_after_the_scene_changed(as_user: AsUser, scene: Scene, make_take, bob: User):
    make_take(scene, status=Status.COMPLETED, clip=b"clip")
    client, url = as_user(bob), reverse("scene_page", args=[scene.pk])
    assert "chip-stale" not in client.get(url).content.decode()
    Scene.objects.update(weather="storm")
    assert "chip-stale" in client.get(url).content.decode()


def test_player_shows_the_selected_take(as_user: AsUser, scene: Scene, make_take, vera: User, mallory: User):
    url = reverse("scene_player", args=[scene.pk])
    assert reverse("scene_panel", args=[scene.pk]) in as_user(vera).get(url).content.decode()
    first, _ = (make_take(scene, status=Status.COMPLETED, clip=b"clip") for _ in range(2))
    Generation.objects.filter(pk=first.pk).update(is_selected=True)
    assert reverse("take_clip", args=[first.pk]) in as_user(vera).get(url).content.decode()
    assert as_user(mallory).get(url).status_code == 404


def test_queue_shows_only_own_teams(as_user: AsUser, scene: Scene, make_scenes, make_take, vera: User, mallory: User):
    make_take(scene, status=Status.RUNNING, progress=40)
    make_take(make_scenes(1)[0], status=Status.FAILED, error_message="Something broke.")
    page = as_user(vera).get(reverse("queue")).content.decode()
    subject = "<bdi>The ferry</bdi>: 1. <bdi>Scene 1</bdi>"
    assert (subject in page, "Running 40 %" in page, "Something broke." in page) == (True, True, True)
    page = as_user(mallory).get(reverse("queue")).content.decode()
    assert "The ferry" not in page
    assert "The queue is empty." in page


def test_queue_of_nine_takes_takes_the_queries_of_one(as_user: AsUser, make_scenes, make_take, vera: User):
    client = as_user(vera)
    make_take(make_scenes(1)[0])
    with count_queries() as one:
        client.get(reverse("queue"))
    for scene in make_scenes(4):
        make_take(scene)
        make_take(scene, status=Status.FAILED)
    with count_queries() as nine:
        client.get(reverse("queue"))
    assert (len(one), len(nine)) == (15, 15)
