"""What must never happen, looked for in the rows, the files and the provider's own book of charges.

- I1: at most one charge per click.
- I2: every clip that was charged is stored and can be played, or somebody is shown it and can bring it back.
- I3: what is set aside and what is spent are what the ledger adds up to, and never above a cap.
- I4: every take is over, or held by a live lease, or due within a minute.
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
from generation.models import Budget, Generation, ImageJob, LedgerEntry
from generation.states import Status
from projects.models import Reference

PICKED_UP_WITHIN = timedelta(minutes=1)
#: After a failure that is written on the card.
LONGEST_BACK_OFF = timedelta(minutes=5)


@dataclass(frozen=True)
class Charged:
    """A charge in the provider's book; `can_be_had` unless the clip failed there or was deleted."""

    clip_id: str
    prompt: str
    can_be_had: bool = True


def violations(charges: Iterable[Charged], *, settled: bool = True) -> list[str]:
    """One sentence per violation. `settled` where nothing is to be under way any more."""
    booked, takes = list(charges), list(Generation.objects.select_related("scene__project"))
    requests = list(ImageJob.objects.all())
    of_pictures = {row.prompt for row in requests}
    found = [
        *_charges_per_click(booked, takes, requests),
        *_clips([charge for charge in booked if charge.prompt not in of_pictures], takes, settled=settled),
        *_pictures(booked, requests, settled=settled),
        *_money_of_takes(takes),
        *_budgets(),
        *_stuck(settled=settled),
    ]
    return found + (list(_files(takes, requests)) if settled else [])


def _charges_per_click(charges: list[Charged], takes: list[Generation], requests: list[ImageJob]) -> Iterator[str]:
    clicks = Counter(take.prompt for take in takes)
    for row in requests:
        clicks[row.prompt] += row.options["count"]
    for prompt, count in Counter(charge.prompt for charge in charges).items():
        if count > clicks[prompt]:
            yield f"I1: {count} charges for {clicks[prompt]} clicks on {prompt[:60]!r}"
    for clip_id, count in Counter(take.remote_id for take in takes if take.remote_id).items():
        if count > 1:
            yield f"I1: {count} takes have the clip {clip_id}"


def _clips(charges: list[Charged], takes: list[Generation], *, settled: bool) -> Iterator[str]:
    by_id = {take.remote_id: take for take in takes if take.remote_id}
    nameless = [take for take in takes if not take.remote_id]
    for charge in charges:
        take = by_id.get(charge.clip_id)
        if take is None:
            asking = [one for one in nameless if one.prompt == charge.prompt]
            if not any(one.status == Status.UNKNOWN or (one.is_active and not settled) for one in asking):
                yield f"I2: the clip {charge.clip_id} was charged and no take knows it"
        elif charge.can_be_had and not (
            take.is_done or take.status == Status.UNKNOWN or (take.is_active and not settled)
        ):
            yield f"I2: the clip {charge.clip_id} can be had, and its take {take.pk} is {take.status}"
    for take in takes:
        if take.is_done and not _can_be_played(take):
            yield f"I2: take {take.pk} is done and its clip cannot be played"


def _can_be_played(take: Generation) -> bool:
    path = Path(take.clip.path)
    return path.is_file() and path.stat().st_size == take.clip_bytes and _decodes(path, path.stat().st_mtime_ns)


def _pictures(charges: list[Charged], requests: list[ImageJob], *, settled: bool) -> Iterator[str]:
    charged = Counter(charge.prompt for charge in charges)
    for row in requests:
        kept = Reference.objects.live().filter(pk__in=row.made)
        if row.status == Status.COMPLETED:
            if kept.count() != charged[row.prompt] or not all(picture.image.size for picture in kept):
                yield f"I2: {charged[row.prompt]} pictures of request {row.pk} were charged, {kept.count()} are kept"
        elif charged[row.prompt] and row.status != Status.UNKNOWN and (settled or not row.is_active):
            yield f"I2: pictures of request {row.pk} were charged, and it is {row.status}"
        if settled and row.is_active:
            yield f"I4: request {row.pk} is {row.status}"
        told = row.ledger.all()
        booked = (sum(entry.reserved for entry in told), sum(entry.spent for entry in told))
        right = (Decimal(0), row.actual_cost) if row.is_final else (row.estimated_cost, Decimal(0))
        if booked != right:
            yield f"I3: request {row.pk} is {row.status}; set aside and spent are {booked}, not {right}"


