"""Who may send something to a connection now: places, requests per minute, and a pause that all share.

The connection's row is locked while its takes are counted, so any number of workers keep to its limits together. The
database's clock decides.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from generation.media import storage
from generation.models import Connection, Generation, ImageGeneration
from generation.providers.base import ProviderError
from generation.states import Status

#: A take that found no place is not looked at again sooner, unless somebody makes room.
LOOK_AGAIN_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 300.0
#: Where a provider asks for more, it is asked again all the same: a pause for a day is mostly a mistake.
LONGEST_ASKED_FOR_SECONDS = 900.0
DISK_SECONDS = 15.0
NEARLY_FULL = "The disk of this server is nearly full"
#: What is at the provider, or may be.
AT_PROVIDER = (Status.SUBMITTING, Status.RUNNING)


@dataclass(frozen=True)
class Wait:
    reason: str
    seconds: float
    until: datetime | None = None


@dataclass(frozen=True)
class Room:
    """How many takes may be sent to a connection now; where none may, why."""

    count: int
    wait: Wait | None = None


def admit(connection_id: int) -> Wait | None:
    """None where one more take may be sent now. Belongs into the transaction that then moves it to `submitting`."""
    connection = Connection.objects.select_for_update(of=("self",)).annotate(now=Now()).get(pk=connection_id)
    return room_of(connection, connection.now).wait


def room_of(connection: Connection, now: datetime) -> Room:
    if storage.is_nearly_full():
        return Room(0, Wait(NEARLY_FULL, DISK_SECONDS))
    if connection.paused_until and connection.paused_until > now:
        reason = f"{connection.name} asked to wait: {connection.pause_reason}"
        return Room(0, Wait(reason, (connection.paused_until - now).total_seconds(), connection.paused_until))
    under_way = sum(rows.filter(status__in=AT_PROVIDER).count() for rows in _rows_of(connection))
    places = connection.max_in_flight - under_way
    if places <= 0:
        reason = f"{under_way} of {connection.max_in_flight} places at {connection.name} are taken"
        return Room(0, Wait(reason, LOOK_AGAIN_SECONDS))
    a_minute_ago = now - timedelta(minutes=1)
    lately = [rows.filter(submitted_at__gt=a_minute_ago) for rows in _rows_of(connection)]
    times = sorted(at for rows in lately for at in rows.values_list("submitted_at", flat=True) if at is not None)
    if len(times) >= connection.requests_per_minute:
        until = times[-connection.requests_per_minute] + timedelta(minutes=1)
        reason = f"{connection.name} takes {connection.requests_per_minute} requests per minute"
        return Room(0, Wait(reason, (until - now).total_seconds(), until))
    return Room(min(places, connection.requests_per_minute - len(times)))


def _rows_of(connection: Connection) -> tuple[QuerySet[Generation], QuerySet[ImageGeneration]]:
    return Generation.objects.filter(connection=connection), ImageGeneration.objects.filter(connection=connection)


@transaction.atomic
def pause(connection_id: int, error: ProviderError) -> float:
    """Nobody sends anything to this connection for a while: as long as it asked for, else longer with every refusal.

    Returns the seconds.
    """
    connection = Connection.objects.select_for_update(of=("self",)).annotate(now=Now()).get(pk=connection_id)
    doubled = min(LONGEST_PAUSE_SECONDS, 2.0 ** (connection.refusals + 1))
    asked_for = min(error.retry_after or 0.0, LONGEST_ASKED_FOR_SECONDS)
    seconds = asked_for or doubled * random.uniform(0.5, 1.0)
    until = connection.now + timedelta(seconds=seconds)
    connection.paused_until = max(until, connection.paused_until or until)
    connection.pause_reason = error.message
    connection.refusals = min(connection.refusals + 1, 20)
    connection.save(update_fields=["paused_until", "pause_reason", "refusals"])
    return seconds


def welcomed(connection_id: int) -> None:
    """Something was accepted: the next refusal begins with a short pause again."""
    Connection.objects.filter(pk=connection_id, refusals__gt=0).update(refusals=0, pause_reason="")
