"""Changes that owners make to their team's connections; no other code changes what owners entered.

A take keeps the connection it was started with, even one that is changed, switched off or removed while it is in progress.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Now

from core.plurals import count_noun
from core.secrets import Sealed
from generation.connections.probe import probe_connection
from generation.connections.resolution import ResolvedConnection
from generation.models import Connection, Generation, ImageJob
from generation.providers.base import ProviderError
from generation.providers.redaction import redact
from generation.states import ACTIVE, Status
from teams.models import Team

#: How long a removal can be undone; longer while a take still needs the key.
UNDO_FOR = timedelta(minutes=10)
#: Takes in these statuses may still need the key.
NEEDS_KEY = (*ACTIVE, Status.UNKNOWN)
FORM_FIELDS = (
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
#: Fields that hold what the provider answered, with their initial values.
INITIAL_ANSWERS: dict[str, Any] = {
    "tested_at": None,
    "test_worked": None,
    "test_said": "",
    "live_models": [],
    "live_models_at": None,
    "listing_due_at": None,
    "listing_failures": 0,
    "paused_until": None,
    "pause_reason": "",
    "refusals": 0,
}


def add(connection: Connection, team: Team) -> None:
    """Appends it to the team's connections. Raises ValidationError if it has as many as a team can have."""
    with transaction.atomic():
        _lock_team_with_room(team.pk)
        last = Connection.objects.filter(team=team).aggregate(last=Max("position"))["last"]
        connection.team, connection.position = team, (last or 0) + 1
        connection.save()


def _lock_team_with_room(team_id: int) -> None:
    # The team's row is the lock of the order and of the count: two simultaneous additions would get the same position.
    Team.objects.select_for_update(no_key=True).get(pk=team_id)
    if Connection.live().filter(team=team_id).count() >= settings.TEAM_CONNECTIONS:
        limit = count_noun(settings.TEAM_CONNECTIONS, "connection")
        raise ValidationError(f"A team can have {limit}. Remove one that is not used.")


def change(connection: Connection, *, another_account: bool) -> None:
    """Saves the form's fields. With `another_account`, also resets what the provider answered for the previous one."""
    reset = INITIAL_ANSWERS if another_account else {}
    for field, value in reset.items():
        setattr(connection, field, value)
    connection.save(update_fields=[*FORM_FIELDS, *reset])


def switch(connection: Connection, *, on: bool) -> bool:
    """Returns False if it was so already."""
    return bool(Connection.objects.filter(pk=connection.pk).exclude(is_active=on).update(is_active=on))


@transaction.atomic
def move(connection: Connection, by: int) -> bool:
    """Moves it one place up (-1) or down (1). Returns False at either end."""
    assert connection.team_id is not None
    Team.objects.select_for_update(no_key=True).get(pk=connection.team_id)
    order = list(Connection.live().filter(team=connection.team_id))
    index = next(index for index, row in enumerate(order) if row.pk == connection.pk)
    if not 0 <= index + by < len(order):
        return False
    order.insert(index + by, order.pop(index))
    for position, row in enumerate(order, 1):
        Connection.objects.filter(pk=row.pk).exclude(position=position).update(position=position)
    return True


def remove(connection: Connection) -> bool:
    """Returns False if it was removed already. The key stays until `wipe_removed`."""
    return bool(Connection.live().filter(pk=connection.pk).update(deleted_at=Now()))


@transaction.atomic
def restore(connection: Connection) -> bool:
    """Returns False once the key has been wiped. Raises ValidationError if the team has no room for it any more."""
    assert connection.team_id is not None
    if connection.deleted_at:
        _lock_team_with_room(connection.team_id)
    removed = Connection.objects.filter(pk=connection.pk).exclude(deleted_at=None)
    # Within UNDO_FOR nothing was wiped, so an empty key is one of a connection that has none.
    has_key = Q(deleted_at__gt=Now() - UNDO_FOR) | ~Q(key=Sealed())
    return bool(removed.filter(has_key).update(deleted_at=None))


def wipe_removed() -> int:
    """Wipes the keys of removed connections that no take or image job needs any more. Returns their number."""
    takes, image_jobs = (
        model.objects.filter(connection=OuterRef("pk"), status__in=NEEDS_KEY) for model in (Generation, ImageJob)
    )
    removed = Connection.objects.filter(deleted_at__lt=Now() - UNDO_FOR).exclude(key=Sealed())
    return removed.exclude(Exists(takes)).exclude(Exists(image_jobs)).update(key=Sealed())


def run_test(connection: Connection) -> tuple[str, bool]:
    """Tests the connection and stores the result: a sentence to show, and whether it works."""
    try:
        message, works = redact(probe_connection(ResolvedConnection.from_row(connection))), True
    except ProviderError as error:
        message, works = error.message, False
    Connection.objects.filter(pk=connection.pk).update(tested_at=Now(), test_worked=works, test_said=message)
    return message, works
