"""Every address, asked in every way by everybody: owner, editor, viewer, a member of another team, and a stranger."""

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
from tests.attacks.world import PATTERNS, World, state, taken_back

pytestmark = pytest.mark.django_db

SAFE = ("get", "head")
OTHER = ("put", "patch", "delete", "options")
#: What each kind of visitor has, as the table counts it.
POWERS = {
    "alice": {Who.EVERYBODY, Who.SIGNED_IN, Who.SELF, Who.VIEWER, Who.EDITOR, Who.OWNER, Who.EDITS_SOMEWHERE},
    "bob": {Who.EVERYBODY, Who.SIGNED_IN, Who.VIEWER, Who.EDITOR, Who.EDITS_SOMEWHERE},
    "vera": {Who.EVERYBODY, Who.SIGNED_IN, Who.VIEWER},
    "mallory": {Who.EVERYBODY, Who.SIGNED_IN, Who.EDITS_SOMEWHERE},
    "stranger": {Who.EVERYBODY},
}
OF_A_TEAM = {Who.VIEWER, Who.EDITOR, Who.OWNER}
#: Who is told that there is nothing, rather than that they may not.
OUTSIDE = {needed: {"mallory"} for needed in OF_A_TEAM} | {Who.SELF: {"bob", "vera", "mallory"}}


def test_the_table_has_a_row_for_every_address():
    names = [str(pattern.name) for pattern in PATTERNS]
    assert sorted(names) == sorted(ROWS)


def outcome(response: HttpResponseBase) -> str:
    """In one word what the server made of it; anything it answers to somebody who may ask is `served`."""
    location = response.headers.get("Location", "")
    if response.status_code == 302 and location.startswith("/accounts/login/"):
        return "sign in"
    refused = {403: "forbidden", 404: "not found", 405: "no such method"}
    if response.status_code >= 500 and response.status_code != 503:  # which is how readyz says no
        return f"broken: {response.status_code}"
    return refused.get(response.status_code, "served")


#: There is nothing at these as long as no identity provider is configured.
WITHOUT_PROVIDER = {"openid_connect_login", "openid_connect_callback"}


def expected(visitor: str, row: Row, method: str) -> str:
    needed = row.read if method in SAFE else row.write if method == "post" else Who.NOBODY
    powers = POWERS[visitor]
    is_open = Who.EVERYBODY in (row.read, row.write)
    if visitor == "stranger" and not is_open:
        return "sign in"
    if needed is Who.NOBODY:
        return "no such method"
    if needed in powers:
        return "served"
    return "not found" if visitor in OUTSIDE.get(needed, ()) else "forbidden"


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: str(pattern.name))
def test_who_is_served(pattern: URLPattern, world: World, visitors: dict[str, Client]):
    name = str(pattern.name)
    row, address = ROWS[name], world.address(pattern)
    wrong = []
    for visitor, method in product(POWERS, (*SAFE, "post", *OTHER)):
        with transaction.atomic():
            response = getattr(visitors[visitor], method)(address)
            transaction.set_rollback(True)
        found, wanted = outcome(response), expected(visitor, row, method)
        if wanted == "served" and name in WITHOUT_PROVIDER:
            wanted = "not found"
        if found != wanted:
            wrong.append(f"{method.upper()} by {visitor}: {found} ({response.status_code}), not {wanted}")
    assert wrong == []


WRITES = [
    pattern for pattern in PATTERNS if ROWS.get(str(pattern.name), Row()).write not in (Who.NOBODY, Who.EVERYBODY)
]


def test_a_write_needs_the_token(world: World, alice: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    found = {}
    for pattern in WRITES:
        response = client.post(world.address(pattern))
        found[str(pattern.name)] = (response.status_code, "CSRF" in response.content.decode())
    assert found == {str(pattern.name): (403, True) for pattern in WRITES}


READS = [pattern for pattern in PATTERNS if ROWS.get(str(pattern.name), Row()).read is not Who.NOBODY]


def test_reading_changes_nothing(world: World, visitors: dict[str, Client]):
    before = state()
    for pattern in READS:
        with taken_back(visitors["alice"]):
            visitors["alice"].get(world.address(pattern))
            assert state() == before, pattern.name


def test_of_another_team_everything_is_as_before(world: World, visitors: dict[str, Client]):
    before = state()
    for pattern, method in product(PATTERNS, ("get", "post")):
        getattr(visitors["mallory"], method)(world.address(pattern))
        if pattern.name != "team_leave":  # which is hers to do
            getattr(visitors["vera"], method)(world.address(pattern))
    assert state() == before


def test_projects_of_another_team_are_not_listed(project: Project, visitors: dict[str, Client]):
    for name in ("project_list", "queue", "costs"):
        assert project.title not in visitors["mallory"].get(reverse(name)).content.decode()


OF_AN_OBJECT = [
    pattern for pattern in PATTERNS if OF_A_TEAM & {ROWS[str(pattern.name)].read, ROWS[str(pattern.name)].write}
]


def test_nothing_is_served_without_the_second_factor_a_team_requires(
    world: World, team: Team, visitors: dict[str, Client]
):
    Team.objects.filter(pk=team.pk).update(requires_second_factor=True)
    owner = visitors["alice"]
    for pattern in OF_AN_OBJECT:
        address = world.address(pattern)
        answers = [answer for answer in (owner.get(address), owner.post(address)) if answer.status_code != 405]
        assert {answer.status_code for answer in answers} == {403}, pattern.name
        assert all("Night shift asks everybody for one" in answer.content.decode() for answer in answers), pattern.name


@pytest.mark.parametrize("name", ["project_list", "queue", "costs", "project_create"])
def test_lists_hold_nothing_of_a_team_that_requires_one(
    name: str, world: World, team: Team, visitors: dict[str, Client]
):
    Generation.objects.update(status=Status.FAILED, estimated_cost=1)
    owner = visitors["alice"]
    assert ("The ferry" in owner.get(reverse(name)).content.decode()) is (name != "project_create")
    Team.objects.filter(pk=team.pk).update(requires_second_factor=True)
    assert "The ferry" not in owner.get(reverse(name)).content.decode()
    assert "Night shift" not in owner.get(reverse("project_create")).content.decode()
