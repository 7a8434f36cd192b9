"""Notes on takes, deleting and restoring them, and the tree of remixes, extensions and edits."""

import io
import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from generation import pipeline
from generation.billing import reports
from generation.catalogue import find
from generation.connections import roster_for
from generation.media import archive
from generation.models import (
    Generation,
    latest_take,
    live_takes,
    next_take_number,
    selected_take,
    shown_take,
    with_takes,
)
from generation.pipeline import Rework
from generation.providers.base import Task
from generation.quoting import batches, quotes
from generation.states import ACTIVE, Status
from generation.takes.lineage import MAX_DEPTH, Branch, build_tree
from projects.models import Project, Scene
from teams.models import Activity, User
from tests.queries import count_queries
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def takes(scene: Scene, make_take: Callable[..., Generation]) -> list[Generation]:
    """Three finished takes, the second selected."""
    takes = [make_take(scene, status=Status.COMPLETED, clip=b"clip", actual_cost=Decimal("0.5")) for _ in range(3)]
    Generation.objects.filter(pk=takes[1].pk).update(is_selected=True)
    return takes


def delete(client: Client, take: Generation, **kwargs):
    return client.post(reverse("take_delete", args=[take.pk]), **kwargs)


def fresh(scene: Scene) -> Scene:
    return with_takes(Scene.objects.all()).get(pk=scene.pk)


# -- Notes -------------------------------------------------------------------------------------------------------------


def note(client: Client, take: Generation, text: str, **kwargs):
    return client.post(reverse("take_note", args=[take.pk]), {"note": text}, **kwargs)


def test_a_note_is_saved_and_shown_to_viewers(as_user: AsUser, takes, scene: Scene, bob: User, vera: User):
    answer = note(as_user(bob), takes[0], " <b>Warmer</b>\r\nlight ", headers=HTMX).content.decode()
    takes[0].refresh_from_db()
    assert (takes[0].note, takes[0].version) == ("<b>Warmer</b>\nlight", 2)
    page = as_user(vera).get(reverse("scene_page", args=[scene.pk])).content.decode()
    for html in (answer, page):
        assert "&lt;b&gt;Warmer&lt;/b&gt;<br>light" in html
    assert reverse("take_note", args=[takes[0].pk]) not in page


def test_an_unchanged_note_is_no_change(as_user: AsUser, takes, bob: User):
    for _ in range(2):
        note(as_user(bob), takes[0], "Warmer light")
    takes[0].refresh_from_db()
    assert takes[0].version == 2


def test_a_note_that_is_too_long_is_refused_422(as_user: AsUser, takes, bob: User, scene: Scene):
    words = "Notes can have up to 2,000 characters; this one has 2,001."
    answer = note(as_user(bob), takes[0], "x" * 2_001, headers=HTMX)
    assert (answer.status_code, answer.content.decode()) == (422, words)
    answer = note(as_user(bob), takes[0], "x" * 2_001, follow=True)
    assert answer.redirect_chain == [(reverse("scene_page", args=[scene.pk]), 302)]
    assert words in answer.content.decode()
    takes[0].refresh_from_db()
    assert takes[0].note == ""


# -- Deleting ----------------------------------------------------------------------------------------------------------


def test_a_deleted_take_is_hidden_and_its_cost_stays(as_user: AsUser, takes, scene: Scene, alice: User):
    client = as_user(alice)
    before = reports.cost_lines(alice)
    answer = delete(client, takes[2], headers=HTMX).content.decode()
    assert f'id="take-{takes[2].pk}"' not in answer
    assert "Take 3 deleted. Its cost stays in Costs." in answer
    assert f"{reverse('take_restore', args=[takes[2].pk])}" in answer
    assert live_takes(fresh(scene)) == takes[:2]
    assert reports.cost_lines(alice) == before
    statuses = [
        client.get(reverse(name, args=[takes[2].pk])).status_code
        for name in ("take_poster", "take_clip", "take_rework")
    ]
    assert statuses == [404, 404, 404]
    assert client.post(reverse("take_select", args=[takes[2].pk])).status_code == 404
    assert takes[2].clip.storage.exists(takes[2].clip.name)


