"""Measures what a storyboard costs the server, with 20, 100 and 200 scenes of two finished takes each.

Queries, time and bytes of each view, of one card and one row as the live stream sends them after a change, of saving a cell
and of moving the last scene to the start, which renumbers all. Django's test client runs in this process and the sizes take
turns after a warm-up, so times include middleware, session, view and templates, but no network and no ASGI server. Target:
as many queries for 200 scenes as for 20.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import (
    POSTGRES,
    Installation,
    make_storyboard,
    make_team,
    measure_apart,
    percentile,
    print_table,
)

if TYPE_CHECKING:
    from projects.models import Project, Scene

Action = Callable[["Project", "list[Scene]"], bytes]

TAKES = 2
WARM_UP = 5
DATABASES = {"sqlite": "", "postgresql": POSTGRES}


def measure(database: str, sizes: list[int], requests: int) -> list[dict[str, Any]]:
    with Installation(database=database) as installation:
        installation.use_orm()
        return measure_here(sizes, requests)


def measure_here(sizes: list[int], requests: int) -> list[dict[str, Any]]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from storyboard.live import Page, render_fragments

    team, (owner, *_) = make_team()
    client = Client(headers={"host": "localhost"})
    client.force_login(owner)

    def page(path: str) -> Action:
        def get(project: Project, scenes: list[Scene]) -> bytes:
            response = client.get(f"/projects/{project.pk}{path}")
            assert response.status_code == 200, response.status_code
            return response.content

        return get

    def fragment(page: Page) -> Action:
        return lambda project, scenes: render_fragments([scenes[0].pk], page=page, can_edit=True).encode()

    def save_a_cell(project: Project, scenes: list[Scene]) -> bytes:
        response = client.post(f"/scenes/{scenes[0].pk}/cells/notes", {"value": secrets.token_hex(4)})
        assert response.status_code == 200, response.status_code
        return response.content

    def move_last_to_start(project: Project, scenes: list[Scene]) -> bytes:
        last = project.scenes.latest("position")
        response = client.post(f"/scenes/{last.pk}/move", {"after": ""})
        assert response.status_code == 302, response.status_code
        return response.content

    actions: dict[str, Action] = {
        "board": page(""),
        "board, filtered": page("?state=stale"),
        "table": page("/table"),
        "animatic": page("/animatic"),
        "sheets": page("/print"),
        "one card": fragment(Page.STORYBOARD),
        "one row": fragment(Page.TABLE),
        "save a cell": save_a_cell,
        "move to the start": move_last_to_start,
    }
    boards = [(size, *make_storyboard(team, owner, scenes=size, takes=TAKES)) for size in sizes]
    runs = [(name, action, board) for name, action in actions.items() for board in boards]
    for _, action, (_, project, scenes) in runs * WARM_UP:
        action(project, scenes)
    results: list[dict[str, Any]] = []
    for name, action, (size, project, scenes) in runs:
        with CaptureQueriesContext(connection) as queries:
            content = action(project, scenes)
        assert name not in {"board", "table", "animatic"} or content.count(b'data-scene="') >= size
        results.append({"name": name, "scenes": size, "queries": len(queries), "bytes": len(content), "times": []})
    for _ in range(requests):
        for result, (_, action, (_, project, scenes)) in zip(results, runs, strict=True):
            began = time.perf_counter()
            action(project, scenes)
            result["times"].append(time.perf_counter() - began)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, nargs="+", default=[20, 100, 200])
    parser.add_argument("--requests", type=int, default=40, help="per size and database (%(default)s)")
    parser.add_argument("--database", choices=DATABASES, nargs="+", default=list(DATABASES))
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        print(json.dumps(measure(**json.loads(options.task))))
        return
    rows = []
    for name in options.database:
        task = {"database": DATABASES[name], "sizes": options.scenes, "requests": options.requests}
        results = measure_apart(__file__, task)
        for result in results:
            p50, p95 = (f"{percentile(result['times'], percent) * 1000:.1f}" for percent in (50, 95))
            size = f"{result['bytes'] / 1000:.1f}"
            rows.append([name, result["name"], result["scenes"], result["queries"], p50, p95, size])
    print_table(["database", "action", "scenes", "queries", "p50 ms", "p95 ms", "HTML kB"], rows)


if __name__ == "__main__":
    main()
