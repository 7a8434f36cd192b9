"""Kill background processes at random while a storyboard renders, then count: every scene one clip, nothing left over.

    python -m tests.faults.kill_rounds --rounds 10                        on SQLite
    python -m tests.faults.kill_rounds --rounds 10 --database postgres://postgres@127.0.0.1:5432/
    python -m tests.faults.kill_rounds --seed 42 --redis redis://127.0.0.1:6379/15

Prints a line per round and exits with 1 when anything was violated.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import psutil

from bench.installation import Installation, make_storyboard, make_team

SCENES = 20
KILLS = 6
DEADLINE_SECONDS = 150


@dataclass
class Outcome:
    seed: int
    kills: list[str]
    seconds: float
    violations: list[str]


def play_round(seed: int, database: str, redis: str) -> Outcome:
    """In a process of its own: Django is set up once per process."""
    dice = random.Random(seed)
    os.environ |= {"IMAGEAI_LEASE_SECONDS": "2", "IMAGEAI_FROZEN_SECONDS": "8", "LOG_LEVEL": "CRITICAL"}
    quick = {name: os.environ[name] for name in ("IMAGEAI_LEASE_SECONDS", "IMAGEAI_FROZEN_SECONDS", "LOG_LEVEL")}
    with Installation(database=database, redis=redis) as installation:
        installation.environment |= quick
        installation.use_orm()
        from generation import pipeline
        from generation.models import Generation
        from generation.states import ACTIVE
        from projects.models import Scene

        team, (owner, *_) = make_team()
        project, _ = make_storyboard(team, owner, scenes=SCENES)
        Scene.objects.update(duration=Decimal(1))
        installation.start("work")
        pipeline.enqueue_missing(project, member=owner)
        started = time.monotonic()
        kills: list[str] = []
        while Generation.objects.filter(status__in=ACTIVE).exists() and time.monotonic() < started + DEADLINE_SECONDS:
            time.sleep(dice.uniform(0.2, 1.2))
            if len(kills) < KILLS:
                kills.append(kill_something(installation, dice))
        seconds = time.monotonic() - started
        installation.stop("work")
        return Outcome(seed, kills, seconds, violations(installation.data))


def kill_something(installation: Installation, dice: random.Random) -> str:
    """Any process of the worker command, or the command itself, which is then started again as a supervisor would."""
    main = psutil.Process(installation.processes["work"].pid)
    victims = [main, *main.children(recursive=True)]
    victim = dice.choice(victims)
    victim.kill()
    if victim != main:
        return "child"
    installation.processes.pop("work").wait()
    installation.start("work")
    return "main"


def violations(data: Path) -> list[str]:
    from generation import media
    from generation.models import Generation
    from generation.states import Status
    from projects.models import Scene

    found = []
    takes = list(Generation.objects.all())
    if len(takes) != SCENES:
        found.append(f"{len(takes)} takes for {SCENES} scenes")
    for take in takes:
        if take.status != Status.COMPLETED:
            found.append(f"take {take.pk} is {take.status}: {take.error_message}")
        elif not Path(take.clip.path).is_file() or not media.inspect(Path(take.clip.path)).poster:
            found.append(f"take {take.pk} has no clip")
        if take.lease_token:
            found.append(f"take {take.pk} is still held")
    if Scene.objects.filter(selected_take=None).exists():
        found.append("a scene has no selected take")
    media.sweep_scratch()
    stored = {str(path.relative_to(data)) for name in ("media", "scratch") for path in (data / name).rglob("*.*")}
    wanted = {
        f"media/{name}" for take in takes for name in (take.clip.name, take.poster.name, take.filmstrip.name) if name
    }
    found += [f"orphan: {name}" for name in sorted(stored - wanted)]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--database", default="", help="a PostgreSQL server; SQLite without")
    parser.add_argument("--redis", default="", help="a Redis database that may be emptied; the ORM broker without")
    parser.add_argument("--single", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    if options.single:
        print(json.dumps(play_round(seed, options.database, options.redis).__dict__))
        return 0
    failed = 0
    for number in range(options.rounds):
        arguments = ["--single", "--seed", str(seed + number), "--database", options.database, "--redis", options.redis]
        command = [sys.executable, "-m", "tests.faults.kill_rounds", *arguments]
        result = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        outcome = Outcome(**json.loads(result.stdout))
        verdict = "; ".join(outcome.violations) or "all done, none doubled, none stuck, nothing orphaned"
        print(f"seed {outcome.seed}  {len(outcome.kills)} kills  {outcome.seconds:5.1f} s  {verdict}", flush=True)
        failed += bool(outcome.violations)
    print(f"{options.rounds - failed} rounds without a violation, {failed} with one")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
