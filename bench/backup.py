"""Backs an installation up while paid takes run, restores it into an empty one, and lets that end them.

python -m bench.backup [--clips 40] [--postgres]

`charges` are the provider's own: no clip is charged twice, although the restored installation continues the same takes. What
waited to be sent then is not sent again, because it may have been since: it is found at the provider or needs review.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.hosted import stand_in_process
from bench.installation import POSTGRES, ROOT, Installation, make_storyboard, make_team, print_table

WAIT_SECONDS = 240


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    servers: dict[str, Any] = {"database": POSTGRES} if options.postgres else {}
    with (
        tempfile.TemporaryDirectory() as folder,
        stand_in_process(Path(folder), seconds_needed=4) as provider,
        Installation(**servers, static=False) as old,
        Installation(**servers, static=False, migrate=False) as new,
    ):
        for site in (old, new):
            site.environment |= provider.environment(SORA_MAX_IN_FLIGHT="4")
        old.use_orm()
        from generation import pipeline
        from generation.models import Generation
        from projects.models import Project

        team, (owner, *_) = make_team()
        project, _ = make_storyboard(team, owner, scenes=options.clips)
        Project.objects.update(model_id="sora-2")
        old.start("work")
        pipeline.enqueue_missing(Project.objects.get(pk=project.pk), member=owner)
        wait_until(lambda: Generation.objects.done().count() >= options.clips // 4)
        backup, keys = Path(folder) / "backup", Path(folder) / "keys"
        backed_up_in = timed(old, "backup", str(backup), "--keys", str(keys))
        done = Generation.objects.done().count()
        old.stop("work")
        restored_in = timed(new, "restore", str(backup), "--keys", str(keys))
        new.start("work")
        wait_until(lambda: sum(count(new)) == options.clips)
        new.stop("work")
        size = sum(path.stat().st_size for path in backup.rglob("*") if path.is_file()) / 1e6
        charges = sum(arrival.operation == "sora.create" for arrival in provider.arrivals())
        row = ["PostgreSQL" if options.postgres else "SQLite", options.clips, done, f"{size:.1f}"]
        row += [f"{backed_up_in:.1f}", f"{restored_in:.1f}", *count(new), charges]
    print_table(
        ["database", "takes", "done then", "MB", "backup s", "restore s", "done after", "to review", "charges"], [row]
    )


def wait_until(holds: Any) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"Not reached within {WAIT_SECONDS} s.")
        time.sleep(0.1)


def timed(site: Installation, *arguments: str) -> float:
    began = time.monotonic()
    site.manage(*arguments)
    return time.monotonic() - began


def count(site: Installation) -> list[int]:
    """Takes that are done and that need review. In a process of its own: this one works with the other database."""
    counts = "[Generation.objects.filter(status=status).count() for status in ('completed', 'unknown')]"
    program = f"from generation.models import Generation; print({counts})"
    command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", program]
    output = subprocess.run(command, env=site.environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return [int(number) for number in output.stdout.splitlines()[-1].strip("[]").split(",")]


if __name__ == "__main__":
    main()
