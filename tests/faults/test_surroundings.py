"""The database goes away, the disk is full, a clock is wrong, somebody cancels at the last moment, a provider is a mess."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from bench.installation import Installation
from tests.faults.conftest import database
from tests.faults.live_system import Workshop, eventually, workshop_open
from tests.standin import Fault

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]
GONE_SECONDS = 3.0


# -- The database ------------------------------------------------------------------------------------------------------


@contextmanager
def database_gone(installation: Installation) -> Iterator[None]:
    """PostgreSQL lets nobody in and throws everybody out; SQLite is locked by somebody else."""
    if not installation.server:
        with contextlib.closing(sqlite3.connect(installation.data / "db.sqlite3", isolation_level=None)) as locking:
            locking.execute("PRAGMA busy_timeout = 20000")
            locking.execute("BEGIN EXCLUSIVE")
            yield
        return
    name = installation.database_name.encode()
    with psycopg.connect(installation.server, autocommit=True) as admin:
        admin.execute(b'ALTER DATABASE "' + name + b'" ALLOW_CONNECTIONS false')
        try:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name.decode()])
            yield
        finally:
            admin.execute(b'ALTER DATABASE "' + name + b'" ALLOW_CONNECTIONS true')


@pytest.mark.database
def test_the_database_is_away_when_the_answer_comes(workshop: Workshop):
    """At a server that lists nothing: without the id the clip could not be found any more."""
    workshop.work(SORA_PRESET="other")
    workshop.state.fail("sora.create", Fault(late=2))
    (take,) = workshop.start_takes()
    workshop.arrival("sora.create")
    eventually(lambda: workshop.state.booked() != [], 5)
    with database_gone(workshop.installation):
        time.sleep(GONE_SECONDS)
    workshop.until(take, "completed")
    assert (len(workshop.state.calls("sora.create")), workshop.violations()) == (1, [])


@pytest.mark.database
def test_the_database_goes_away_twice(workshop: Workshop):
    """While clips are being asked about, and while one of them is downloaded."""
    workshop.work()
    workshop.state.seconds_needed = 3.0
    workshop.state.fail("sora.content", Fault(wait=2))
    takes = workshop.start_takes(4)
    workshop.arrival("sora.get", 2)
    with database_gone(workshop.installation):
        time.sleep(GONE_SECONDS)
    workshop.arrival("sora.content")
    with database_gone(workshop.installation):
        time.sleep(GONE_SECONDS)
    for take in takes:
        workshop.until(take, "completed", seconds=60)
    assert (len(workshop.state.calls("sora.create")), workshop.violations()) == (4, [])


# -- The disk ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def on_a_small_disk(tmp_path: Path) -> Iterator[Workshop]:
    if os.geteuid() != 0 and os.environ.get("CI") != "true":
        pytest.skip("Only root can mount a small disk.")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)], check=True)
    try:
        with workshop_open(database=database(), parent=disk) as workshop:
            yield workshop
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(path: Path, leave: int) -> None:
    """A file that leaves so many bytes of the disk free."""
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while (free := free_bytes(path.parent)) > leave:
            file.write(b"\0" * min(free - leave, 2**20))


def free_bytes(path: Path) -> int:
    return int(subprocess.check_output(["stat", "-f", "-c", "%a", path])) * int(
        subprocess.check_output(["stat", "-f", "-c", "%S", path])
    )


def test_a_disk_that_fills_up(on_a_small_disk: Workshop):
    """Nearly full: what is paid for arrives, nothing new is sent. Full: it arrives when there is room again."""
    workshop = on_a_small_disk
    filler = workshop.installation.data / "filler"
    workshop.state.seconds_needed = 3600.0
    workshop.work(IMAGEAI_LEAST_FREE_MB="20")
    first, second = workshop.start_takes(2)
    workshop.arrival("sora.create", 2)
    fill(filler, leave=10 * 2**20)
    (third,) = workshop.start_takes()
    eventually(lambda: workshop.take(third)["waiting_for"] == "Waiting for free disk space on this server", 20)
    finish(workshop, first)
    workshop.until(first, "completed")

    fill(filler, leave=0)
    finish(workshop, second)
    time.sleep(4)
    filler.unlink()
    for take in (second, third):
        workshop.state.seconds_needed = 1.0
        workshop.until(take, "completed", seconds=90)
    assert (len(workshop.state.calls("sora.create")), workshop.violations()) == (3, [])


def finish(workshop: Workshop, take: int) -> None:
    eventually(lambda: workshop.take(take)["remote_id"], 10)
    workshop.state.clips[workshop.take(take)["remote_id"]].seconds_needed = 0.0


# -- Clocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.database
@pytest.mark.parametrize("hours", [-1, 1])
def test_of_two_workers_one_has_a_clock_that_is_an_hour_off(workshop: Workshop, hours: int):
    """Leases and due times are the database's, so neither takes what the other holds, and none is left alone."""
    workshop.state.seconds_needed = 2.0
    workshop.state.fail("sora.create", *[Fault(late=1.0)] * 6)
    workshop.work()
    with workshop.second_work(CLOCK_OFF=str(hours * 3600)):
        takes = workshop.start_takes(6)
        drawn = workshop.start_takes(2, model="animatic", seconds=2)
        for take in takes + drawn:
            workshop.until(take, "completed", seconds=60)
    assert (len(workshop.state.calls("sora.create")), workshop.violations()) == (6, [])


# -- Cancelling --------------------------------------------------------------------------------------------------------


def test_cancelling_races_with_completion(workshop: Workshop):
    """Rework for while it is being sent, while the answer "done" is on its way, while it is downloaded: it is paid for."""
    workshop.work()
    takes = []
    for operation in ("sora.create", "sora.get", "sora.content"):
        workshop.state.fail(operation, Fault(late=2.0))
        (take,) = workshop.start_takes()
        workshop.arrival(operation, len(workshop.state.calls(operation)) + 1)
        takes.append(take)
        assert workshop.inside.cancel(take=take)
    for take in takes:
        workshop.until(take, "completed")
    workshop.kill_work()
    (waiting,) = workshop.start_takes()
    workshop.inside.cancel(take=waiting)
    assert workshop.status(waiting) == "cancelled"
    assert (len(workshop.state.calls("sora.create")), workshop.violations()) == (3, [])


# -- Providers ---------------------------------------------------------------------------------------------------------


def test_a_provider_that_does_everything_wrong_at_once(workshop: Workshop):
    """Each of these alone: tests/generation/providers/test_provider_faults.py."""
    words = {"error": {"message": "Not now"}}
    workshop.state.fail(
        "sora.create",
        Fault(status=429, body=words, headers={"Retry-After": "1"}),
        Fault(status=500, body=words),
        Fault(drop=True),
        Fault(garbage=True),
        Fault(status=429, body=words),
        Fault(refuse=True),
    )
    workshop.state.fail("sora.get", *[Fault(status=500, body=words), Fault(garbage=True), Fault(drop=True)] * 3)
    workshop.state.fail("sora.content", Fault(truncate=True), Fault(html=True), Fault(empty=True))
    workshop.work()
    takes = workshop.start_takes(8)
    for take in takes:
        workshop.until(take, "completed", "unknown", seconds=90)
    # Three answers told nothing, and there was no clip to be found: a person is asked.
    statuses = [workshop.status(take) for take in takes]
    assert (statuses.count("unknown"), workshop.violations(settled=False)) == (3, [])
