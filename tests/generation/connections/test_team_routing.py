"""Which of several connections makes a take: the team's first that serves the model, for the take's whole life."""

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
from generation.models import Budget, Connection, Generation, ImageJob, LedgerEntry
from generation.pipeline import Rework
from generation.providers.base import ErrorKind, ImageRequest, ProviderError, Task
from generation.quoting import quotes
from generation.states import Status
from projects.models import Project, Reference, Scene
from teams.models import Role, User
from tests.commands import KEY
from tests.factories import TEAM_KEY, keys_seen, make_connection
from tests.queries import count_queries
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db
Advance = Callable[[Generation], Generation]


@pytest.fixture
def server(stand_in: StandIn, settings) -> StandIn:
    """The stand-in, which accepts any key and which teams may use."""
    settings.CONNECTIONS = {}
    settings.TEAM_HOSTS = ["127.0.0.1"]
    stand_in.state.key = None
    return stand_in


@pytest.fixture
def another_scene(mallory: User) -> Scene:
    """A scene of Mallory's team."""
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


def test_a_teams_connection_comes_before_the_environments(
    server: StandIn, sora: StandIn, scene, team, alice, advance: Advance
):
    sora.state.key = None
    assert keys_seen(sora, "sora.create") == []
    finish(enqueue(scene, alice), advance)
    make_connection(team, server)
    take = finish(enqueue(scene, alice), advance)
    assert (take.status, keys_seen(sora, "sora.create")) == (Status.COMPLETED, [KEY, TEAM_KEY])
    assert set(keys_seen(sora, "sora.get")[2:]) == {TEAM_KEY}


def test_the_environments_connection_comes_first_in_commands(server: StandIn, sora: StandIn, scene, team, alice):
    connection = make_connection(team, server)
    assert enqueue(scene, alice).connection == connection
    take = enqueue(scene, alice, roster=roster_for(team.pk, environment_first=True))
    assert take.connection is not None
    assert take.connection.team is None


def test_a_roster_takes_one_query_and_never_changes(server: StandIn, sora: StandIn, team):
    with count_queries() as queries:
        roster = roster_for(team.pk)
        assert roster.connection_for(roster.find("sora-2")) == roster.connections[0]
    assert len(queries) == 1
    make_connection(team, server, declared_models=["our/model"])
    newer = roster_for(team.pk)
    assert [len(roster.connections), len(newer.connections)] == [1, 2]
    assert ["our/model" in roster.models, "our/model" in newer.models] == [False, True]


def test_a_key_from_the_command_line_replaces_the_environments_only(
    server: StandIn, sora: StandIn, scene, team, make_take
):
    given = GivenKey("sora", "sk-of-the-command-line")
    shared = roster_for(team.pk, key=given).connections[0]
    shared_take = make_take(scene, provider="sora", connection=shared.ensure_row())
    own_take = make_take(scene, provider="sora", connection=make_connection(team, server))
    keys = [connections.resolve_account(take, given).key for take in (shared_take, own_take)]
    assert keys == [given.secret, TEAM_KEY]
    assert connections.resolve_account(shared_take).key == KEY
    assert given.secret not in repr(given)


def test_no_team_uses_or_sees_another_teams_connection(
    server: StandIn, scene, another_scene, team, alice, mallory, advance: Advance
):
    """Checked by the keys that the provider received."""
    other_team = another_scene.project.team
    make_connection(team, server, key="sk-key-of-the-first-team", declared_models=["our/secret-model", "sora-2"])
    with pytest.raises(ValidationError, match="To use another server that still has it"):
        enqueue(another_scene, mallory)
    assert "our/secret-model" in roster_for(team.pk).models
    assert "our/secret-model" not in roster_for(other_team.pk).models
    assert "our/secret-model" not in roster_for(None).models
    make_connection(other_team, server, key="sk-key-of-the-other-team")
    take, other_take = enqueue(scene, alice), enqueue(another_scene, mallory)
    finish(take, advance)
    first = len(server.state.arrived)
    finish(other_take, advance)
    seen = [call.headers["authorization"] for call in server.state.arrived]
    assert set(seen[:first]) == {"Bearer sk-key-of-the-first-team"}
    assert set(seen[first:]) == {"Bearer sk-key-of-the-other-team"}


def test_the_first_active_connection_that_serves_the_model_makes_the_take(server: StandIn, scene, team, alice):
    wan = make_connection(team, server, name="GPU", declared_models=["Wan/2.2"], price_per_second=Decimal("0.02"))
    first, second = make_connection(team, server, name="First"), make_connection(team, server, name="Second")
    assert enqueue(scene, alice).connection == first
    take = enqueue(scene, alice, "Wan/2.2")
    assert (take.connection, take.estimated_cost) == (wan, Decimal("0.08"))
    assert team_connections.move(second, -1)
    assert enqueue(scene, alice).connection == second
    team_connections.switch(second, on=False)
    assert enqueue(scene, alice).connection == first
    team_connections.remove(first)
    with pytest.raises(ValidationError, match="To use another server that still has it"):
        enqueue(scene, alice)


