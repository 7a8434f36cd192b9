"""Limits of a connection: slots, requests per minute and pauses. Fair order, waiting reasons and batched polls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import OrmQ

from generation import pipeline, tasks
from generation.jobs import admission, dispatch
from generation.jobs.lease import Lease
from generation.models import Connection, Generation, Worker
from generation.providers.base import ErrorKind, ProviderError
from generation.states import Status
from projects.models import Project, Scene
from teams.models import Team, User
from tests.providers import studio_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(studio: studio_server.Studio) -> Connection:
    return Connection.objects.create(slug="studio", provider="studio", name="Studio", max_in_flight=2)


@pytest.fixture
def make_queued(
    make_scenes: Callable[..., list[Scene]], make_take: Callable[..., Generation], connection: Connection
) -> Any:
    def make(count: int, **fields: Any) -> list[Generation]:
        values = {"provider": "studio", "connection": connection, "model_id": "studio-1", "prompt": "A boat."}
        return [make_take(scene, **(values | fields)) for scene in make_scenes(count)]

    return make


def handed_over() -> list[Any]:
    return [row.task["args"][0] for row in OrmQ.objects.filter(key="remote").order_by("pk")]


def run_remote_queue() -> None:
    """Execute every message of the remote queue, as a worker does."""
    for row in OrmQ.objects.filter(key="remote").order_by("pk"):
        row.delete()
        name, (argument,) = row.task["func"].rsplit(".", 1)[1], row.task["args"]
        getattr(tasks, name)(argument)


def statuses() -> list[str]:
    return list(Generation.objects.order_by("pk").values_list("status", flat=True))


def test_a_connection_runs_no_more_takes_than_it_has_slots(make_queued, studio: studio_server.Studio):
    takes = make_queued(4)
    assert dispatch.dispatch_due() == 2
    run_remote_queue()
    assert statuses() == ["running", "running", "queued", "queued"]
    assert dispatch.dispatch_due() == 0
    Generation.objects.filter(pk=takes[0].pk).update(status=Status.FETCHING)
    dispatch.dispatch_due()
    assert handed_over() == [takes[2].pk]


def test_a_step_without_a_free_slot_stays_queued(make_queued, studio: studio_server.Studio):
    takes = make_queued(3)
    for take in takes:
        pipeline.advance(take.pk)
    assert statuses() == ["running", "running", "queued"]
    assert len(studio.charges) == 2


def test_a_connection_keeps_to_its_requests_per_minute(
    make_queued, connection: Connection, studio: studio_server.Studio
):
    Connection.objects.update(max_in_flight=10, requests_per_minute=2)
    takes = make_queued(3)
    dispatch.dispatch_due()
    run_remote_queue()
    assert statuses() == ["running", "running", "queued"]
    connection.refresh_from_db()
    room = admission.find_room(connection, timezone.now())
    assert (room.count, room.wait and room.wait.describe()) == (
        0,
        "Waiting for Studio (limit of 2 requests per minute)",
    )
    assert room.wait is not None
    assert 55 < room.wait.seconds <= 60
    Generation.objects.filter(pk=takes[0].pk).update(submitted_at=Now() - timedelta(seconds=61))
    dispatch.dispatch_due()
    run_remote_queue()
    assert statuses() == ["running", "running", "running"]


def test_a_rejection_pauses_the_connection_for_longer_each_time(
    make_queued, connection: Connection, studio: studio_server.Studio
):
    make_queued(3)
    studio.faults["submit"] = [429]
    dispatch.dispatch_due()
    run_remote_queue()
    assert statuses() == ["queued", "running", "queued"] or statuses() == ["queued", "queued", "queued"]
    connection.refresh_from_db()
    assert connection.paused_until is not None
    assert dispatch._hand_over_new_remote() == 0
    pauses = [admission.pause(connection.pk, ProviderError(ErrorKind.NETWORK, "Not there")).seconds for _ in range(12)]
    assert 1 <= pauses[0] <= 8
    assert 150 <= pauses[-1] <= 300
    limited = ProviderError(ErrorKind.RATE_LIMIT, "Wait", retry_after=400)
    assert admission.pause(connection.pk, limited).seconds == 400
    limited.retry_after = 1
    assert 150 <= admission.pause(connection.pk, limited).seconds <= 300
    admission.reset_backoff(connection.pk)
    connection.refresh_from_db()
    assert connection.refusals == 0


def test_a_take_fails_after_ten_rejections(make_queued, connection: Connection, studio: studio_server.Studio):
    (take,) = make_queued(1)
    studio.faults["submit"] = [429] * pipeline.MAX_ATTEMPTS
    for _ in range(pipeline.MAX_ATTEMPTS):
        Connection.objects.update(paused_until=None)
        Generation.objects.update(next_step_at=Now())
        pipeline.advance(take.pk)
    take.refresh_from_db()
    assert (take.status, take.error_kind, take.actual_cost) == (Status.FAILED, "rate_limit", 0)
    assert take.error_message == "Too many requests. Tried 10 times."
    assert studio.charges == []


def test_ten_rejections_take_minutes_though_others_are_accepted(
    make_queued, connection: Connection, studio: studio_server.Studio
):
    (take,) = make_queued(1)
    studio.faults["submit"] = [429] * pipeline.MAX_ATTEMPTS
    waits = []
    for _ in range(pipeline.MAX_ATTEMPTS - 1):
        admission.reset_backoff(connection.pk)
        Connection.objects.update(paused_until=None)
        Generation.objects.update(next_step_at=Now())
        pipeline.advance(take.pk)
        take.refresh_from_db()
        waits.append((take.next_step_at - take.changed_at).total_seconds())
        assert take.waiting_until is not None
        assert abs((take.waiting_until - take.next_step_at).total_seconds()) < 1
    assert sum(waits) > 400
    Connection.objects.update(paused_until=None)
    assert dispatch.explain_waiting() == 0
    take.refresh_from_db()
    assert take.waiting_for == "Waiting for Studio (Too many requests)"


def test_teams_take_turns_and_so_do_their_members(
    make_queued, connection: Connection, alice: User, bob: User, mallory: User, make_take
):
    alices, bobs = make_queued(3, created_by=alice), make_queued(1, created_by=bob)
    project = Project.objects.create(team=Team.objects.get(name="Another team"), title="Another project")
    scene = Scene.objects.create(project=project, title="One", action="It rains.", position=1)
    values = {"provider": "studio", "connection": connection, "created_by": mallory}
    mallorys = [make_take(scene, **values), make_take(scene, **values)]
    order = [alices[0], mallorys[0], bobs[0], mallorys[1], alices[1], alices[2]]
    assert list(dispatch.order_fairly(Generation.objects.all())) == [take.pk for take in order]


def test_a_member_served_recently_goes_last(make_queued, alice: User, bob: User):
    first, second = make_queued(2, created_by=alice)
    (bobs,) = make_queued(1, created_by=bob)
    Generation.objects.filter(pk=first.pk).update(status=Status.RUNNING, submitted_at=Now())
    waiting = Generation.objects.filter(status=Status.QUEUED)
    assert list(dispatch.order_fairly(waiting)) == [bobs.pk, second.pk]


def reasons() -> list[tuple[str, Any]]:
    return list(Generation.objects.order_by("pk").values_list("waiting_for", "waiting_until"))


def test_a_waiting_take_says_what_it_waits_for_and_how_many_are_ahead(make_queued, connection: Connection):
    make_queued(4)
    dispatch.dispatch_due()
    run_remote_queue()
    assert dispatch.explain_waiting() == 2
    assert reasons()[2:] == [
        ("Waiting for Studio (2 of 2 running)", None),
        ("Waiting for Studio (2 of 2 running, 1 ahead)", None),
    ]
    assert dispatch.explain_waiting() == 0


def test_a_pause_says_when_it_ends(make_queued, connection: Connection):
    make_queued(2)
    Connection.objects.update(paused_until=Now() + timedelta(minutes=5), pause_reason="Slow down.")
    connection.refresh_from_db()
    assert dispatch.explain_waiting() == 2
    assert reasons() == [
        ("Waiting for Studio (Slow down)", connection.paused_until),
        ("Waiting for Studio (Slow down, 1 ahead)", connection.paused_until),
    ]
    assert dispatch.explain_waiting() == 0


def test_a_rate_limit_says_when_the_next_request_may_be_sent(
    make_queued, connection: Connection, studio: studio_server.Studio
):
    Connection.objects.update(max_in_flight=10, requests_per_minute=2)
    takes = make_queued(3)
    dispatch.dispatch_due()
    run_remote_queue()
    dispatch.explain_waiting()
    takes[0].refresh_from_db()
    assert takes[0].submitted_at is not None
    next_at = takes[0].submitted_at + timedelta(minutes=1)
    assert reasons()[2] == ("Waiting for Studio (limit of 2 requests per minute)", next_at)


def test_a_take_that_finds_no_slot_keeps_how_many_are_ahead(
    make_queued, connection: Connection, studio: studio_server.Studio
):
    takes = make_queued(4)
    dispatch.dispatch_due()
    run_remote_queue()
    dispatch.explain_waiting()
    before = Generation.objects.get(pk=takes[3].pk).version
    pipeline.advance(takes[3].pk)
    assert reasons()[3] == ("Waiting for Studio (2 of 2 running, 1 ahead)", None)
    assert Generation.objects.get(pk=takes[3].pk).version == before


def test_while_there_is_room_only_the_next_take_loses_its_reason(make_queued, connection: Connection):
    waiting = "Waiting for Studio (2 of 2 running)"
    make_queued(1, status=Status.RUNNING)
    make_queued(2, waiting_for=waiting)
    assert dispatch.explain_waiting() == 1
    assert [reason for reason, _ in reasons()] == ["", "", waiting]


@pytest.mark.parametrize(
    ("ahead", "shown"), [(0, ""), (1, ", 1 ahead"), (10, ", 10 ahead"), (11, ", 10+ ahead"), (199, ", 190+ ahead")]
)
def test_far_back_in_line_the_number_ahead_is_rounded(ahead: int, shown: str):
    busy, renderer = admission.Wait("Sora", 2.0, "2 of 2 running"), admission.Wait("the renderer", 2.0)
    assert busy.describe(ahead) == f"Waiting for Sora (2 of 2 running{shown})"
    assert renderer.describe(ahead) == f"Waiting for the renderer{shown}"
    assert [wait.matches(wait.describe(ahead)) for wait in (busy, renderer)] == [True, True]
    assert not busy.matches("Waiting for Sora (Slow down, 1 ahead)")


def test_the_longest_reason_fits_its_column():
    name, column = Connection._meta.get_field("name"), Generation._meta.get_field("waiting_for")
    longest = admission.Wait("S" * (name.max_length or 0), 2.0, "x" * 1_000).describe(dispatch.EXPLAINED_AT_ONCE - 1)
    assert len(longest) <= (column.max_length or 0)


@pytest.mark.parametrize(
    ("renderers", "expected"),
    [
        (1, ["", "Waiting for the renderer", "Waiting for the renderer, 1 ahead"]),
        (2, ["", "", "Waiting for a renderer (2 of 2 running)"]),
    ],
)
def test_a_local_take_waits_for_the_renderer(make_scenes, make_take, renderers: int, expected: list[str]):
    Worker.objects.create(name="here", media_workers=renderers)
    takes = [make_take(scene) for scene in make_scenes(3)]
    for take in takes[:renderers]:
        Lease.claim(take.pk)
        Generation.objects.filter(pk=take.pk).update(status=Status.RUNNING, started_at=Now())
    dispatch.explain_waiting()
    assert [reason for reason, _ in reasons()] == expected


def test_while_the_disk_is_nearly_full_only_downloads_start(
    make_queued, studio: studio_server.Studio, make_scenes, make_take, settings
):
    (paid,) = make_queued(1, status=Status.FETCHING, remote_id="clip-1")
    (waiting,) = make_queued(1)
    animatic = make_take(make_scenes(1)[0])
    room, settings.LEAST_FREE_BYTES = settings.LEAST_FREE_BYTES, 10**18
    assert dispatch.dispatch_due() == 1
    pipeline.advance(waiting.pk)
    dispatch.explain_waiting()
    rows = Generation.objects.order_by("pk").values_list("pk", "status", "waiting_for")
    reason = "Waiting for free disk space on this server"
    assert list(rows) == [
        (paid.pk, "fetching", ""),
        (waiting.pk, "queued", reason),
        (animatic.pk, "queued", reason),
    ]
    assert (list(OrmQ.objects.values_list("key", flat=True)), studio.charges) == (["media"], [])
    settings.LEAST_FREE_BYTES = room
    Generation.objects.update(next_step_at=Now())
    assert dispatch.dispatch_due() >= 1
    pipeline.advance(waiting.pk)
    assert studio.charges == ["clip-1"]


def test_the_reason_is_cleared_when_a_take_starts(make_queued, connection: Connection, studio: studio_server.Studio):
    (take,) = make_queued(1, waiting_for="Waiting for Studio (2 of 2 running)", waiting_until=timezone.now())
    pipeline.advance(take.pk)
    take.refresh_from_db()
    assert (take.status, take.waiting_for, take.waiting_until) == (Status.RUNNING, "", None)


# -- Batched polls -----------------------------------------------------------------------------------------------------


def start_takes(make_queued: Any, studio: studio_server.Studio, count: int) -> list[Generation]:
    Connection.objects.update(max_in_flight=100)
    takes = make_queued(count)
    for take in takes:
        pipeline.advance(take.pk)
    Generation.objects.update(next_step_at=Now())
    return takes


def test_polls_share_one_task_and_one_write(make_queued, studio: studio_server.Studio):
    takes = start_takes(make_queued, studio, 3)
    studio.clips["clip-2"] |= {"state": "done", "percent": 100}
    studio.clips["clip-3"] |= {"state": "failed", "reason": "A person."}
    dispatch.dispatch_due()
    (batch,) = handed_over()
    assert {*batch} == {take.pk for take in takes}
    run_remote_queue()
    assert statuses() == ["running", "fetching", "failed"]
    first = Generation.objects.get(pk=takes[0].pk)
    assert (first.progress, first.lease_token) == (40, None)


def test_a_lost_clip_does_not_affect_the_other_polls(make_queued, studio: studio_server.Studio):
    takes = start_takes(make_queued, studio, 3)
    del studio.clips["clip-2"]
    pipeline.poll_many([take.pk for take in takes])
    assert statuses() == ["running", "unknown", "running"]
    assert Generation.objects.filter(lease_token__isnull=False).count() == 0


def test_a_defect_in_one_poll_ends_on_its_card(make_queued, studio: studio_server.Studio, caplog):
    takes = start_takes(make_queued, studio, 2)
    studio.clips["clip-1"] = {"id": "clip-1", "nonsense": True}
    pipeline.poll_many([take.pk for take in takes])
    assert statuses() == ["unknown", "running"]
    assert "KeyError" in caplog.text


def test_only_due_free_and_running_takes_are_polled(make_queued, studio: studio_server.Studio):
    takes = start_takes(make_queued, studio, 3)
    Lease.claim(takes[0].pk)
    Generation.objects.filter(pk=takes[1].pk).update(next_step_at=Now() + timedelta(seconds=60))
    before = list(Generation.objects.order_by("pk").values_list("version", flat=True)[:2])
    pipeline.poll_many([take.pk for take in takes])
    assert list(Generation.objects.order_by("pk").values_list("version", flat=True)[:2]) == before
    assert Generation.objects.get(pk=takes[2].pk).progress == 40


def test_a_poll_without_news_leaves_the_version_alone(make_queued, studio: studio_server.Studio):
    (take,) = start_takes(make_queued, studio, 1)
    pipeline.poll_many([take.pk])
    Generation.objects.update(next_step_at=Now())
    before = Generation.objects.get()
    pipeline.poll_many([take.pk])
    after = Generation.objects.get()
    assert (after.version, after.changed_at) == (before.version, before.changed_at)
    assert after.next_step_at > before.next_step_at


def test_a_clip_that_cannot_be_cancelled_is_kept(
    make_queued, studio: studio_server.Studio, monkeypatch: pytest.MonkeyPatch
):
    (take,) = start_takes(make_queued, studio, 1)
    monkeypatch.setattr(studio_server, "cancel", lambda account, remote_id: False)
    pipeline.cancel(take)
    pipeline.advance(take.pk)
    take.refresh_from_db()
    assert (take.status, take.cancel_requested) == (Status.RUNNING, False)
    assert take.waiting_for == "The provider can't cancel this clip anymore. It will be kept."
