"""Finds violations of the four invariants in the rows, the files and the provider's own list of charges.

- I1: at most one charge per click.
- I2: every charged clip is stored and plays, or is shown to a person who can bring it back.
- I3: holds and spending equal the sums of the ledger, and never exceed a cap.
- I4: every take has ended, or is held by a live lease, or is due within a minute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from generation.media import spool, storage
from generation.media.decoding import NotAClip
from generation.media.probe import inspect_clip
from generation.models import Budget, Generation, ImageJob, LedgerEntry
from generation.states import Status
from projects.models import Reference

PICKED_UP_WITHIN = timedelta(minutes=1)
#: Also allowed: a take that waits after a failure shown on its card.
LONGEST_BACK_OFF = timedelta(minutes=5)


@dataclass(frozen=True)
class Charge:
    """A charge in the provider's books; `is_available` unless the clip failed there or was deleted."""

    clip_id: str
    prompt: str
    is_available: bool = True


def find_violations(charges: Iterable[Charge], *, settled: bool = True) -> list[str]:
    """Return one sentence per violation. `settled` means that nothing should be in progress anymore."""
    booked, takes = list(charges), list(Generation.objects.select_related("scene__project"))
    requests = list(ImageJob.objects.all())
    image_prompts = {row.prompt for row in requests}
    violations = [
        *_check_charges_per_click(booked, takes, requests),
        *_check_clips([charge for charge in booked if charge.prompt not in image_prompts], takes, settled=settled),
        *_check_images(booked, requests, settled=settled),
        *_check_ledger(takes),
        *_check_budgets(),
        *_check_stuck(settled=settled),
    ]
    return violations + (list(_check_files(takes, requests)) if settled else [])


def _check_charges_per_click(charges: list[Charge], takes: list[Generation], requests: list[ImageJob]) -> Iterator[str]:
    clicks = Counter(take.prompt for take in takes)
    for row in requests:
        clicks[row.prompt] += row.options["count"]
    for prompt, count in Counter(charge.prompt for charge in charges).items():
        if count > clicks[prompt]:
            yield f"I1: {count} charges for {clicks[prompt]} clicks on {prompt[:60]!r}"
    for clip_id, count in Counter(take.remote_id for take in takes if take.remote_id).items():
        if count > 1:
            yield f"I1: {count} takes have the clip {clip_id}"


def _check_clips(charges: list[Charge], takes: list[Generation], *, settled: bool) -> Iterator[str]:
    by_id = {take.remote_id: take for take in takes if take.remote_id}
    without_id = [take for take in takes if not take.remote_id]
    for charge in charges:
        take = by_id.get(charge.clip_id)
        if take is None:
            candidates = [each for each in without_id if each.prompt == charge.prompt]
            if not any(each.status == Status.UNKNOWN or (each.is_active and not settled) for each in candidates):
                yield f"I2: the clip {charge.clip_id} was charged and no take has it"
        elif charge.is_available and not (
            take.is_done or take.status == Status.UNKNOWN or (take.is_active and not settled)
        ):
            yield f"I2: the clip {charge.clip_id} is available, and its take {take.pk} is {take.status}"
    for take in takes:
        if take.is_done and not _is_playable(take):
            yield f"I2: take {take.pk} is done and its clip does not play"


def _is_playable(take: Generation) -> bool:
    path = Path(take.clip.path)
    return path.is_file() and path.stat().st_size == take.clip_bytes and _decodes(path, path.stat().st_mtime_ns)


def _check_images(charges: list[Charge], requests: list[ImageJob], *, settled: bool) -> Iterator[str]:
    charged = Counter(charge.prompt for charge in charges)
    for row in requests:
        kept = Reference.objects.live().filter(pk__in=row.made)
        if row.status == Status.COMPLETED:
            if kept.count() != charged[row.prompt] or not all(reference.image.size for reference in kept):
                yield f"I2: {charged[row.prompt]} images of request {row.pk} were charged, {kept.count()} are stored"
        elif charged[row.prompt] and row.status != Status.UNKNOWN and (settled or not row.is_active):
            yield f"I2: images of request {row.pk} were charged, and it is {row.status}"
        if settled and row.is_active:
            yield f"I4: request {row.pk} is {row.status}"
        entries = row.ledger.all()
        booked = (sum(entry.reserved for entry in entries), sum(entry.spent for entry in entries))
        expected = (Decimal(0), row.actual_cost) if row.is_final else (row.estimated_cost, Decimal(0))
        if booked != expected:
            yield f"I3: request {row.pk} is {row.status}; held and spent are {booked}, not {expected}"


