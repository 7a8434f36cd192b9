"""What may happen to a queue, its processes and its messages: the work goes on, and nothing is done twice."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.faults.conftest import database
from tests.faults.live_system import OwnRedis, Workshop, eventually, has_redis, own_redis, workshop_open
from tests.standin import Fault

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("queues")]
FUTEX = {"x86_64": "202", "aarch64": "98"}


def holder_of_the_lock(workers: list[psutil.Process]) -> psutil.Process:
    """Of idle workers one waits for the queue's pipe, holding its lock; the others wait for the lock."""
    waiting = []
    for worker in workers:
        with open(f"/proc/{worker.pid}/syscall") as file:
            if file.read().split()[0] not in FUTEX.values():
                waiting.append(worker)
    assert len(waiting) == 1, waiting
    return waiting[0]


@pytest.mark.parametrize(
    ("lease", "patience"), [(5, 15), pytest.param(20, 30, marks=pytest.mark.long, id="as people run it")]
)
def test_a_lock_left_behind_and_a_task_that_hangs_are_cured_within_a_minute(
    workshop: Workshop, lease: int, patience: int
):
    """Upstream's issue 23: an idle worker is killed with the lock of its queue. The other queue's only worker hangs."""
    settings = {"IMAGEAI_LEASE_SECONDS": str(lease), "IMAGEAI_FROZEN_SECONDS": str(patience)}
    workshop.work(**settings, IMAGEAI_MEDIA_WORKERS="1")
    armed = workshop.arm("hang")
    (drawn,) = workshop.start_takes(model="animatic", seconds=1)
    eventually(lambda: not armed.exists(), 10)
    frozen, hanging = workshop.queue("remote").pid, workshop.queue("media").pid
    for _ in range(10):
        with contextlib.suppress(AssertionError):  # one of them is in the middle of something
            holder = holder_of_the_lock(workshop.workers_of("remote", 2))
            break
        time.sleep(0.1)
    holder.kill()
    began = time.monotonic()
    (paid,) = workshop.start_takes()
    eventually(lambda: workshop.is_another("remote", frozen) and workshop.is_another("media", hanging), 60)
    print(f"both queues were replaced after {time.monotonic() - began:.0f} s")
    for take in (drawn, paid):
        workshop.until(take, "completed", seconds=60)
    for queue in ("remote", "media"):
        assert f"The {queue} queue has executed nothing for {str(patience)[0]}" in workshop.log()
    assert not psutil.pid_exists(frozen)
    assert not psutil.pid_exists(hanging)
    assert workshop.violations() == []


def test_a_worker_that_was_stopped_past_its_lease_cannot_write(workshop: Workshop):
    workshop.state.fail("sora.content", Fault(wait=10))
    workshop.work()
    (take,) = workshop.start_takes()
    sleeper = workshop.process_behind(workshop.arrival("sora.content"))
    sleeper.suspend()
    workshop.inside.let_leases_run_out(takes=[take])
    done = workshop.until(take, "completed")
    sleeper.resume()
    eventually(lambda: f"Take {take} was taken over by another worker" in workshop.log(), 20)
    assert (workshop.take(take), workshop.violations()) == (done, [])
    assert done["attempt"] == 2


@pytest.mark.database
def test_messages_that_come_many_times(workshop: Workshop):
    """While it is being sent, while it is asked about and while it is downloaded."""
    for operation in ("sora.create", "sora.get", "sora.content"):
        workshop.state.fail(operation, Fault(late=1.5))
    workshop.work(IMAGEAI_LEASE_SECONDS="60")  # on a slow machine too, no lease runs out
    (take,) = workshop.start_takes()
    for operation in ("sora.create", "sora.get", "sora.content"):
        workshop.arrival(operation)
        for queue in ("remote", "media"):
            workshop.inside.deliver_again(take=take, queue=queue, times=10)
    workshop.until(take, "completed")
    assert [len(workshop.state.calls(f"sora.{name}")) for name in ("create", "content")] == [1, 1]
    assert workshop.violations() == []


@pytest.mark.database
def test_messages_that_never_arrive(workshop: Workshop):
    workshop.kill_work()
    takes = workshop.start_takes(3)
    assert workshop.inside.lose_messages() == 3
    workshop.work()
    for take in takes:
        workshop.until(take, "completed")
    assert workshop.violations() == []


@pytest.fixture
def with_redis(broker: OwnRedis | None, request: pytest.FixtureRequest) -> Iterator[tuple[Workshop, OwnRedis]]:
    if broker:
        yield request.getfixturevalue("workshop"), broker
        return
    if not has_redis():
        pytest.skip("There is no redis-server.")
    with own_redis() as server, workshop_open(database=database(), redis_url=server.url) as workshop:
        yield workshop, server


@pytest.mark.database
def test_redis_is_emptied_and_restarted(with_redis: tuple[Workshop, OwnRedis]):
    workshop, server = with_redis
    workshop.work()
    workshop.state.seconds_needed = 4.0
    takes = workshop.start_takes(4)
    workshop.arrival("sora.create", 2)
    server.flush()
    workshop.arrival("sora.get", 2)
    server.stop()
    time.sleep(2)
    server.start()
    for take in takes:
        workshop.until(take, "completed", seconds=60)
    assert (len(workshop.state.calls("sora.create")), workshop.violations()) == (4, [])


def test_a_frozen_queue_is_replaced(workshop: Workshop):
    """What a frozen queue looks like from outside: nobody dies, nothing happens."""
    workshop.work()
    frozen = workshop.queue("media")
    for process in [frozen, *frozen.children(recursive=True)]:
        process.suspend()
    (take,) = workshop.start_takes()
    workshop.until(take, "completed", seconds=40)
    assert workshop.queue("media").pid != frozen.pid
    assert not psutil.pid_exists(frozen.pid)


def test_nothing_outlives_a_worker_command_that_was_killed(workshop: Workshop):
    work = workshop.work()
    work.kill()
    workshop.installation.processes.pop("work").wait()
    eventually(lambda: workshop.processes() == [], 10)


def test_a_deploy_with_work_in_flight(workshop: Workshop):
    """One is being sent, one is asked about, one is downloaded, one is rendered: handed over and finished elsewhere."""
    workshop.work()
    workshop.state.fail("sora.content", Fault(drip=True))
    (downloaded,) = workshop.start_takes()
    workshop.until(downloaded, "fetching")
    workshop.state.seconds_needed = 3.0
    (asked_about,) = workshop.start_takes()
    workshop.until(asked_about, "running")
    (rendered,) = workshop.start_takes(model="animatic", seconds=60)
    workshop.until(rendered, "running")
    workshop.state.fail("sora.create", Fault(late=4))
    (sent,) = workshop.start_takes()
    workshop.arrival("sora.create", 3)
    work = workshop.installation.processes.pop("work")
    work.send_signal(signal.SIGTERM)
    began = time.monotonic()
    work.wait(30)
    print(f"stopped after {time.monotonic() - began:.1f} s")
    assert workshop.processes() == []
    assert [row["pk"] for row in workshop.inside.rows() if row["held"]] == []
    assert workshop.violations(settled=False) == []
    workshop.work()
    for take in (downloaded, asked_about, sent):
        workshop.until(take, "completed")
    workshop.until(rendered, "completed", seconds=90)
    assert (len(workshop.state.calls("sora.create")), workshop.violations()) == (3, [])
