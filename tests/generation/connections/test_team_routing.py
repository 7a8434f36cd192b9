"""Which of several connections makes a take, and that it stays the one; never another team's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation import connections, pipeline
from generation.billing import budget
from generation.connections import GivenKey, Roster, roster_for, team_connections
from generation.management import doctor
from generation.models import Connection, Generation, LedgerEntry
from generation.pipeline import Rework
from generation.providers.base import ErrorKind, ImageRequest, ProviderError, Task
from generation.quoting import quotes
from generation.states import Status
from projects.models import Project, Reference, Scene
from teams.models import Role, User
from tests.commands import KEY
from tests.factories import TEAM_KEY, a_connection, keys_seen
from tests.queries import count_queries
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db
Advance = Callable[[Generation], Generation]


@pytest.fixture
def at(stand_in: StandIn, settings) -> StandIn:
    """The stand-in takes any key and may be named by teams."""
    settings.CONNECTIONS = {}
    settings.TEAM_HOSTS = ["127.0.0.1"]
    stand_in.state.key = None
    return stand_in


@pytest.fixture
def another_scene(mallory: User) -> Scene:
    """Of Mallory's team."""
    project = Project.objects.create(team=mallory.teams.get(), title="Elsewhere", model_id="sora-2")
    return Scene.objects.create(project=project, position=1, title="Elsewhere", action="A boat.", duration=4)


def enqueue(scene: Scene, member: User, model_id: str = "sora-2", roster: Roster | None = None) -> Generation:
    Project.objects.filter(pk=scene.project_id).update(model_id=model_id)
    Scene.objects.filter(pk=scene.pk).update(duration=4)
    Generation.objects.update(created_at=timezone.now() - timedelta(seconds=5))
    return pipeline.enqueue(scene, number=scene.takes.count() + 1, member=member, roster=roster).take


def finish(take: Generation, advance: Advance) -> Generation:
    for _ in range(4):
        if advance(take).is_final:
            break
    return take


def test_a_teams_own_comes_before_the_environments(at: StandIn, sora: StandIn, scene, team, alice, advance: Advance):
    sora.state.key = None
    assert keys_seen(sora, "sora.create") == []
    finish(enqueue(scene, alice), advance)
    a_connection(team, at)
    take = finish(enqueue(scene, alice), advance)
    assert (take.status, keys_seen(sora, "sora.create")) == (Status.COMPLETED, [KEY, TEAM_KEY])
    assert set(keys_seen(sora, "sora.get")[2:]) == {TEAM_KEY}


def test_for_commands_the_environment_comes_first(at: StandIn, sora: StandIn, scene, team, alice):
    connection = a_connection(team, at)
    assert enqueue(scene, alice).connection == connection
    take = enqueue(scene, alice, roster=roster_for(team.pk, environment_first=True))
    assert take.connection.team is None  # type: ignore[union-attr]


def test_a_roster_takes_one_query_and_never_changes(at: StandIn, sora: StandIn, team):
    with count_queries() as found:
        roster = roster_for(team.pk)
        assert roster.connection_for(roster.find("sora-2")) == roster.connections[0]
    assert len(found) == 1
    a_connection(team, at, declared_models=["our/model"])
    assert [len(one.connections) for one in (roster, roster_for(team.pk))] == [1, 2]
    assert [one.model_name("our/model") in one.models for one in (roster, roster_for(team.pk))] == [False, True]


def test_a_given_key_replaces_the_environments_only(at: StandIn, sora: StandIn, scene, team, make_take):
    given = GivenKey("sora", "sk-of-the-command-line")
    shared = roster_for(team.pk, key=given).connections[0]
    of_all = make_take(scene, provider="sora", connection=shared.ensure_row())
    own = make_take(scene, provider="sora", connection=a_connection(team, at))
    keys = [connections.resolve_account(take, given).key for take in (of_all, own)]
    assert keys == [given.secret, TEAM_KEY]
    assert connections.resolve_account(of_all).key == KEY
    assert given.secret not in repr(given)


def test_no_team_uses_or_sees_what_another_has(
    at: StandIn, scene, another_scene, team, alice, mallory, advance: Advance
):
    """By the keys that the provider saw."""
    theirs = another_scene.project.team
    a_connection(team, at, key="sk-key-of-the-first-team", declared_models=["our/secret-model", "sora-2"])
    with pytest.raises(ValidationError, match="To use another server that still has it"):
        enqueue(another_scene, mallory)
    assert "our/secret-model" in roster_for(team.pk).models
    assert "our/secret-model" not in roster_for(theirs.pk).models
    assert "our/secret-model" not in roster_for(None).models
    a_connection(theirs, at, key="sk-key-of-the-other-team")
    mine, other = enqueue(scene, alice), enqueue(another_scene, mallory)
    finish(mine, advance)
    first = len(at.state.arrived)
    finish(other, advance)
    seen = [call.headers["authorization"] for call in at.state.arrived]
    assert set(seen[:first]) == {"Bearer sk-key-of-the-first-team"}
    assert set(seen[first:]) == {"Bearer sk-key-of-the-other-team"}


