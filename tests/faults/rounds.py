"""Random rounds: paid takes under random kills, then a full audit. A violation names the seed that repeats it.

    script/test --faults 10                                                 on SQLite, through its queue
    script/test --faults 10 --database postgres://postgres@127.0.0.1:5432/ --own-redis
    script/test --faults 1 --seed 42

DATABASE_URL and REDIS_URL work like the options; REDIS_URL names a Redis database that may be emptied. Exits with 1 on any
violation.
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

from tests.faults.live_system import PRICE, QUICK, LiveSystem, open_live_system, own_redis
from tests.standin import Fault

ENDED = {"completed", "failed", "cancelled", "unknown"}
DEADLINE_SECONDS = 120
#: After this, leases of the dead are made to run out, so that no round waits for minutes.
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


def play(live_system: LiveSystem, seed: int, totals: Totals) -> str:
    """Play one round in its own project. Returns a line that describes it."""
    dice, agent, state = random.Random(seed), live_system.agent, live_system.state
    state.seconds_needed = dice.uniform(0.0, 2.5)
    state.latency = dice.uniform(0.0, 0.2)
    for operation, faults in FAULTS.items():
        if dice.random() < 0.3:
            state.fail(operation, dice.choice(faults))
    count, fit = dice.randint(3, 6), dice.randint(2, 6)
    project = agent.create_project(scenes=count, cap=str(PRICE * fit))
    animatic = agent.create_project(scenes=dice.randint(0, 2), model="animatic", seconds=1)
    began, charges = time.monotonic(), len(state.charges)
    takes = agent.generate_until_capped(project=project) + agent.generate_missing(project=animatic)
    requests = [agent.request_images(count=dice.randint(1, 3)) for _ in range(dice.randint(0, 2))]
    kills = []
    for _ in range(dice.randint(2, 4)):
        time.sleep(dice.uniform(0.0, 1.2))
        kills.append(kill_something(live_system, dice))
        if dice.random() < 0.2:
            agent.cancel(take=dice.choice(takes))
    settle(live_system, takes, requests)
    statuses = Counter(row["status"] for row in agent.list_takes() if row["pk"] in takes)
    statuses.update(f"images {row['status']}" for row in agent.list_image_jobs() if row["pk"] in requests)
    violations = live_system.find_violations() + agent.run_doctor()
    totals.rounds += 1
    totals.kills.update(kills)
    totals.statuses.update(statuses)
    totals.charges += len(state.charges) - charges
    totals.refused += max(0, count - fit)
    if violations:
        totals.violated.append(seed)
    summary = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
    return (
        f"seed {seed}  {len(kills)} kills ({', '.join(kills)})  {time.monotonic() - began:4.1f} s"
        f"  {len(state.charges) - charges} charges; {summary}  {'; '.join(violations) or 'exact'}"
    )


def kill_something(live_system: LiveSystem, dice: random.Random) -> str:
    """Kill a child of the worker command, the command itself, or everything, and start the command again."""
    work = live_system.installation.processes["work"]
    processes = live_system.processes() or [psutil.Process(work.pid)]  # a process just started has no environment yet
    victim_name = "command"
    if dice.random() < 0.15:
        live_system.kill_worker()
        victim_name = "everything"
    else:
        victim = dice.choice(processes)
        with contextlib.suppress(psutil.Error):
            victim.kill()
        if victim.pid != work.pid:
            return "child"
        live_system.installation.processes.pop("work").wait()
    live_system.installation.start("work")
    return victim_name


def settle(live_system: LiveSystem, takes: list[int], requests: list[int]) -> None:
    """Wait until all have ended. Leases of the dead run out after a few seconds instead of minutes."""
    deadline, patience = time.monotonic() + DEADLINE_SECONDS, time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        rows = {row["pk"]: row for row in live_system.agent.list_takes()}
        open_takes = [pk for pk in takes if rows[pk]["status"] not in ENDED]
        request_statuses = {row["pk"]: row["status"] for row in live_system.agent.list_image_jobs()}
        if not open_takes and all(request_statuses[pk] in ENDED for pk in requests):
            return
        if time.monotonic() > patience:
            patience = time.monotonic() + PATIENCE_SECONDS
            sending = [
                pk for pk in open_takes if rows[pk]["status"] in ("submitting", "running") and rows[pk]["remote"]
            ]
            live_system.agent.expire_leases(takes=sending)
            live_system.agent.expire_image_leases()
            live_system.agent.end_pauses()
        time.sleep(0.2)


@contextmanager
def open_from_options(options: argparse.Namespace) -> Iterator[LiveSystem]:
    with contextlib.ExitStack() as stack:
        redis_url = options.redis
        if options.own_redis:
            redis_url = stack.enter_context(own_redis()).url
        yield stack.enter_context(open_live_system(database=options.database, redis_url=redis_url))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=1)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--database", default=os.environ.get("DATABASE_URL", ""), help="a PostgreSQL server")
    parser.add_argument("--redis", default=os.environ.get("REDIS_URL", ""), help="a Redis database that may be emptied")
    parser.add_argument("--own-redis", action="store_true", help="start a redis-server for this run")
    parser.add_argument("--minutes", type=float, default=1e6, help="start no round after this many minutes")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    broker = "Redis" if options.redis or options.own_redis else "the ORM broker"
    print(f"{'PostgreSQL' if options.database else 'SQLite'} and {broker}, from seed {seed}", flush=True)
    totals = Totals()
    with open_from_options(options) as live_system:
        live_system.start_worker(**QUICK | {"LOG_LEVEL": "WARNING"})
        until = time.monotonic() + 60 * options.minutes
        for number in range(options.rounds):
            if time.monotonic() > until:
                break
            print(play(live_system, seed + number, totals), flush=True)
        books = live_system.agent.read_books()
    print(f"{totals.rounds} rounds, {sum(totals.kills.values())} kills: {dict(totals.kills)}")
    print(f"takes: {dict(totals.statuses)}; {totals.refused} clicks refused by caps; {totals.charges} charges")
    print(f"ledger: {books['ledger'][0]} on hold, {books['ledger'][1]} spent; team budgets {books['teams']}")
    print(f"violations in {len(totals.violated)} rounds {totals.violated or ''}")
    is_exact = Decimal(books["ledger"][1]) == PRICE * books["paid"] + Decimal(books["images"])
    summary = f"{books['paid']} paid clips at {PRICE}, images for {books['images']}"
    print(f"{summary}: {'exact' if is_exact else 'NOT what the ledger says'}")
    return 0 if is_exact and not totals.violated else 1


if __name__ == "__main__":
    sys.exit(main())
