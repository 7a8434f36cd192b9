"""Reports on takes whose worker died or was restarted: resumed, found at the provider, or in need of review.

A restart is the start of a worker while no other was alive. The report lists takes that had started before it and not ended,
and, without a restart, takes that were taken over from a worker that died.
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
    """`restarted_at` is None if there was no restart, only workers that died."""

    restarted_at: datetime | None
    takes: list[Generation]

    def __bool__(self) -> bool:
        return bool(self.takes)

    @property
    def summary(self) -> str:
        """Counts that are not zero, such as "3 resumed, 1 found at the provider"."""
        unknown = sum(take.status == Status.UNKNOWN for take in self.takes)
        adopted = sum(take.was_adopted and take.status != Status.UNKNOWN for take in self.takes)
        counts = {
            "resumed": len(self.takes) - unknown - adopted,
            "found at the provider": adopted,
            "to review": unknown,
        }
        return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)


def last_restart() -> datetime | None:
    """When a worker last started while no other was alive; None if that was more than SHOWN_FOR ago."""
    others_alive = Worker.objects.filter(
        started_at__lt=OuterRef("started_at"), seen_at__gt=OuterRef("started_at")
    ).exclude(pk=OuterRef("pk"))
    restarted = Worker.objects.filter(~Exists(others_alive), started_at__gt=timezone.now() - SHOWN_FOR)
    return restarted.order_by("-started_at").values_list("started_at", flat=True).first()


def build_report(takes: GenerationQuerySet, *, seen: datetime | None) -> Report:
    """Report on these takes since `seen`, when the user last dismissed the report."""
    since = max(filter(None, [seen, timezone.now() - SHOWN_FOR]))
    restart = last_restart()
    if restart is not None and restart <= since:
        restart = None
    interrupted = Q(recovered_at__gt=since)
    if restart is not None:
        had_not_ended = Q(finished_at=None) | Q(finished_at__gte=restart)
        interrupted |= Q(had_not_ended, begun_at__lt=restart)
    rows = takes.annotate(begun_at=Coalesce(F("submitted_at"), F("started_at"))).filter(interrupted)
    return Report(restart, list(rows.order_by("-pk")[:SHOWN]))
