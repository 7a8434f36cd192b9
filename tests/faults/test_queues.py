"""Whatever happens to a queue, its processes and its messages: the work continues, and nothing is done twice."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.faults.conftest import database
from tests.faults.live_system import LiveSystem, OwnRedis, has_redis, open_live_system, own_redis, wait_until
from tests.standin import Fault

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("queues")]
FUTEX = {"x86_64": "202", "aarch64": "98"}


def find_lock_holder(workers: list[psutil.Process]) -> psutil.Process:
    """Of idle workers, one waits for the queue's pipe and holds its lock; the others wait for the lock."""
    waiting = []
    for worker in workers:
        with open(f"/proc/{worker.pid}/syscall") as file:
            if file.read().split()[0] not in FUTEX.values():
                waiting.append(worker)
    assert len(waiting) == 1, waiting
    return waiting[0]


@pytest.mark.parametrize(
    ("lease", "patience"), [(5, 15), pytest.param(20, 30, marks=pytest.mark.long, id="default settings")]
)
def test_an_abandoned_lock_and_a_hanging_task_are_repaired_within_60_s(
    live_system: LiveSystem, lease: int, patience: int
):
    """django-q2's issue 23: an idle worker is killed while it holds the queue's lock. The other queue's only worker hangs."""
    settings = {"IMAGEAI_LEASE_SECONDS": str(lease), "IMAGEAI_FROZEN_SECONDS": str(patience)}
    live_system.start_worker(**settings, IMAGEAI_MEDIA_WORKERS="1")
    armed = live_system.arm("hang")
    (animatic,) = live_system.start_takes(model="animatic", seconds=1)
    wait_until(lambda: not armed.exists(), 10)
    frozen, hanging = live_system.queue("remote").pid, live_system.queue("media").pid
    for _ in range(10):
        with contextlib.suppress(AssertionError):  # one of them is in the middle of a step
            holder = find_lock_holder(live_system.workers_of("remote", 2))
            break
        time.sleep(0.1)
    holder.kill()
    began = time.monotonic()
    (paid,) = live_system.start_takes()
    wait_until(lambda: live_system.is_replaced("remote", frozen) and live_system.is_replaced("media", hanging), 60)
    print(f"both queues were replaced after {time.monotonic() - began:.0f} s")
    for take in (animatic, paid):
        live_system.wait_for(take, "completed", seconds=60)
    for queue in ("remote", "media"):
        assert f"The {queue} queue has executed nothing for {str(patience)[0]}" in live_system.log()
    assert not psutil.pid_exists(frozen)
    assert not psutil.pid_exists(hanging)
    assert live_system.find_violations() == []


def test_a_worker_suspended_past_its_lease_cannot_write(live_system: LiveSystem):
    live_system.state.fail("sora.content", Fault(wait=10))
    live_system.start_worker()
    (take,) = live_system.start_takes()
    sleeper = live_system.find_requester(live_system.wait_for_call("sora.content"))
    sleeper.suspend()
    live_system.agent.expire_leases(takes=[take])
    done = live_system.wait_for(take, "completed")
    sleeper.resume()
    wait_until(lambda: f"Generation {take} was taken over by another worker" in live_system.log(), 20)
    assert (live_system.take(take), live_system.find_violations()) == (done, [])
    assert done["attempt"] == 2


@pytest.mark.database
def test_repeated_messages_send_and_download_once(live_system: LiveSystem):
    """While the take is submitted, polled and downloaded."""
    for operation in ("sora.create", "sora.get", "sora.content"):
        live_system.state.fail(operation, Fault(late=1.5))
    live_system.start_worker(IMAGEAI_LEASE_SECONDS="60")  # on a slow machine too, no lease runs out
    (take,) = live_system.start_takes()
    for operation in ("sora.create", "sora.get", "sora.content"):
        live_system.wait_for_call(operation)
        for queue in ("remote", "media"):
            live_system.agent.deliver_again(take=take, queue=queue, times=10)
    live_system.wait_for(take, "completed")
    assert [len(live_system.state.calls(f"sora.{name}")) for name in ("create", "content")] == [1, 1]
    assert live_system.find_violations() == []


