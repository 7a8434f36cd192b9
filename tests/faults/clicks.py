"""Sixteen processes click "Generate" against one cap: how many takes start?

    python -m tests.faults.clicks                                            on SQLite
    python -m tests.faults.clicks --database postgres://postgres@127.0.0.1:5432/

Every scene is clicked twice, by two processes in a random order, with the same number on the button: half of the attempts
are the second half of a double click. Exits with 1 unless exactly the cap is reserved.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter, deque
from decimal import Decimal

from bench.installation import Installation, make_storyboard, make_team

PRICE = Decimal("0.4")
PROVIDER = {"SORA_BASE_URL": "http://127.0.0.1:9/v1", "SORA_API_KEY": "any", "SORA_PRESET": "openai"}


def click(scenes: list[int], member: int) -> Counter[str]:
    """Click each scene's button and count the outcomes."""
    from django.core.exceptions import ValidationError
    from django.db import OperationalError

    from generation import pipeline
    from projects.models import Scene
    from teams.models import User

    outcomes: Counter[str] = Counter()
    user = User.objects.get(pk=member)
    waiting = deque(scenes)
    while waiting:
        pk = waiting.popleft()
        try:
            result = pipeline.enqueue(Scene.objects.get(pk=pk), number=1, member=user)
            outcomes["started" if result.created else "repeated click"] += 1
        except ValidationError as error:
            outcomes["above the cap" if "An owner can raise the cap." in str(error) else str(error)] += 1
        except OperationalError:  # SQLite was locked for 20 s: click again
            outcomes["database busy"] += 1
            waiting.append(pk)
    return outcomes


def click_in_processes(shares: list[list[int]], member: int) -> Counter[str]:
    """Run each share in its own process, starting at the same time; return the sum of the outcomes."""
    from django.db import connections

    connections.close_all()
    start, total = time.time() + 1, Counter[str]()
    pipes = []
    for share in shares:
        read, write = os.pipe()
        if os.fork() == 0:
            try:
                time.sleep(max(0.0, start - time.time()))
                os.write(write, json.dumps(click(share, member)).encode())
            finally:
                os._exit(0)
        os.close(write)
        pipes.append(read)
    for read in pipes:
        with os.fdopen(read) as pipe:
            total.update(json.loads(pipe.read() or '{"died": 1}'))
        os.wait()
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--attempts", type=int, default=1000)
    parser.add_argument("--cap-of", choices=["team", "connection"], default="team", help="what the cap belongs to")
    parser.add_argument("--fits", type=int, default=123, help="number of clips that fit under the cap")
    parser.add_argument("--database", default="", help="a PostgreSQL server; SQLite without")
    options = parser.parse_args()
    with Installation(database=options.database, static=False) as installation:
        installation.environment |= PROVIDER
        installation.use_orm()
        from django.db import transaction

        from generation.billing import budget
        from generation.connections import team_connections
        from generation.models import Budget, Connection, Generation
        from projects.models import Project
        from tests.faults import invariants

        team, (owner, *_) = make_team()
        project, scenes = make_storyboard(team, owner, scenes=options.attempts // 2)
        Project.objects.update(model_id="sora-2")
        with transaction.atomic():
            capped, _ = budget.lock_budgets(project)
            if options.cap_of == "connection":
                connection = Connection(provider="sora", name="Ours", base_url=PROVIDER["SORA_BASE_URL"])
                team_connections.add(connection, team)
                capped = budget.lock_connection_budget(connection.pk, team.pk)
        Budget.objects.filter(pk=capped.pk).update(cap_month=PRICE * options.fits)
        clicks = [scene.pk for scene in scenes] * 2
        shares = [clicks[number :: options.processes] for number in range(options.processes)]
        for share in shares:
            random.shuffle(share)
        began = time.monotonic()
        outcomes = click_in_processes(shares, owner.pk)
        seconds = time.monotonic() - began
        takes, capped = Generation.objects.count(), Budget.objects.get(pk=capped.pk)
        violations = invariants.find_violations([], settled=False)
    print(f"{options.attempts} clicks by {options.processes} processes in {seconds:.0f} s: {dict(outcomes)}")
    held = f"${capped.reserved:.2f} of ${capped.cap_month:.2f} on hold"
    print(f"{takes} takes; {held}; violations: {violations or 'none'}")
    is_exact = (outcomes["started"], takes, capped.reserved) == (options.fits, options.fits, capped.cap_month)
    return 0 if is_exact and not violations else 1


if __name__ == "__main__":
    sys.exit(main())
