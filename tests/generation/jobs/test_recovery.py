"""The queue page's report on interrupted takes, and its list of failed ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation import pipeline
from generation.jobs import recovery
from generation.jobs.lease import Lease
from generation.models import Generation, ImageJob, Worker
from generation.states import Status
from projects.models import Project, Scene
from teams.models import User
from tests.providers.studio_server import Studio

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


def minutes_ago(minutes: float):
    return timezone.now() - timedelta(minutes=minutes)


def make_worker(name: str, *, started: float, seen: float) -> Worker:
    """`started` and `seen` are minutes before now."""
    row = Worker.objects.create(name=name)
    Worker.objects.filter(pk=row.pk).update(started_at=minutes_ago(started), seen_at=minutes_ago(seen))
    return row


def open_queue(client: Client) -> str:
    return client.get(reverse("queue")).content.decode()


# -- Restarts ----------------------------------------------------------------------------------------------------------


def test_a_worker_that_starts_alone_is_a_restart():
    assert recovery.last_restart() is None
    make_worker("first", started=90, seen=30)
    after = make_worker("second", started=10, seen=0)
    after.refresh_from_db()
    assert recovery.last_restart() == after.started_at


def test_a_worker_that_joins_others_is_no_restart():
    first = make_worker("first", started=30, seen=0)
    make_worker("second", started=10, seen=0)
    first.refresh_from_db()
    assert recovery.last_restart() == first.started_at


def test_a_restart_is_reported_for_a_day():
    make_worker("first", started=60 * 25, seen=0)
    assert recovery.last_restart() is None


# -- The report --------------------------------------------------------------------------------------------------------


def test_a_take_in_progress_at_a_restart_is_reported_as_resumed(as_user: AsUser, make_scenes, make_take, bob: User):
    spanning, waiting, over, later = make_scenes(4)
    make_take(spanning, status=Status.COMPLETED, clip=b"x", started_at=minutes_ago(20), finished_at=minutes_ago(5))
    make_take(waiting)
    make_take(over, status=Status.COMPLETED, clip=b"x", started_at=minutes_ago(20), finished_at=minutes_ago(15))
    make_take(later, status=Status.COMPLETED, clip=b"x", started_at=minutes_ago(9), finished_at=minutes_ago(8))
    client = as_user(bob)
    assert "Recovered after the restart" not in open_queue(client)
    make_worker("again", started=10, seen=0)
    response = client.get(reverse("queue"))
    assert [take.scene for take in response.context["recovered"].takes] == [spanning]
    assert "Nothing was sent twice: 1 resumed." in response.content.decode()


def test_an_abandoned_lease_is_reported_without_a_restart(
    local_take: Generation, as_user: AsUser, end_lease, bob: User
):
    assert Lease.claim(local_take.pk) is not None
    assert "Recovered after an interruption" not in open_queue(as_user(bob))
    end_lease(local_take)
    pipeline.advance(local_take.pk)
    page = open_queue(as_user(bob))
    assert ("Recovered after an interruption" in page, "1 resumed." in page) == (True, True)


def test_adopted_and_unknown_takes_are_counted_separately(
    as_user: AsUser, remote_take: Generation, make_take, studio: Studio, end_lease, advance, bob: User
):
    studio.faults["submit"] = ["drop"]
    take = advance(advance(remote_take))
    assert (take.status, take.was_adopted, len(studio.charges)) == (Status.RUNNING, True, 1)
    lost = make_take(take.scene, status=Status.UNKNOWN, recovered_at=Now(), finished_at=Now())
    page = open_queue(as_user(bob))
    assert "1 found at the provider, 1 to review." in page
    assert reverse("take_resolve", args=[lost.pk]) in page


def test_a_dismissed_report_returns_with_new_takes(as_user: AsUser, make_scenes, make_take, alice: User, bob: User):
    first, second = make_scenes(2)
    make_take(first, recovered_at=Now(), started_at=Now(), status=Status.RUNNING)
    client = as_user(bob)
    assert client.get(reverse("recovery_seen")).status_code == 405
    assert "resumed" not in client.post(reverse("recovery_seen"), follow=True).content.decode()
    assert "1 resumed" in open_queue(as_user(alice))
    make_take(second, recovered_at=Now(), started_at=Now(), status=Status.RUNNING)
    assert "1 resumed" in open_queue(client)


def test_takes_of_another_team_are_not_reported(as_user: AsUser, scene: Scene, make_take, mallory: User):
    make_take(scene, recovered_at=Now(), status=Status.RUNNING)
    assert "resumed" not in open_queue(as_user(mallory))


# -- Failed takes ------------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(scene: Scene, make_take) -> Generation:
    return make_take(scene, status=Status.FAILED, error_kind="moderation", error_message="No.", finished_at=Now())


def test_a_failure_stays_until_it_is_dismissed(as_user: AsUser, failed: Generation, alice: User, bob: User):
    client, url = as_user(bob), reverse("take_dismiss", args=[failed.pk])
    assert url in open_queue(client)
    assert url not in client.post(url, follow=True).content.decode()
    assert "<h2>Failed</h2>" not in open_queue(as_user(alice))
    failed.refresh_from_db()
    dismissed_at = failed.dismissed_at
    client.post(url)
    failed.refresh_from_db()
    assert failed.dismissed_at == dismissed_at


def test_an_active_take_cannot_be_dismissed(as_user: AsUser, local_take: Generation, bob: User):
    as_user(bob).post(reverse("take_dismiss", args=[local_take.pk]))
    local_take.refresh_from_db()
    assert (local_take.status, local_take.dismissed_at) == (Status.QUEUED, None)


def test_viewer_cannot_dismiss_403_outsider_404(as_user: AsUser, failed: Generation, vera: User, mallory: User):
    url = reverse("take_dismiss", args=[failed.pk])
    assert [as_user(person).post(url).status_code for person in (vera, mallory)] == [403, 404]
    assert "Dismiss</button>" not in open_queue(as_user(vera))
    failed.refresh_from_db()
    assert failed.dismissed_at is None


def test_images_that_need_review_are_on_the_queue_page(as_user: AsUser, project: Project, bob: User, vera: User):
    row = ImageJob.objects.create(
        project=project, role="reference", provider="openai_images", model_id="gpt-image-2", prompt="x",
        created_by=bob, estimated_cost=Decimal("0.04"), status=Status.UNKNOWN,
    )  # fmt: skip
    answer = f'formaction="{reverse("images_resolve", args=[row.pk])}"'
    assert (open_queue(as_user(bob)).count(answer), open_queue(as_user(vera)).count(answer)) == (2, 0)
    assert "Needs review" in open_queue(as_user(vera))