def test_the_first_in_order_that_serves_the_model_makes_it(at: StandIn, scene, team, alice):
    wan = a_connection(team, at, name="GPU", declared_models=["Wan/2.2"], price_per_second=Decimal("0.02"))
    first, second = a_connection(team, at, name="First"), a_connection(team, at, name="Second")
    assert enqueue(scene, alice).connection == first
    made = enqueue(scene, alice, "Wan/2.2")
    assert (made.connection, made.estimated_cost) == (wan, Decimal("0.08"))
    assert team_connections.move(second, -1)
    assert enqueue(scene, alice).connection == second
    team_connections.switch(second, on=False)
    assert enqueue(scene, alice).connection == first
    team_connections.remove(first)
    with pytest.raises(ValidationError, match="To use another server that still has it"):
        enqueue(scene, alice)


def test_where_a_model_is_retired_another_that_still_has_it_is_asked(at: StandIn, scene, team, alice):
    a_connection(team, at, name="OpenAI", base_url="")
    still = a_connection(team, at, name="Clone")
    assert enqueue(scene, alice).connection == still


def test_a_take_stays_with_its_connection(at: StandIn, scene, team, alice, advance: Advance):
    connection = a_connection(team, at)
    take = advance(enqueue(scene, alice))
    a_connection(team, at, name="Another", key="sk-of-another-connection")
    connection.keep_key("sk-a-newer-key-of-the-same")
    team_connections.change(connection, another_account=True)
    team_connections.switch(connection, on=False)
    team_connections.remove(connection)
    Connection.objects.filter(pk=connection.pk).update(deleted_at=timezone.now() - timedelta(days=1))
    assert team_connections.wipe_removed() == 0
    take = finish(take, advance)
    assert (take.status, take.connection_id) == (Status.COMPLETED, connection.pk)
    assert set(keys_seen(at, "sora.get")) == {"sk-a-newer-key-of-the-same"}
    assert team_connections.wipe_removed() == 1
    connection.refresh_from_db()
    assert (bool(connection.key), team_connections.restore(connection)) == (False, False)
    with pytest.raises(ProviderError, match="was removed, and its key with it"):
        connections.resolve_account(Generation.objects.select_related("connection").get(pk=take.pk))


@pytest.mark.parametrize(("status", "wiped"), [(Status.UNKNOWN, 0), (Status.FAILED, 1)])
def test_a_key_is_kept_for_what_needs_a_look(at: StandIn, scene, team, make_take, status: str, wiped: int):
    connection = a_connection(team, at)
    make_take(scene, provider="sora", connection=connection, status=status)
    team_connections.remove(connection)
    assert team_connections.wipe_removed() == 0  # it can be brought back for a while
    Connection.objects.update(deleted_at=timezone.now() - timedelta(minutes=11))
    assert team_connections.wipe_removed() == wiped
    assert team_connections.restore(connection) == (not wiped)


def test_a_clip_is_remixed_where_it_was_made(at: StandIn, scene, team, alice, advance: Advance):
    connection = a_connection(team, at)
    take = finish(enqueue(scene, alice), advance)
    first = a_connection(team, at, name="First", key="sk-of-another-connection", preset="other", abilities=[])
    team_connections.move(first, -1)
    take = Generation.objects.select_related("scene__project").get(pk=take.pk)
    roster = roster_for(team.pk)
    model = roster.resolve_model(take)
    assert model is not None
    offered = quotes.require_quote(take.scene, model, roster, Rework(Task.REMIX, take, "At night"))
    assert offered.connection is not None
    assert offered.connection.stored == connection
    team_connections.remove(connection)
    with pytest.raises(ValidationError, match="You can remix a clip only with the connection that made it"):
        quotes.require_quote(take.scene, model, roster_for(team.pk), Rework(Task.REMIX, take, "At night"))


def test_a_lost_clip_is_not_taken_from_another_connection_of_the_same_account(
    at: StandIn, scene, team, alice, advance: Advance
):
    """The same key entered twice: what the provider lists was made with the other connection."""
    a_connection(team, at, name="Finals")
    first = advance(enqueue(scene, alice))
    team_connections.move(a_connection(team, at, name="Drafts"), -1)
    second = enqueue(scene, alice)
    at.state.fail("sora.create", Fault(refuse=True))
    advance(second)
    assert second.status == Status.SUBMITTING
    advance(second)
    assert (first.remote_id != "", second.remote_id, second.status) == (True, "", Status.UNKNOWN)


