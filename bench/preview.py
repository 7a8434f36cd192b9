"""Measures what one preview of a scene's prompts costs the server. Pages request one at every pause in typing.

Django's test client posts the whole form in this process: times include middleware, session, access, validation of the form,
one prompt per template and the fragment, but no network. CPU is the processor time of one preview, independent of other
load. `templates only` is the same without request and database. The scenes: one with every field filled, one with only title
and action, one with the longest text that its fields hold.
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

WARM_UP = 5
DATABASES = {"sqlite": "", "postgresql": POSTGRES}


def measure(database: str, scenes: int, requests: int) -> list[dict[str, Any]]:
    with Installation(database=database) as installation:
        installation.use_orm()
        return measure_here(scenes, requests)


def measure_here(scenes: int, requests: int) -> list[dict[str, Any]]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from generation.connections import roster_for
    from generation.models import with_takes
    from generation.prompting.samples import EVERY_FIELD, TITLE_AND_ACTION
    from projects import presets
    from projects.models import LONG_TEXT, Scene
    from storyboard.prompt_previews import build_previews

    team, (owner, *_) = make_team()
    client = Client(headers={"host": "localhost"})
    client.force_login(owner)
    _, rows = make_storyboard(team, owner, scenes=scenes, takes=2)
    scene = with_takes(Scene.objects.all()).get(pk=rows[scenes // 2].pk)
    text = "word " * LONG_TEXT
    limits = {field.attname: field.max_length for field in Scene._meta.concrete_fields}
    longest = {name: text[: limits[name]] for name in EVERY_FIELD.keys() - presets.all_presets().keys()}
    forms = {"every field": EVERY_FIELD, "title and action": TITLE_AND_ACTION, "longest text": EVERY_FIELD | longest}

    def typed(values: dict[str, str], number: int) -> dict[str, str]:
        """A different text each time, as with typing: nothing may come from a cache."""
        return values | {"duration": "4", "title": f"Take {number}"}

    def over_http(values: dict[str, str], number: int) -> int:
        response = client.post(f"/scenes/{scene.pk}/prompt", typed(values, number))
        assert response.status_code == 200, response.status_code
        return len(response.content)

    def templates_only(values: dict[str, str], number: int) -> int:
        for name, value in values.items():
            setattr(scene, name, value)
        scene.title = f"Take {number}"
        previews = build_previews(scene, roster_for(team.pk))
        return sum(preview.length for preview in previews)

    ways: dict[str, Callable[[dict[str, str], int], int]] = {"preview": over_http, "templates only": templates_only}
    results = []
    for way, build in ways.items():
        for form, values in forms.items():
            for number in range(WARM_UP):
                build(values, number)
            with CaptureQueriesContext(connection) as queries:
                size = build(values, WARM_UP)
            count = len(queries)
            times, cpu = [], time.process_time()
            for number in range(requests):
                began = time.perf_counter()
                build(values, number)
                times.append(time.perf_counter() - began)
            cpu = (time.process_time() - cpu) / requests
            results.append({"what": way, "form": form, "queries": count, "bytes": size, "times": times, "cpu": cpu})
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=200, help="in the project (%(default)s)")
    parser.add_argument("--requests", type=int, default=100, help="per form (%(default)s)")
    parser.add_argument("--database", choices=DATABASES, nargs="+", default=["sqlite"])
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        print(json.dumps(measure(**json.loads(options.task))))
        return
    rows = []
    for name in options.database:
        task = {"database": DATABASES[name], "scenes": options.scenes, "requests": options.requests}
        for result in measure_apart(__file__, task):
            p50, p95 = (f"{percentile(result['times'], percent) * 1000:.1f}" for percent in (50, 95))
            cpu, size = f"{result['cpu'] * 1000:.1f}", f"{result['bytes'] / 1000:.1f}"
            rows.append([name, result["what"], result["form"], result["queries"], p50, p95, cpu, size])
    print_table(["database", "what", "form", "queries", "p50 ms", "p95 ms", "CPU ms", "kB"], rows)


if __name__ == "__main__":
    main()
