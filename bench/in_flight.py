"""Measures how late polls are, and what the workers cost, with many takes at a provider that needs 100 ms to answer.

python -m bench.in_flight [--takes 2000] [--seconds 60] [--sqlite]
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import tempfile
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from bench.hosted import Arrival, stand_in_process
from bench.installation import POSTGRES, REDIS, Installation, make_storyboard, make_team, processes_of

WARM_UP_SECONDS = 20


def make_rows(count: int) -> list[str]:
    """Create takes that have been running for up to five minutes, so that their polls are spread. Returns the clip ids."""
    from django.utils import timezone

    from bench.installation import take_fields
    from generation import catalogue, connections
    from generation.models import Generation

    team, (owner, *_) = make_team()
    _, scenes = make_storyboard(team, owner, scenes=count)
    resolved = connections.read_environment().get("sora")
    assert resolved is not None
    connection, model, now = resolved.ensure_row(), catalogue.find("sora-2"), timezone.now()
    fields = take_fields(scenes[0], owner, model) | {"connection": connection, "status": "running", "number": 1}
    fields |= {"provider": "sora", "model_id": "sora-2"}
    ids = [f"video_{number}" for number in range(count)]
    rows = []
    for remote_id, scene in zip(ids, scenes, strict=True):
        began = now - timedelta(seconds=random.uniform(0, 300))
        due = now + timedelta(seconds=random.uniform(0, 15))
        values = fields | {"scene": scene, "remote_id": remote_id, "started_at": began, "next_step_at": due}
        rows.append(Generation(**values))
    Generation.objects.bulk_create(rows)
    return ids


def watch_due_times(seconds: float) -> dict[str, set[float]]:
    """Read once a second, for `seconds`, when each clip is due for a poll."""
    from generation.models import Generation

    due: dict[str, set[float]] = defaultdict(set)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for remote_id, at in Generation.objects.values_list("remote_id", "next_step_at"):
            due[remote_id].add(at.timestamp())
        time.sleep(1)
    return due


def lateness(due: dict[str, set[float]], arrivals: list[Arrival], since: float, until: float) -> list[float]:
    """Seconds from each due time to the first poll after it."""
    polls: dict[str, list[float]] = defaultdict(list)
    for arrival in arrivals:
        if arrival.operation == "sora.get":
            polls[arrival.clip_id].append(arrival.at)
    late = []
    for clip_id, times in due.items():
        for at in times:
            if since <= at <= until:
                after = [poll for poll in polls[clip_id] if poll >= at - 0.05]
                late.append(max(0.0, min(after) - at) if after else until - at)
    return sorted(late)


def cpu_seconds(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def memory(processes: list[psutil.Process]) -> tuple[float, float]:
    """Total RSS and PSS in MB; PSS counts shared memory only once."""
    rss = pss = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            info = process.memory_full_info()
            rss, pss = rss + info.rss, pss + info.pss
    return rss / 1e6, pss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--takes", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--sqlite", action="store_true", help="SQLite and its queue in place of PostgreSQL and Redis")
    options = parser.parse_args()
    servers: dict[str, Any] = {} if options.sqlite else {"database": POSTGRES, "redis": REDIS}
    clips = [f"video_{number}" for number in range(options.takes)]
    with (
        tempfile.TemporaryDirectory() as folder,
        stand_in_process(Path(folder), latency=0.1, clips=clips) as provider,
        Installation(**servers) as installation,
    ):
        installation.environment |= provider.environment(SORA_MAX_IN_FLIGHT="1000")
        installation.use_orm()
        make_rows(options.takes)
        installation.start("work")
        time.sleep(WARM_UP_SECONDS)
        workers = processes_of(installation.data)
        before, since = cpu_seconds(workers), time.time()
        due = watch_due_times(options.seconds)
        until, used = time.time(), cpu_seconds(workers) - before
        rss, pss = memory(workers)
        late = lateness(due, provider.arrivals(), since, until - 3)
        polls = [arrival for arrival in provider.arrivals() if since <= arrival.at <= until]
    points, seconds = statistics.quantiles(late, n=20), until - since
    names = "SQLite" if options.sqlite else "PostgreSQL and Redis"
    print(f"{options.takes} in flight, {names}, {seconds:.0f} s")
    print(
        f"  lateness of {len(late)} polls   p50 {points[9]:.2f} s   p95 {points[18]:.2f} s (< 0.50)   max {late[-1]:.2f} s"
    )
    print(f"  requests at the provider  {len(polls) / seconds:.0f} per second")
    print(
        f"  workers  {used / seconds:.2f} cores (< 1.00)   {pss:.0f} MB PSS (< 300)   {rss:.0f} MB RSS in {len(workers)}"
    )


if __name__ == "__main__":
    main()