@lru_cache(maxsize=1000)
def _decodes(path: Path, changed_at: int) -> bool:
    try:
        return bool(storage.inspect_clip(path).poster)
    except storage.NotAClip:
        return False


def _money_of_takes(takes: list[Generation]) -> Iterator[str]:
    entries: dict[int | None, list[LedgerEntry]] = {}
    for entry in LedgerEntry.objects.exclude(kind=LedgerEntry.Kind.CAP):
        entries.setdefault(entry.take_id, []).append(entry)
    for take in takes:
        told = entries.get(take.pk, [])
        booked = (sum(entry.reserved for entry in told), sum(entry.spent for entry in told))
        right = (Decimal(0), take.actual_cost) if take.is_final else (take.estimated_cost, Decimal(0))
        if booked != right:
            yield f"I3: take {take.pk} is {take.status}; set aside and spent are {booked}, not {right}"
        if take.is_done and take.actual_cost != take.estimated_cost:
            yield f"I3: take {take.pk} cost {take.actual_cost}, not {take.estimated_cost}"


def _budgets() -> Iterator[str]:
    for budget in Budget.objects.select_related("team", "project", "connection"):
        entries = LedgerEntry.objects.filter(team=budget.team)
        if budget.project:
            entries = entries.filter(project=budget.project)
        if budget.connection:
            entries = entries.filter(Q(take__connection=budget.connection) | Q(images__connection=budget.connection))
        told = list(entries)
        sums = (sum(entry.reserved for entry in told), sum(entry.spent for entry in told))
        if sums != (budget.reserved, budget.spent):
            yield f"I3: the budget of {budget} has {budget.reserved}, {budget.spent}; its entries add up to {sums}"
        for cap, amount in ((budget.cap_total, budget.spent), (budget.cap_month, budget.spent_month)):
            if cap is not None and budget.reserved + amount > cap:
                yield f"I3: {budget.reserved} + {amount} of {budget} is above its cap of {cap}"


def _stuck(*, settled: bool) -> Iterator[str]:
    active = Generation.objects.active()
    soon = Q(next_step_at__lte=Now() + PICKED_UP_WITHIN) | Q(connection__paused_until__gt=Now())
    soon |= Q(next_step_at__lte=Now() + LONGEST_BACK_OFF) & ~Q(error_kind="", error_message="")
    for take in active if settled else active.lease_free().exclude(soon):
        yield f"I4: take {take.pk} is {take.status}, and due only at {take.next_step_at:%H:%M:%S}"


def _files(takes: list[Generation], requests: list[ImageJob]) -> Iterator[str]:
    storage.sweep_scratch()
    root = Path(settings.MEDIA_ROOT)
    named = {name for take in takes for name in (take.clip.name, take.poster.name, take.filmstrip.name) if name}
    # What was written before a death is replaced when the take is finished, else swept by the doctor.
    unfinished = {f"takes/{take.pk}" for take in takes if not take.is_done}
    unfinished |= {f"{spool.FOLDER}/{row.pk}" for row in requests if row.status == Status.UNKNOWN}
    for path in (path for path in root.rglob("*.*") if path.is_file()):
        name = path.relative_to(root)
        # A picture that was written before a death is written again under another name; the doctor sweeps the first.
        if str(name) not in named and str(name.parent) not in unfinished and name.parts[0] != "references":
            yield f"I2: the file {name} belongs to nothing"
    for path in storage.scratch_dir().glob("*.*"):
        yield f"I2: {path.name} was left in scratch"
