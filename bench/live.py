"""Measures how soon open pages show a finished take, and what 1, 200 and 1,000 of them cost the web process.

One real web process, started as in the Procfile, that has served a storyboard and a panel before. A second process holds
the event streams: raw sockets of owners, editors and viewers, four of five on the storyboard, the rest on the pages of its
scenes. This process completes one take after another through the pipeline's own lease, about one a second. Latency is from
just before that COMMIT to the byte that ends the card's fragment, over every stream that shows the scene; `missed` counts
fragments that never came. CPU, RSS, threads and open files are the web process's during the changes. `open` counts the
streams that caught up within a minute, all connecting at once as after an outage; `in s` is how long the last of them took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import resource
import subprocess
import sys
import time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psutil
import requests
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import (
    Installation,
    make_storyboard,
    make_team,
    measure_apart,
    percentile,
    print_table,
    session_of,
    take_fields,
)

if TYPE_CHECKING:
    from generation.models import Generation
    from projects.models import Scene
    from teams.models import User

PEOPLE_PER_ROLE = 12  # so that no session opens more pages than it may
SCENE_PAGE_EVERY = 5
OPEN_SECONDS = 60
TARGET_SECONDS = 0.6
TARGET_MB = 150
_DONE = re.compile(rb"/takes/(\d+)/poster\.webp")


# -- The pages, in a process of their own ------------------------------------------------------------------------------


class Stream(asyncio.Protocol):
    """One open page: records when each take was first shown as done."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.caught_up_at: float | None = None
        self.unread = b""
        self.events = 0
        self.shown_at: dict[int, float] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self.request)  # uvloop's transport does not inherit from asyncio's

    def data_received(self, data: bytes) -> None:
        now = time.time()
        *events, self.unread = (self.unread + data).split(b"\n\n")
        for event in events:
            self.events += 1
            for take_id in _DONE.findall(event):
                self.shown_at.setdefault(int(take_id), now)
        if self.events >= 2 and self.caught_up_at is None:  # the first event only configures reconnecting
            self.caught_up_at = now


def _itself(stream: Stream) -> Stream:
    return stream


