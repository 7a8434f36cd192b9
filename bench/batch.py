"""Measures how long ten clips take that need twelve seconds each at the provider, two at a time. Ideal: sixty seconds.

python -m bench.batch [--clips 10] [--seconds 12] [--postgres]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.hosted import stand_in_process
from bench.installation import POSTGRES, REDIS, Installation, make_storyboard, make_team

SLOTS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=12, help="how long the provider needs for each")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL and Redis in place of SQLite and its queue")
    options = parser.parse_args()
    servers: dict[str, Any] = {"database": POSTGRES, "redis": REDIS} if options.postgres else {}
    with (
        tempfile.TemporaryDirectory() as folder,
        stand_in_process(Path(folder), seconds_needed=options.seconds) as provider,
        Installation(**servers) as installation,
    ):
        installation.environment |= provider.environment(SORA_MAX_IN_FLIGHT=str(SLOTS))
        installation.use_orm()
        from generation import pipeline
        from generation.models import Generation
        from projects.models import Project

        team, (owner, *_) = make_team()
        project, _ = make_storyboard(team, owner, scenes=options.clips)
        Project.objects.update(model_id="sora-2")
        installation.start("work")
        time.sleep(5)
        began = time.monotonic()
        pipeline.enqueue_missing(Project.objects.get(pk=project.pk), member=owner)
        while Generation.objects.active().exists() and time.monotonic() - began < 10 * options.seconds * options.clips:
            time.sleep(0.05)
        wall = time.monotonic() - began
        done = Generation.objects.done().count()
        charges = sum(arrival.operation == "sora.create" for arrival in provider.arrivals())
    ideal = options.seconds * options.clips / SLOTS
    database = "PostgreSQL" if options.postgres else "SQLite"
    print(f"{options.clips} clips of {options.seconds:.0f} s, {SLOTS} at a time, {database}")
    print(f"  {wall:.1f} s, {wall / ideal:.3f} of the ideal {ideal:.0f} s (<= 1.100)")
    print(f"  {done} done, {charges} charged")


if __name__ == "__main__":
    main()
