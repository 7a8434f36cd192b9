"""The one door to a team's log of activities.

`record` belongs into the transaction of the act it tells of, so that either both are there or neither; outside of one it
refuses. What is written may be read by every member: names and titles, never a key, a link's secret or a prompt.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

from django.db import transaction
from django.db.transaction import TransactionManagementError

from teams.models import Activity, User, Verb

#: Stands in for a person where somebody acts at the server's own terminal.
OPERATOR = "The server's operator"


class Titled(Protocol):
    """A project, which this app knows no more of."""

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
    """Write down that `actor` did it, in a `project` or in a `team` as a whole. `page` is an address' name and id."""
    if not transaction.get_connection().in_atomic_block:
        raise TransactionManagementError("An activity is recorded in the transaction of its act.")
    team_id = project.team_id if project else team
    assert team_id is not None, "it happened somewhere"
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
