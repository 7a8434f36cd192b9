"""Acts inside an installation, beside its workers. `main` runs in a process that has called `django.setup()`.

Reads one call per line, ["name", {arguments}], and prints one answer per line, both as JSON. One process serves a whole test
run: starting it takes longer than most faults.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connections, transaction
from django.db.models.functions import Now
from django_q.brokers import get_broker
from django_q.tasks import async_task

from bench.installation import make_team
from generation import catalogue, pipeline
from generation.billing import budget
from generation.management import doctor
from generation.models import (
    Budget,
    Connection,
    Generation,
    ImageJob,
    LedgerEntry,
    Worker,
    next_take_number,
    with_takes,
)
from generation.pipeline import resolve
from generation.providers.base import ImageRequest
from projects.models import Project, Reference, Scene
from teams.models import Role, Team, User
from tests.faults import invariants

NUMBERS = itertools.count(1)


def flush() -> None:
    call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)


def create_project(scenes: int, *, model: str = "sora-2", cap: str | None = None, seconds: int = 4) -> int:
    """Create a project in a team of its own, whose scenes have unique prompts. `cap` is the team's."""
    team, (owner, *_) = make_team() if not User.objects.exists() else _another_team()
    project = Project.objects.create(team=team, title=f"Reel {next(NUMBERS)}", created_by=owner, model_id=model)
    Scene.objects.bulk_create(
        Scene(
            project=project,
            position=position,
            title=f"Scene {position}",
            action=f"Wave {next(NUMBERS)} of {os.getpid()} breaks on the rock.",
            duration=Decimal(seconds),
        )
        for position in range(1, scenes + 1)
    )
    with transaction.atomic():
        team_budget, _ = budget.lock_budgets(project)
        Budget.objects.filter(pk=team_budget.pk).update(cap_total=cap)
    return project.pk


def _another_team() -> tuple[Any, list[User]]:
    team, owner = Team.objects.create(name=f"Shift {next(NUMBERS)}"), User.objects.earliest("pk")
    team.add(owner, Role.OWNER)
    return team, [owner]


def generate_missing(project: int) -> list[int]:
    """Do what the button "Generate missing" does. Returns the new takes."""
    row = Project.objects.get(pk=project)
    before = set(Generation.objects.values_list("pk", flat=True))
    pipeline.enqueue_missing(row, member=row.created_by or User.objects.earliest("pk"))
    return sorted(set(Generation.objects.values_list("pk", flat=True)) - before)


def generate_until_capped(project: int) -> list[int]:
    """Generate scene by scene until the budget refuses."""
    takes = []
    for scene in with_takes(Scene.objects.filter(project=project)).order_by("position"):
        try:
            member = scene.project.created_by or User.objects.earliest("pk")
            takes.append(pipeline.enqueue(scene, number=next_take_number(scene), member=member).take.pk)
        except ValidationError as error:
            if "An owner can raise the cap." not in str(error):
                raise
            break
    return takes


def request_images(count: int = 1) -> int:
    """Start a request for `count` images, in a project of its own."""
    project = Project.objects.get(pk=create_project(scenes=1))
    request = ImageRequest(
        f"Gull {next(NUMBERS)} of {os.getpid()}", "gpt-image-2", size="1024x1024", quality="low", count=count
    )
    member = project.created_by or User.objects.earliest("pk")
    model, scene = catalogue.find(request.model), project.scenes.get()
    return pipeline.enqueue_images(project, scene, Reference.Role.REFERENCE, model, request, member=member).pk


def list_image_jobs() -> list[dict[str, Any]]:
    fields = ("pk", "status", "made", "error_message", "waiting_for")
    held = ImageJob.objects.filter(lease_expires_at__gt=Now()).values_list("pk", flat=True)
    return [row | {"held": row["pk"] in held} for row in ImageJob.objects.order_by("pk").values(*fields)]