def test_a_deleted_take_keeps_its_number(as_user: AsUser, takes, scene: Scene, bob: User):
    delete(as_user(bob), takes[2])
    assert (latest_take(fresh(scene)), next_take_number(fresh(scene))) == (takes[1], 4)
    assert pipeline.enqueue(scene, number=4, member=bob).take.number == 4


def test_a_scene_whose_only_take_is_deleted_counts_as_missing(as_user: AsUser, scene: Scene, make_take, bob: User):
    delete(as_user(bob), make_take(scene, status=Status.COMPLETED, clip=b"clip"))
    assert batches.is_missing(fresh(scene))
    assert shown_take(fresh(scene)) is None


@pytest.mark.parametrize(("index", "selected"), [(0, 1), (1, 2), (2, 1)])
def test_deleting_the_selected_take_selects_the_newest(
    as_user: AsUser, takes, scene: Scene, bob: User, index: int, selected: int
):
    delete(as_user(bob), takes[index])
    assert selected_take(fresh(scene)) == takes[selected]


def test_undo_restores_the_take_and_its_selection(as_user: AsUser, takes, scene: Scene, bob: User):
    client = as_user(bob)
    page = client.post(reverse("take_delete", args=[takes[1].pk]), follow=True).content.decode()
    url = reverse("take_restore", args=[takes[1].pk]) + "?selected"
    assert url in page
    for _ in range(2):
        assert client.post(url).headers["Location"] == reverse("scene_page", args=[scene.pk])
    assert selected_take(fresh(scene)) == takes[1]
    assert live_takes(fresh(scene)) == takes
    assert Generation.objects.get(pk=takes[1].pk).version == 3


def test_editors_can_list_and_restore_deleted_takes(as_user: AsUser, takes, scene: Scene, bob: User, vera: User):
    delete(as_user(bob), takes[0])
    url = reverse("scene_page", args=[scene.pk])
    pages = [as_user(person).get(url).content.decode() for person in (bob, vera)]
    assert ["Deleted takes (1)" in page for page in pages] == [True, False]
    as_user(bob).post(reverse("take_restore", args=[takes[0].pk]))
    assert selected_take(fresh(scene)) == takes[1]


def test_deleting_the_last_take_clears_the_selection(as_user: AsUser, takes, scene: Scene, bob: User):
    client = as_user(bob)
    for take in takes:
        delete(client, take)
    assert selected_take(fresh(scene)) is None
    client.post(reverse("take_restore", args=[takes[0].pk]))
    assert selected_take(fresh(scene)) == takes[0]


@pytest.mark.parametrize("status", sorted(ACTIVE))
def test_a_take_in_progress_cannot_be_deleted_422(as_user: AsUser, scene: Scene, make_take, bob: User, status: str):
    take = make_take(scene, status=status)
    answer = delete(as_user(bob), take, headers=HTMX)
    assert (answer.status_code, answer.content.decode()) == (
        422,
        "Take 1 is in progress. Cancel it before you delete it.",
    )
    assert live_takes(fresh(scene)) == [take]


def test_a_take_that_needs_review_cannot_be_deleted(as_user: AsUser, scene: Scene, make_take, bob: User):
    take = make_take(scene, status=Status.UNKNOWN)
    assert (
        "Take 1 needs review. Resolve it before you delete it."
        in delete(as_user(bob), take, headers=HTMX).content.decode()
    )
    assert Generation.objects.live().count() == 1


def test_the_zip_leaves_out_a_deleted_take(takes, scene: Scene, as_user: AsUser, bob: User):
    Generation.objects.filter(pk=takes[1].pk).update(deleted_at="2026-01-01T00:00Z")
    assert archive.selected_clips(scene.project) == []


def test_the_doctor_reports_no_file_of_a_deleted_take(as_user: AsUser, takes, bob: User, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    delete(as_user(bob), takes[2])
    for file in (tmp_path / "media").rglob("*"):
        os.utime(file, (0, 0))
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)
    report = out.getvalue()
    assert ("No worker is running." in report, "orphaned" in report, "missing from" in report) == (True, False, False)