async def hold_streams(port: int, pages: list[tuple[str, str]]) -> None:
    """Open all streams and print when they caught up; when standard input ends, print what each has shown."""
    loop = asyncio.get_running_loop()
    streams = []
    for path, session in pages:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: sessionid={session}\r\n\r\n"
        streams.append(Stream(request.encode()))
    began = time.time()
    connections = (loop.create_connection(partial(_itself, stream), "127.0.0.1", port) for stream in streams)
    await asyncio.gather(*connections)
    while time.time() < began + OPEN_SECONDS and any(stream.caught_up_at is None for stream in streams):
        await asyncio.sleep(0.1)
    print(json.dumps([stream.caught_up_at - began for stream in streams if stream.caught_up_at]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps([stream.shown_at for stream in streams]))


def raise_file_limit() -> None:
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


# -- The changes -------------------------------------------------------------------------------------------------------


def make_takes(scenes: list[Scene], user: User) -> list[Generation]:
    """Create one rendered take per scene, ready to be stored."""
    from generation import catalogue
    from generation.models import Generation
    from generation.states import Status

    model = catalogue.default_video_model()
    takes = [
        Generation(**take_fields(scene, user, model), number=1, status=Status.FETCHING, progress=99) for scene in scenes
    ]
    return Generation.objects.bulk_create(takes)


def finish(take: Generation) -> float:
    """Write what the pipeline writes when a take completes. Returns the time just before the commit."""
    from django.db import transaction
    from django.db.models.functions import Now

    from generation.jobs.lease import Lease
    from generation.models import select_newest
    from generation.states import Status

    lease = Lease.claim(take.pk)
    assert lease is not None
    files: dict[str, Any] = {
        "clip": f"takes/{take.pk}/clip.mp4",
        "poster": f"takes/{take.pk}/poster.webp",
        "clip_bytes": 1_500_000,
    }
    result: dict[str, Any] = {
        "progress": 100,
        "finished_at": Now(),
        "actual_cost": Decimal(0),
        "clip_seconds": Decimal(4),
    }
    with transaction.atomic():
        lease.release(status=Status.COMPLETED, **files, **result)
        select_newest(take)
        return time.time()


def measure(database: str, streams: int, changes: int, every: float) -> dict[str, Any]:
    with Installation(database=database) as installation:
        installation.use_orm()
        team, people = make_team(PEOPLE_PER_ROLE)
        project, scenes = make_storyboard(team, people[0], scenes=changes)
        sessions = [session_of(user) for user in people]
        takes = make_takes(scenes, people[0])
        time.sleep(4)  # longer than the window of a catch-up, so that there is nothing to catch up on
        since = f"{time.time():.6f}"
        storyboard = f"/projects/{project.pk}/stream?since={since}"
        pages, watched = [], []
        for number in range(streams):
            scene = scenes[number // SCENE_PAGE_EVERY % len(scenes)]
            on_scene = number % SCENE_PAGE_EVERY == SCENE_PAGE_EVERY - 1
            path = f"/scenes/{scene.pk}/stream?since={since}" if on_scene else storyboard
            pages.append((path, sessions[number % len(sessions)]))
            watched.append({scene.pk} if on_scene else {scene.pk for scene in scenes})

        web = installation.start("web")
        for path in (f"/projects/{project.pk}", f"/scenes/{scenes[0].pk}/panel.webp"):  # warms the process up
            requests.get(installation.url + path, cookies={"sessionid": sessions[0]}, timeout=60).raise_for_status()
        idle_mb = web.memory_info().rss / 1e6
        command = [sys.executable, __file__, "--task", json.dumps({"port": installation.port, "pages": pages})]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None
            opened_after = json.loads(holder.stdout.readline())
            time.sleep(2)
            client = psutil.Process(holder.pid)
            began, web_began, client_began = time.monotonic(), cpu_seconds(web), cpu_seconds(client)
            committed, most_bytes = {}, 0
            for take in takes:
                committed[take.pk] = finish(take)
                time.sleep(every * random.uniform(0.7, 1.3))  # keeps out of step with the server's reads
                most_bytes = max(most_bytes, web.memory_info().rss)
            wall = time.monotonic() - began
            web_cpu, client_cpu = cpu_seconds(web) - web_began, cpu_seconds(client) - client_began
            threads, files = web.num_threads(), web.num_fds()
            output, _ = holder.communicate()
        latencies, missed = [], 0
        for shown_at, scene_ids in zip(json.loads(output), watched, strict=True):
            for take in takes:
                if take.scene_id in scene_ids:
                    arrived = shown_at.get(str(take.pk))
                    missed += arrived is None
                    latencies += [] if arrived is None else [arrived - committed[take.pk]]
        return {
            "streams": streams,
            "fragments": len(latencies),
            "missed": missed,
            "latencies": [percentile(latencies, percent) for percent in (50, 95, 100) if latencies],
            "web_cpu": web_cpu / wall,
            "client_cpu": client_cpu / wall,
            "idle_mb": idle_mb,
            "most_mb": most_bytes / 1e6,
            "threads": threads,
            "files": files,
            "open": len(opened_after),
            "open_seconds": max(opened_after, default=0.0),
        }


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 200, 1000])
    parser.add_argument("--changes", type=int, default=30, help="takes that turn Done, per row (%(default)s)")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between changes (%(default)s)")
    parser.add_argument("--database", default="", metavar="URL", help="a PostgreSQL server; SQLite without")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    raise_file_limit()
    if options.task:
        task = json.loads(options.task)
        if "pages" in task:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(hold_streams(**task))
        else:
            print(json.dumps(measure(**task)))
        return
    rows = []
    for streams in options.streams:
        task = {"database": options.database, "streams": streams, "changes": options.changes, "every": options.every}
        result = measure_apart(__file__, task)
        latencies = [f"{seconds:.2f}" for seconds in result["latencies"]] or ["-"] * 3
        cpu = [f"{result[name]:.0%}" for name in ("web_cpu", "client_cpu")]
        memory = [f"{result[name]:.0f}" for name in ("idle_mb", "most_mb")]
        counts = [result[name] for name in ("open", "fragments", "missed")]
        opened = f"{result['open_seconds']:.1f}"
        rows.append([streams, counts[0], opened, *counts[1:], *latencies, *cpu, *memory])
        rows[-1] += [result["threads"], result["files"]]
    headings = ["streams", "open", "in s", "fragments", "missed", "p50 s", "p95 s", "max s", "web CPU", "client CPU"]
    print_table([*headings, "MB before", "MB most", "threads", "files"], rows)
    print(f"Targets at 1,000: p95 under {TARGET_SECONDS} s, under {TARGET_MB} MB.")


if __name__ == "__main__":
    main()
