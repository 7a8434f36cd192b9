"""A click reserves its estimated cost, and the end of the take settles or releases it, exact to the cent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.money import exact
from generation import catalogue, pipeline
from generation.billing import budget
from generation.catalogue.pricing import clip_price
from generation.management import doctor
from generation.models import Budget, Generation, LedgerEntry, next_take_number
from generation.states import Status
from projects.models import Project, Scene
from teams.models import Team, User
from tests.queries import count_queries
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


@pytest.fixture
def paid(sora: StandIn, project: Project) -> StandIn:
    """Every take of the project costs $0.40."""
    Project.objects.update(model_id="sora-2")
    return sora


def cap(project: Project, *, total: str | None = None, month: str | None = None, of_team: bool = False) -> Budget:
    with transaction.atomic():
        row = budget.lock_budgets(project)[0 if of_team else 1]
        Budget.objects.filter(pk=row.pk).update(cap_total=total, cap_month=month)
    return row


def sums(project: Project) -> tuple[Decimal, Decimal]:
    """Reserved and spent. Asserts that the team's budget, the project's and the ledger agree."""
    rows = Budget.objects.filter(team=project.team)
    (reserved,), (spent,) = (
        {row.reserved for row in rows} or {Decimal(0)},
        {row.spent for row in rows} or {Decimal(0)},
    )
    ledger = LedgerEntry.objects.aggregate(reserved=Sum("reserved"), spent=Sum("spent"))
    assert (reserved, spent) == (exact(ledger["reserved"]), exact(ledger["spent"]))
    return reserved, spent


def start(scene: Scene, member: User) -> Generation:
    fresh = Scene.objects.get(pk=scene.pk)
    take = pipeline.enqueue(fresh, number=next_take_number(fresh), member=member).take
    Generation.objects.filter(pk=take.pk).update(created_at="2026-01-01T00:00Z")
    return take


def test_a_click_reserves_the_price_and_the_finished_clip_settles_it(
    paid: StandIn, scene: Scene, project: Project, bob: User, advance
):
    take = start(scene, bob)
    assert sums(project) == (Decimal("0.4"), 0)
    for _ in range(3):
        take = advance(take)
    assert (take.status, sums(project)) == (Status.COMPLETED, (0, Decimal("0.4")))
    kinds = list(LedgerEntry.objects.values_list("kind", "reserved", "spent", "member"))
    assert kinds == [
        ("reserve", Decimal("0.4"), 0, bob.pk),
        ("settle", Decimal("-0.4"), Decimal("0.4"), bob.pk),
    ]


@pytest.mark.parametrize("how", ["refused", "cancelled while it waits", "failed later"])
def test_a_take_that_is_not_made_releases_its_hold(
    paid: StandIn, scene: Scene, project: Project, bob: User, advance, how: str
):
    take = start(scene, bob)
    if how == "refused":
        paid.state.fail("sora.create", Fault(status=400, body={"error": {"message": "No"}}))
        advance(take)
    elif how == "cancelled while it waits":
        assert pipeline.cancel(take)
        assert not pipeline.cancel(take)
    else:
        paid.state.outcome = "failed"
        advance(advance(take))
    assert sums(project) == (0, 0)
    assert LedgerEntry.objects.filter(kind="release").count() == 1


def test_a_take_that_needs_review_keeps_its_hold(
    paid: StandIn, scene: Scene, project: Project, bob: User, advance, settings
):
    settings.CONNECTIONS["sora"]["preset"] = "other"
    paid.state.fail("sora.create", Fault(drop=True))
    take = advance(advance(start(scene, bob)))
    assert (take.status, sums(project)) == (Status.UNKNOWN, (Decimal("0.4"), 0))


def test_a_free_take_has_no_ledger_entry(local_take: Generation, advance):
    assert advance(local_take).status == Status.COMPLETED
    assert (LedgerEntry.objects.count(), Budget.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("caps", "words"),
    [
        ({"total": "0.39"}, "This costs $0.40, but the budget of the project “The ferry” has $0.39 left."),
        ({"month": "0.10"}, "This costs $0.40, but the budget of the project “The ferry” has $0.10 left."),
        ({"total": "0", "of_team": True}, "This costs $0.40, but the budget of the team “Night shift” has $0.00 left."),
    ],
)
def test_a_take_above_a_cap_is_not_started(paid: StandIn, scene: Scene, project: Project, bob: User, caps, words: str):
    cap(project, **caps)
    with pytest.raises(ValidationError) as caught:
        start(scene, bob)
    assert caught.value.messages == [f"{words} Nothing was started. An owner can raise the cap."]
    assert (Generation.objects.count(), sums(project)) == (0, (0, 0))


def test_a_cap_can_be_spent_to_the_cent(paid: StandIn, scene: Scene, project: Project, bob: User):
    cap(project, total="1.20")
    for _ in range(3):
        start(scene, bob)
    with pytest.raises(ValidationError, match=r"has \$0.00 left"):
        start(scene, bob)
    assert sums(project) == (Decimal("1.2"), 0)


def test_a_new_month_has_its_own_cap(paid: StandIn, scene: Scene, project: Project, bob: User, advance):
    row = cap(project, month="0.40")
    take = start(scene, bob)
    for _ in range(3):
        advance(take)
    with pytest.raises(ValidationError):
        start(scene, bob)
    Budget.objects.filter(pk=row.pk).update(month="2026-10")
    assert start(scene, bob).estimated_cost == Decimal("0.4")


def test_the_month_comes_from_the_database_and_never_goes_back(
    paid: StandIn, scene: Scene, project: Project, bob: User, advance, monkeypatch
):
    """Neither a worker whose clock is ahead nor one that was put back opens a second month."""
    cap(project, month="0.40")
    take = start(scene, bob)
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(days=40))
    for _ in range(3):
        advance(take)
    monkeypatch.undo()
    row = Budget.objects.get(project=project)
    assert (take.status, row.month, row.spent_month) == (Status.COMPLETED, budget.current_month(), Decimal("0.4"))
    Budget.objects.filter(pk=row.pk).update(month="2999-01")
    with pytest.raises(ValidationError, match=r"has \$0.00 left"):
        start(scene, bob)


def test_the_refusal_names_scenes_that_fit_after_an_expensive_one(
    paid: StandIn, project: Project, make_scenes, bob: User
):
    expensive, *_ = make_scenes(3)
    Scene.objects.filter(pk=expensive.pk).update(duration=12)
    cap(project, total="1")
    with pytest.raises(ValidationError, match="Scenes 2-3 would fit"):
        pipeline.enqueue_missing(project, member=bob)


def test_fractions_of_a_cent_add_up(paid: StandIn, project: Project, make_scenes, bob: User):
    """Amounts have four places. A price with more is rounded once, before it is added to anything."""
    model = replace(catalogue.find("sora-2"), price_per_second=MappingProxyType({"720p": Decimal("0.0009375")}))
    assert clip_price(model, resolution="720p", seconds=Decimal(4)) == Decimal("0.0038")
    for scene in make_scenes(3):
        with transaction.atomic():
            budget.settle(start(scene, bob), Decimal("0.00385"))
    assert sums(project) == (0, 3 * exact(Decimal("0.00385")))
    assert [finding.message for finding in doctor.ledger()] == []


def test_the_refusal_of_a_batch_names_the_scenes_that_would_fit(
    paid: StandIn, project: Project, make_scenes, bob: User
):
    make_scenes(4)
    cap(project, total="1")
    with pytest.raises(ValidationError) as caught:
        pipeline.enqueue_missing(project, member=bob)
    assert caught.value.messages == [
        "This costs $1.60, but the budget of the project “The ferry” has $1.00 left. Nothing was started."
        " An owner can raise the cap. Scenes 1-2 would fit."
    ]
    assert Generation.objects.count() == 0


def test_the_refusal_replaces_the_button_422(as_user: AsUser, paid: StandIn, scene: Scene, project: Project, bob: User):
    cap(project, total="0.10")
    url = reverse("generate", args=[scene.pk]) + "?price=%240.40"
    response = as_user(bob).post(url, {"take": 1}, headers={"HX-Request": "true"})
    assert (response.status_code, "An owner can raise the cap." in response.content.decode()) == (422, True)


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_clicks_at_once_only_those_within_the_cap_start(
    paid: StandIn, project: Project, make_scenes, bob: User
):
    scenes = make_scenes(16)
    cap(project, total="2.00", of_team=True)
    granted: list[int] = []

    def click(scene: Scene) -> None:
        try:
            granted.append(start(scene, bob).pk)
        except ValidationError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=[scene]) for scene in scenes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(granted), sums(project)) == (5, (Decimal(2), 0))


def test_ledger_entries_cannot_be_changed_or_deleted(paid: StandIn, scene: Scene, bob: User):
    start(scene, bob)
    entry = LedgerEntry.objects.get()
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()
    for change in (lambda: LedgerEntry.objects.update(spent=0), lambda: LedgerEntry.objects.all().delete()):
        with pytest.raises(TypeError):
            change()


# -- The pages ---------------------------------------------------------------------------------------------------------


def save(client: Client, project: Project, **values: str):
    names = {
        f"{whose}-{name}": "" for whose in ("project", "team") for name in ("cap_total", "cap_month", "confirm_above")
    }
    names |= {"project-warn_at": "80", "team-warn_at": "80"}
    return client.post(reverse("project_budget", args=[project.pk]), names | values, follow=True)


def test_an_owner_sets_caps_and_each_change_is_recorded(as_user: AsUser, project: Project, alice: User):
    page = save(as_user(alice), project, **{"project-cap_total": "25", "team-cap_month": "100.50"}).content.decode()
    assert "Budget saved." in page
    assert "Cap changed: total cap: none → $25.00 for the project “The ferry”" in page
    assert "Cap changed: monthly cap: none → $100.50 for the team “Night shift”" in page
    of_team, of_project = budget.lock_budgets(project)
    assert (of_project.cap_total, of_team.cap_month) == (25, Decimal("100.5"))
    save(as_user(alice), project, **{"project-cap_total": "25", "team-cap_month": "100.50"})
    assert LedgerEntry.objects.filter(kind="cap").count() == 2


@pytest.mark.parametrize(("value", "words"), [("-1", "Enter 0 or more."), ("much", "Enter an amount such as")])
def test_an_invalid_cap_is_refused_422(as_user: AsUser, project: Project, alice: User, value: str, words: str):
    response = save(as_user(alice), project, **{"project-cap_total": value})
    assert (response.status_code, words in response.content.decode()) == (422, True)
    assert LedgerEntry.objects.count() == 0


def test_viewing_a_budget_creates_no_row(as_user: AsUser, project: Project, vera: User):
    as_user(vera).get(reverse("project_budget", args=[project.pk]))
    assert Budget.objects.count() == 0


@pytest.mark.parametrize(("percent", "warned"), [("50", True), ("51", False)])
def test_the_storyboard_and_the_budget_warn_from_the_threshold_on(
    as_user: AsUser, paid: StandIn, scene: Scene, project: Project, alice: User, bob: User, percent: str, warned: bool
):
    save(as_user(alice), project, **{"project-cap_total": "0.80", "project-warn_at": percent})
    start(scene, bob)
    warning = "$0.40 left in the budget of the project “The ferry”."
    pages = [reverse("storyboard", args=[project.pk]), reverse("project_budget", args=[project.pk])]
    storyboard, page = (as_user(bob).get(url).content.decode() for url in pages)
    assert (warning in storyboard, f"At least {percent} % of this budget is used." in page) == (warned, warned)


@pytest.mark.parametrize("percent", ["0", "101", "many", ""])
def test_an_invalid_warning_threshold_is_refused_422(as_user: AsUser, project: Project, alice: User, percent: str):
    response = save(as_user(alice), project, **{"team-warn_at": percent})
    assert (response.status_code, "Enter a whole number from 1 to 100." in response.content.decode()) == (422, True)


def test_members_see_the_budget_and_only_owners_change_it(
    as_user: AsUser, project: Project, bob: User, vera: User, mallory: User
):
    url = reverse("project_budget", args=[project.pk])
    assert [as_user(person).get(url).status_code for person in (bob, vera, mallory)] == [200, 200, 404]
    assert [save(as_user(person), project).status_code for person in (bob, vera, mallory)] == [403, 403, 404]


def test_the_budget_needs_as_many_queries_for_nine_entries_as_for_one(
    as_user: AsUser, paid: StandIn, project: Project, make_scenes, bob: User
):
    client, counts = as_user(bob), []
    for more in (1, 8):
        for scene in make_scenes(more):
            start(scene, bob)
        with count_queries() as queries:
            client.get(reverse("project_budget", args=[project.pk]))
        counts.append(len(queries))
    assert counts == [6, 6]


# -- Confirmation ------------------------------------------------------------------------------------------------------


def ask_above(project: Project, amount: str | None, *, of_team: bool = False) -> None:
    row = budget.lock_budgets(project)[0 if of_team else 1]
    Budget.objects.filter(pk=row.pk).update(confirm_above=amount)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_click_above_the_threshold_starts_after_confirmation(
    as_user: AsUser, paid: StandIn, scene: Scene, project: Project, bob: User, headers: dict[str, str]
):
    ask_above(project, "0.39")
    client, url = as_user(bob), reverse("generate", args=[scene.pk]) + "?price=%240.40"
    response = client.post(url, {"take": 1}, headers=headers)
    page = response.content.decode()
    assert "This costs $0.40, above the confirmation threshold of $0.39. Continue?" in page
    assert f'action="{url.replace("&", "&amp;")}"' in page
    assert ("<html" in page, response.headers.get("HX-Retarget")) == ((False, "#confirm") if headers else (True, None))
    assert Generation.objects.count() == 0
    client.post(url, {"take": 1, "confirmed": "yes"})
    assert Generation.objects.get().estimated_cost == Decimal("0.4")


def test_a_price_equal_to_the_threshold_needs_no_confirmation(
    as_user: AsUser, paid: StandIn, scene: Scene, project: Project, bob: User
):
    ask_above(project, "0.40")
    as_user(bob).post(reverse("generate", args=[scene.pk]) + "?price=%240.40", {"take": 1})
    assert Generation.objects.count() == 1


def test_the_projects_threshold_overrides_the_teams(paid: StandIn, project: Project):
    ask_above(project, "0.10", of_team=True)
    assert budget.confirmation_threshold(project) == Decimal("0.1")
    ask_above(project, "5")
    assert budget.confirmation_threshold(project) == 5


def test_generate_missing_is_confirmed_for_all_scenes_together(
    as_user: AsUser, paid: StandIn, project: Project, make_scenes, bob: User
):
    make_scenes(3)
    ask_above(project, "1")
    client, url = as_user(bob), reverse("generate_missing", args=[project.pk])
    response = client.post(url, {"expected": "3 scenes · $1.20"})
    assert response.status_code == 409
    assert "This costs $1.20, above the confirmation threshold of $1.00. Continue?" in response.content.decode()
    client.post(url, {"expected": "3 scenes · $1.20", "confirmed": "yes"})
    assert Generation.objects.count() == 3


def test_a_rework_above_the_threshold_needs_confirmation(
    as_user: AsUser, paid: StandIn, scene: Scene, project: Project, bob: User, advance
):
    take = start(scene, bob)
    for _ in range(3):
        advance(take)
    ask_above(project, "0.10")
    client, url = as_user(bob), reverse("take_rework", args=[take.pk]) + "?price=%240.40"
    fields = {"take": 2, "task": "remix", "prompt": "At night"}
    response = client.post(url, fields)
    page = response.content.decode()
    assert response.status_code == 409
    assert [f'name="{name}" value="{value}"' in page for name, value in fields.items()] == [True] * 3
    assert Generation.objects.count() == 1
    client.post(url, fields | {"confirmed": "yes"})
    assert Generation.objects.latest("pk").task == "remix"


def test_sums_are_exact_on_every_database(paid: StandIn, project: Project, make_scenes, bob: User, advance):
    takes = []
    for scene in make_scenes(8):
        takes.append(start(scene, bob))
        assert sums(project)[0] == Decimal("0.4") * len(takes)
    for take in takes:
        pipeline.cancel(take)
    assert sums(project) == (0, 0)


# -- A team's budget ---------------------------------------------------------------------------------------------------


def test_an_owner_sets_the_budget_of_a_team_without_projects(as_user: AsUser, team: Team, alice: User, vera: User):
    url = reverse("team_budget", args=[team.pk])
    client = as_user(alice)
    assert (client.get(url).status_code, Budget.objects.count()) == (200, 0)
    posted = {"team-cap_total": "50", "team-cap_month": "", "team-confirm_above": "", "team-warn_at": "80"}
    for _ in range(2):
        page = client.post(url, posted, follow=True).content.decode()
    assert "Cap changed: total cap: none → $50.00 for the team “Night shift”" in page
    assert (Budget.objects.get().cap_total, LedgerEntry.objects.count()) == (50, 1)
    assert "Only owners can change the budget." in as_user(vera).get(url).content.decode()
    assert client.post(url, posted | {"team-cap_total": "-1"}).status_code == 422


def test_the_projects_card_shows_how_much_of_its_cap_is_spent(
    as_user: AsUser, paid: StandIn, scene: Scene, project: Project, bob: User
):
    page = reverse("project_list")
    assert "$0.00 spent" in as_user(bob).get(page).content.decode()
    cap(project, total="2")
    assert "$0.00 of $2.00 spent" in as_user(bob).get(page).content.decode()