def test_a_failed_take_that_is_deleted_leaves_the_queue(as_user: AsUser, scene: Scene, make_take, bob: User):
    take = make_take(scene, status=Status.FAILED, error_message="Something broke.", finished_at="2026-01-01T00:00Z")
    client = as_user(bob)
    assert "Something broke." in client.get(reverse("queue")).content.decode()
    delete(client, take)
    assert "Something broke." not in client.get(reverse("queue")).content.decode()


@pytest.mark.parametrize("name", ["take_note", "take_delete", "take_restore"])
def test_viewers_cannot_change_takes_403_outsiders_404(as_user: AsUser, takes, vera: User, mallory: User, name: str):
    url = reverse(name, args=[takes[0].pk])
    before = list(Generation.objects.values())
    assert [as_user(person).post(url, {"note": "x"}).status_code for person in (vera, mallory)] == [403, 404]
    assert as_user(vera).get(url).status_code == 405
    assert list(Generation.objects.values()) == before


def test_the_strip_without_buttons_for_viewers(as_user: AsUser, takes, scene: Scene, vera: User, mallory: User):
    url = reverse("take_strip", args=[scene.pk])
    page = as_user(vera).get(url).content.decode()
    assert page.count('class="take ') == 3
    assert "take_delete" not in page
    assert as_user(mallory).get(url).status_code == 404


def test_the_player_plays_the_requested_take(as_user: AsUser, takes, scene: Scene, make_take, vera: User):
    running = make_take(scene, status=Status.RUNNING)
    url = reverse("scene_player", args=[scene.pk])
    urls = {take.pk: reverse("take_clip", args=[take.pk]) for take in takes}
    client = as_user(vera)
    assert urls[takes[2].pk] in client.get(url, {"take": takes[2].pk}).content.decode()
    for other in (running.pk, 99, "x"):
        assert urls[takes[1].pk] in client.get(url, {"take": other}).content.decode()


def test_the_strip_needs_as_many_queries_for_takes_with_notes(as_user: AsUser, scene: Scene, make_take, bob: User):
    client, url = as_user(bob), reverse("take_strip", args=[scene.pk])
    counts = []
    for deleted_at in (None, "2026-01-01T00:00Z"):
        first = make_take(scene, status=Status.COMPLETED, clip=b"clip", note="Warmer", deleted_at=deleted_at)
        make_take(scene, status=Status.COMPLETED, clip=b"clip", task="remix", source=first)
        with count_queries() as queries:
            client.get(url)
        counts.append(len(queries))
    assert counts == [8, 8]


# -- The tree ----------------------------------------------------------------------------------------------------------


def numbers(branches: list[Branch]) -> list[Any]:
    """The takes' numbers, nested like the tree."""
    return [
        (branch.take.number, numbers(branch.branches)) if branch.branches else branch.take.number for branch in branches
    ]


def tree(takes):
    return build_tree(takes, {take.pk: take.model_id for take in takes})


def test_the_tree_nests_takes_under_their_source(scene: Scene, make_take):
    first, alone = make_take(scene), make_take(scene)
    third = make_take(scene, source=first, task="remix")
    fourth = make_take(scene, source=third, task="extend")
    fifth = make_take(scene, source=first, task="edit")
    assert numbers(tree([fifth, fourth, third, alone, first])) == [(1, [(3, [4]), 5])]


def test_a_deleted_take_stays_in_the_tree_while_a_live_one_descends_from_it(scene: Scene, make_take):
    gone = "2026-01-01T00:00Z"
    first = make_take(scene, deleted_at=gone)
    second = make_take(scene, source=first, task="remix", deleted_at=gone)
    third = make_take(scene, source=second, task="remix")
    assert numbers(tree([first, second, third])) == [(1, [(2, [3])])]
    third.deleted_at = gone
    assert tree([first, second, third]) == []