def test_a_connection_where_the_model_is_not_retired_is_preferred(server: StandIn, scene, team, alice):
    make_connection(team, server, name="OpenAI", base_url="")
    clone = make_connection(team, server, name="Clone")
    assert enqueue(scene, alice).connection == clone


def test_a_take_finishes_with_its_connection_after_that_is_removed(
    server: StandIn, scene, team, alice, advance: Advance
):
    connection = make_connection(team, server)
    take = advance(enqueue(scene, alice))
    make_connection(team, server, name="Another", key="sk-of-another-connection")
    connection.keep_key("sk-a-newer-key-of-the-same")
    team_connections.change(connection, another_account=True)
    team_connections.switch(connection, on=False)
    team_connections.remove(connection)
    Connection.objects.filter(pk=connection.pk).update(deleted_at=timezone.now() - timedelta(days=1))
    assert team_connections.wipe_removed() == 0
    take = finish(take, advance)
    assert (take.status, take.connection_id) == (Status.COMPLETED, connection.pk)
    assert set(keys_seen(server, "sora.get")) == {"sk-a-newer-key-of-the-same"}
    assert team_connections.wipe_removed() == 1
    connection.refresh_from_db()
    assert (bool(connection.key), team_connections.restore(connection)) == (False, False)
    with pytest.raises(ProviderError, match="was removed and its key deleted"):
        connections.resolve_account(Generation.objects.select_related("connection").get(pk=take.pk))


@pytest.mark.parametrize(("status", "wiped"), [(Status.UNKNOWN, 0), (Status.FAILED, 1)])
def test_a_removed_connections_key_is_kept_for_takes_that_need_review(
    server: StandIn, scene, team, make_take, status: str, wiped: int
):
    connection = make_connection(team, server)
    make_take(scene, provider="sora", connection=connection, status=status)
    team_connections.remove(connection)
    assert team_connections.wipe_removed() == 0  # the removal can still be undone
    Connection.objects.update(deleted_at=timezone.now() - timedelta(minutes=11))
    assert team_connections.wipe_removed() == wiped
    assert team_connections.restore(connection) == (not wiped)


def test_a_clip_is_remixed_at_the_connection_that_made_it(server: StandIn, scene, team, alice, advance: Advance):
    connection = make_connection(team, server)
    take = finish(enqueue(scene, alice), advance)
    first = make_connection(team, server, name="First", key="sk-of-another-connection", preset="other", abilities=[])
    team_connections.move(first, -1)
    take = Generation.objects.select_related("scene__project").get(pk=take.pk)
    roster = roster_for(team.pk)
    model = roster.resolve_model(take)
    assert model is not None
    quote = quotes.require_quote(take.scene, model, roster, Rework(Task.REMIX, take, "At night"))
    assert quote.connection is not None
    assert quote.connection.stored == connection
    team_connections.remove(connection)
    with pytest.raises(ValidationError, match="You can remix a clip only with the connection that made it"):
        quotes.require_quote(take.scene, model, roster_for(team.pk), Rework(Task.REMIX, take, "At night"))


def test_a_lost_submission_does_not_adopt_a_clip_of_another_connection_of_the_same_account(
    server: StandIn, scene, team, alice, advance: Advance
):
    """The same key entered twice: the clip that the provider lists was made with the other connection."""
    make_connection(team, server, name="Finals")
    first = advance(enqueue(scene, alice))
    team_connections.move(make_connection(team, server, name="Drafts"), -1)
    second = enqueue(scene, alice)
    server.state.fail("sora.create", Fault(refuse=True))
    advance(second)
    assert second.status == Status.SUBMITTING
    advance(second)
    assert (first.remote_id != "", second.remote_id, second.status) == (True, "", Status.UNKNOWN)


def test_a_key_that_cannot_be_decrypted_fails_the_take_with_a_reason(
    server: StandIn, settings, scene, team, alice, advance: Advance
):
    make_connection(team, server, name="Ours")
    take = enqueue(scene, alice)
    settings.SECRET_KEYS = [Fernet.generate_key().decode()]
    advance(take)
    assert (take.status, take.error_kind, take.error_message) == (
        Status.FAILED,
        ErrorKind.AUTH,
        "The key of Ours cannot be read on this server. An owner can enter it again under Connections.",
    )
    assert server.state.arrived == []


def test_images_are_made_with_the_teams_connection(server: StandIn, project, team, alice):
    make_connection(team, server, "openai_images")
    request = ImageRequest("A boat.", "gpt-image-2", size="1024x1024", quality="low")
    model = roster_for(team.pk).find("gpt-image-2")
    row = pipeline.enqueue_images(project, None, Reference.Role.REFERENCE, model, request, member=alice)
    pipeline.advance_images(row.pk)
    assert keys_seen(server, "images.generate") == [TEAM_KEY]


def test_a_refreshed_model_list_belongs_to_one_team_only(server: StandIn, team, another_scene):
    connection = make_connection(team, server, "openrouter")
    make_connection(another_scene.project.team, server, "openrouter")
    connections.refresh_models(connections.ResolvedConnection.from_row(connection))
    listed = "google/veo-3.1"
    assert listed in roster_for(team.pk).models
    assert listed not in roster_for(another_scene.project.team_id).models


