"""Whatever an editor does to spend, the cap of the server's connection, of the team and of a copied project holds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.test import Client
from django.urls import reverse

from generation.billing import budget
from generation.management import doctor
from generation.models import Budget, Generation, ImageJob
from imageai_web import provider_env
from projects.models import Project, Scene
from teams.models import Role, Team, User
from tests.standin import StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


@pytest.fixture
def capped(sora: StandIn, project: Project, settings: Any) -> StandIn:
    """Every take costs $0.40, and the server's connection has $0.30 a month."""
    Project.objects.update(model_id="sora-2")
    settings.CONNECTIONS["sora"]["cap_month"] = Decimal("0.30")
    return sora


def generate(client: Client, scene: Scene) -> str:
    return client.post(reverse("generate", args=[scene.pk]), {"take": "1"}, follow=True).content.decode()


def generate_missing(client: Client, scene: Scene) -> str:
    url = reverse("generate_missing", args=[scene.project_id])
    return client.post(url, {"expected": "1 scene · $0.40"}, follow=True).content.decode()


def generate_batch(client: Client, scene: Scene) -> str:
    url = reverse("project_generate", args=[scene.project_id])
    fields = {"take": [f"{scene.pk}:1"], "expected": "1 scene · $0.40"}
    return client.post(url, fields, follow=True).content.decode()


def generate_in_a_copy(client: Client, scene: Scene) -> str:
    client.post(reverse("project_duplicate", args=[scene.project_id]))
    return generate(client, Scene.objects.order_by("pk").last() or scene)


def generate_in_another_team(client: Client, scene: Scene) -> str:
    """As a founder of teams, who owns the new one."""
    member = User.objects.get(name="Bob")
    other = Team.objects.create(name="Free of caps")
    other.add(member, Role.OWNER)
    project = Project.objects.create(team=other, title="Elsewhere", model_id="sora-2", created_by=member)
    return generate(client, Scene.objects.create(project=project, position=1, title="x", action="x", duration=4))


WAYS = [generate, generate_missing, generate_batch, generate_in_a_copy, generate_in_another_team]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_way_to_spend_finds_the_cap_of_the_servers_connection(
    capped: StandIn, as_user: AsUser, scene: Scene, bob: User, way: Callable[[Client, Scene], str]
):
    page = way(as_user(bob), scene)
    assert (Generation.objects.count(), capped.state.charges) == (0, [])
    assert "has $0.30 left. Nothing was started. The operator of this server can raise the cap." in page


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_below_the_cap_every_way_starts_a_take(
    capped: StandIn, as_user: AsUser, scene: Scene, bob: User, settings: Any, way: Callable[[Client, Scene], str]
):
    settings.CONNECTIONS["sora"]["cap_month"] = Decimal("0.40")
    way(as_user(bob), scene)
    assert Generation.objects.count() == 1
    row = Budget.objects.get(connection__slug="sora")
    assert (row.team, row.reserved, row.cap_month) == (None, Decimal("0.40"), Decimal("0.40"))
    generate(as_user(bob), Scene.objects.create(project=scene.project, position=9, title="x", action="x", duration=4))
    assert Generation.objects.count() == 1


def test_the_sums_of_a_servers_connection_agree_with_the_ledger(
    capped: StandIn, as_user: AsUser, scene: Scene, bob: User, settings: Any, advance
):
    settings.CONNECTIONS["sora"]["cap_month"] = None
    generate(as_user(bob), scene)
    take = Generation.objects.get()
    for _ in range(3):
        take = advance(take)
    row = Budget.objects.get(connection__slug="sora")
    assert (row.reserved, row.spent, row.spent_month) == (0, Decimal("0.40"), Decimal("0.40"))
    assert [finding.message for finding in doctor.ledger()] == []


def test_a_team_without_a_budget_has_the_operators_caps(
    sora: StandIn, as_user: AsUser, scene: Scene, project: Project, bob: User, settings: Any
):
    Project.objects.update(model_id="sora-2")
    settings.TEAM_CAPS = {"cap_month": Decimal("0.10"), "cap_total": None}
    assert "has $0.10 left" in generate(as_user(bob), scene)
    assert (Generation.objects.count(), ImageJob.objects.count()) == (0, 0)
    assert budget.team_budget(project.team).cap_month == Decimal("0.10")


def test_a_copy_of_a_project_has_its_caps_and_has_spent_nothing(
    as_user: AsUser, project: Project, scene: Scene, bob: User
):
    with transaction.atomic():
        row = budget.lock_budgets(project)[1]
        Budget.objects.filter(pk=row.pk).update(cap_total=5, confirm_above=2, warn_at=50, spent=3, spent_month=3)
    as_user(bob).post(reverse("project_duplicate", args=[project.pk]))
    copy = Budget.objects.get(project__title__endswith="(copy)")
    assert (copy.cap_total, copy.cap_month, copy.confirm_above, copy.warn_at) == (5, None, 2, 50)
    assert (copy.reserved, copy.spent, copy.spent_month) == (0, 0, 0)


def test_the_connections_page_names_the_cap(capped: StandIn, as_user: AsUser, vera: User, scene: Scene):
    assert "at most $0.30 a month for all teams" in as_user(vera).get(reverse("connections")).content.decode()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("SORA_CAP_MONTH", "lots", "SORA_CAP_MONTH"),
        ("SORA_CAP_MONTH", "-1", "SORA_CAP_MONTH"),
        ("SORA_CAP_MONTH", "1e999999999", "SORA_CAP_MONTH"),
    ],
)
def test_a_wrong_cap_stops_the_start_with_its_name(name: str, value: str, problem: str):
    env = environ.Env()
    env.ENVIRON = {"OPENAI_API_KEY": "any", name: value}
    with pytest.raises(ImproperlyConfigured, match=problem):
        provider_env.connections(env)


@pytest.mark.parametrize("value", ["lots", "-1", "1e9", "NaN", "1" * 40])
def test_a_wrong_team_cap_stops_the_start(value: str):
    env = environ.Env()
    env.ENVIRON = {"IMAGEAI_TEAM_CAP_MONTH": value}
    with pytest.raises(ImproperlyConfigured, match="IMAGEAI_TEAM_CAP_MONTH"):
        provider_env.amount(env, "IMAGEAI_TEAM_CAP_MONTH")