@lru_cache(maxsize=1000)
def _decodes(path: Path, changed_at: int) -> bool:
    try:
        return bool(inspect_clip(path).poster)
    except NotAClip:
        return False


def _check_ledger(takes: list[Generation]) -> Iterator[str]:
    by_take: dict[int | None, list[LedgerEntry]] = {}
    for entry in LedgerEntry.objects.exclude(kind=LedgerEntry.Kind.CAP):
        by_take.setdefault(entry.take_id, []).append(entry)
    for take in takes:
        entries = by_take.get(take.pk, [])
        booked = (sum(entry.reserved for entry in entries), sum(entry.spent for entry in entries))
        expected = (Decimal(0), take.actual_cost) if take.is_final else (take.estimated_cost, Decimal(0))
        if booked != expected:
            yield f"I3: take {take.pk} is {take.status}; held and spent are {booked}, not {expected}"
        if take.is_done and take.actual_cost != take.estimated_cost:
            yield f"I3: take {take.pk} cost {take.actual_cost}, not {take.estimated_cost}"


def _check_budgets() -> Iterator[str]:
    for budget in Budget.objects.select_related("team", "project", "connection"):
        rows = LedgerEntry.objects.filter(team=budget.team) if budget.team else LedgerEntry.objects.all()
        if budget.project:
            rows = rows.filter(project=budget.project)
        if budget.connection:
            rows = rows.filter(Q(take__connection=budget.connection) | Q(images__connection=budget.connection))
        entries = list(rows)
        sums = (sum(entry.reserved for entry in entries), sum(entry.spent for entry in entries))
        if sums != (budget.reserved, budget.spent):
            yield f"I3: the budget of {budget} has {budget.reserved}, {budget.spent}; its entries add up to {sums}"
        for cap, amount in ((budget.cap_total, budget.spent), (budget.cap_month, budget.spent_month)):
            if cap is not None and budget.reserved + amount > cap:
                yield f"I3: {budget.reserved} + {amount} of {budget} exceeds its cap of {cap}"


def _check_stuck(*, settled: bool) -> Iterator[str]:
    active = Generation.objects.active()
    soon = Q(next_step_at__lte=Now() + PICKED_UP_WITHIN) | Q(connection__paused_until__gt=Now())
    soon |= Q(next_step_at__lte=Now() + LONGEST_BACK_OFF) & ~Q(error_kind="", error_message="")
    for take in active if settled else active.lease_free().exclude(soon):
        yield f"I4: take {take.pk} is {take.status}, and due only at {take.next_step_at:%H:%M:%S}"


def _check_files(takes: list[Generation], requests: list[ImageJob]) -> Iterator[str]:
    storage.sweep_scratch()
    spool.sweep()
    root = Path(settings.MEDIA_ROOT)
    named = {getattr(take, field).name for take in takes for field in Generation.FILES}
    # A file written before a death is replaced when the take completes, else removed by the doctor.
    unfinished = {take.folder for take in takes if not take.is_done}
    unfinished |= {row.folder for row in requests if row.status == Status.UNKNOWN}
    for path in (path for path in root.rglob("*.*") if path.is_file()):
        name = path.relative_to(root)
        # An image written before a death is written again under another name; the doctor removes the first file.
        if str(name) not in named and str(name.parent) not in unfinished and name.parts[0] != "references":
            yield f"I2: no row names the file {name}"
    for path in storage.scratch_dir().glob("*.*"):
        yield f"I2: {path.name} was left in scratch"
