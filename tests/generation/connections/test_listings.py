"""Lists of models of many servers: a slow or broken one delays no other, and is asked less and less often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from generation.connections import listings
from generation.connections.resolution import ResolvedConnection
from generation.connections.roster import roster_for
from generation.models import Connection
from teams.models import Team
from tests.commands import KEY
from tests.factories import make_connection
from tests.standin import Fault, StandIn
from tests.standin.hostile import dripping_body, hostile_server

LISTED = "google/veo-3.1"


@pytest.fixture(autouse=True)
def allow_loopback(settings: Any) -> None:
    settings.CONNECTIONS, settings.TEAM_HOSTS = {}, ["127.0.0.1"]


def ask(connection: Connection) -> Connection:
    """Refreshes its list now. Returns the row."""
    listings.refresh(ResolvedConnection.from_row(connection))
    connection.refresh_from_db()
    return connection


def minutes_until_due(connection: Connection) -> float:
    row = Connection.objects.annotate(now=Now()).get(pk=connection.pk)
    assert row.listing_due_at is not None
    return round((row.listing_due_at - row.now).total_seconds() / 60)


@pytest.mark.django_db(transaction=True)
def test_a_slow_server_delays_no_other_teams_list(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("generation.providers.openrouter.POLL_SECONDS", 3.0)
    slow, quick = (Team.objects.create(name=name) for name in ("Slow", "Quick"))
    threads = listings.ListingThreads()
    with hostile_server(dripping_body) as url:
        for number in range(2 * listings.AT_ONCE):
            make_connection(slow, stand_in, "openrouter", name=f"Slow {number}", base_url=url)
        make_connection(quick, stand_in, "openrouter", key=KEY)
        threads.start_due()
        threads.running[quick.pk].join(2.5)
        assert LISTED in roster_for(quick.pk).models
        assert set(threads.running) == {slow.pk, quick.pk}
        assert threads.running[slow.pk].is_alive()
    threads.running[slow.pk].join(10)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        [],
        {"data": {}},
        {"data": [{"id": "a/b", "pricing_skus": ["a"]}]},
        {
            "data": [
                {
                    "id": "a/b",
                    "supported_durations": [4],
                    "supported_resolutions": ["720p"],
                    "supported_aspect_ratios": ["16:9"],
                    "pricing_skus": {"duration_seconds": "1e30"},
                }
            ]
        },
    ],
)
def test_a_list_of_wrong_types_leaves_the_team_without_its_models_only(stand_in: StandIn, team: Team, body: Any):
    stand_in.state.fail("openrouter.models", Fault(status=200, body=body))
    connection = ask(make_connection(team, stand_in, "openrouter", key=KEY))
    assert connection.live_models == []
    assert LISTED not in roster_for(team.pk).models


@pytest.mark.django_db
def test_an_unforeseen_answer_ends_only_its_own_refresh(
    stand_in: StandIn, team: Team, monkeypatch: pytest.MonkeyPatch, caplog
):
    def fail(row: Any) -> Any:
        raise ArithmeticError("An answer that nobody expected.")

    monkeypatch.setattr("generation.connections.probe.convert_sizes", fail)
    connection = ask(make_connection(team, stand_in, "openrouter", key=KEY))
    assert (connection.listing_failures, minutes_until_due(connection)) == (1, 1)
    assert "can't be read" in caplog.text


@pytest.mark.django_db
def test_a_failing_server_is_asked_less_and_less_often(stand_in: StandIn, team: Team):
    connection = make_connection(team, stand_in, "openrouter", key=KEY)
    stand_in.state.fail("openrouter.models", *[Fault(status=500, body={})] * 12)
    waits = [minutes_until_due(ask(connection)) for _ in range(12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    connection = ask(connection)
    assert (connection.listing_failures, minutes_until_due(connection)) == (0, 60)


@pytest.mark.django_db
def test_a_server_is_asked_by_one_worker_when_its_list_is_due(stand_in: StandIn, team: Team):
    connection = make_connection(team, stand_in, "openrouter", key=KEY)
    resolved = ResolvedConnection.from_row(connection)
    assert [listings.claim(resolved), listings.claim(resolved)] == [True, False]
    Connection.objects.update(listing_due_at=Now() - timedelta(seconds=1))
    assert listings.claim(resolved)
