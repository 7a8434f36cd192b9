"""The report on takes whose worker died or was restarted: resumed, found at the provider, or in need of a person.

A restart is the start of a worker while no other was alive. The report lists takes that had started before it and had not
ended, and, at any time, takes that were taken over from a worker that died.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from generation.models import Generation, Worker
from generation.models.generation import GenerationQuerySet
from generation.states import Status

SHOWN_FOR = timedelta(days=1)
SHOWN = 50


@dataclass(frozen=True)
class Report:
    """`restarted_at` is None where there was no restart, only workers that died."""

    restarted_at: datetime | None
    takes: list[Generation]

    def __bool__(self) -> bool:
        return bool(self.takes)

    @property
    def summary(self) -> str:
        """As "3 resumed, 1 found at the provider"; counts of zero are left out."""
        lost = sum(take.status == Status.UNKNOWN for take in self.takes)
        adopted = sum(take.was_adopted and take.status != Status.UNKNOWN for take in self.takes)
        counts = {
            "resumed": len(self.takes) - lost - adopted,
            "found at the provider": adopted,
            "to review": lost,
        }
        return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def last_restart() -> datetime | None:
    alive_then = Worker.objects.filter(
        started_at__lt=OuterRef("started_at"), seen_at__gt=OuterRef("started_at")
    ).exclude(pk=OuterRef("pk"))
    alone = Worker.objects.filter(~Exists(alive_then), started_at__gt=timezone.now() - SHOWN_FOR)
    return alone.order_by("-started_at").values_list("started_at", flat=True).first()


def build_report(takes: GenerationQuerySet, *, seen: datetime | None) -> Report:
    """What happened to these takes since the person last dismissed the report, `seen`."""
    since = max(filter(None, [seen, timezone.now() - SHOWN_FOR]))
    restart = last_restart()
    if restart is not None and restart <= since:
        restart = None
    wanted = Q(recovered_at__gt=since)
    if restart is not None:
        not_over = Q(finished_at=None) | Q(finished_at__gte=restart)
        wanted |= Q(not_over, begun_at__lt=restart)
    found = takes.annotate(begun_at=Coalesce(F("submitted_at"), F("started_at"))).filter(wanted)
    return Report(restart, list(found.order_by("-pk")[:SHOWN]))
