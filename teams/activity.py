"""Writes the activity log of a team.

Every member can read the log: record names and titles, never a key, the secret of a link, or a prompt.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

from django.db import transaction
from django.db.transaction import TransactionManagementError

from teams.models import Activity, User, Verb

#: The actor of a management command.
OPERATOR = "Server administrator"


class Titled(Protocol):
    """A project. Its model belongs to an app above this one."""

    pk: Any
    team_id: Any
    title: Any


def record(
    verb: Verb,
    actor: User | None,
    what: str = "",
    *,
    team: int | None = None,
    project: Titled | None = None,
    page: tuple[str, int] | None = None,
    amount: Decimal | None = None,
) -> None:
    """Record what `actor` did in a `project`, or in a `team` as a whole.

    `actor` is None for a management command. `page` is the URL name and the id of the page to link to; by default the
    storyboard of the project. Raises TransactionManagementError outside a transaction: the entry and the change that it
    describes are committed together or not at all.
    """
    if not transaction.get_connection().in_atomic_block:
        raise TransactionManagementError("Record an activity in the same transaction as the change.")
    team_id = project.team_id if project else team
    assert team_id is not None, "either a project or a team is required"
    if page is None and project is not None:
        page = ("storyboard", project.pk)
    Activity.objects.create(
        team_id=team_id,
        actor=actor,
        actor_name=str(actor) if actor else OPERATOR,
        verb=verb,
        what=what[:300],
        page=page[0] if page else "",
        page_id=page[1] if page else None,
        project_id=project.pk if project else None,
        project_title=project.title if project else "",
        amount=amount,
    )
