"""Random rounds: paid takes under random kills, then everything is counted. A violation names the seed that plays it again.

    script/test --faults 10                                                 on SQLite, through its queue
    script/test --faults 10 --database postgres://postgres@127.0.0.1:5432/ --own-redis
    script/test --faults 1 --seed 42

DATABASE_URL and REDIS_URL choose as the options do; REDIS_URL names a Redis database that may be emptied. Exits with 1 where
anything was violated.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import psutil

from tests.faults.live_system import PRICE, QUICK, Workshop, own_redis, workshop_open
from tests.standin import Fault

OVER = {"completed", "failed", "cancelled", "unknown"}
DEADLINE_SECONDS = 120
#: After which leases of the dead are taken for run out, so that no round waits for minutes.
PATIENCE_SECONDS = 4.0
FAULTS = {
    "sora.create": [Fault(drop=True), Fault(wait=1), Fault(late=1), Fault(status=429, headers={"Retry-After": "1"})],
    "sora.get": [Fault(status=500), Fault(garbage=True), Fault(wait=1)],
    "images.generate": [Fault(late=1), Fault(drop=True), Fault(status=500), Fault(garbage=True)],
    "sora.content": [Fault(truncate=True), Fault(html=True), Fault(wait=1)],
}


@dataclass
class Totals:
    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    charges: int = 0
    refused: int = 0
    violated: list[int] = field(default_factory=list)


def play(workshop: Workshop, seed: int, totals: Totals) -> str:
    """One round in a project of its own; a line about it."""
    dice, inside, state = random.Random(seed), workshop.inside, workshop.state
    state.seconds_needed = dice.uniform(0.0, 2.5)
    state.latency = dice.uniform(0.0, 0.2)
    for operation, faults in FAULTS.items():
        if dice.random() < 0.3:
            state.fail(operation, dice.choice(faults))
    count, fit = dice.randint(3, 6), dice.randint(2, 6)
    project = inside.make(scenes=count, cap=str(PRICE * fit))
    drawn = inside.make(scenes=dice.randint(0, 2), model="animatic", seconds=1)
    began, charges = time.monotonic(), len(state.charges)
    takes = inside.start_fitting(project=project) + inside.start_missing(project=drawn)
    requests = [inside.ask_for_pictures(count=dice.randint(1, 3)) for _ in range(dice.randint(0, 2))]
    kills = []
    for _ in range(dice.randint(2, 4)):
        time.sleep(dice.uniform(0.0, 1.2))
        kills.append(kill_something(workshop, dice))
        if dice.random() < 0.2:
            inside.cancel(take=dice.choice(takes))
    settle(workshop, takes, requests)
    statuses = Counter(row["status"] for row in inside.rows() if row["pk"] in takes)
    statuses.update(f"pictures {row['status']}" for row in inside.pictures() if row["pk"] in requests)
    found = workshop.violations() + inside.findings()
    totals.rounds += 1
    totals.kills.update(kills)
    totals.statuses.update(statuses)
    totals.charges += len(state.charges) - charges
    totals.refused += max(0, count - fit)
    if found:
        totals.violated.append(seed)
    told = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
    return (
        f"seed {seed}  {len(kills)} kills ({', '.join(kills)})  {time.monotonic() - began:4.1f} s"
        f"  {len(state.charges) - charges} charges; {told}  {'; '.join(found) or 'exact'}"
    )


def kill_something(workshop: Workshop, dice: random.Random) -> str:
    """Any process of the worker command, the command itself, or all: whoever supervises it starts it again."""
    work = workshop.installation.processes["work"]
    processes = workshop.processes() or [psutil.Process(work.pid)]  # one that has just begun has no environment yet
    what = "command"
    if dice.random() < 0.15:
        workshop.kill_work()
        what = "everything"
    else:
        victim = dice.choice(processes)
        with contextlib.suppress(psutil.Error):
            victim.kill()
        if victim.pid != work.pid:
            return "child"
        workshop.installation.processes.pop("work").wait()
    workshop.installation.start("work")
    return what


def settle(workshop: Workshop, takes: list[int], requests: list[int]) -> None:
    """Until all are over. What the dead held is let go after a few seconds, as a minute or a long lease would do."""
    deadline, patience = time.monotonic() + DEADLINE_SECONDS, time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        rows = {row["pk"]: row for row in workshop.inside.rows()}
        open_takes = [pk for pk in takes if rows[pk]["status"] not in OVER]
        asked = {row["pk"]: row["status"] for row in workshop.inside.pictures()}
        if not open_takes and all(asked[pk] in OVER for pk in requests):
            return
        if time.monotonic() > patience:
            patience = time.monotonic() + PATIENCE_SECONDS
            sending = [
                pk for pk in open_takes if rows[pk]["status"] in ("submitting", "running") and rows[pk]["remote"]
            ]
            workshop.inside.let_leases_run_out(takes=sending)
            workshop.inside.let_leases_of_pictures_run_out()
            workshop.inside.end_pauses()
        time.sleep(0.2)


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[Workshop]:
    with contextlib.ExitStack() as stack:
        redis_url = options.redis
        if options.own_redis:
            redis_url = stack.enter_context(own_redis()).url
        yield stack.enter_context(workshop_open(database=options.database, redis_url=redis_url))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=1)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--database", default=os.environ.get("DATABASE_URL", ""), help="a PostgreSQL server")
    parser.add_argument("--redis", default=os.environ.get("REDIS_URL", ""), help="a Redis database that may be emptied")
    parser.add_argument("--own-redis", action="store_true", help="a redis-server of its own is started")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no round after so many minutes")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    broker = "Redis" if options.redis or options.own_redis else "the ORM broker"
    print(f"{'PostgreSQL' if options.database else 'SQLite'} and {broker}, from seed {seed}", flush=True)
    totals = Totals()
    with opened(options) as workshop:
        workshop.work(**QUICK | {"LOG_LEVEL": "WARNING"})
        until = time.monotonic() + 60 * options.minutes
        for number in range(options.rounds):
            if time.monotonic() > until:
                break
            print(play(workshop, seed + number, totals), flush=True)
        books = workshop.inside.books()
    done = totals.statuses
    print(f"{totals.rounds} rounds, {sum(totals.kills.values())} kills: {dict(totals.kills)}")
    print(f"takes: {dict(done)}; {totals.refused} clicks refused by caps; {totals.charges} charges")
    print(f"ledger: {books['ledger'][0]} set aside, {books['ledger'][1]} spent; budgets of teams {books['teams']}")
    print(f"violations in {len(totals.violated)} rounds {totals.violated or ''}")
    exact = Decimal(books["ledger"][1]) == PRICE * books["paid"] + Decimal(books["pictures"])
    told = f"{books['paid']} paid clips at {PRICE}, pictures for {books['pictures']}"
    print(f"{told}: {'exact' if exact else 'NOT what the ledger says'}")
    return 0 if exact and not totals.violated else 1


if __name__ == "__main__":
    sys.exit(main())
