"""One installation for all fault tests of a process: on the database that the suite runs on, on the broker that goes with it.

On PostgreSQL the queues go through a Redis of the tests' own, as teams have it; on SQLite through the database.
FAULTS_BROKER=orm or redis chooses otherwise.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

import pytest

from tests.faults.live_system import QUICK, OwnRedis, Workshop, has_redis, own_redis, workshop_open
from tests.standin import State


def database() -> str:
    return os.environ.get("DATABASE_URL", "")


@pytest.fixture(scope="session")
def broker() -> Iterator[OwnRedis | None]:
    wanted = os.environ.get("FAULTS_BROKER", "redis" if database() else "orm")
    if wanted == "orm" or not has_redis():
        yield None
        return
    with own_redis() as server:
        yield server


@pytest.fixture(scope="session")
def _workshop(broker: OwnRedis | None) -> Iterator[Workshop]:
    with workshop_open(database=database(), redis_url=broker.url if broker else "") as workshop:
        yield workshop


@pytest.fixture
def workshop(_workshop: Workshop, request: pytest.FixtureRequest) -> Iterator[Workshop]:
    """At rest and in order before each test; what a test leaves undone is thrown away."""
    begin_again(_workshop)
    yield _workshop
    with contextlib.suppress(RuntimeError):
        if _workshop.more != QUICK or _workshop.violations():
            _workshop.kill_work()


def begin_again(workshop: Workshop) -> None:
    """Everything is well at the provider; a worker command that is in order goes on."""
    fresh, state = State(), workshop.state
    with state.lock:
        kept = {name: getattr(state, name) for name in ("lock", "content", "charges", "clips", "_numbers", "deleted")}
        vars(state).update(vars(fresh) | kept | {"seconds_needed": 1.0})
    if not workshop.is_working:
        workshop.installation.processes.pop("work", None)
        state.charges.clear()
        state.clips.clear()
        workshop.inside.empty()
        for name in ("media", "scratch", "armed"):
            shutil.rmtree(workshop.installation.data / name, ignore_errors=True)
