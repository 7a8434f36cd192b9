"""The pages of a team's connections: roles, form validation, and keys that are never shown again."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation.billing import budget
from generation.models import Connection
from generation.states import Status
from teams.models import Team, User
from tests.factories import TEAM_KEY, keys_seen, make_connection
from tests.queries import count_queries
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
LIMITS = {"max_in_flight": "2", "requests_per_minute": "60"}
SORA = LIMITS | {"name": "GPU", "preset": "vllm-omni", "price_per_second": "0.02", "models": "Wan/2.2\nWan/2.1"}


@pytest.fixture
def at(stand_in: StandIn, settings) -> StandIn:
    settings.CONNECTIONS = {}
    settings.TEAM_HOSTS = ["127.0.0.1"]
    stand_in.state.key = TEAM_KEY
    return stand_in


@pytest.fixture
def connection(team: Team, at: StandIn) -> Connection:
    return make_connection(team, at, name="Ours")


@pytest.fixture
def add(as_user: AsUser, alice: User, team: Team) -> Callable[..., Any]:
    def add(provider: str, **fields: str) -> Any:
        return as_user(alice).post(reverse("connection_add", args=[team.pk, provider]), LIMITS | fields)

    return add


def errors_in(response: Any) -> list[str]:
    assert response.status_code == 422
    page = response.content.decode()
    return [" ".join(text.split()) for text in re.findall(r"errorlist[^>]*>\s*<li>(.*?)</li>", page, re.DOTALL)]


# -- Adding ------------------------------------------------------------------------------------------------------------


def test_owner_adds_a_video_server(as_user: AsUser, alice: User, team: Team, at: StandIn):
    client = as_user(alice)
    page = client.get(reverse("team_connections", args=[team.pk])).content.decode()
    assert "No connections yet" in page
    assert reverse("connection_add", args=[team.pk, "sora"]) in page
    fields = SORA | {"base_url": f"{at.url}/openai/v1/", "key": TEAM_KEY, "cap_month": "25"}
    client.post(reverse("connection_add", args=[team.pk, "sora"]), fields)
    row = Connection.objects.get()
    assert (row.team, row.name, row.provider, row.base_url) == (team, "GPU", "sora", f"{at.url}/openai/v1")
    assert (row.key.reveal(), row.key_hint, row.declared_models) == (TEAM_KEY, "hift", ["Wan/2.2", "Wan/2.1"])
    assert row.abilities == ["cancel", "delete", "extra_fields", "free_sizes", "list"]
    assert budget.connection_budget(row).cap_month == 25
    page = client.get(reverse("team_connections", args=[team.pk])).content.decode()
    assert "key ends in <code>hift</code>" in page
    assert "0 takes this month for <strong>$0.00</strong>" in " ".join(page.split())
    assert "of $25.00" in page
    assert TEAM_KEY not in page


def test_the_form_has_the_fields_of_its_provider(as_user: AsUser, alice: User, team: Team):
    common = {
        "csrfmiddlewaretoken",
        "once",
        "name",
        "key",
        "models",
        "max_in_flight",
        "requests_per_minute",
        "cap_month",
    }
    google = {"project", "location", "output_gcs_uri", "person_generation"}
    shown = {
        "sora": {"base_url", "preset", "abilities", "price_per_second"},
        "omni": {"base_url"},
        "veo": google,
        "openai_images": {"base_url"},
        "openrouter": {"base_url"},
    }
    for provider, fields in shown.items():
        page = as_user(alice).get(reverse("connection_add", args=[team.pk, provider])).content.decode()
        assert set(re.findall(r' name="(\w+)"', page.partition("connection-form")[2])) == common | fields
    assert as_user(alice).get(reverse("connection_add", args=[team.pk, "animatic"])).status_code == 404


def test_an_invalid_service_account_or_location_is_refused(add, at: StandIn):
    fields = {"name": "Google", "project": "films", "location": "us-central1", "output_gcs_uri": "gs://films/takes"}
    assert errors_in(add("veo", **fields, key="{}"))[0].startswith("Not a service account key file.")
    assert errors_in(add("veo", **(fields | {"location": "evil.example/?x="}), key="")) == ["Use the form us-central1."]


def test_a_short_key_has_no_hint(add, at: StandIn):
    add("omni", name="Gemini", key="short-key-of-19-ch")
    assert Connection.objects.get().key_hint == ""


@pytest.mark.parametrize(
    ("provider", "fields", "message"),
    [
        ("omni", {"key": ""}, "Enter a key."),
        ("omni", {"key": "with space"}, "The key contains invalid characters. Copy it again."),
        ("omni", {"key": "kéy"}, "The key contains invalid characters. Copy it again."),
        ("sora", {"base_url": ""}, "Enter the server's address, such as https://gpu.example.com/v1."),
        ("sora", {"base_url": "ftp://gpu"}, "Not a valid address. Use the form https://gpu.example.com/v1."),
        ("sora", {"base_url": "gpu.example"}, "Not a valid address. Use the form https://gpu.example.com/v1."),
        ("sora", {"base_url": "http://gpu.example"}, "The address must begin with https://, which protects the key."),
        ("sora", {"base_url": "https://a@b.c"}, "Remove user name, password and query. Enter the key in its own field."),
        ("sora", {"base_url": "https://gpu.invalid"}, "The host gpu.invalid was not found."),
        ("sora", {"models": "veo-3.1-generate-001"}, "veo-3.1-generate-001 belongs to Google Cloud (Veo)."),
        ("omni", {"models": "nothing", "key": "k" * 20}, "Unknown model nothing. Leave this empty for all models."),
        ("omni", {"cap_month": "-1", "key": "k" * 20}, "Enter 0 or more."),
        ("omni", {"max_in_flight": "0", "key": "k" * 20}, "Ensure this value is greater than or equal to 1."),
    ],
)  # fmt: skip
def test_an_invalid_field_is_refused_with_its_reason(
    add, monkeypatch, provider: str, fields: dict[str, str], message: str
):
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror("not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    valid = SORA | {"base_url": "https://gpu.invalid", "models": ""} if provider == "sora" else {"name": "Gemini"}
    response = add(provider, **(valid | fields))
    assert message in [error.replace("&#x27;", "'") for error in errors_in(response)]
    assert not Connection.objects.exists()
    if key := fields.get("key"):
        assert f'value="{key}"' not in response.content.decode()


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "2130706433", "localhost"])
def test_a_private_address_is_refused_with_how_to_allow_it(add, host: str):
    (message,) = errors_in(add("sora", **(SORA | {"base_url": f"https://{host}/v1"})))
    assert "is inside a private network and is not used. The administrator can allow" in message
    assert "in IMAGEAI_TEAM_HOSTS." in message


# -- Editing -----------------------------------------------------------------------------------------------------------


def edit(client: Client, connection: Connection, **fields: str) -> Any:
    values = LIMITS | {"name": connection.name, "base_url": connection.base_url, "preset": connection.preset}
    values |= {"price_per_second": "0", "models": ""}
    return client.post(reverse("connection_edit", args=[connection.pk]), values | fields)


def test_an_empty_key_field_keeps_the_stored_key(as_user: AsUser, alice: User, connection: Connection):
    page = as_user(alice).get(reverse("connection_edit", args=[connection.pk])).content.decode()
    assert "Leave empty to keep the saved key." in page
    assert TEAM_KEY not in page
    edit(as_user(alice), connection, name="Renamed", max_in_flight="5")
    connection.refresh_from_db()
    assert (connection.name, connection.max_in_flight, connection.key.reveal()) == ("Renamed", 5, TEAM_KEY)


@pytest.mark.parametrize("change", ["http://127.0.0.1:9/openai/v1", "http://localhost/openai/v1", "https://127.0.0.1/"])
def test_another_host_requires_the_key_again(
    as_user: AsUser, alice: User, connection: Connection, settings, change: str
):
    settings.TEAM_HOSTS = ["127.0.0.1", "localhost"]
    (message,) = errors_in(edit(as_user(alice), connection, base_url=change))
    assert message.startswith("The address is on another server. Enter the key again.")
    connection.refresh_from_db()
    assert connection.base_url != change
    edit(as_user(alice), connection, base_url=change, key="sk-another-key-for-there")
    connection.refresh_from_db()
    assert (connection.base_url, connection.key.reveal()) == (change.rstrip("/"), "sk-another-key-for-there")


def test_another_path_of_the_same_host_keeps_the_key(as_user: AsUser, alice: User, connection: Connection, at: StandIn):
    Connection.objects.update(test_worked=True, tested_at=timezone.now())
    edit(as_user(alice), connection, base_url=f"{at.url}/openai/v2")
    connection.refresh_from_db()
    assert (connection.key.reveal(), connection.tested_at) == (TEAM_KEY, None)


# -- The page ----------------------------------------------------------------------------------------------------------


def test_owner_switches_orders_removes_and_restores(as_user: AsUser, alice: User, team: Team, connection, at: StandIn):
    second = make_connection(team, at, name="Second")
    client = as_user(alice)

    def order() -> list[str]:
        page = client.get(reverse("team_connections", args=[team.pk])).content.decode()
        return re.findall(r'id="connection-(\d+)"', page)

    first, other = str(connection.pk), str(second.pk)
    assert order() == [first, other]
    client.post(reverse("connection_move", args=[second.pk]), {"to": "up"})
    assert order() == [other, first]
    client.post(reverse("connection_move", args=[second.pk]), {"to": "up"})  # it is already the first
    assert order() == [other, first]
    client.post(reverse("connection_switch", args=[second.pk]), {"on": "0"})
    assert not Connection.objects.get(pk=second.pk).is_active
    client.post(reverse("connection_switch", args=[second.pk]), {"on": "1"})
    assert Connection.objects.get(pk=second.pk).is_active
    page = client.post(reverse("connection_remove", args=[second.pk]), follow=True).content.decode()
    assert "Second removed." in page
    assert order() == [first]
    assert client.get(reverse("connection_edit", args=[second.pk])).status_code == 404
    client.post(reverse("connection_restore", args=[second.pk]))
    assert order() == [other, first]


def test_removing_a_connection_reports_takes_in_progress(as_user: AsUser, alice: User, connection, scene, make_take):
    make_take(scene, provider="sora", connection=connection, status=Status.RUNNING)
    page = as_user(alice).post(reverse("connection_remove", args=[connection.pk]), follow=True).content.decode()
    assert "Ours removed. 1 in progress will finish; the key is kept until then." in page


def test_usage_counts_takes_finished_this_month_and_takes_in_progress(
    as_user: AsUser, bob: User, team: Team, connection, scene, make_take
):
    for status in [Status.RUNNING, *[Status.FETCHING] * 5, *[Status.QUEUED] * 2]:
        make_take(scene, provider="sora", connection=connection, status=status)
    for days in (0, 0, 40):
        ended = {"finished_at": timezone.now() - timedelta(days=days), "created_at": "2026-01-01T00:00Z"}
        make_take(scene, provider="sora", connection=connection, status=Status.COMPLETED, clip=b"clip", **ended)
    row = budget.lock_connection_budget(connection.pk, team.pk)
    row.spent_month, row.month = Decimal("1.60"), budget.current_month()
    row.save()
    page = " ".join(as_user(bob).get(reverse("team_connections", args=[team.pk])).content.decode().split())
    assert "<strong>1 of 2 running, 5 downloading, 2 waiting</strong>" in page
    assert "2 takes this month for <strong>$1.60</strong>" in page
    assert "1 of 2 running, 5 downloading, 2 waiting" in as_user(bob).get(reverse("queue")).content.decode()


def test_the_list_takes_as_many_queries_whatever_its_length(as_user: AsUser, alice: User, team: Team, at: StandIn):
    client, counts = as_user(alice), []
    for _ in range(2):
        make_connection(team, at)
        with count_queries() as queries:
            client.get(reverse("team_connections", args=[team.pk]))
        counts.append(len(queries))
        make_connection(team, at)
    assert counts[0] == counts[1]


def test_the_overview_links_to_each_team(as_user: AsUser, vera: User, team: Team, connection):
    page = " ".join(as_user(vera).get(reverse("connections")).content.decode().split())
    assert reverse("team_connections", args=[team.pk]) in page
    assert "1 connection" in page
    assert "Ours" not in page


# -- Testing -----------------------------------------------------------------------------------------------------------


def post_test(client: Client, connection: Connection, **options: Any) -> str:
    answer: str = client.post(reverse("team_connection_test", args=[connection.pk]), **options).content.decode()
    return answer


def test_a_tests_result_is_shown_and_stored(as_user: AsUser, bob: User, connection: Connection, at: StandIn):
    assert "The server speaks the video protocol and accepts the key." in post_test(
        as_user(bob), connection, headers=HTMX
    )
    assert (keys_seen(at, "sora.get"), at.state.charges) == ([TEAM_KEY], [])
    connection.refresh_from_db()
    assert (connection.test_worked, connection.test_said[:10]) == (True, "The server")
    page = as_user(bob).get(reverse("team_connections", args=[connection.team_id])).content.decode()
    assert "The server speaks the video protocol" in page
    assert "Ours: The server speaks" in post_test(as_user(bob), connection, follow=True)


def test_a_refused_team_key_is_reported_without_an_environment_variable(
    as_user: AsUser, bob: User, connection, at: StandIn
):
    body = {"error": {"message": f"Incorrect API key provided: {TEAM_KEY}.", "code": "invalid_api_key"}}
    at.state.fail("sora.get", Fault(status=401, body=body))
    answer = post_test(as_user(bob), connection, headers=HTMX)
    assert ("Incorrect API key provided: (the key)." in answer, "SORA_API_KEY" in answer) == (True, False)


# -- Roles -------------------------------------------------------------------------------------------------------------

ACTS = ["edit", "switch", "move", "remove", "restore"]


@pytest.mark.parametrize("act", ACTS)
def test_only_owner_changes_a_connection(as_user: AsUser, bob, vera, mallory, connection: Connection, act: str):
    url = reverse(f"connection_{act}", args=[connection.pk])
    before = Connection.objects.values().get()
    assert [as_user(user).post(url, {"on": "0"}).status_code for user in (bob, vera, mallory)] == [403, 403, 404]
    after = Connection.objects.values().get()
    assert {**after, "key": ""} == {**before, "key": ""}


def test_roles_that_add_test_and_see_connections(
    as_user: AsUser, alice, bob, vera, mallory, team: Team, connection: Connection
):
    def statuses(url: str, method: str = "get") -> list[int]:
        return [getattr(as_user(user), method)(url).status_code for user in (alice, bob, vera, mallory)]

    assert statuses(reverse("connection_add", args=[team.pk, "sora"])) == [200, 403, 403, 404]
    assert statuses(reverse("team_connections", args=[team.pk])) == [200, 200, 200, 404]
    assert statuses(reverse("team_connection_test", args=[connection.pk]), "post") == [302, 302, 403, 404]
    pages = {
        user.name: as_user(user).get(reverse("team_connections", args=[team.pk])).content.decode()
        for user in (alice, bob, vera)
    }
    assert {name: "Ours" in page for name, page in pages.items()} == dict.fromkeys(("Alice", "Bob", "Vera"), True)
    assert {name: connection.base_url in page for name, page in pages.items()} == {
        "Alice": True,
        "Bob": True,
        "Vera": False,
    }
    assert {name: "Edit Ours" in page for name, page in pages.items()} == {"Alice": True, "Bob": False, "Vera": False}


def test_a_connection_of_the_environment_cannot_be_changed_404(as_user: AsUser, alice: User, team: Team):
    row = Connection.objects.create(slug="sora", provider="sora", name="The server's")
    for act in [*ACTS, "test"]:
        name = "team_connection_test" if act == "test" else f"connection_{act}"
        assert as_user(alice).post(reverse(name, args=[row.pk])).status_code == 404


def test_owner_adds_and_edits_a_veo_account(add, as_user: AsUser, alice: User, service_account, team: Team):
    key = json.dumps(service_account)
    add("veo", name="Google", project="films", location="us-central1", key=key)
    row = Connection.objects.get()
    assert (row.key.reveal(), row.key_hint) == (key, "")
    assert row.options == {"project": "films", "location": "us-central1"}
    page = as_user(alice).get(reverse("connection_edit", args=[row.pk])).content.decode()
    assert service_account["private_key_id"] not in page
    fields = LIMITS | {"name": "Google", "project": "other", "location": "us-central1", "key": "", "models": ""}
    assert as_user(alice).post(reverse("connection_edit", args=[row.pk]), fields).status_code == 302
    row.refresh_from_db()
    assert (row.options["project"], row.key.reveal()) == ("other", key)
