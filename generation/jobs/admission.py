"""Limits what is sent to a connection: slots in flight, requests per minute, and a pause that all rows share.

The connection's row is locked while its rows are counted, so any number of workers keep to its limits together. All times
are the database's.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from core.plurals import count_noun
from generation.media import storage
from generation.models import Connection, Generation, ImageJob
from generation.providers.base import ProviderError
from generation.states import AT_PROVIDER, describe_slots

#: A row that found no slot is not tried again sooner, unless a step ends and frees one.
LOOK_AGAIN_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 300.0
#: The longest pause that a provider's Retry-After can cause: a whole day is usually a mistake.
LONGEST_RETRY_AFTER_SECONDS = 900.0
DISK_SECONDS = 15.0
#: Up to here the number ahead is exact; beyond, it is rounded down to a multiple, or every start would change every card.
EXACTLY_AHEAD = 10
#: Characters of a provider's own message; with the longest name and the number ahead it must fit into `waiting_for`.
LONGEST_DETAIL = 150

_AHEAD = re.compile(r", \d+\+? ahead(?=\)?$)")


@dataclass(frozen=True)
class Wait:
    """Why a row cannot start. `seconds` until it is worth another try; `until` only if the end is known."""

    subject: str
    seconds: float
    detail: str = ""
    until: datetime | None = None

    def describe(self, ahead: int = 0) -> str:
        """Return a text such as "Waiting for Sora (2 of 2 running, 1 ahead)"."""
        shown = f"{ahead}" if ahead <= EXACTLY_AHEAD else f"{(ahead - 1) // EXACTLY_AHEAD * EXACTLY_AHEAD}+"
        position = f", {shown} ahead" if ahead else ""
        detail = self.detail.rstrip(".")[:LONGEST_DETAIL]
        return f"Waiting for {self.subject} ({detail}{position})" if detail else f"Waiting for {self.subject}{position}"

    def matches(self, text: str) -> bool:
        """Whether `text` is this description, for any number of rows ahead."""
        return _AHEAD.sub("", text) == self.describe()


@dataclass(frozen=True)
class Room:
    """How many rows may be sent to a connection now; `wait` is the reason if that is 0."""

    count: int
    wait: Wait | None = None


def admit(connection_id: int) -> Wait | None:
    """Return None if one more row may be sent now, else why not.

    Locks the connection. Must run in the transaction that moves the row to `submitting`: it counts rows, not promises.
    """
    connection = Connection.objects.select_for_update(of=("self",)).annotate(now=Now()).get(pk=connection_id)
    return find_room(connection, connection.now).wait


def find_room(connection: Connection, now: datetime) -> Room:
    """Count free slots. Without a lock on the connection this is a forecast: `admit` decides."""
    if storage.is_nearly_full():
        return Room(0, disk_wait())
    if connection.paused_until and connection.paused_until > now:
        return Room(0, _pause_wait(connection, (connection.paused_until - now).total_seconds()))
    in_flight = sum(rows.filter(status__in=AT_PROVIDER).count() for rows in _rows_at(connection))
    slots = connection.max_in_flight - in_flight
    if slots <= 0:
        return Room(0, Wait(connection.name, LOOK_AGAIN_SECONDS, describe_slots(in_flight, connection.max_in_flight)))
    a_minute_ago = now - timedelta(minutes=1)
    recent = [rows.filter(submitted_at__gt=a_minute_ago) for rows in _rows_at(connection)]
    times = sorted(at for rows in recent for at in rows.values_list("submitted_at", flat=True) if at is not None)
    if len(times) >= connection.requests_per_minute:
        until = times[-connection.requests_per_minute] + timedelta(minutes=1)
        detail = f"limit of {count_noun(connection.requests_per_minute, 'request')} per minute"
        return Room(0, Wait(connection.name, (until - now).total_seconds(), detail, until))
    return Room(min(slots, connection.requests_per_minute - len(times)))


def disk_wait() -> Wait:
    return Wait("free disk space on this server", DISK_SECONDS)


def _pause_wait(connection: Connection, seconds: float) -> Wait:
    return Wait(connection.name, seconds, connection.pause_reason, connection.paused_until)


def _rows_at(connection: Connection) -> tuple[QuerySet[Generation], QuerySet[ImageJob]]:
    return Generation.objects.filter(connection=connection), ImageJob.objects.filter(connection=connection)


@transaction.atomic
def pause(connection_id: int, error: ProviderError) -> Wait:
    """Pause this connection for every row, after a rejection. Returns the wait.

    Lasts twice as long with every rejection in a row, or for the provider's Retry-After if that is longer. Never shortens an
    earlier pause.
    """
    connection = Connection.objects.select_for_update(of=("self",)).annotate(now=Now()).get(pk=connection_id)
    doubled = min(LONGEST_PAUSE_SECONDS, 2.0 ** (connection.refusals + 1))
    retry_after = min(error.retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS)
    seconds = max(retry_after, doubled * random.uniform(0.5, 1.0))
    until = connection.now + timedelta(seconds=seconds)
    connection.paused_until = max(until, connection.paused_until or until)
    connection.pause_reason = error.message
    connection.refusals = min(connection.refusals + 1, 20)
    connection.save(update_fields=["paused_until", "pause_reason", "refusals"])
    return _pause_wait(connection, seconds)


def reset_backoff(connection_id: int) -> None:
    Connection.objects.filter(pk=connection_id, refusals__gt=0).update(refusals=0, pause_reason="")
