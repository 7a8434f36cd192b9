"""How many slow requests to providers pages wait for, and how many connections a team can have."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from generation.connections import page_calls
from generation.models import Connection
from teams.models import Role, Team, User
from tests.factories import TEAM_KEY, make_connection
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def at(stand_in: StandIn, settings: Any) -> StandIn:
    settings.CONNECTIONS, settings.TEAM_HOSTS = {}, ["127.0.0.1"]
    stand_in.state.key = TEAM_KEY
    return stand_in


def press_test(client: Client, connection: Connection, **headers: str) -> Any:
    return client.post(reverse("team_connection_test", args=[connection.pk]), headers=headers)


def hold(places: ExitStack, *teams: int | None) -> None:
    for team in teams:
        places.enter_context(page_calls.hold_place(team))


def test_a_third_test_at_a_time_is_refused_in_words(at: StandIn, as_user: AsUser, bob: User, team: Team):
    connection, client = make_connection(team, at), as_user(bob)
    with ExitStack() as places:
        hold(places, team.pk, team.pk)
        for headers, content_type in ((HTMX, "text/plain"), ({}, "text/html; charset=utf-8")):
            answer = press_test(client, connection, **headers)
            assert (answer.status_code, answer["Retry-After"], answer["Content-Type"]) == (429, "30", content_type)
            assert "2 slow requests to providers are running." in answer.content.decode()
    assert at.state.arrived == []
    connection.refresh_from_db()
    assert connection.tested_at is None
    assert press_test(client, connection, **HTMX).status_code == 200


def test_another_team_is_served_until_all_places_are_taken(at: StandIn, as_user: AsUser, bob: User, team: Team):
    connection, client = make_connection(team, at), as_user(bob)
    with ExitStack() as places:
        hold(places, -1, -1, -2, -2, -3)
        assert press_test(client, connection, **HTMX).status_code == 200
        hold(places, -3)
        answer = press_test(client, connection, **HTMX)
    assert (answer.status_code, "too many providers" in answer.content.decode()) == (503, True)


def test_a_place_is_free_again_after_a_failed_test(at: StandIn, as_user: AsUser, bob: User, team: Team):
    connection, client = make_connection(team, at), as_user(bob)
    at.state.fail("sora.get", *[Fault(refuse=True)] * 5)
    assert [press_test(client, connection, **HTMX).status_code for _ in range(5)] == [200] * 5


def test_a_team_has_a_limit_of_connections(at: StandIn, as_user: AsUser, alice: User, team: Team, settings: Any):
    settings.TEAM_CONNECTIONS = 2
    removed = make_connection(team, at, name="First")
    client, url = as_user(alice), reverse("connection_add", args=[team.pk, "openai_images"])
    client.post(reverse("connection_remove", args=[removed.pk]))
    form = {"name": "Images", "key": TEAM_KEY, "max_in_flight": "2", "requests_per_minute": "60"}
    assert [client.post(url, form).status_code for _ in range(3)] == [302, 302, 422]
    assert "A team can have 2 connections. Remove one that is not used." in client.post(url, form).content.decode()
    page = client.post(reverse("connection_restore", args=[removed.pk]), follow=True).content.decode()
    assert "A team can have 2 connections." in page
    assert Connection.live().filter(team=team).count() == 2


def test_the_limit_is_of_each_team(at: StandIn, alice: User, team: Team, settings: Any):
    settings.TEAM_CONNECTIONS = 1
    other = Team.objects.create(name="Other")
    other.add(alice, Role.OWNER)
    for one in (team, other):
        make_connection(one, at)
    assert Connection.live().count() == 2