def list_takes() -> list[dict[str, Any]]:
    fields = ("pk", "status", "remote_id", "attempt", "progress", "error_kind", "error_message", "waiting_for")
    held = Generation.objects.filter(lease_expires_at__gt=Now()).values_list("pk", flat=True)
    rows = Generation.objects.order_by("pk").values(*fields, "clip", "cancel_requested", "version", "connection")
    folders = {take.pk: take.folder for take in Generation.objects.only("file_key")}
    return [
        row | {"held": row["pk"] in held, "remote": row["connection"] is not None, "folder": folders[row["pk"]]}
        for row in rows
    ]


def read_books() -> dict[str, Any]:
    entries, team_budgets = list(LedgerEntry.objects.all()), list(Budget.objects.filter(project=None))
    return {
        "ledger": [str(sum((getattr(entry, name) for entry in entries), Decimal(0))) for name in ("reserved", "spent")],
        "teams": [str(sum((getattr(row, name) for row in team_budgets), Decimal(0))) for name in ("reserved", "spent")],
        "paid": Generation.objects.done().exclude(connection=None).count(),
        "images": str(sum((row.actual_cost or Decimal(0) for row in ImageJob.objects.all()), Decimal(0))),
    }


def find_violations(charges: list[list[Any]], *, settled: bool = True) -> list[str]:
    return invariants.find_violations([invariants.Charge(*charge) for charge in charges], settled=settled)


def cancel(take: int) -> bool:
    return pipeline.cancel(Generation.objects.get(pk=take))


def check_again(take: int) -> bool:
    return resolve.check_again(Generation.objects.select_related("scene", "connection", "source").get(pk=take))


def use_clip(take: int, remote_id: str) -> None:
    resolve.use_clip(Generation.objects.select_related("scene", "connection", "source").get(pk=take), remote_id)


def mark_not_created(take: int) -> None:
    resolve.mark_not_created(Generation.objects.get(pk=take))


def expire_leases(takes: list[int] | None = None) -> int:
    """Let the leases of these takes run out; without `takes`, those of every take and image request."""
    held = Generation.objects.exclude(lease_token=None)
    if takes is not None:
        return held.filter(pk__in=takes).update(lease_expires_at=Now() - timedelta(seconds=1))
    return held.update(lease_expires_at=Now() - timedelta(seconds=1)) + expire_image_leases()


def expire_image_leases() -> int:
    held = ImageJob.objects.exclude(lease_token=None)
    return held.update(lease_expires_at=Now() - timedelta(seconds=1))


def end_pauses() -> None:
    Connection.objects.update(paused_until=None)


def deliver_again(take: int, queue: str, times: int) -> None:
    for _ in range(times):
        async_task("generation.tasks.advance", take, cluster=queue)


def purge_queues() -> int:
    """Throw away every message that waits in the queues. Returns how many."""
    lost = 0
    for queue in ("remote", "media"):
        broker = get_broker(queue)
        lost += broker.queue_size()
        broker.purge_queue()
    return lost


def forget_boot() -> None:
    """What a restart of the machine leaves: workers of a boot that has ended."""
    Worker.objects.update(boot_id="an earlier boot")


def newest_worker() -> dict[str, Any]:
    """The newest worker command; `works` once both of its queues have executed something."""
    newest = Worker.objects.order_by("pk").last()
    works = newest is not None and None not in (newest.remote_executed_at, newest.media_executed_at)
    return {"pk": newest.pk if newest else 0, "works": works}


def is_busy(queue: str, processes: int) -> bool:
    """Whether the watchdog sees `processes` processes of the queue in the middle of a step."""
    return Worker.objects.order_by("pk").reverse()[0].is_busy(queue, processes)


def run_doctor() -> list[str]:
    """What the doctor finds about stuck rows and money."""
    return [finding.message for check in (doctor.stuck_rows, doctor.ledger) for finding in check()]


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # keeps anything that is printed meanwhile out of the answers
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = {"answer": globals()[name](**arguments)}
        except Exception as error:  # raised again in the test's process
            answer = {"error": f"{type(error).__name__}: {error}"}
        finally:
            connections.close_all()
        answers.write(json.dumps(answer, default=str) + "\n")