@pytest.mark.parametrize("page", ["storyboard", "table", "model_comparison"])
def test_a_page_reads_all_connections_in_one_query(
    server: StandIn, as_user, make_scenes, project, team, bob, page: str
):
    def count() -> int:
        with count_queries() as queries:
            assert client.get(reverse(page, args=[project.pk])).status_code == 200
        return sum('FROM "generation_connection"' in query["sql"] for query in queries)

    client: Client = as_user(bob)
    make_scenes(2, model_id="sora-2")
    counts = [count()]
    for _ in range(3):
        make_connection(team, server)
    make_scenes(3)
    counts.append(count())
    assert counts == [1, 1]


# -- Monthly caps ------------------------------------------------------------------------------------------------------


def cap(connection: Connection, amount: str, alice: User) -> None:
    assert connection.team_id is not None
    row = budget.lock_connection_budget(connection.pk, connection.team_id)
    budget.change_caps(row, {"cap_month": Decimal(amount)}, alice)


def test_a_take_over_the_connections_cap_is_refused_and_the_first_settles(
    server: StandIn, scene, team, alice, advance: Advance
):
    connection = make_connection(team, server, name="Ours")
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


def test_a_cancelled_take_releases_the_connections_hold(server: StandIn, scene, team, alice):
    connection = make_connection(team, server)
    take = enqueue(scene, alice)
    pipeline.cancel(take)
    row = budget.connection_budget(connection)
    assert (row.reserved, row.spent) == (0, 0)


def test_each_connection_has_its_own_cap(server: StandIn, scene, team, alice):
    first, second = make_connection(team, server), make_connection(team, server)
    cap(first, "0.50", alice)
    enqueue(scene, alice)
    team_connections.move(second, -1)
    enqueue(scene, alice)
    assert [budget.connection_budget(row).reserved for row in (first, second)] == [Decimal("0.40")] * 2
    assert budget.team_and_project_budgets(scene.project)[0].reserved == Decimal("0.80")


def test_a_capped_connection_refuses_an_image_above_the_cap(server: StandIn, project, team, alice):
    connection = make_connection(team, server, "openai_images", name="Ours")
    cap(connection, "0.10", alice)
    model = roster_for(team.pk).find("gpt-image-2")
    with pytest.raises(
        ValidationError, match=r"costs \$0\.211, but the budget of the connection “Ours” has \$0\.10 left"
    ):
        pipeline.enqueue_images(
            project,
            None,
            Reference.Role.REFERENCE,
            model,
            ImageRequest("A boat.", model.id, size="1280x720"),
            member=alice,
        )


def test_a_member_of_two_teams_uses_the_connection_of_the_scenes_team(
    server: StandIn, scene, another_scene, team, alice: User, advance
):
    another_scene.project.team.add(alice, Role.OWNER)
    make_connection(team, server, key="sk-key-of-the-first-team")
    make_connection(another_scene.project.team, server, key="sk-key-of-the-other-team")
    advance(enqueue(another_scene, alice))
    assert keys_seen(server, "sora.create") == ["sk-key-of-the-other-team"]


# -- One account for videos and images ---------------------------------------------------------------------------------


def make_images(scene: Scene, member: User) -> ImageJob:
    model = roster_for(scene.project.team_id).find("gpt-image-2")
    request = ImageRequest(prompt="A boat", model=model.id, size="1024x1024", quality="low")
    return pipeline.enqueue_images(scene.project, scene, Reference.Role.REFERENCE, model, request, member=member)


@pytest.mark.parametrize("preset", ["openai", "litellm"])
def test_a_key_entered_once_makes_videos_and_images(
    server: StandIn, team, scene: Scene, bob: User, advance: Advance, preset: str
):
    connection = make_connection(team, server, preset=preset)
    assert finish(enqueue(scene, bob), advance).status == Status.COMPLETED
    row = make_images(scene, bob)
    pipeline.advance_images(row.pk)
    row.refresh_from_db()
    assert (row.status, row.connection) == (Status.COMPLETED, connection)
    assert keys_seen(server, "images.generate") == keys_seen(server, "sora.create") == [TEAM_KEY]
    assert Budget.objects.get(connection=connection).spent == Decimal("0.4") + row.cost


def test_a_gpu_server_and_a_list_of_video_models_make_no_images(server: StandIn, team, scene: Scene, bob: User):
    make_connection(team, server, preset="vllm-omni")
    make_connection(team, server, preset="openai", declared_models=["sora-2"])
    with pytest.raises(ValidationError, match="Set OPENAI_API_KEY"):
        make_images(scene, bob)


def test_a_connection_for_images_alone_comes_first(server: StandIn, team, scene: Scene, bob: User):
    make_connection(team, server, preset="openai")
    images = make_connection(team, server, "openai_images")
    assert make_images(scene, bob).connection == images
    roster = roster_for(team.pk)
    videos = roster.connection_for(roster.find("sora-2"))
    assert videos is not None
    assert videos.provider == "sora"