@pytest.mark.database
def test_lost_messages_are_sent_again(live_system: LiveSystem):
    live_system.kill_worker()
    takes = live_system.start_takes(3)
    assert live_system.agent.purge_queues() == 3
    live_system.start_worker()
    for take in takes:
        live_system.wait_for(take, "completed")
    assert live_system.find_violations() == []


@pytest.fixture
def with_redis(broker: OwnRedis | None, request: pytest.FixtureRequest) -> Iterator[tuple[LiveSystem, OwnRedis]]:
    if broker:
        yield request.getfixturevalue("live_system"), broker
        return
    if not has_redis():
        pytest.skip("There is no redis-server.")
    with own_redis() as server, open_live_system(database=database(), redis_url=server.url) as live_system:
        yield live_system, server


@pytest.mark.database
def test_takes_complete_after_redis_is_flushed_and_restarted(with_redis: tuple[LiveSystem, OwnRedis]):
    live_system, server = with_redis
    live_system.start_worker()
    live_system.state.seconds_needed = 4.0
    takes = live_system.start_takes(4)
    live_system.wait_for_call("sora.create", 2)
    server.flush()
    live_system.wait_for_call("sora.get", 2)
    server.stop()
    time.sleep(2)
    server.start()
    for take in takes:
        live_system.wait_for(take, "completed", seconds=60)
    assert (len(live_system.state.calls("sora.create")), live_system.find_violations()) == (4, [])


def test_a_frozen_queue_is_replaced(live_system: LiveSystem):
    """A frozen queue looks like this from outside: no process ends, and nothing is executed."""
    live_system.start_worker()
    frozen = live_system.queue("media")
    for process in [frozen, *frozen.children(recursive=True)]:
        process.suspend()
    (take,) = live_system.start_takes()
    live_system.wait_for(take, "completed", seconds=40)
    assert live_system.queue("media").pid != frozen.pid
    assert not psutil.pid_exists(frozen.pid)


def test_no_process_outlives_a_killed_worker_command(live_system: LiveSystem):
    work = live_system.start_worker()
    work.kill()
    live_system.installation.processes.pop("work").wait()
    wait_until(lambda: live_system.processes() == [], 10)


def test_a_deploy_hands_over_work_in_flight(live_system: LiveSystem):
    """One take is being submitted, one polled, one downloaded, one rendered: another worker command finishes them."""
    live_system.start_worker()
    live_system.state.fail("sora.content", Fault(drip=True))
    (downloaded,) = live_system.start_takes()
    live_system.wait_for(downloaded, "fetching")
    live_system.state.seconds_needed = 3.0
    (polled,) = live_system.start_takes()
    live_system.wait_for(polled, "running")
    (rendered,) = live_system.start_takes(model="animatic", seconds=60)
    live_system.wait_for(rendered, "running")
    live_system.state.fail("sora.create", Fault(late=4))
    (submitted,) = live_system.start_takes()
    live_system.wait_for_call("sora.create", 3)
    work = live_system.installation.processes.pop("work")
    work.send_signal(signal.SIGTERM)
    began = time.monotonic()
    work.wait(30)
    print(f"stopped after {time.monotonic() - began:.1f} s")
    assert live_system.processes() == []
    assert [row["pk"] for row in live_system.agent.list_takes() if row["held"]] == []
    assert live_system.find_violations(settled=False) == []
    live_system.start_worker()
    for take in (downloaded, polled, submitted):
        live_system.wait_for(take, "completed")
    live_system.wait_for(rendered, "completed", seconds=90)
    assert (len(live_system.state.calls("sora.create")), live_system.find_violations()) == (3, [])
