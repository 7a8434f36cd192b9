"""The costs page and its CSV: sums by project, member, model and month, which agree with the budgets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from generation.billing import budget, reports
from generation.management import doctor
from generation.models import Budget, ImageJob, LedgerEntry
from generation.states import Status
from projects.models import Project, Scene
from teams.models import Team, User
from tests.generation.billing.test_budget import cap, paid, start
from tests.queries import count_queries
from tests.standin import StandIn

__all__ = ["paid"]
pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


def test_costs_by_project_member_model_and_month(
    as_user: AsUser, paid: StandIn, scene: Scene, bob: User, vera: User, mallory: User, advance
):
    take = start(scene, bob)
    for _ in range(3):
        advance(take)
    start(scene, bob)
    client = as_user(vera)
    for by, name in {"project": "The ferry", "member": "Bob", "model": "Sora 2"}.items():
        page = client.get(reverse("costs"), {"by": by}).content.decode()
        assert (name in page, page.count("$0.80"), "Total (USD)" in page) == (True, 2, True)
    months = client.get(reverse("costs"), {"by": "month"}).context["groups"]
    assert [(group.name, group.actual, group.reserved) for group in months] == [
        ("On hold", Decimal(0), Decimal("0.4")),
        (budget.current_month(), Decimal("0.4"), Decimal(0)),
    ]
    assert "No costs yet" in as_user(mallory).get(reverse("costs")).content.decode()


def test_two_projects_with_one_name_have_their_own_sums_and_caps(
    as_user: AsUser, paid: StandIn, scene: Scene, project: Project, bob: User, team: Team, mallory: User
):
    start(scene, bob)
    other = Project.objects.create(team=team, title=project.title, model_id="sora-2")
    start(Scene.objects.create(project=other, position=1, title="x", action="x", duration=scene.duration), bob)
    cap(project, total="5")
    response = as_user(bob).get(reverse("costs"))
    assert [(sums.name, sums.reserved) for sums in response.context["groups"]] == [("The ferry", Decimal("0.4"))] * 2
    assert [(str(gauge.row), gauge.left) for gauge in response.context["capped"]] == [("The ferry", Decimal("4.6"))]
    assert as_user(mallory).get(reverse("costs")).context["capped"] == []


@pytest.mark.parametrize(("format", "expected"), [("", 10), ("csv", 5)])
def test_costs_need_as_many_queries_for_nine_takes_as_for_one(
    as_user: AsUser, paid: StandIn, make_scenes, bob: User, format: str, expected: int
):
    client, counts = as_user(bob), []
    for more in (1, 8):
        for scene in make_scenes(more):
            start(scene, bob)
        with count_queries() as queries:
            client.get(reverse("costs"), {"format": format})
        counts.append((len(queries), '"prompt"' in str(queries)))
    assert counts == [(expected, False), (expected, False)]


def test_the_database_adds_costs_up_by_member_and_model(paid: StandIn, make_scenes, make_take, alice: User, bob: User):
    first, second = make_scenes(2)
    costs_a_dime = {"model_id": "sora-2", "estimated_cost": Decimal("0.1")}
    for _ in range(3):
        make_take(first, **costs_a_dime, status=Status.COMPLETED, clip=b"clip", actual_cost=Decimal("0.1"))
    make_take(second, **costs_a_dime, status=Status.UNKNOWN, created_by=bob)
    make_take(second, **costs_a_dime | {"model_id": "sora-0"}, status=Status.FAILED)
    lines = reports.cost_lines(alice)
    rows = [(line.member, line.model, line.count, line.estimated, line.actual, line.reserved) for line in lines]
    assert sorted(rows) == [
        ("Alice", "Sora 2", 3, Decimal("0.3"), Decimal("0.3"), Decimal(0)),
        ("Alice", "sora-0", 1, Decimal("0.1"), Decimal(0), Decimal(0)),
        ("Bob", "Sora 2", 1, Decimal("0.1"), Decimal(0), Decimal("0.1")),
    ]


def test_the_csv_has_every_take_and_no_formula(as_user: AsUser, paid: StandIn, scene: Scene, bob: User):
    Scene.objects.update(title="=SUM(A1)")
    start(scene, bob)
    response = as_user(bob).get(reverse("costs"), {"format": "csv"})
    (heading, row) = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
    values = dict(zip(heading, row, strict=True))
    assert (values["what"], values["estimated (USD)"], values["actual (USD)"], values["reserved (USD)"]) == (
        "'=SUM(A1), take 1",
        "0.4000",
        "0",
        "0.4000",
    )


def test_costs_csv_and_budgets_have_one_month_of_settlement_in_the_servers_zone(
    as_user: AsUser, paid: StandIn, scene: Scene, project: Project, bob: User, make_take, settings
):
    """Clicked in October, settled in the last hour of November in UTC: that is December in Berlin, everywhere."""
    settings.TIME_ZONE = "Europe/Berlin"
    settled = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    dime = {"model_id": "sora-2", "estimated_cost": Decimal("0.4"), "created_at": "2026-10-31T12:00Z"}
    take = make_take(
        scene, **dime, status=Status.COMPLETED, clip=b"clip", actual_cost=Decimal("0.4"), finished_at=settled
    )
    entry = {"team": project.team, "project": project, "member": bob, "take": take}
    LedgerEntry.objects.create(kind="reserve", reserved=Decimal("0.4"), at="2026-10-31T12:00Z", **entry)
    LedgerEntry.objects.create(
        kind="settle", reserved=Decimal("-0.4"), spent=Decimal("0.4"), at="2026-11-30T23:30Z", **entry
    )
    values = {"spent": Decimal("0.4"), "spent_month": Decimal("0.4"), "month": budget.month_key(settled)}
    for owner in (None, project):
        Budget.objects.create(team=project.team, project=owner, cap_month=1, **values)
    assert values["month"] == "2026-12"
    assert list(doctor.ledger()) == []
    response = as_user(bob).get(reverse("costs"), {"by": "month"})
    assert [(group.name, group.actual) for group in response.context["groups"]] == [("2026-12", Decimal("0.4"))]
    assert "Europe/Berlin" in response.content.decode()
    table = as_user(bob).get(reverse("costs"), {"format": "csv"}).content.decode("utf-8-sig")
    ((heading, *_), (month, *_)) = csv.reader(io.StringIO(table))
    assert (heading, month) == ("settled in month (Europe/Berlin)", "2026-12")
    for page in (reverse("project_budget", args=[project.pk]), reverse("team_budget", args=[project.team_id])):
        assert "(Europe/Berlin)" in as_user(bob).get(page).content.decode()


def test_an_image_counts_on_the_card_of_its_project(as_user: AsUser, paid: StandIn, project: Project, bob: User):
    row = ImageJob.objects.create(
        project=project, created_by=bob, provider="openai_images", model_id="gpt-image-2", estimated_cost=Decimal("0.2")
    )
    with transaction.atomic():
        budget.reserve([row], project)
        budget.settle(row, Decimal("0.25"))
    assert "$0.25 spent" in as_user(bob).get(reverse("project_list")).content.decode()
