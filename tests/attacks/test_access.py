"""Every URL with every method, as owner, editor, viewer, member of another team and stranger."""

from __future__ import annotations

from itertools import product

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, reverse

from generation.models import Generation
from generation.states import Status
from projects.models import Project
from teams.models import Team, User
from tests.attacks.access_table import ROWS, Row, Who
from tests.attacks.world import PATTERNS, World, outer_transaction, rolled_back, state

pytestmark = pytest.mark.django_db

SAFE = ("get", "head")
OTHER = ("put", "patch", "delete", "options")
#: What each visitor has, in the terms of the table.
POWERS = {
    "alice": {Who.ANYONE, Who.SIGNED_IN, Who.SELF, Who.VIEWER, Who.EDITOR, Who.OWNER, Who.EDITS_SOMEWHERE, Who.FOUNDER},
    "bob": {Who.ANYONE, Who.SIGNED_IN, Who.VIEWER, Who.EDITOR, Who.EDITS_SOMEWHERE},
    "vera": {Who.ANYONE, Who.SIGNED_IN, Who.VIEWER},
    "mallory": {Who.ANYONE, Who.SIGNED_IN, Who.EDITS_SOMEWHERE},
    "stranger": {Who.ANYONE},
}
TEAM_ROLES = {Who.VIEWER, Who.EDITOR, Who.OWNER}
#: Visitors who get 404 rather than 403: they must not learn what exists.
OUTSIDE = {needed: {"mallory"} for needed in TEAM_ROLES} | {Who.SELF: {"bob", "vera", "mallory"}}


def test_the_table_has_a_row_for_every_url_name():
    names = [str(pattern.name) for pattern in PATTERNS]
    assert sorted(names) == sorted(ROWS)


def outcome(response: HttpResponseBase) -> str:
    """The kind of answer; everything but a refusal or an error is `served`."""
    location = response.headers.get("Location", "")
    if response.status_code == 302 and location.startswith("/accounts/login/"):
        return "sign in"
    refused = {403: "forbidden", 404: "not found", 405: "no such method"}
    if response.status_code >= 500 and response.status_code != 503:  # readyz answers 503 if not ready
        return f"broken: {response.status_code}"
    return refused.get(response.status_code, "served")


#: These answer 404 while no identity provider is configured.
WITHOUT_PROVIDER = {"openid_connect_login", "openid_connect_callback"}


def expected(visitor: str, row: Row, method: str) -> str:
    needed = row.read if method in SAFE else row.write if method == "post" else Who.NO_ONE
    powers = POWERS[visitor]
    is_open = Who.ANYONE in (row.read, row.write)
    if visitor == "stranger" and not is_open:
        return "sign in"
    if needed is Who.NO_ONE:
        return "no such method"
    if needed in powers:
        return "served"
    return "not found" if visitor in OUTSIDE.get(needed, ()) else "forbidden"


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: str(pattern.name))
def test_every_role_and_method_gets_the_expected_answer(pattern: URLPattern, world: World, visitors: dict[str, Client]):
    name = str(pattern.name)
    row, address = ROWS[name], world.address(pattern)
    wrong = []
    for visitor, method in product(POWERS, (*SAFE, "post", *OTHER)):
        with outer_transaction():
            response = getattr(visitors[visitor], method)(address)
            transaction.set_rollback(True)
        actual, wanted = outcome(response), expected(visitor, row, method)
        if wanted == "served" and name in WITHOUT_PROVIDER:
            wanted = "not found"
        if actual != wanted:
            wrong.append(f"{method.upper()} by {visitor}: {actual} ({response.status_code}), not {wanted}")
    assert wrong == []


WRITES = [pattern for pattern in PATTERNS if ROWS.get(str(pattern.name), Row()).write not in (Who.NO_ONE, Who.ANYONE)]


def test_a_write_without_a_csrf_token_is_refused(world: World, alice: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answers = {}
    for pattern in WRITES:
        response = client.post(world.address(pattern))
        answers[str(pattern.name)] = (response.status_code, "CSRF" in response.content.decode())
    assert answers == {str(pattern.name): (403, True) for pattern in WRITES}


READS = [pattern for pattern in PATTERNS if ROWS.get(str(pattern.name), Row()).read is not Who.NO_ONE]


def test_get_requests_change_nothing(world: World, visitors: dict[str, Client]):
    before = state()
    for pattern in READS:
        with rolled_back(visitors["alice"]):
            visitors["alice"].get(world.address(pattern))
            assert state() == before, pattern.name


def test_outsiders_and_viewers_change_nothing(world: World, visitors: dict[str, Client]):
    before = state()
    for pattern, method in product(PATTERNS, ("get", "post")):
        getattr(visitors["mallory"], method)(world.address(pattern))
        if pattern.name != "team_leave":  # a viewer may leave
            getattr(visitors["vera"], method)(world.address(pattern))
    assert state() == before


def test_projects_of_another_team_are_not_listed(project: Project, visitors: dict[str, Client]):
    for name in ("project_list", "queue", "costs"):
        assert project.title not in visitors["mallory"].get(reverse(name)).content.decode()


TEAM_URLS = [
    pattern for pattern in PATTERNS if TEAM_ROLES & {ROWS[str(pattern.name)].read, ROWS[str(pattern.name)].write}
]


def test_a_team_that_requires_a_second_factor_serves_nothing_without_it(
    world: World, team: Team, visitors: dict[str, Client]
):
    Team.objects.filter(pk=team.pk).update(requires_second_factor=True)
    owner = visitors["alice"]
    for pattern in TEAM_URLS:
        address = world.address(pattern)
        answers = [answer for answer in (owner.get(address), owner.post(address)) if answer.status_code != 405]
        assert {answer.status_code for answer in answers} == {403}, pattern.name
        assert all(
            "Night shift requires an authenticator app or a passkey" in answer.content.decode() for answer in answers
        ), pattern.name


@pytest.mark.parametrize("name", ["project_list", "queue", "costs", "project_create"])
def test_lists_hide_a_team_that_requires_a_second_factor(
    name: str, world: World, team: Team, visitors: dict[str, Client]
):
    Generation.objects.update(status=Status.FAILED, estimated_cost=1)
    owner = visitors["alice"]
    assert ("The ferry" in owner.get(reverse(name)).content.decode()) is (name != "project_create")
    Team.objects.filter(pk=team.pk).update(requires_second_factor=True)
    assert "The ferry" not in owner.get(reverse(name)).content.decode()
    assert "Night shift" not in owner.get(reverse("project_create")).content.decode()
