import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from generation.jobs.lease import (
    CancelRequested,
    Lease,
    LeaseLost,
    release_leases_of_ended_processes,
    release_leases_of_the_dead,
    release_leases_of_this_host,
    release_worker_leases,
)
from generation.models import Generation, Worker

pytestmark = pytest.mark.django_db
EndLease = Callable[[Generation], None]


def claim(take: Generation, worker_id: int | None = None) -> Lease:
    lease = Lease.claim(take.pk, worker_id)
    assert lease is not None
    return lease


def test_only_one_worker_claims_a_row(local_take: Generation):
    claim(local_take)
    assert Lease.claim(local_take.pk) is None


def test_a_row_that_is_not_due_cannot_be_claimed(local_take: Generation):
    claim(local_take).release(next_step_in=60)
    assert Lease.claim(local_take.pk) is None


def test_a_released_row_is_due(local_take: Generation):
    claim(local_take).release()
    assert Lease.claim(local_take.pk) is not None


def test_an_expired_lease_can_be_claimed(local_take: Generation, end_lease: EndLease):
    claim(local_take)
    end_lease(local_take)
    assert Lease.claim(local_take.pk) is not None


@pytest.mark.parametrize("late_write", [Lease.write, Lease.keep_alive, Lease.release])
def test_a_replaced_worker_cannot_write(local_take: Generation, end_lease: EndLease, late_write):
    late = claim(local_take)
    end_lease(local_take)
    successor = claim(local_take)
    successor.write(progress=10)
    with pytest.raises(LeaseLost):
        late_write(late, progress=90)
    local_take.refresh_from_db()
    assert local_take.progress == 10


def test_every_write_raises_the_version_with_the_database_time(local_take: Generation):
    lease = claim(local_take)
    lease.write(progress=5)
    once = Generation.objects.get()
    lease.write(progress=6)
    twice = Generation.objects.get()
    assert (once.version, twice.version) == (2, 3)
    assert once.changed_at <= twice.changed_at


def test_keep_alive_raises_when_cancel_was_requested(local_take: Generation):
    lease = claim(local_take)
    Generation.objects.update(cancel_requested=True)
    with pytest.raises(CancelRequested):
        lease.keep_alive(progress=50)


def test_a_stopping_worker_releases_its_leases(local_take: Generation):
    worker = Worker.objects.create(name="here")
    claim(local_take, worker.pk).write(attempt=1)
    assert release_worker_leases(worker.pk) == 1
    local_take.refresh_from_db()
    assert local_take.attempt == 0
    assert Lease.claim(local_take.pk) is not None
    assert release_worker_leases(worker.pk) == 0


def test_only_leases_of_dead_workers_are_released(make_scenes, make_take):
    dead, living = (Worker.objects.create(name=name) for name in ("dead", "living"))
    Worker.objects.filter(pk=dead.pk).update(seen_at="2026-01-01T00:00Z")
    first, second = (make_take(scene) for scene in make_scenes(2))
    claim(first, dead.pk)
    claim(second, living.pk)
    assert release_leases_of_the_dead() == 1
    assert release_leases_of_the_dead() == 0
    assert Lease.claim(first.pk) is not None
    assert Lease.claim(second.pk) is None


def test_a_lease_of_an_ended_process_is_released_and_counts_as_an_attempt(make_scenes, make_take):
    worker = Worker.objects.create(name="here")
    held, left = (make_take(scene) for scene in make_scenes(2))
    claim(held, worker.pk)
    claim(left, worker.pk).write(attempt=1)
    process = subprocess.Popen(["true"])
    process.wait()
    Generation.objects.filter(pk=left.pk).update(lease_pid=process.pid)
    elsewhere = Worker.objects.create(name="another machine")
    assert [release_leases_of_ended_processes(pk) for pk in (elsewhere.pk, worker.pk, worker.pk)] == [0, 1, 0]
    left.refresh_from_db()
    assert (left.attempt, left.recovered_at is not None) == (1, True)
    assert [Lease.claim(take.pk) is None for take in (held, left)] == [True, False]


@pytest.mark.parametrize(
    ("name", "boot_id", "held_by", "released"),
    [
        ("studio:1", "now", "an ended process", 1),
        ("studio:1", "now", "a running process", 0),
        ("studio:1", "before the crash", "a running process", 1),
        ("other:1", "now", "an ended process", 0),
        ("studio-2:1", "before the crash", "an ended process", 0),
    ],
)
def test_a_starting_worker_frees_what_its_host_held_before(
    local_take: Generation, name: str, boot_id: str, held_by: str, released: int
):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    pids = {"an ended process": ended.pid, "a running process": os.getppid()}
    other = Worker.objects.create(name=name, boot_id=boot_id)
    expiry = Now() + timedelta(seconds=45)
    Generation.objects.update(
        leased_by=other, lease_token=uuid.uuid4(), lease_expires_at=expiry, lease_pid=pids[held_by]
    )
    worker = Worker.objects.create(name=f"studio:{os.getpid()}", boot_id="now")
    assert [release_leases_of_this_host(worker) for _ in range(2)] == [released, 0]
    assert Generation.objects.due().count() == released
