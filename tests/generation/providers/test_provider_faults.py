"""Faults of a provider, over HTTP with the real SDK: the take's status, the charge and the money held for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.functions import Now

from generation import pipeline
from generation.models import Connection, Generation
from generation.pipeline import resolve
from generation.providers import download
from generation.providers import sora as sora_client
from generation.states import Status
from projects.models import Project, Scene
from teams.models import User
from tests.faults import invariants
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db
NOT_NOW = {"error": {"message": "Not now"}}
Advance = Callable[[Generation], Generation]


@pytest.fixture
def take(sora: StandIn, scene: Scene, bob: User) -> Generation:
    Project.objects.update(model_id="sora-2")
    return pipeline.enqueue(Scene.objects.get(pk=scene.pk), number=1, member=bob).take


def violations(sora: StandIn, *, settled: bool = True) -> list[str]:
    return invariants.find_violations([invariants.Charge(*charge) for charge in sora.state.booked()], settled=settled)


def to_the_end(take: Generation, advance: Advance) -> Generation:
    """Advances the take as the dispatcher would over time."""
    for _ in range(40):
        Connection.objects.update(paused_until=None)
        take = advance(take)
        if take.is_final or take.status == Status.UNKNOWN:
            break
    return take


@pytest.mark.parametrize(
    ("faults", "status", "posts"),
    [
        ([Fault(status=429, body=NOT_NOW, headers={"Retry-After": "7"})], "completed", 2),
        ([Fault(status=429, body=NOT_NOW)] * 3, "completed", 4),
        ([Fault(status=500, body=NOT_NOW)], "unknown", 1),
        ([Fault(status=503, body=None)], "unknown", 1),
        ([Fault(drop=True)], "completed", 1),
        ([Fault(refuse=True)], "unknown", 1),
        ([Fault(garbage=True)], "unknown", 1),
        ([Fault(status=400, body=NOT_NOW)], "failed", 1),
    ],
)
def test_a_fault_while_submitting(
    sora: StandIn, take: Generation, advance: Advance, faults: list[Fault], status: str, posts: int
):
    sora.state.fail("sora.create", *faults)
    take = to_the_end(take, advance)
    assert (take.status, len(sora.state.calls("sora.create"))) == (status, posts)
    assert violations(sora) == []


def test_a_submission_that_times_out_is_found_and_not_sent_twice(
    sora: StandIn, take: Generation, advance: Advance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("generation.providers.sora.SUBMIT_SECONDS", 0.3)
    sora.state.fail("sora.create", Fault(late=1))
    take = to_the_end(take, advance)
    assert (take.status, len(sora.state.calls("sora.create"))) == ("completed", 1)
    assert violations(sora) == []


@pytest.mark.parametrize("header", [{"Retry-After": "7"}, {}])
def test_a_rate_limit_pauses_the_whole_connection(
    sora: StandIn, take: Generation, advance: Advance, header: dict[str, str]
):
    sora.state.fail("sora.create", Fault(status=429, body=NOT_NOW, headers=header))
    take = advance(take)
    connection = Connection.objects.annotate(now=Now()).get()
    assert connection.paused_until is not None
    pause = (connection.paused_until - connection.now).total_seconds()
    assert (6 < pause <= 7) if header else (0.5 < pause <= 2)
    assert (advance(take).status, len(sora.state.calls("sora.create"))) == ("queued", 1)
    assert violations(sora, settled=False) == []


@pytest.mark.parametrize("polls", [24, pytest.param(240, marks=pytest.mark.long, id="an hour long, every 15 s")])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, body=NOT_NOW),
        Fault(status=429, body=NOT_NOW),
        Fault(status=404, body=None),
        Fault(garbage=True),
        Fault(refuse=True),
        Fault(status=200, body={"id": "video_1", "object": "video", "status": "pondering", "progress": None}),
        Fault(status=200, body=["not", "a", "clip"]),
    ],
)
def test_a_take_survives_failed_polls(sora: StandIn, take: Generation, advance: Advance, fault: Fault, polls: int):
    take = advance(take)
    sora.state.fail("sora.get", *[fault] * polls)
    for _ in range(polls):
        assert advance(take).status == "running"
    assert violations(sora, settled=False) == []
    assert to_the_end(take, advance).status == "completed"
    assert violations(sora) == []


@pytest.mark.parametrize("times", [1, pipeline.MAX_ATTEMPTS])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(truncate=True),
        Fault(html=True),
        Fault(empty=True),
        Fault(refuse=True),
        Fault(status=500, body=NOT_NOW),
        Fault(status=302, headers={"Location": "http://169.254.169.254/clip.mp4"}),
    ],
)
def test_a_failed_download_is_repeated_then_needs_review(
    sora: StandIn, take: Generation, advance: Advance, fault: Fault, times: int
):
    """A single failure is repeated. After the last attempt the take needs review, and "Check again" fetches the clip."""
    sora.state.fail("sora.content", *[fault] * times)
    take = to_the_end(take, advance)
    assert (take.status, violations(sora)) == ("completed" if times == 1 else "unknown", [])
    if times > 1:
        assert resolve.check_again(take)
        take = to_the_end(take, advance)
        assert (take.status, violations(sora)) == ("completed", [])


def test_an_expired_url_is_requested_again(sora: StandIn, take: Generation, advance: Advance):
    sora.state.flavour["sora.url"] = "yes"
    sora.state.fail("sora.file", Fault(status=403, body="expired"), Fault(status=403, body="expired"))
    take = to_the_end(take, advance)
    assert (take.status, len(sora.state.calls("sora.file")), violations(sora)) == ("completed", 3, [])


@pytest.mark.parametrize("operation", ["sora.content", "sora.file"])
def test_a_slow_drip_ends_at_the_deadline(
    sora: StandIn, take: Generation, advance: Advance, monkeypatch: pytest.MonkeyPatch, operation: str
):
    if operation == "sora.file":
        sora.state.flavour["sora.url"] = "yes"
    monkeypatch.setattr("generation.providers.download.MAX_SECONDS", 0.5)
    take = advance(advance(take))
    sora.state.fail(operation, Fault(drip=True))
    take = advance(take)
    assert (take.status, "No complete answer within 0.5 s" in take.error_message) == ("fetching", True)
    monkeypatch.undo()
    assert (to_the_end(take, advance).status, violations(sora)) == ("completed", [])


def test_the_lease_outlasts_a_slow_first_byte(
    sora: StandIn, take: Generation, advance: Advance, monkeypatch: pytest.MonkeyPatch
):
    """A download may wait half a minute for data, and no other worker may take the row over in that time."""
    is_held: list[bool] = []
    fetch = sora_client.fetch

    def watched(*arguments: Any) -> None:
        half_a_minute = Now() + timedelta(seconds=download.READ_SECONDS + download.CONNECT_SECONDS)
        is_held.append(Generation.objects.filter(pk=take.pk, lease_expires_at__gt=half_a_minute).exists())
        fetch(*arguments)

    monkeypatch.setattr(sora_client, "fetch", watched)
    assert to_the_end(take, advance).status == "completed"
    assert is_held == [True]


def test_a_stored_clip_is_not_downloaded_again_after_a_crash(
    sora: StandIn, take: Generation, advance: Advance, long_clip: bytes
):
    """The file at the provider may have expired by then."""
    take = advance(advance(take))
    default_storage.save(f"{take.folder}/clip.mp4", ContentFile(long_clip))
    sora.state.fail("sora.content", *[Fault(status=404)] * 20)
    take = advance(take)
    assert (take.status, take.clip_bytes, violations(sora)) == ("completed", len(long_clip), [])
    assert sora.state.calls("sora.content") == []


def test_a_clip_that_fails_later_settles_its_hold(sora: StandIn, take: Generation, advance: Advance, settings: Any):
    sora.state.outcome = "failed"
    assert (to_the_end(take, advance).status, violations(sora)) == ("failed", [])


def test_a_clip_that_expired_at_the_provider_needs_review(sora: StandIn, take: Generation, advance: Advance):
    sora.state.outcome, sora.state.code = "failed", "expired"
    take = to_the_end(take, advance)
    assert (take.status, take.error_kind, take.actual_cost) == (Status.UNKNOWN, "lost", None)
    assert violations(sora, settled=False) == []
