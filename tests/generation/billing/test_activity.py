"""The team's activity log has what is generated, selected, resolved and budgeted, with prices and without prompts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from generation import pipeline
from generation.models import Generation
from generation.pipeline import resolve
from generation.states import Status
from projects.models import Project, Scene, UndoEntry
from teams.models import Activity, Team, User, Verb
from tests.standin import StandIn

pytestmark = pytest.mark.django_db(transaction=True)  # an entry outside of the act's transaction is refused
AsUser = Callable[[User], Client]
TAKE_1 = "take 1 of “Scene 1”"


def entries() -> list[tuple[Any, ...]]:
    """Actor, verb, text and amount, oldest first."""
    return list(Activity.objects.order_by("pk").values_list("actor_name", "verb", "what", "amount"))


@pytest.fixture
def paid(sora: StandIn, project: Project) -> StandIn:
    """Every take of the project costs $0.40."""
    Project.objects.update(model_id="sora-2")
    return sora


def test_a_take_started_twice_is_logged_once(paid: StandIn, scene: Scene, bob: User):
    for _ in range(2):
        pipeline.enqueue(scene, number=1, member=bob)
    assert entries() == [("Bob", Verb.TAKES_GENERATED, TAKE_1, Decimal("0.4"))]
    assert Activity.objects.get().url == f"/scenes/{scene.pk}"


def test_generate_missing_is_one_entry(paid: StandIn, project: Project, make_scenes, bob: User):
    make_scenes(3)
    for _ in range(2):
        pipeline.enqueue_missing(project, member=bob)
    assert entries() == [("Bob", Verb.TAKES_GENERATED, "3 takes", Decimal("1.2"))]


def test_a_refused_click_is_not_logged(paid: StandIn, scene: Scene, bob: User):
    with pytest.raises(ValidationError, match="The price is now"):
        pipeline.enqueue(scene, number=1, member=bob, expected="$9.99")
    assert entries() == []


def test_cancelling_selecting_deleting_and_restoring_are_logged_once(
    as_user: AsUser, scene: Scene, make_take: Callable[..., Generation], bob: User
):
    done = make_take(scene, status=Status.COMPLETED, clip=b"clip")
    running = make_take(scene, status=Status.RUNNING)
    client = as_user(bob)
    for name, take in (
        *[("take_cancel", running)] * 2,
        ("take_cancel", done),
        *[("take_select", done)] * 2,
        *[("take_delete", done)] * 2,
        *[("take_restore", done)] * 2,
    ):
        client.post(reverse(name, args=[take.pk]))
    assert entries() == [
        ("Bob", Verb.TAKE_CANCELLED, "take 2 of “Scene 1”", None),
        ("Bob", Verb.TAKE_SELECTED, TAKE_1, None),
        ("Bob", Verb.TAKE_DELETED, TAKE_1, None),
        ("Bob", Verb.TAKE_RESTORED, TAKE_1, None),
    ]


def test_resolving_a_take_is_logged_once(as_user: AsUser, remote_take: Generation, bob: User):
    Generation.objects.filter(pk=remote_take.pk).update(status=Status.UNKNOWN)
    url = reverse("take_resolve", args=[remote_take.pk])
    for _ in range(2):
        as_user(bob).post(url, {"answer": "charged"})
    assert entries() == [("Bob", Verb.RESOLVED, f"{TAKE_1}: marked as charged, no clip", Decimal("0.4"))]


def test_a_take_resolved_by_command_is_logged_for_the_operator(remote_take: Generation):
    Generation.objects.filter(pk=remote_take.pk).update(status=Status.UNKNOWN)
    remote_take.refresh_from_db()
    resolve.mark_not_created(remote_take)
    assert entries() == [("Server administrator", Verb.RESOLVED, f"{TAKE_1}: marked as not created", Decimal(0))]


def test_each_changed_cap_is_logged_and_a_higher_one_as_raised(as_user: AsUser, project: Project, alice: User):
    client, url = as_user(alice), reverse("project_budget", args=[project.pk])
    posted = {
        f"{whose}-{name}": "" for whose in ("project", "team") for name in ("cap_total", "cap_month", "confirm_above")
    }
    posted |= {"project-warn_at": "80", "team-warn_at": "80"}
    for changes in (
        {"project-cap_total": "5"},
        {"project-cap_total": "9"},
        {"project-cap_total": "9"},
        {"project-cap_total": "", "team-cap_month": "30"},
        {"team-cap_month": "20", "team-warn_at": "70"},
    ):
        assert client.post(url, posted | changes).status_code == 302
    assert entries() == [
        ("Alice", Verb.BUDGET_CHANGED, "the total cap: none → $5.00, for the project “The ferry”", 5),
        ("Alice", Verb.CAP_RAISED, "the total cap: $5.00 → $9.00, for the project “The ferry”", 9),
        ("Alice", Verb.BUDGET_CHANGED, "the monthly cap: none → $30.00, for the team “Night shift”", 30),
        ("Alice", Verb.CAP_RAISED, "the total cap: $9.00 → none, for the project “The ferry”", None),
        ("Alice", Verb.BUDGET_CHANGED, "the monthly cap: $30.00 → $20.00, for the team “Night shift”", 20),
        ("Alice", Verb.BUDGET_CHANGED, "the warning threshold: 80 % → 70 %, for the team “Night shift”", None),
    ]


def test_changing_the_model_of_a_project_is_logged_once(as_user: AsUser, project: Project, make_scenes, bob: User):
    Project.objects.update(model_id="old")
    make_scenes(2, model_id="old")
    client = as_user(bob)
    for _ in range(2):
        client.post(reverse("model_switch", args=[project.pk]), {"from": "old", "to": "animatic"})
    client.post(reverse("undo_entry", args=[UndoEntry.objects.get().pk]))
    for _ in range(2):
        client.post(reverse("project_model", args=[project.pk]), {"model": "animatic"})
    assert entries() == [
        ("Bob", Verb.SCENES_CHANGED, "the model of the project and 2 scenes to animatic", None),
        ("Bob", Verb.CHANGES_UNDONE, "the model of the project and 2 scenes to animatic", None),
        ("Bob", Verb.SCENES_CHANGED, "the model of the project to animatic", None),
    ]


def test_prompt_template_changes_are_logged_without_the_text(as_user: AsUser, team: Team, bob: User):
    client = as_user(bob)
    url = reverse("prompt_template", args=[team.pk, "sora"])
    client.post(url, {"text": "A secret recipe: {{ shot.action }}"})
    for _ in range(2):
        client.post(reverse("prompt_template_reset", args=[team.pk, "sora"]))
    assert [entry[:2] for entry in entries()] == [("Bob", Verb.PROMPT_EDITED), ("Bob", Verb.PROMPT_RESET)]
    assert "secret" not in str(list(Activity.objects.values()))
