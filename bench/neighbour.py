"""Measures what a team's slow server does to another team: its renders, its pages and the memory of the processes.

Every answer of the server arrives a byte at a time. The slow team has clips to download, to poll and to submit there, a list
of models, and presses "Test connection" eleven times at once.

python -m bench.neighbour [--postgres] [--renders 3]
"""

from __future__ import annotations

import argparse
import contextlib
import threading
import time
from typing import Any

import psutil
import requests

from bench.installation import (
    POSTGRES,
    REDIS,
    Installation,
    make_storyboard,
    make_team,
    print_table,
    session_of,
    take_fields,
)
from tests.standin.hostile import bomb, dripping_body, hostile_server

TESTS = 11
LONGEST_SECONDS = 200.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renders", type=int, default=3)
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL and Redis in place of SQLite and its queue")
    options = parser.parse_args()
    servers: dict[str, Any] = {"database": POSTGRES, "redis": REDIS} if options.postgres else {}
    with (
        Installation(**servers) as installation,
        hostile_server(dripping_body) as drip,
        hostile_server(bomb) as bombing,
    ):
        installation.environment |= {"IMAGEAI_TEAM_HOSTS": "127.0.0.1", "IMAGEAI_MEDIA_WORKERS": "2"}
        installation.use_orm()
        team, (owner, *_) = make_team()
        _, scenes = make_storyboard(team, owner, scenes=2 * options.renders)
        installation.start("work")
        web = installation.start("web")
        time.sleep(8)
        rows = [["a render, nobody else", f"{render(scenes[: options.renders], owner):.1f} s"]]
        rows.append(["a page, nobody else", f"{open_pages(installation, session_of(owner), 5):.2f} s"])
        slow_owner, connection = make_slow_team(drip, bombing)
        time.sleep(3)
        rows.append(["a render beside the slow server", f"{render(scenes[options.renders :], owner):.1f} s"])
        session, before = session_of(slow_owner), web.memory_info().rss
        tests = [
            threading.Thread(target=press_test, args=(installation, session, pk), daemon=True)
            for pk in [connection.pk] * TESTS
        ]
        for test in tests:
            test.start()
        time.sleep(1)
        rows.append([f"a page beside {TESTS} tests", f"{open_pages(installation, session_of(owner), 10):.2f} s"])
        for test in tests:
            test.join(40)
        rows.append(["memory of web for a bomb", f"{grow_by_bomb(installation, session, web, before):.0f} MB"])
    print_table(["what", "longest"], rows)


def make_slow_team(drip: str, bombing: str) -> tuple[Any, Any]:
    from django.db.models.functions import Now

    from generation import catalogue
    from generation.connections import team_connections
    from generation.models import Connection, Generation
    from generation.states import Status
    from teams.models import Role, Team, User

    team, owner = Team.objects.create(name="Slow"), User.objects.create_user("slow@example.com", name="Slow")
    team.add(owner, Role.OWNER)
    _, scenes = make_storyboard(team, owner, scenes=20)
    connections = []
    for name, provider, url in (("Drip", "sora", drip), ("List", "openrouter", drip), ("Bomb", "openrouter", bombing)):
        connection = Connection(provider=provider, name=name, base_url=url, max_in_flight=100)
        connection.keep_key("sk-key-of-the-slow-team")
        team_connections.add(connection, team)
        connections.append(connection)
    model = catalogue.find("sora-2")
    for number, scene in enumerate(scenes):
        status = (Status.FETCHING, Status.RUNNING, Status.QUEUED)[number % 3]
        fields = take_fields(scene, owner, model) | {"connection": connections[0], "status": status, "number": 1}
        Generation.objects.create(**fields, remote_id=f"video_{number}", started_at=Now(), submitted_at=Now())
    return owner, connections[0]


def render(scenes: list[Any], owner: Any) -> float:
    """The longest time of a local render from the click to the finished clip, in seconds."""
    from generation import pipeline
    from generation.models import Generation

    times = []
    for scene in scenes:
        began = time.monotonic()
        take = pipeline.enqueue(scene, number=1, member=owner).take
        while Generation.objects.active().filter(pk=take.pk).exists() and time.monotonic() - began < LONGEST_SECONDS:
            time.sleep(0.05)
        times.append(time.monotonic() - began)
    return max(times)


def open_pages(installation: Installation, session: str, count: int) -> float:
    times = []
    for _ in range(count):
        began = time.monotonic()
        requests.get(f"{installation.url}/queue", cookies={"sessionid": session}, timeout=LONGEST_SECONDS)
        times.append(time.monotonic() - began)
    return max(times)


def press_test(installation: Installation, session: str, pk: int) -> None:
    from django.urls import reverse

    # What still waits at the end loses its connection.
    with requests.Session() as browser, contextlib.suppress(requests.ConnectionError):
        browser.cookies.set("sessionid", session)
        browser.get(f"{installation.url}/connections", timeout=LONGEST_SECONDS)
        token = browser.cookies.get("csrftoken") or ""
        headers = {"X-CSRFToken": token, "HX-Request": "true"}
        url = installation.url + reverse("team_connection_test", args=[pk])
        browser.post(url, headers=headers, timeout=LONGEST_SECONDS, allow_redirects=False)


def grow_by_bomb(installation: Installation, session: str, web: psutil.Process, before: int) -> float:
    """Megabytes that web grows by while it tests a connection to a server that sends a bomb."""
    from generation.models import Connection

    peak, pk = before, Connection.objects.get(name="Bomb").pk
    test = threading.Thread(target=press_test, args=(installation, session, pk), daemon=True)
    test.start()
    while test.is_alive():
        peak = max(peak, web.memory_info().rss)
        time.sleep(0.02)
    return (peak - before) / 1024**2


if __name__ == "__main__":
    main()