def test_a_key_that_cannot_be_read_fails_the_take_in_words(at: StandIn, settings, scene, team, alice, advance: Advance):
    a_connection(team, at, name="Ours")
    take = enqueue(scene, alice)
    settings.SECRET_KEYS = [Fernet.generate_key().decode()]
    advance(take)
    assert (take.status, take.error_kind, take.error_message) == (
        Status.FAILED,
        ErrorKind.AUTH,
        "The key of Ours cannot be read on this server. An owner can enter it again under Connections.",
    )
    assert at.state.arrived == []


def test_pictures_are_made_with_the_teams_own(at: StandIn, project, team, alice):
    a_connection(team, at, "openai_images")
    request = ImageRequest("A boat.", "gpt-image-2", size="1024x1024", quality="low")
    model = roster_for(team.pk).find("gpt-image-2")
    row = pipeline.enqueue_images(project, None, Reference.Role.REFERENCE, model, request, member=alice)
    pipeline.advance_images(row.pk)
    assert keys_seen(at, "images.generate") == [TEAM_KEY]


def test_each_teams_list_of_live_models_is_its_own(at: StandIn, team, another_scene):
    mine = a_connection(team, at, "openrouter")
    a_connection(another_scene.project.team, at, "openrouter")
    connections.refresh_models(connections.ResolvedConnection.from_row(mine))
    listed = "google/veo-3.1"
    assert (listed in roster_for(team.pk).models, connections.has_listing()) == (True, True)
    assert listed not in roster_for(another_scene.project.team_id).models


@pytest.mark.parametrize("page", ["storyboard", "table", "model_comparison"])
def test_a_page_asks_once_for_all_connections(at: StandIn, as_user, make_scenes, project, team, bob, page: str):
    def queries() -> int:
        with count_queries() as found:
            assert client.get(reverse(page, args=[project.pk])).status_code == 200
        return sum('FROM "generation_connection"' in query["sql"] for query in found)

    client: Client = as_user(bob)
    make_scenes(2, model_id="sora-2")
    counts = [queries()]
    for _ in range(3):
        a_connection(team, at)
    make_scenes(3)
    counts.append(queries())
    assert counts == [1, 1]


# -- Monthly caps ------------------------------------------------------------------------------------------------------


def cap(connection: Connection, amount: str, alice: User) -> None:
    row = budget.lock_connection_budget(connection.pk, connection.team_id)  # type: ignore[arg-type]
    budget.change_caps(row, {"cap_month": Decimal(amount)}, alice)


def test_a_connections_cap_holds_and_is_settled(at: StandIn, scene, team, alice, advance: Advance):
    connection = a_connection(team, at, name="Ours")
    cap(connection, "0.50", alice)
    take = enqueue(scene, alice)
    with pytest.raises(
        ValidationError, match=r"This costs \$0.40, but the budget of the connection “Ours” has \$0.10 left"
    ):
        enqueue(scene, alice)
    assert budget.connection_budget(connection).reserved == Decimal("0.40")
    finish(take, advance)
    row = budget.connection_budget(connection)
    assert (row.reserved, row.spent_in(budget.current_month())) == (0, Decimal("0.40"))
    assert list(doctor.ledger()) == []
    assert LedgerEntry.objects.get(kind="cap").note == "monthly cap: none → $0.50 for the connection “Ours”"


def test_what_fails_gives_back_what_was_set_aside(at: StandIn, scene, team, alice):
    connection = a_connection(team, at)
    take = enqueue(scene, alice)
    pipeline.cancel(take)
    row = budget.connection_budget(connection)
    assert (row.reserved, row.spent) == (0, 0)


def test_each_connections_cap_is_its_own(at: StandIn, scene, team, alice):
    first, second = a_connection(team, at), a_connection(team, at)
    cap(first, "0.50", alice)
    enqueue(scene, alice)
    team_connections.move(second, -1)
    enqueue(scene, alice)
    assert [budget.connection_budget(one).reserved for one in (first, second)] == [Decimal("0.40")] * 2
    assert budget.team_and_project_budgets(scene.project)[0].reserved == Decimal("0.80")


def test_without_a_price_a_capped_connection_is_not_used(at: StandIn, project, team, alice):
    connection = a_connection(team, at, "openai_images", name="Ours")
    cap(connection, "5", alice)
    model = roster_for(team.pk).find("gpt-image-2")
    with pytest.raises(ValidationError, match="so a budget cannot cap it"):
        pipeline.enqueue_images(
            project,
            None,
            Reference.Role.REFERENCE,
            model,
            ImageRequest("A boat.", model.id, size="1280x720"),
            member=alice,
        )


def test_a_member_of_two_teams_spends_with_the_right_ones(
    at: StandIn, scene, another_scene, team, alice: User, advance
):
    """What counts is whose scene it is, not who clicks."""
    another_scene.project.team.add(alice, Role.OWNER)
    a_connection(team, at, key="sk-key-of-the-first-team")
    a_connection(another_scene.project.team, at, key="sk-key-of-the-other-team")
    advance(enqueue(another_scene, alice))
    assert keys_seen(at, "sora.create") == ["sk-key-of-the-other-team"]
