"""One installation for all fault tests of a process, on the suite's database and the broker that goes with it.

With PostgreSQL the queues go through a Redis of the tests' own, as in production; with SQLite through the database.
FAULTS_BROKER=orm or redis overrides that.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

import pytest

from tests.faults.live_system import QUICK, LiveSystem, OwnRedis, has_redis, open_live_system, own_redis
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
def _live_system(broker: OwnRedis | None) -> Iterator[LiveSystem]:
    with open_live_system(database=database(), redis_url=broker.url if broker else "") as live_system:
        yield live_system


@pytest.fixture
def live_system(_live_system: LiveSystem, request: pytest.FixtureRequest) -> Iterator[LiveSystem]:
    """Idle and consistent before each test; what a test leaves unfinished is thrown away."""
    reset(_live_system)
    yield _live_system
    with contextlib.suppress(RuntimeError):
        if _live_system.worker_settings != QUICK or _live_system.find_violations():
            _live_system.kill_worker()


def reset(live_system: LiveSystem) -> None:
    """Clear the provider's faults. A healthy worker command keeps running; without one, all data is removed."""
    fresh, state = State(), live_system.state
    with state.lock:
        kept = {name: getattr(state, name) for name in ("lock", "content", "charges", "clips", "_numbers", "deleted")}
        vars(state).update(vars(fresh) | kept | {"seconds_needed": 1.0})
    if not live_system.is_working:
        live_system.installation.processes.pop("work", None)
        state.charges.clear()
        state.clips.clear()
        live_system.agent.flush()
        for name in ("media", "scratch", "armed"):
            shutil.rmtree(live_system.installation.data / name, ignore_errors=True)
