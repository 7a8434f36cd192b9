"""The activity log: append-only, committed with the change it describes, paginated, for members only."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.transaction import TransactionManagementError
from django.test import Client
from django.urls import reverse

from projects.models import Project
from teams import activity
from teams.models import Activity, Role, Team, User, Verb
from teams.models.activity import KINDS
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


def log_url(team: Team) -> str:
    return reverse("team_activity", args=[team.pk])


@pytest.fixture
def entries(project: Project, alice: User, bob: User) -> list[Activity]:
    """Bob generates, Alice raises a cap and renames, a command changes a role; oldest first."""
    activity.record(Verb.TAKES_GENERATED, bob, "3 takes", project=project, amount=Decimal("1.2"))
    activity.record(Verb.CAP_RAISED, alice, "total: $5.00 → $9.00", project=project, amount=Decimal(9))
    activity.record(Verb.TEAM_RENAMED, alice, "Day → Night", team=project.team_id)
    activity.record(Verb.ROLE_CHANGED, None, "=HYPERLINK(1)", team=project.team_id)
    return list(Activity.objects.order_by("pk"))


def test_entries_cannot_be_changed_or_deleted(entries: list[Activity]):
    first, before = entries[0], list(Activity.objects.values())
    twin = Activity(pk=first.pk, team=first.team, actor_name="Eve", verb=Verb.LEFT)
    for change in (
        first.save,
        first.delete,
        lambda: Activity.objects.update(what=""),
        lambda: Activity.objects.filter(pk=first.pk).delete(),
        lambda: Activity.objects.bulk_update([first], ["what"]),
        lambda: Activity.objects.bulk_create(
            [twin], update_conflicts=True, unique_fields=["id"], update_fields=["verb"]
        ),
    ):
        with pytest.raises(TypeError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()
    assert list(Activity.objects.values()) == before


def test_the_name_of_a_deleted_user_stays(entries: list[Activity], bob: User):
    bob.delete()
    first = Activity.objects.order_by("pk")[0]
    assert (first.actor, first.actor_name, first.what) == (None, "Bob", "3 takes")


@pytest.mark.django_db(transaction=True)
def test_an_entry_is_rolled_back_with_its_change(project: Project, bob: User):
    with pytest.raises(TransactionManagementError):
        activity.record(Verb.LEFT, bob, team=project.team_id)

    def fail() -> None:
        with transaction.atomic():
            activity.record(Verb.PROJECT_DELETED, bob, project=project)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert not Activity.objects.exists()


def test_every_verb_has_a_kind_and_fits_its_column():
    assert {verb.kind for verb in Verb} == set(KINDS)
    assert max(len(verb) for verb in Verb) <= 40


def find_entries(html: str) -> list[str]:
    """The entries on the page, in their order."""
    texts = ["3 takes", "$5.00 → $9.00", "Day → Night", "=HYPERLINK(1)"]
    return [text for text in sorted(texts, key=html.find) if text in html]


def test_members_see_the_log_newest_first(as_user: AsUser, entries: list[Activity], team: Team, vera: User):
    html = as_user(vera).get(log_url(team)).content.decode()
    assert find_entries(html) == ["=HYPERLINK(1)", "Day → Night", "$5.00 → $9.00", "3 takes"]
    assert "$1.20" in html
    assert activity.OPERATOR.replace("'", "&#x27;") in html


def test_another_teams_log_cannot_be_read_404(as_user: AsUser, entries: list[Activity], team: Team, mallory: User):
    client = as_user(mallory)
    assert [client.get(log_url(team) + query).status_code for query in ("", "?format=csv")] == [404, 404]
    own = client.get(log_url(mallory.teams.get())).content.decode()
    assert (find_entries(own), "No activity yet" in own) == ([], True)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"who": "bob"}, ["3 takes"]),
        ({"who": "none"}, ["=HYPERLINK(1)"]),
        ({"did": "budget"}, ["$5.00 → $9.00"]),
        ({"did": "team.renamed"}, ["Day → Night"]),
        ({"project": "it"}, ["$5.00 → $9.00", "3 takes"]),
        ({"who": "alice", "project": "it"}, ["$5.00 → $9.00"]),
        ({"who": "bob", "did": "budget"}, []),
    ],
)
def test_filtering_by_person_action_and_project(
    as_user: AsUser,
    entries: list[Activity],
    project: Project,
    alice: User,
    bob: User,
    filters: dict[str, str],
    expected: list[str],
):
    ids = {"alice": alice.pk, "bob": bob.pk, "it": project.pk}
    query = {name: ids.get(value, value) for name, value in filters.items()}
    response = as_user(alice).get(log_url(project.team), query)
    assert (response.status_code, find_entries(response.content.decode())) == (200, expected)


def test_filtering_by_days(as_user: AsUser, team: Team, alice: User):
    for day in (1, 2, 3):
        at = datetime(2026, 3, day, 23, 59, tzinfo=UTC)
        Activity.objects.create(team=team, actor_name="Alice", verb=Verb.LEFT, what=f"on the {day}.", created_at=at)
    client = as_user(alice)

    def days(**query: str) -> list[int]:
        html = client.get(log_url(team), query).content.decode()
        return [day for day in (1, 2, 3) if f"on the {day}." in html]

    assert days(since="2026-03-02") == [2, 3]
    assert days(until="2026-03-02") == [1, 2]
    assert days(since="2026-03-02", until="2026-03-02") == [2]


@pytest.mark.parametrize(
    "query",
    [
        "who=999999",
        "did=x",
        "project=x",
        "since=soon",
        "since=0001-01-01",
        "until=9999-12-31",
        "before=x",
        "before=" + "9" * 40,
    ],
)
def test_an_invalid_filter_is_rejected_400(as_user: AsUser, entries: list[Activity], team: Team, bob: User, query: str):
    response = as_user(bob).get(f"{log_url(team)}?{query}")
    assert (response.status_code, find_entries(response.content.decode())) == (400, [])


def test_members_of_another_team_cannot_be_filtered_400(
    as_user: AsUser, entries: list[Activity], team: Team, mallory: User
):
    own = mallory.teams.get()
    activity.record(Verb.TEAM_RENAMED, mallory, "x", team=own.pk)
    response = as_user(mallory).get(log_url(own), {"who": str(entries[0].actor_id)})
    assert (response.status_code, "Bob" in response.content.decode()) == (400, False)


def test_new_entries_do_not_shift_older_pages(as_user: AsUser, team: Team, alice: User, monkeypatch: Any):
    monkeypatch.setattr("teams.views.activity.PAGE_SIZE", 2)
    client = as_user(alice)
    for number in range(5):
        activity.record(Verb.LEFT, alice, f"no. {number}", team=team.pk)
    url, pages = log_url(team) + "?did=member", []
    while url:
        response = client.get(url)
        html = response.content.decode()
        pages.append([number for number in range(5) if f"no. {number}" in html])
        older = response.context["older"]
        url = log_url(team) + older if older else ""
        activity.record(Verb.LEFT, alice, "added meanwhile", team=team.pk)
    assert pages == [[3, 4], [1, 2], [0]]


def test_a_longer_log_needs_no_more_queries(as_user: AsUser, team: Team, project: Project, alice: User, bob: User):
    client, counts = as_user(alice), []
    for _ in range(2):
        for number in range(60):
            activity.record(Verb.TAKE_SELECTED, (alice, bob)[number % 2], f"{number}", project=project)
        with count_queries() as queries:
            client.get(log_url(team))
        counts.append(len(queries))
    assert counts == [8, 8]


def test_the_csv_export_contains_no_formula(as_user: AsUser, entries: list[Activity], team: Team, vera: User):
    response = as_user(vera).get(log_url(team), {"format": "csv"})
    assert response.headers["Content-Disposition"] == 'attachment; filename="night-shift-activity.csv"'
    headings, *rows = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
    assert headings == ["Time", "Person", "Kind", "Action", "Details", "Project", "Amount (USD)"]
    assert [row[1:] for row in rows] == [
        [activity.OPERATOR, "Members", "changed the role of", "'=HYPERLINK(1)", "", ""],
        ["Alice", "Team", "renamed the team", "Day → Night", "", ""],
        ["Alice", "Budget", "raised", "total: $5.00 → $9.00", "The ferry", "9.0000"],
        ["Bob", "Takes", "generated", "3 takes", "The ferry", "1.2000"],
    ]
    assert datetime.fromisoformat(rows[0][0]) - datetime.now(UTC) < timedelta(minutes=5)


def test_the_csv_export_is_filtered(as_user: AsUser, entries: list[Activity], team: Team, bob: User):
    response = as_user(bob).get(log_url(team), {"format": "csv", "did": "budget"})
    assert len(response.content.decode().splitlines()) == 2


def test_a_former_member_cannot_read_the_log_404(as_user: AsUser, entries: list[Activity], team: Team, bob: User):
    client = as_user(bob)
    assert client.get(log_url(team)).status_code == 200
    team.memberships.filter(user=bob, role=Role.EDITOR).delete()
    assert client.get(log_url(team)).status_code == 404
