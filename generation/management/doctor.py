"""Finds problems of an installation: stuck rows, sums that disagree, missing and orphaned files.

Reading only; a finding has a `repair` if it can be repaired without a person's decision.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Now

from core import secrets
from core.money import exact
from core.plurals import count_noun
from generation.billing import budget
from generation.jobs import dispatch
from generation.media import storage
from generation.models import Budget, Generation, ImageJob, Job, LedgerEntry, Worker
from generation.states import FINAL, Status
from projects.models import Reference
from projects.thumbnails import picture_stem

STUCK_AFTER = timedelta(minutes=5)
LEAST_FREE_BYTES = 2 * 1024**3
#: A file younger than this may not be in its row yet.
SETTLED_SECONDS = 3600


@dataclass(frozen=True)
class Finding:
    message: str
    repair: Callable[[], None] | None = None


def examine() -> Iterator[Finding]:
    for check in (
        configuration,
        keys,
        workers,
        stuck_rows,
        unresolved_rows,
        ledger,
        missing_files,
        orphaned_files,
        disk,
    ):
        yield from check()


def configuration() -> Iterator[Finding]:
    for problem in checks.run_checks():
        if problem.is_serious():
            yield Finding(f"{problem.msg} {problem.hint or ''}".strip())


def keys() -> Iterator[Finding]:
    # Encrypted values that no key of this server decrypts.
    unreadable: dict[str, list[str]] = defaultdict(list)
    try:
        for place, pk in secrets.find_unreadable():
            unreadable[place].append(str(pk))
    except secrets.Unreadable as error:
        yield Finding(str(error))
    for place, pks in unreadable.items():
        yield Finding(
            f"Can't decrypt {place} of {', '.join(pks[:20])}: no key of this server fits. Restore IMAGEAI_SECRET_KEYS or "
            f"keys/secrets from a backup, or enter them again."
        )


def workers() -> Iterator[Finding]:
    if not Worker.alive().exists():
        yield Finding("No worker is running. Start one with “manage.py work”.")


def stuck_rows() -> Iterator[Finding]:
    # Rows that are long due and not leased: their message was lost, or no worker is running.
    for rows in (Generation.objects.due(), ImageJob.objects.due()):
        late = rows.filter(next_step_at__lt=Now() - STUCK_AFTER, waiting_for="")
        if count := late.count():
            name = str(rows.model._meta.verbose_name)
            message = f"{count_noun(count, name)} waiting for a worker for more than five minutes."
            yield Finding(message, _hand_over(rows.model))


def _hand_over(model: type[Job]) -> Callable[[], None]:
    def repair() -> None:
        model._default_manager.filter(lease_token=None).update(handed_over_at=None)
        dispatch.dispatch_due()

    return repair


def unresolved_rows() -> Iterator[Finding]:
    count = sum(model.objects.filter(status=Status.UNKNOWN).count() for model in (Generation, ImageJob))
    if count:
        yield Finding(f"Needs review: {count}. Resolve on the queue page.")


# -- Money -------------------------------------------------------------------------------------------------------------


def ledger() -> Iterator[Finding]:
    # Finished rows have no hold and are booked at their cost; budgets equal the sums of their entries.
    for name, model in (("take", Generation), ("images", ImageJob)):
        ended = model._default_manager.filter(status__in=FINAL)
        sums = ended.annotate(held=Sum("ledger__reserved"), booked=Sum("ledger__spent"))
        for pk, cost, held, booked in sums.values_list("pk", "actual_cost", "held", "booked").iterator():
            if exact(held):
                yield Finding(f"{exact(held)} is still on hold for finished {name} {pk}.", _settle(model, pk))
            elif exact(cost) != exact(booked):
                repair = _settle(model, pk) if exact(cost) > exact(booked) else None
                yield Finding(f"{name} {pk} cost {exact(cost)}, but {exact(booked)} is booked.".capitalize(), repair)
    for row in Budget.objects.select_related("team", "project", "connection"):
        if not _adds_up(row) and not _adds_up_when_locked(row):
            yield Finding(f"The budget of {row} differs from the sum of its ledger entries.", _recount(row))


def _settle(model: type[Job], pk: int) -> Callable[[], None]:
    def repair() -> None:
        with transaction.atomic():
            row = model._default_manager.select_for_update(of=("self",)).get(pk=pk)
            booked = exact(LedgerEntry.objects.filter(**budget.ledger_key(row)).aggregate(sum=Sum("spent"))["sum"])
            budget.settle(row, max(Decimal(0), exact(row.actual_cost) - booked))

    return repair


def _adds_up(row: Budget) -> bool:
    return (exact(row.reserved), exact(row.spent), exact(row.spent_month)) == _sum_entries(row)


def _adds_up_when_locked(row: Budget) -> bool:
    # Compare again under a lock: money may move between reading a budget and reading its entries.
    with transaction.atomic():
        return _adds_up(Budget.objects.select_for_update().get(pk=row.pk))


def _sum_entries(row: Budget) -> tuple[Decimal, Decimal, Decimal]:
    entries = LedgerEntry.objects.filter(team=row.team) if row.team else LedgerEntry.objects.all()
    if row.project:
        entries = entries.filter(project=row.project)
    if row.connection:
        entries = entries.filter(Q(take__connection=row.connection) | Q(images__connection=row.connection))
    sums = entries.aggregate(reserved=Sum("reserved"), spent=Sum("spent"))
    in_month = budget.in_month(entries, row.month).aggregate(spent=Sum("spent"))["spent"] if row.month else None
    return exact(sums["reserved"]), exact(sums["spent"]), exact(in_month)


def _recount(row: Budget) -> Callable[[], None]:
    def repair() -> None:
        with transaction.atomic():
            locked = Budget.objects.select_for_update().get(pk=row.pk)
            locked.reserved, locked.spent, locked.spent_month = _sum_entries(locked)
            locked.save(update_fields=["reserved", "spent", "spent_month"])

    return repair


# -- Files -------------------------------------------------------------------------------------------------------------


def missing_files() -> Iterator[Finding]:
    clips = Generation.objects.done().filter(purged_at=None).values_list("pk", "clip")
    missing = [pk for pk, name in clips.iterator() if not default_storage.exists(name)]
    if missing:
        numbers = ", ".join(map(str, missing[:20]))
        yield Finding(f"Clips missing from storage: {len(missing)} (take {numbers}). Restore them from a backup.")
    images = Reference.objects.live().values_list("pk", "image")
    missing = [pk for pk, name in images.iterator() if not default_storage.exists(name)]
    if missing:
        yield Finding(f"Frames and references missing from storage: {len(missing)}. Restore them from a backup.")


def orphaned_files() -> Iterator[Finding]:
    # Files that no row names or still needs. Checks only a local disk.
    root = Path(settings.MEDIA_ROOT)
    if not root.is_dir():
        return
    # References in the trash count too: they can be restored.
    known = set(Reference.objects.values_list("image", flat=True))
    pictures = {picture_stem(name) for name in known}  # a picture's smaller versions go with it
    for name in Generation.FILES:
        known |= set(Generation.objects.exclude(**{name: ""}).values_list(name, flat=True))
    needed = _folders_in_use()
    old = [
        path
        for path in _old_files(root)
        if (name := str(path.relative_to(root))) not in known
        and picture_stem(name) not in pictures
        and str(path.relative_to(root).parent) not in needed
    ]
    changed = _last_change()
    unknown = [path for path in old if path.stat().st_mtime > changed]
    if unknown:
        yield Finding(
            f"{count_noun(len(unknown), 'file')} in {root} newer than anything in the database. The database was restored "
            f"from an older backup, or media is another installation's. They may be paid clips, so they are kept."
        )
    orphans = sorted(set(old) - set(unknown))
    if orphans:
        size = sum(path.stat().st_size for path in orphans) / 1e6
        yield Finding(
            f"{count_noun(len(orphans), 'orphaned file')} in {root}, {size:.1f} MB.", lambda: _remove(orphans)
        )


def _last_change() -> float:
    # Seconds since 1970 of the newest change to a row that names files; 0 in an empty database.
    newest = [
        Generation.objects.aggregate(at=Max("changed_at"))["at"],
        ImageJob.objects.aggregate(at=Max("changed_at"))["at"],
        Reference.objects.aggregate(at=Max("created_at"))["at"],
    ]
    return max((at.timestamp() for at in newest if at), default=0.0)


def _folders_in_use() -> set[str]:
    # Folders of unfinished rows: a file may be stored before its row names it.
    return {row.folder for model in (Generation, ImageJob) for row in model.objects.exclude(status__in=FINAL)}


def _old_files(root: Path) -> Iterator[Path]:
    newest = time.time() - SETTLED_SECONDS
    return (path for path in root.rglob("*") if path.is_file() and path.stat().st_mtime < newest)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        os.unlink(path)


def disk() -> Iterator[Finding]:
    free = storage.free_bytes()
    if storage.is_nearly_full():
        yield Finding(f"{free / 1e9:.1f} GB free: new takes wait for more space.")
    elif free < LEAST_FREE_BYTES:
        yield Finding(f"{free / 1e9:.1f} GB free: new clips may not fit.")


def counts() -> str:
    # Return a line such as "12 takes, 2 in progress, 1 worker.".
    takes = Generation.objects.aggregate(
        all=Count("pk"), active=Count("pk", filter=~Q(status__in=[*FINAL, Status.UNKNOWN]))
    )
    workers = count_noun(Worker.alive().count(), "worker")
    return f"{count_noun(takes['all'], 'take')}, {takes['active']} in progress, {workers}."
