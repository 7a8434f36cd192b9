"""The database's clock may be set back: nothing waits for the old time to come again."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from generation.jobs.admission import admit
from generation.jobs.clock import forget_old_clock
from generation.models import Connection, Generation, Worker
from generation.states import Status

pytestmark = pytest.mark.django_db
TOMORROW = Now() + timedelta(days=1)


@pytest.mark.parametrize("late", ["next_step_at", "handed_over_at", "lease_expires_at"])
def test_a_poll_is_due_after_the_clock_was_set_back_a_day(remote_take: Generation, late: str):
    Generation.objects.update(status=Status.RUNNING, lease_token=uuid.uuid4(), **{late: TOMORROW})
    assert forget_old_clock() == 1
    remote_take.refresh_from_db()
    assert list(Generation.objects.due()) == [remote_take]
    assert (remote_take.lease_token, remote_take.handed_over_at) == (None, None)


def test_a_pause_of_the_old_clock_ends_and_its_requests_are_of_this_minute(remote_take: Generation):
    Generation.objects.update(status=Status.RUNNING, submitted_at=TOMORROW)
    Connection.objects.update(paused_until=TOMORROW, max_in_flight=9, requests_per_minute=2)
    forget_old_clock()
    assert remote_take.connection_id
    assert admit(remote_take.connection_id) is None


def test_a_dead_worker_is_not_alive_until_tomorrow():
    worker = Worker.objects.create(name="gone", seen_at=TOMORROW)
    forget_old_clock()
    Worker.objects.filter(pk=worker.pk).update(seen_at=Now() - Worker.ALIVE_FOR)
    assert not Worker.alive().exists()


def test_what_waits_for_minutes_is_left_alone(remote_take: Generation):
    soon = Now() + timedelta(minutes=20)
    Generation.objects.update(status=Status.RUNNING, next_step_at=soon, lease_expires_at=soon)
    before = Generation.objects.values().get()
    assert forget_old_clock() == 0
    assert Generation.objects.values().get() == before
