"""Keeps the lists of models that servers offer fresh, apart from the queues: a slow server delays no take and no other list.

The row says when its server is asked next, so any number of `manage.py work` may do this.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from django.db import connection as database
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from generation.connections.environment import read_environment
from generation.connections.probe import refresh_models
from generation.connections.resolution import ResolvedConnection
from generation.models import Connection
from generation.providers.base import ProviderError
from generation.providers.registry import PROVIDERS, lists_models

logger = logging.getLogger(__name__)

#: Servers asked at the same time, of a team only one.
AT_ONCE = 4
#: A server that is being asked is not asked by another worker. Far above the deadline of an answer.
CLAIM_FOR = timedelta(minutes=10)
#: After a failure, doubled with each further one.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)


class ListingThreads:
    def __init__(self) -> None:
        #: By the id of the team, None for the environment's connections.
        self.running: dict[int | None, threading.Thread] = {}

    def start_due(self) -> None:
        """Ask the servers whose lists are due, as far as there is room."""
        self.running = {team: thread for team, thread in self.running.items() if thread.is_alive()}
        for connection in _due_connections():
            team = connection.stored.team_id if connection.stored else None
            if len(self.running) < AT_ONCE and team not in self.running and claim(connection):
                # A daemon, because the command may end while a server is awaited.
                self.running[team] = threading.Thread(target=_refresh_in_thread, args=(connection,), daemon=True)
                self.running[team].start()


def claim(connection: ResolvedConnection) -> bool:
    """Whether this caller may ask the server now."""
    return bool(_due_rows().filter(pk=connection.ensure_row().pk).update(listing_due_at=Now() + CLAIM_FOR))


def refresh(connection: ResolvedConnection) -> None:
    """Store the server's list, or put the next attempt off. Raises nothing that a server can cause."""
    try:
        refresh_models(connection)
    except ProviderError as error:
        logger.warning("Can't list the models of %s: %s", connection.name, error)
        _put_off(connection)
    # An answer that none of the checks foresaw must not keep this server from being asked less often.
    except Exception:
        logger.exception("The list of models of %s can't be read.", connection.name)
        _put_off(connection)


def _refresh_in_thread(connection: ResolvedConnection) -> None:
    try:
        refresh(connection)
    finally:
        database.close()


def _put_off(connection: ResolvedConnection) -> None:
    row = Connection.objects.get(pk=connection.ensure_row().pk)
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(row.listing_failures, 10))
    failures = min(row.listing_failures + 1, 100)
    Connection.objects.filter(pk=row.pk).update(listing_due_at=Now() + pause, listing_failures=failures)


def _due_rows() -> QuerySet[Connection]:
    # Longest overdue first. Without a time it was never asked.
    providers = [provider.name for provider in PROVIDERS.values() if provider.lists_models]
    is_due = Q(listing_due_at=None) | Q(listing_due_at__lte=Now())
    rows = Connection.live().filter(is_due, provider__in=providers, is_active=True)
    return rows.order_by(F("listing_due_at").asc(nulls_first=True), "pk")


def _due_connections() -> Iterator[ResolvedConnection]:
    environment = read_environment()
    for connection in environment.values():
        if lists_models(connection.provider):
            connection.ensure_row()
    for row in _due_rows():
        if row.team_id:
            yield ResolvedConnection.from_row(row)
        elif row.slug in environment:
            yield replace(environment[row.slug], stored=row)
