"""Measures the time from the click on Generate to Done on an idle server with a worker, split into waiting and rendering.

Web and worker run as in the Procfile. Each run creates a scene of four seconds, waits a random time, and posts the form of
its storyboard button, with session and CSRF token. The database's clock, which is this machine's, tells when rendering began
(`started_at`) and ended (`changed_at` once the row is Fetching); this process reads the row every few milliseconds until it
is Done. Waiting is from click to begin plus from end to Done, which includes checking and storing the clip.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import (
    POSTGRES,
    REDIS,
    Installation,
    make_storyboard,
    make_team,
    measure_apart,
    print_table,
    session_of,
)

DATABASES = {"sqlite": "", "postgresql": POSTGRES}
BROKERS = {"database": "", "redis": REDIS}
LOOK_EVERY_SECONDS = 0.005
GIVE_UP_SECONDS = 120.0
TARGET_SECONDS = 1.0


@dataclass(frozen=True)
class Run:
    """Seconds: to the response, to the start, of the rendering, and from its end to Done."""

    answered: float
    before: float
    rendering: float
    after: float

    @property
    def waiting(self) -> float:
        return self.before + self.after

    @property
    def total(self) -> float:
        return self.before + self.rendering + self.after


def measure(database: str, broker: str, runs: int) -> list[dict[str, float]]:
    with Installation(database=database, redis=broker) as installation:
        installation.use_orm()
        from generation.models import Worker

        team, (owner, *_) = make_team()
        browser = requests.Session()
        browser.cookies.set("sessionid", session_of(owner))
        installation.start("web")
        installation.start("work")
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while not Worker.objects.filter(media_executed_at__isnull=False, remote_executed_at__isnull=False).exists():
            if time.monotonic() > deadline:
                raise SystemExit("The worker did not start.")
            time.sleep(0.1)
        results = []
        for number in range(runs + 1):
            _, (scene,) = make_storyboard(team, owner, scenes=1)
            time.sleep(random.uniform(1, 2))  # keeps out of step with the dispatcher
            result = click(installation.url, browser, scene)
            if number:  # the first run warms up
                results.append(asdict(result))
        return results


def click(url: str, browser: requests.Session, scene: Any) -> Run:
    from generation.models import Generation
    from generation.states import FINAL, Status

    page = browser.get(f"{url}/projects/{scene.project_id}")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert page.status_code == 200, page.status_code
    assert token
    clicked = time.time()
    form = {"take": "1", "csrfmiddlewaretoken": token[1]}
    response = browser.post(f"{url}/scenes/{scene.pk}/generate", form, headers={"HX-Request": "true"})
    answered = time.time() - clicked
    assert response.status_code == 200, response.status_code
    rendered = 0.0
    while time.time() - clicked < GIVE_UP_SECONDS:
        row = Generation.objects.values("status", "changed_at", "started_at", "error_message").get(scene=scene)
        now = time.time()
        if row["status"] == Status.FETCHING and not rendered:
            rendered = row["changed_at"].timestamp()
        if row["status"] in FINAL:
            break
        time.sleep(LOOK_EVERY_SECONDS)
    assert row["status"] == Status.COMPLETED, row
    assert rendered, "The row was never seen between rendering and Done."
    assert row["started_at"] is not None
    began = row["started_at"].timestamp()
    return Run(answered, began - clicked, rendered - began, now - rendered)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="per database and broker (%(default)s)")
    parser.add_argument("--database", choices=DATABASES, nargs="+", default=list(DATABASES))
    parser.add_argument("--broker", choices=BROKERS, nargs="+", default=list(BROKERS))
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        print(json.dumps(measure(**json.loads(options.task))))
        return
    rows = []
    for database in options.database:
        for broker in options.broker:
            task = {"database": DATABASES[database], "broker": BROKERS[broker], "runs": options.runs}
            runs = [Run(**result) for result in measure_apart(__file__, task)]
            columns = [
                [getattr(run, name) for run in runs]
                for name in ("answered", "before", "after", "waiting", "rendering", "total")
            ]
            rows += [
                [database, broker, name, *(f"{function(column):.2f}" for column in columns)]
                for name, function in (("median", statistics.median), ("max", max))
            ]
    headings = ["database", "broker", "", "POST s", "to begin s", "to store s", "waiting s", "rendering s", "total s"]
    print_table(headings, rows)
    print(f"Target: waiting, which is before plus after rendering, under {TARGET_SECONDS:.0f} s.")


if __name__ == "__main__":
    main()
