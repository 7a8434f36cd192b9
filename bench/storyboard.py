"""What a storyboard costs the server, with 20, 100 and 200 scenes of two finished takes each.

Queries, time and bytes of the page, and of one card as the live stream sends it after a change. Django's test client asks
in this process, the sizes taking turns after a warm-up, so times hold middleware, session, view and templates, but no
network and no ASGI server. The queries are to be as many for 200 scenes as for 20, and at most 15.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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

    from generation.live import Page, render_fragments

    team, (owner, *_) = make_team()
    client = Client(headers={"host": "localhost"})
    client.force_login(owner)

    def page_of(project_id: int) -> bytes:
        response = client.get(f"/projects/{project_id}")
        assert response.status_code == 200, response.status_code
        return response.content

    def card_of(scene_id: int) -> bytes:
        return render_fragments([scene_id], page=Page.STORYBOARD, can_edit=True).encode()

    contenders: list[tuple[str, int, Callable[[int], bytes], int]] = []
    for size in sizes:
        project, scenes = make_storyboard(team, owner, scenes=size, takes=TAKES)
        contenders.append(("page", size, page_of, project.pk))
        contenders.append(("one card", size, card_of, scenes[size // 2].pk))
    for _, _, answer, pk in contenders * WARM_UP:
        answer(pk)
    results: list[dict[str, Any]] = []
    for what, size, answer, pk in contenders:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            content = answer(pk)
        assert what != "page" or content.count(b'data-scene="') >= size
        results.append({"what": what, "scenes": size, "queries": len(queries), "bytes": len(content), "times": []})
    for _ in range(requests):
        for result, (_, _, answer, pk) in zip(results, contenders, strict=True):
            began = time.perf_counter()
            answer(pk)
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
        for result in sorted(results, key=lambda result: str(result["what"]), reverse=True):
            p50, p95 = (f"{percentile(result['times'], percent) * 1000:.1f}" for percent in (50, 95))
            size = f"{result['bytes'] / 1000:.1f}"
            rows.append([name, result["what"], result["scenes"], result["queries"], p50, p95, size])
    print_table(["database", "what", "scenes", "queries", "p50 ms", "p95 ms", "HTML kB"], rows)


if __name__ == "__main__":
    main()
