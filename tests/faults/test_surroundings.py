"""The database is down, the disk is full, a clock is wrong, a take is cancelled too late, a provider misbehaves."""

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
from tests.faults.live_system import LiveSystem, open_live_system, wait_until
from tests.standin import Fault

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]
GONE_SECONDS = 3.0


# -- The database ------------------------------------------------------------------------------------------------------


@contextmanager
def database_gone(installation: Installation) -> Iterator[None]:
    """PostgreSQL drops and refuses all connections; SQLite is locked by another process."""
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
def test_the_clip_id_is_saved_although_the_database_was_down(live_system: LiveSystem):
    """At a server that lists nothing: without its id the clip could never be found."""
    live_system.start_worker(SORA_PRESET="other")
    live_system.state.fail("sora.create", Fault(late=2))
    (take,) = live_system.start_takes()
    live_system.wait_for_call("sora.create")
    wait_until(lambda: live_system.state.booked() != [], 5)
    with database_gone(live_system.installation):
        time.sleep(GONE_SECONDS)
    live_system.wait_for(take, "completed")
    assert (len(live_system.state.calls("sora.create")), live_system.find_violations()) == (1, [])


@pytest.mark.database
def test_a_take_completes_after_the_database_was_down_while_it_was_polled(live_system: LiveSystem):
    live_system.start_worker()
    live_system.state.seconds_needed = 3.0
    (take,) = live_system.start_takes()
    live_system.wait_for_call("sora.get")
    with database_gone(live_system.installation):
        time.sleep(GONE_SECONDS)
    live_system.wait_for(take, "completed")
    assert (len(live_system.state.calls("sora.create")), live_system.find_violations()) == (1, [])


@pytest.mark.long
@pytest.mark.database
def test_takes_complete_after_the_database_was_down_twice(live_system: LiveSystem):
    """While clips are polled, and while one of them is downloaded: a download's lease lasts the longest."""
    live_system.start_worker()
    live_system.state.seconds_needed = 3.0
    live_system.state.fail("sora.content", Fault(wait=2))
    takes = live_system.start_takes(4)
    live_system.wait_for_call("sora.get", 2)
    with database_gone(live_system.installation):
        time.sleep(GONE_SECONDS)
    live_system.wait_for_call("sora.content")
    with database_gone(live_system.installation):
        time.sleep(GONE_SECONDS)
    for take in takes:
        live_system.wait_for(take, "completed", seconds=60)
    assert (len(live_system.state.calls("sora.create")), live_system.find_violations()) == (4, [])


# -- The disk ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def on_a_small_disk(tmp_path: Path) -> Iterator[LiveSystem]:
    if os.geteuid() != 0 and os.environ.get("CI") != "true":
        pytest.skip("Only root can mount a small disk.")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)], check=True)
    try:
        with open_live_system(database=database(), parent=disk) as live_system:
            yield live_system
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(path: Path, leave: int) -> None:
    """Grow a file until only `leave` bytes of the disk are free."""
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while (free := free_bytes(path.parent)) > leave:
            file.write(b"\0" * min(free - leave, 2**20))


def free_bytes(path: Path) -> int:
    return int(subprocess.check_output(["stat", "-f", "-c", "%a", path])) * int(
        subprocess.check_output(["stat", "-f", "-c", "%S", path])
    )


def test_paid_clips_arrive_although_the_disk_fills_up(on_a_small_disk: LiveSystem):
    """Nearly full: a paid clip arrives, nothing new is sent. Full: it arrives once there is room again."""
    live_system = on_a_small_disk
    filler = live_system.installation.data / "filler"
    live_system.state.seconds_needed = 3600.0
    live_system.start_worker(IMAGEAI_LEAST_FREE_MB="20")
    first, second = live_system.start_takes(2)
    live_system.wait_for_call("sora.create", 2)
    fill(filler, leave=10 * 2**20)
    (third,) = live_system.start_takes()
    wait_until(lambda: live_system.take(third)["waiting_for"] == "Waiting for free disk space on this server", 20)
    finish(live_system, first)
    live_system.wait_for(first, "completed")

    fill(filler, leave=0)
    finish(live_system, second)
    time.sleep(4)
    filler.unlink()
    for take in (second, third):
        live_system.state.seconds_needed = 1.0
        live_system.wait_for(take, "completed", seconds=90)
    assert (len(live_system.state.calls("sora.create")), live_system.find_violations()) == (3, [])


def finish(live_system: LiveSystem, take: int) -> None:
    wait_until(lambda: live_system.take(take)["remote_id"], 10)
    live_system.state.clips[live_system.take(take)["remote_id"]].seconds_needed = 0.0


# -- Clocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.database
@pytest.mark.parametrize("hours", [-1, 1])
def test_two_workers_whose_clocks_differ_by_an_hour_share_the_work(live_system: LiveSystem, hours: int):
    """Leases and due times are the database's, so neither takes a row that the other holds, and none is left over."""
    live_system.state.seconds_needed = 2.0
    live_system.state.fail("sora.create", *[Fault(late=1.0)] * 6)
    live_system.start_worker()
    with live_system.second_worker(CLOCK_OFF=str(hours * 3600)):
        takes = live_system.start_takes(6)
        animatics = live_system.start_takes(2, model="animatic", seconds=2)
        for take in takes + animatics:
            live_system.wait_for(take, "completed", seconds=60)
    assert (len(live_system.state.calls("sora.create")), live_system.find_violations()) == (6, [])


# -- Cancelling --------------------------------------------------------------------------------------------------------


def test_a_clip_cancelled_too_late_is_kept(live_system: LiveSystem):
    """Cancelled while it is submitted, while the answer "done" is on its way, and while it is downloaded."""
    live_system.start_worker()
    takes = []
    for operation in ("sora.create", "sora.get", "sora.content"):
        live_system.state.fail(operation, Fault(late=2.0))
        (take,) = live_system.start_takes()
        live_system.wait_for_call(operation, len(live_system.state.calls(operation)) + 1)
        takes.append(take)
        assert live_system.agent.cancel(take=take)
    for take in takes:
        live_system.wait_for(take, "completed")
    live_system.kill_worker()
    (waiting,) = live_system.start_takes()
    live_system.agent.cancel(take=waiting)
    assert live_system.status(waiting) == "cancelled"
    assert (len(live_system.state.calls("sora.create")), live_system.find_violations()) == (3, [])


# -- Providers ---------------------------------------------------------------------------------------------------------


def test_takes_complete_or_need_review_at_a_provider_with_every_fault(live_system: LiveSystem):
    """Each of these faults alone: tests/generation/providers/test_provider_faults.py."""
    body = {"error": {"message": "Not now"}}
    live_system.state.fail(
        "sora.create",
        Fault(status=429, body=body, headers={"Retry-After": "1"}),
        Fault(status=500, body=body),
        Fault(drop=True),
        Fault(garbage=True),
        Fault(status=429, body=body),
        Fault(refuse=True),
    )
    live_system.state.fail("sora.get", *[Fault(status=500, body=body), Fault(garbage=True), Fault(drop=True)] * 3)
    live_system.state.fail("sora.content", Fault(truncate=True), Fault(html=True), Fault(empty=True))
    live_system.start_worker()
    takes = live_system.start_takes(8)
    for take in takes:
        live_system.wait_for(take, "completed", "unknown", seconds=90)
    # Three answers were unclear, and the provider lists no clip for them: a person decides.
    statuses = [live_system.status(take) for take in takes]
    assert (statuses.count("unknown"), live_system.find_violations(settled=False)) == (3, [])
