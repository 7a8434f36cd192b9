"""Which takes are handed over, in which order, and what lost or repeated messages do."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.models import OrmQ

from generation import tasks
from generation.jobs import dispatch
from generation.jobs.lease import Lease
from generation.models import Generation, Worker
from generation.states import Status
from projects.models import Scene
from teams.models import User

pytestmark = pytest.mark.django_db
MakeScenes = Callable[..., list[Scene]]


def queued(queue: str) -> list[int]:
    """The ids that wait in a queue, in order."""
    return [row.task["args"][0] for row in OrmQ.objects.filter(key=queue).order_by("pk")]


@pytest.fixture
def takes(make_scenes: MakeScenes, make_take) -> list[Generation]:
    Worker.objects.create(name="here", media_workers=2)
    return [make_take(scene) for scene in make_scenes(4)]


def test_no_more_takes_are_handed_over_than_workers_can_start(takes: list[Generation]):
    assert dispatch.dispatch_due() == 2
    assert dispatch.dispatch_due() == 0
    assert queued("media") == [takes[0].pk, takes[1].pk]


def test_a_finished_step_makes_room(takes: list[Generation]):
    dispatch.dispatch_due()
    Generation.objects.filter(pk=takes[0].pk).update(status=Status.CANCELLED)
    assert dispatch.dispatch_due() == 1
    assert queued("media")[-1] == takes[2].pk


def test_members_take_turns(make_scenes: MakeScenes, make_take, alice: User, bob: User):
    Worker.objects.create(name="here", media_workers=3)
    scenes = make_scenes(4)
    alices = [make_take(scene, created_by=alice) for scene in scenes[:3]]
    bobs = make_take(scenes[3], created_by=bob)
    dispatch.dispatch_due()
    assert queued("media") == [alices[0].pk, bobs.pk, alices[1].pk]


def test_a_large_batch_does_not_starve_another_member(make_scenes: MakeScenes, make_take, alice: User, bob: User):
    Worker.objects.create(name="here", media_workers=1)
    scenes = make_scenes(5)
    batch = [make_take(scene, created_by=alice) for scene in scenes[:4]]
    served = []
    for turn in range(5):
        if turn == 1:
            batch.append(make_take(scenes[4], created_by=bob))
        dispatch.dispatch_due()
        take = Generation.objects.get(pk=queued("media")[-1])
        served.append(take.created_by)
        Generation.objects.filter(pk=take.pk).update(started_at=Now(), status=Status.CANCELLED)
    assert served == [alice, bob, alice, alice, alice]


def test_leased_and_not_due_takes_are_not_handed_over(takes: list[Generation]):
    Lease.claim(takes[0].pk)
    Generation.objects.filter(pk=takes[1].pk).update(next_step_at=Now() + timedelta(seconds=60))
    assert dispatch.dispatch_due() == 1
    assert queued("media") == [takes[2].pk]


def test_a_lost_message_is_sent_again(takes: list[Generation], settings):
    dispatch.dispatch_due()
    OrmQ.objects.all().delete()
    assert dispatch.dispatch_due() == 0
    Generation.objects.update(handed_over_at=Now() - timedelta(seconds=settings.LEASE_SECONDS + 1))
    assert dispatch.dispatch_due() == 2
    assert queued("media") == [takes[0].pk, takes[1].pk]


def test_a_doubled_message_changes_nothing(local_take: Generation, tmp_path):
    tasks.advance(local_take.pk)
    done = Generation.objects.get()
    tasks.advance(local_take.pk)
    assert Generation.objects.get().version == done.version


def test_a_finished_step_hands_over_the_next_take(takes: list[Generation]):
    dispatch.dispatch_due()
    tasks.advance(takes[0].pk)
    assert queued("media") == [takes[0].pk, takes[1].pk, takes[2].pk]


def test_remote_steps_have_a_queue_of_their_own(takes: list[Generation]):
    Generation.objects.filter(pk=takes[0].pk).update(provider="studio", status=Status.RUNNING)
    Generation.objects.filter(pk=takes[1].pk).update(provider="studio", status=Status.FETCHING)
    dispatch.dispatch_due()
    assert (queued("remote"), queued("media")) == ([[takes[0].pk]], [takes[1].pk, takes[2].pk])


def test_a_task_records_its_execution_for_the_watchdog(local_take: Generation, monkeypatch: pytest.MonkeyPatch):
    worker = Worker.objects.create(name="here")
    monkeypatch.setenv("IMAGEAI_WORKER_ID", str(worker.pk))
    monkeypatch.setattr(Conf, "CLUSTER_NAME", "media")
    tasks.heartbeat()
    worker.refresh_from_db()
    assert (worker.media_executed_at is None, worker.remote_executed_at is None) == (False, True)


def test_a_queue_that_could_deliver_twice_fails_the_system_check(settings):
    assert [error.id for error in run_checks() if error.id == "generation.E001"] == []
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"retry": 60}
    errors = [error for error in run_checks() if error.id == "generation.E001"]
    assert [error.msg for error in errors] == ["Queue remote delivers tasks again while they may still run."]