def test_the_tree_is_indented_to_its_maximum_depth(scene: Scene, make_take):
    line = [make_take(scene)]
    for _ in range(MAX_DEPTH + 2):
        line.append(make_take(scene, source=line[-1], task="extend"))
    assert numbers(tree(line)) == [(1, [(2, [(3, [(4, [(5, [6, 7, 8])])])])])]


def test_the_scene_page_shows_the_tree_if_there_is_one(as_user: AsUser, takes, scene: Scene, make_take, vera):
    client, url = as_user(vera), reverse("scene_page", args=[scene.pk])
    assert "<h3>Lineage</h3>" not in client.get(url).content.decode()
    make_take(scene, status=Status.COMPLETED, clip=b"clip", source=takes[0], task="remix")
    assert "remix of take 1" in client.get(url).content.decode()


# -- The provider's copy -----------------------------------------------------------------------------------------------


@pytest.fixture
def bought(sora: StandIn, project: Project, scene: Scene, bob: User, advance: Callable[..., Generation]) -> Generation:
    """A finished take whose clip the provider still has."""
    Project.objects.update(model_id="sora-2")
    take = pipeline.enqueue(fresh(scene), number=1, member=bob).take
    for _ in range(3):
        take = advance(take)
    assert take.has_remote_clip
    return take


def test_a_clip_is_deleted_at_its_provider_and_kept_here(
    as_user: AsUser, bought: Generation, sora: StandIn, scene: Scene, bob: User, vera: User
):
    client, url = as_user(bob), reverse("take_remote_delete", args=[bought.pk])
    page = reverse("scene_page", args=[scene.pk])
    assert (url in client.get(page).content.decode(), url in as_user(vera).get(page).content.decode()) == (True, False)
    answer = client.post(url, headers=HTMX).content.decode()
    assert ("Delete at Sora at home" in answer, "was deleted. The take stays here." in answer) == (False, True)
    bought.refresh_from_db()
    assert (bought.is_done, bought.has_remote_clip, bought.clip.storage.exists(bought.clip.name)) == (True, False, True)
    assert (len(sora.state.calls("sora.delete")), sora.state.clips) == (1, {})
    assert Activity.objects.latest("pk").what == "the clip of take 1 of “Scene 1” at its provider"
    assert client.post(url, headers=HTMX).status_code == 422
    assert "The clip was deleted at its provider." in " ".join(
        quotes.quote_model(scene, find("sora-2"), roster_for(bought.team_id), Rework(Task.REMIX, bought, "x")).blockers
    )


def test_a_clip_that_a_rework_needs_is_not_deleted(
    as_user: AsUser, bought: Generation, sora: StandIn, scene: Scene, bob: User, make_take
):
    make_take(scene, source=bought, task="remix", status=Status.RUNNING)
    answer = as_user(bob).post(reverse("take_remote_delete", args=[bought.pk]), headers=HTMX)
    assert (answer.status_code, "A rework of this take is in progress" in answer.content.decode()) == (422, True)
    assert sora.state.calls("sora.delete") == []


@pytest.mark.parametrize(
    ("fault", "deleted"), [(Fault(status=404, body={"error": {"message": "x"}}), True), (Fault(status=500), False)]
)
def test_a_clip_that_is_gone_counts_as_deleted_and_an_error_is_shown(
    as_user: AsUser, bought: Generation, sora: StandIn, bob: User, fault: Fault, deleted: bool
):
    sora.state.fail("sora.delete", fault)
    answer = as_user(bob).post(reverse("take_remote_delete", args=[bought.pk]), headers=HTMX)
    bought.refresh_from_db()
    assert (answer.status_code, bought.remote_deleted_at is not None) == (200 if deleted else 422, deleted)


def test_where_clips_cannot_be_deleted_there_is_no_button(
    as_user: AsUser, bought: Generation, scene: Scene, bob: User, settings
):
    settings.CONNECTIONS["sora"]["preset"] = "other"
    url = reverse("take_remote_delete", args=[bought.pk])
    assert url not in as_user(bob).get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert as_user(bob).post(url, headers=HTMX).status_code == 422
