"""What an owner does to the team's connections. What is under way goes on with the one it was begun with, whatever is done.

Each of these is the one place where that happens.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Now

from core.secrets import Sealed
from generation.connections.configured import Configured
from generation.connections.probe import enqueue_refresh, test
from generation.models import Connection, Generation, ImageGeneration
from generation.providers.base import ProviderError
from generation.providers.redaction import redacted
from generation.providers.registry import lists_models
from generation.states import ACTIVE, Status
from teams.models import Team

#: How long a removal can be taken back where nothing is under way.
UNDO_FOR = timedelta(minutes=10)
#: What may still need the key.
UNDER_WAY = (*ACTIVE, Status.UNKNOWN)
#: What an owner writes.
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
#: What was learnt from asking it.
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
    """Behind the team's others."""
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        last = Connection.objects.filter(team=team).aggregate(last=Max("position"))["last"]
        connection.team, connection.position = team, (last or 0) + 1
        connection.save()
        _have_models_listed(connection)


def change(connection: Connection, *, another_account: bool) -> None:
    """Of `another_account`, what was tried and listed before says nothing any more."""
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
    """Whether that changed anything."""
    return bool(Connection.objects.filter(pk=connection.pk).exclude(is_active=on).update(is_active=on))


@transaction.atomic
def move(connection: Connection, by: int) -> bool:
    """One place up (-1) or down (1); whether there was one."""
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
    """Whether it was still there."""
    return bool(Connection.live().filter(pk=connection.pk).update(deleted_at=Now()))


def restore(connection: Connection) -> bool:
    """Whether it could be: not once its key is gone."""
    removed = Connection.objects.filter(pk=connection.pk).exclude(deleted_at=None)
    is_whole = Q(deleted_at__gt=Now() - UNDO_FOR) | ~Q(key=Sealed())
    return bool(removed.filter(is_whole).update(deleted_at=None))


def wipe_removed() -> int:
    """Forget the keys of removed connections that nothing needs any more; how many."""
    takes, pictures = (
        rows.objects.filter(connection=OuterRef("pk"), status__in=UNDER_WAY) for rows in (Generation, ImageGeneration)
    )
    removed = Connection.objects.filter(deleted_at__lt=Now() - UNDO_FOR).exclude(key=Sealed())
    return removed.exclude(Exists(takes)).exclude(Exists(pictures)).update(key=Sealed())


def try_out(connection: Connection) -> tuple[str, bool]:
    """One harmless question, and the answer kept: what was said, and whether it works."""
    try:
        said, works = redacted(test(Configured.of_row(connection))), True
    except ProviderError as error:
        said, works = error.message, False
    Connection.objects.filter(pk=connection.pk).update(tested_at=Now(), test_worked=works, test_said=said)
    return said, works
