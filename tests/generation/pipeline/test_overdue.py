"""Clips that never finish at their provider, and clips that take too long after Cancel."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from generation import pipeline
from generation.models import Generation
from generation.pipeline import resolve
from generation.providers.base import Ability, ErrorKind, ProviderError
from generation.states import Status
from generation.takes.failures import explain_failure
from tests.providers import studio_server

pytestmark = pytest.mark.django_db
Advance = Callable[[Generation], Generation]


@pytest.fixture(params=["undeclared", "too late"])
def cannot_cancel(request: pytest.FixtureRequest, undeclare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most servers cannot cancel; the others can only at the beginning."""
    if request.param == "undeclared":
        undeclare(Ability.CANCEL)
    else:
        monkeypatch.setattr(studio_server, "cancel", lambda account, remote_id: False)


def set_started(take: Generation, **ago: float) -> Generation:
    Generation.objects.filter(pk=take.pk).update(started_at=Now() - timedelta(**ago))
    return take


def test_a_clip_running_for_six_hours_needs_review_and_can_be_resumed(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = set_started(advance(remote_take), hours=5.9)
    assert advance(take).status == Status.RUNNING
    take = advance(set_started(take, hours=6.1))
    assert (take.status, take.error_kind) == (Status.UNKNOWN, "overdue")
    failure = explain_failure(take)
    assert failure
    assert (failure.title, failure.words, failure.money) == (
        "Overdue at the provider",
        "Still running after 6 hours.",
        "It may have been charged.",
    )
    assert resolve.check_again(take)
    assert advance(take).status == Status.RUNNING
    studio.clips["clip-1"] |= {"state": "done", "percent": 100}
    take = advance(advance(take))
    assert (take.status, take.actual_cost, studio.charges) == (Status.COMPLETED, Decimal("0.40"), ["clip-1"])


def test_a_clip_at_an_unreachable_server_needs_review_after_six_hours(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = set_started(advance(remote_take), hours=5)
    studio.faults["check"] = [500, 500]
    assert advance(take).status == Status.RUNNING
    take = advance(set_started(take, hours=7))
    assert (take.status, take.error_message) == (
        Status.UNKNOWN,
        "Not finished after 6 hours. Last answer: The studio answered 500.",
    )


def test_the_longest_run_is_a_setting(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, settings
):
    settings.LONGEST_RUN_HOURS = 0.5
    take = advance(set_started(advance(remote_take), hours=0.6))
    assert (take.status, take.error_message) == (
        Status.UNKNOWN,
        "Still running after 0.5 hours.",
    )


def test_the_database_clock_decides_when_a_clip_is_overdue(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, monkeypatch
):
    take = advance(remote_take)
    real_now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real_now() + timedelta(days=1))
    assert advance(take).status == Status.RUNNING


@pytest.mark.usefixtures("cannot_cancel")
def test_an_uncancellable_clip_is_kept_until_it_is_late(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = set_started(advance(remote_take), minutes=9)
    pipeline.cancel(take)
    take = advance(take)
    assert (take.status, take.cancel_requested) == (Status.RUNNING, False)
    assert take.waiting_for == "The provider can't cancel this clip anymore. It will be kept."
    pipeline.cancel(set_started(take, minutes=11))
    take = advance(take)
    assert (take.status, take.error_message) == (
        Status.UNKNOWN,
        "Stopped waiting because this took unusually long. The provider can't cancel it.",
    )


def test_a_late_cancelled_clip_at_a_silent_server_needs_review(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = advance(remote_take)
    studio.faults["check"] = [503, 503]
    pipeline.cancel(take)
    take = advance(take)
    assert (take.status, take.cancel_requested) == (Status.RUNNING, True)
    take = advance(set_started(take, minutes=11))
    assert (take.status, studio.deleted) == (Status.UNKNOWN, [])
    assert take.error_message.endswith("Last answer: The studio answered 503.")


def test_a_clip_is_polled_at_least_once_a_minute(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, monkeypatch
):
    take = advance(remote_take)
    limited = ProviderError(ErrorKind.RATE_LIMIT, "Come back tomorrow.", retry_after=86_400)

    async def check_limited(account, remote_id):
        raise limited

    monkeypatch.setattr(studio_server, "check", check_limited)
    take = advance(take)
    assert Generation.objects.filter(pk=take.pk, next_step_at__lte=F("changed_at") + timedelta(seconds=60)).exists()
