"""A clip that never ends at its provider, and one that somebody does not want to wait for any more."""

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
    """Most servers cannot; the others only at the beginning."""
    if request.param == "undeclared":
        undeclare(Ability.CANCEL)
    else:
        monkeypatch.setattr(studio_server, "cancel", lambda account, remote_id: False)


def started_ago(take: Generation, **ago: float) -> Generation:
    Generation.objects.filter(pk=take.pk).update(started_at=Now() - timedelta(**ago))
    return take


def test_what_runs_for_six_hours_is_left_to_a_person_who_may_wait_on(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = started_ago(advance(remote_take), hours=5.9)
    assert advance(take).status == Status.RUNNING
    take = advance(started_ago(take, hours=6.1))
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


def test_a_server_that_is_gone_for_good(remote_take: Generation, studio: studio_server.Studio, advance: Advance):
    take = started_ago(advance(remote_take), hours=5)
    studio.faults["check"] = [500, 500]
    assert advance(take).status == Status.RUNNING
    take = advance(started_ago(take, hours=7))
    assert (take.status, take.error_message) == (
        Status.UNKNOWN,
        "Not finished after 6 hours. Last answer: The studio answered 500.",
    )


def test_how_long_is_a_setting(remote_take: Generation, studio: studio_server.Studio, advance: Advance, settings):
    settings.LONGEST_RUN_HOURS = 0.5
    take = advance(started_ago(advance(remote_take), hours=0.6))
    assert (take.status, take.error_message) == (
        Status.UNKNOWN,
        "Still running after 0.5 hours.",
    )


def test_the_databases_clock_decides(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, monkeypatch
):
    take = advance(remote_take)
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(days=1))
    assert advance(take).status == Status.RUNNING


@pytest.mark.usefixtures("cannot_cancel")
def test_what_cannot_be_stopped_is_waited_for_unless_it_is_late(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = started_ago(advance(remote_take), minutes=9)
    pipeline.cancel(take)
    take = advance(take)
    assert (take.status, take.cancel_requested) == (Status.RUNNING, False)
    assert take.waiting_for == "The provider can't cancel this clip anymore. It will be kept."
    pipeline.cancel(started_ago(take, minutes=11))
    take = advance(take)
    assert (take.status, take.error_message) == (
        Status.UNKNOWN,
        "This took unusually long, so it is no longer waited for. The provider can't cancel it.",
    )


def test_a_late_clip_whose_server_does_not_answer_is_not_waited_for(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = advance(remote_take)
    studio.faults["check"] = [503, 503]
    pipeline.cancel(take)
    take = advance(take)
    assert (take.status, take.cancel_requested) == (Status.RUNNING, True)
    take = advance(started_ago(take, minutes=11))
    assert (take.status, studio.deleted) == (Status.UNKNOWN, [])
    assert take.error_message.endswith("Last answer: The studio answered 503.")


def test_nothing_is_asked_less_often_than_once_a_minute(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, monkeypatch
):
    take = advance(remote_take)
    limited = ProviderError(ErrorKind.RATE_LIMIT, "Come back tomorrow.", retry_after=86_400)

    async def turned_away(account, remote_id):
        raise limited

    monkeypatch.setattr(studio_server, "check", turned_away)
    take = advance(take)
    assert Generation.objects.filter(pk=take.pk, next_step_at__lte=F("changed_at") + timedelta(seconds=60)).exists()
