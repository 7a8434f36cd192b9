"""What owners do with their team's connections; no other code writes those rows.

A take that has been started keeps its connection, even one that is changed, switched off or removed in the meantime.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Now

from core.secrets import Sealed
from generation.connections.probe import enqueue_refresh, probe_connection
from generation.connections.resolution import ResolvedConnection
from generation.models import Connection, Generation, ImageJob
from generation.providers.base import ProviderError
from generation.providers.redaction import redacted
from generation.providers.registry import lists_models
from generation.states import ACTIVE, Status
from teams.models import Team

#: How long a removal can be undone if nothing is in progress.
UNDO_FOR = timedelta(minutes=10)
#: Takes in these statuses may still need the key.
UNDER_WAY = (*ACTIVE, Status.UNKNOWN)
#: Fields of the owner's form.
WRITTEN = (
    "name",
    "base_url",
    "key",
    "key_hint",
    "preset",
    "abilities",
    "options",
    "declared_models",
    "price_per_second",
    "max_in_flight",
    "requests_per_minute",
)
#: Fields that hold the provider's answers, as they are before it was asked.
NOTHING_LEARNT: dict[str, Any] = {
    "tested_at": None,
    "test_worked": None,
    "test_said": "",
    "live_models": [],
    "live_models_at": None,
    "paused_until": None,
    "pause_reason": "",
    "refusals": 0,
}


def add(connection: Connection, team: Team) -> None:
    """Save it as the team's last choice."""
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        last = Connection.objects.filter(team=team).aggregate(last=Max("position"))["last"]
        connection.team, connection.position = team, (last or 0) + 1
        connection.save()
        _have_models_listed(connection)


def change(connection: Connection, *, another_account: bool) -> None:
    """Save the owner's fields. What the provider answered before is forgotten if it is now `another_account`."""
    forgotten = NOTHING_LEARNT if another_account else {}
    for field, value in forgotten.items():
        setattr(connection, field, value)
    with transaction.atomic():
        connection.save(update_fields=[*WRITTEN, *forgotten])
        _have_models_listed(connection)


def _have_models_listed(connection: Connection) -> None:
    if lists_models(connection.provider):
        transaction.on_commit(enqueue_refresh, robust=True)


def switch(connection: Connection, *, on: bool) -> bool:
    """Returns whether that changed anything."""
    return bool(Connection.objects.filter(pk=connection.pk).exclude(is_active=on).update(is_active=on))


@transaction.atomic
def move(connection: Connection, by: int) -> bool:
    """One place up (-1) or down (1); False at either end."""
    assert connection.team_id is not None
    Team.objects.select_for_update(no_key=True).get(pk=connection.team_id)
    order = list(Connection.live().filter(team=connection.team_id))
    at = next(index for index, other in enumerate(order) if other.pk == connection.pk)
    if not 0 <= at + by < len(order):
        return False
    order.insert(at + by, order.pop(at))
    for position, other in enumerate(order, 1):
        Connection.objects.filter(pk=other.pk).exclude(position=position).update(position=position)
    return True


def remove(connection: Connection) -> bool:
    """Returns False if it had been removed already. The key stays until `wipe_removed`."""
    return bool(Connection.live().filter(pk=connection.pk).update(deleted_at=Now()))


def restore(connection: Connection) -> bool:
    """Returns False once the key has been wiped."""
    removed = Connection.objects.filter(pk=connection.pk).exclude(deleted_at=None)
    is_whole = Q(deleted_at__gt=Now() - UNDO_FOR) | ~Q(key=Sealed())
    return bool(removed.filter(is_whole).update(deleted_at=None))


def wipe_removed() -> int:
    """Wipe the keys of removed connections that no take needs any more; how many."""
    takes, pictures = (
        rows.objects.filter(connection=OuterRef("pk"), status__in=UNDER_WAY) for rows in (Generation, ImageJob)
    )
    removed = Connection.objects.filter(deleted_at__lt=Now() - UNDO_FOR).exclude(key=Sealed())
    return removed.exclude(Exists(takes)).exclude(Exists(pictures)).update(key=Sealed())


def try_out(connection: Connection) -> tuple[str, bool]:
    """Probe the connection and store the outcome: the sentence to show, and whether it works."""
    try:
        said, works = redacted(probe_connection(ResolvedConnection.from_row(connection))), True
    except ProviderError as error:
        said, works = error.message, False
    Connection.objects.filter(pk=connection.pk).update(tested_at=Now(), test_worked=works, test_said=said)
    return said, works
