"""The environment's connections: their page, their test, and the models they list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation import connections
from generation.connections.environment import read_environment
from generation.connections.probe import refresh_models
from generation.models import Connection, Generation
from generation.providers.base import Ability, ErrorKind, ProviderError
from generation.quoting import quotes
from projects.models import Project, Scene
from teams.models import User
from tests.commands import KEY
from tests.factories import make_connection
from tests.standin import Fault, StandIn
from tests.standin import openrouter as listed_models

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def test_the_page_lists_connections_without_their_keys(as_user: AsUser, sora: StandIn, vera: User, team):
    page = as_user(vera).get(reverse("connections")).content.decode()
    assert "Sora at home" in page
    assert "2 at a time · 60 requests per minute" in page
    assert "Declared: delete, edit, extend, list, remix, variants" in page
    assert "Set GEMINI_API_KEY: Gemini Omni" in page
    assert KEY not in page


def test_the_page_without_a_connection_has_an_empty_state(as_user: AsUser, vera: User, team):
    page = as_user(vera).get(reverse("connections")).content.decode()
    assert "No connection yet" in page


def post_test(client: Client, **kwargs):
    return client.post(reverse("connection_test", args=["sora"]), **kwargs)


def test_a_working_connection_reports_what_works(as_user: AsUser, sora: StandIn, bob: User, team):
    answer = post_test(as_user(bob), headers=HTMX).content.decode()
    assert "The server speaks the video protocol and accepts the key." in answer
    assert sora.state.charges == []


@pytest.mark.parametrize(
    ("sabotage", "message"),
    [
        (
            lambda state: setattr(state, "key", "another"),
            "The key in SORA_API_KEY or OPENAI_API_KEY was refused: Incorrect API key provided.",
        ),
        (lambda state: state.fail("sora.get", Fault(garbage=True)), "answers, but does not speak the video protocol."),
        (lambda state: state.fail("sora.get", Fault(refuse=True)), "The connection broke before an answer arrived"),
    ],
)
def test_a_failing_connection_reports_the_reason(as_user: AsUser, sora: StandIn, bob: User, team, sabotage, message):
    sabotage(sora.state)
    answer = post_test(as_user(bob), headers=HTMX).content.decode()
    assert (message in answer, "test-fails" in answer, KEY in answer) == (True, True, False)


def test_without_javascript_the_result_is_a_message(as_user: AsUser, sora: StandIn, bob: User, team):
    answer = post_test(as_user(bob), follow=True).content.decode()
    assert "Sora at home: The server speaks the video protocol" in answer


def test_viewer_cannot_test_a_connection_403(as_user: AsUser, sora: StandIn, bob: User, vera: User, team):
    assert post_test(as_user(vera)).status_code == 403
    assert as_user(bob).post(reverse("connection_test", args=["nowhere"])).status_code == 404
    assert as_user(bob).get(reverse("connection_test", args=["sora"])).status_code == 405


def sora_account() -> connections.ResolvedConnection:
    found = connections.read_environment().get("sora")
    assert found is not None
    return found


def test_a_changed_environment_updates_the_connections_row(sora: StandIn, settings):
    first = sora_account().ensure_row()
    settings.CONNECTIONS["sora"] |= {"max_in_flight": 7}
    assert sora_account().ensure_row().pk == first.pk
    assert Connection.objects.get().max_in_flight == 7


def test_declared_abilities_replace_the_presets(sora: StandIn, settings):
    settings.CONNECTIONS["sora"] |= {"abilities": ["list"]}
    assert sora_account().account.abilities == {Ability.LIST}
    model = connections.roster_for(None).find("sora-2")
    assert (model.supports.remix, model.supports.seed, model.supports.negative_prompt) == (False, False, False)


def test_models_that_only_the_server_has_can_be_chosen(sora: StandIn, settings):
    settings.CONNECTIONS["sora"] |= {
        "preset": "vllm-omni",
        "models": ["Wan-AI/Wan2.2"],
        "price_per_second": Decimal("0.01"),
    }
    model = connections.roster_for(None).find("Wan-AI/Wan2.2")
    assert (model.maker, model.supports.seed, model.price_per_second["480p"]) == ("Sora at home", True, Decimal("0.01"))


def test_a_refused_aspect_ratio_names_the_servers_own_model_that_has_it(sora: StandIn, settings, project, scene):
    settings.CONNECTIONS["sora"] |= {"preset": "sglang", "models": ["Wan-AI/Wan2.2"]}
    Project.objects.update(aspect_ratio="1:1", model_id="sora-2")
    quote = quotes.quote_scene(Scene.objects.select_related("project").get(), connections.roster_for(None))
    assert quote is not None
    assert quote.blockers == ("Sora 2 doesn't support 1:1, only 16:9, 9:16. Wan-AI/Wan2.2 can.",)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_in_flight": 0}, "SORA_MAX_IN_FLIGHT should be greater than 0, not 0."),
        ({"price_per_second": 0.1}, 'SORA_PRICE_PER_SECOND should be a string such as "0.10", not 0.1.'),
        ({"abilities": ["remx"]}, "SORA_ABILITIES should be 'list'"),
        ({"preset": "vllm"}, "SORA_PRESET should be one of openai"),
        ({"base_url": None}, "SORA_BASE_URL or OPENAI_BASE_URL should be a valid string, not None."),
        ({"retries": 3}, "SORA_RETRIES is not a known key."),
        ({"provider": "sara"}, "settings.CONNECTIONS: provider should be one of sora"),
    ],
)
def test_an_invalid_setting_is_named_by_its_variable(sora: StandIn, settings, values: dict[str, object], message: str):
    settings.CONNECTIONS["sora"] |= values
    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment()
    assert str(caught.value)[: len(message)] == message


def test_a_take_whose_connection_left_the_environment_reports_it(sora: StandIn, settings, scene, make_take):
    row = sora_account().ensure_row()
    take: Generation = make_take(scene, provider="sora", connection=row)
    settings.CONNECTIONS = {}
    with pytest.raises(ProviderError) as caught:
        connections.resolve_account(take)
    assert (caught.value.kind, caught.value.message) == (
        ErrorKind.AUTH,
        "The connection Sora at home is no longer configured on this server.",
    )


# -- Models that are listed live ---------------------------------------------------------------------------------------


@pytest.fixture
def openrouter(stand_in: StandIn, settings) -> StandIn:
    account = {
        "provider": "openrouter",
        "name": "OpenRouter",
        "key": KEY,
        "base_url": f"{stand_in.url}/openrouter/api/v1",
    }
    settings.CONNECTIONS = {"openrouter": account | {"max_in_flight": 2, "requests_per_minute": 60}}
    return stand_in


def test_testing_a_connection_lists_its_models(as_user: AsUser, openrouter: StandIn, bob: User, team):
    client = as_user(bob)
    assert "google/veo-3.1" not in connections.roster_for(None).models
    answer = client.post(reverse("connection_test", args=["openrouter"]), headers=HTMX).content.decode()
    assert "The key works; 3 video models are available." in answer
    assert connections.roster_for(None).find("google/veo-3.1").name == "Veo 3.1 (OpenRouter)"
    assert "3 models listed" in client.get(reverse("connections")).content.decode()


def test_no_transaction_waits_for_a_provider(openrouter: StandIn):
    """Each of these gives the database connection back first, which a transaction refuses."""
    connection = read_environment()["openrouter"]
    for ask in (connections.probe_connection, refresh_models):
        with transaction.atomic(), pytest.raises(RuntimeError, match="Slow work inside a transaction"):
            ask(connection)
    assert openrouter.state.arrived == []


def test_the_list_is_refreshed_hourly_and_kept_when_the_server_fails(openrouter: StandIn):
    connections.refresh_stale_models()
    connections.refresh_stale_models()
    assert len(openrouter.state.calls("openrouter.models")) == 1
    Connection.objects.update(live_models_at=timezone.now() - timedelta(hours=2))
    openrouter.state.fail("openrouter.models", Fault(status=500, body={"error": {"message": "Oops"}}))
    connections.refresh_stale_models()
    assert len(openrouter.state.calls("openrouter.models")) == 2
    assert connections.roster_for(None).find("google/veo-3.1").provider == "openrouter"


def test_an_invalid_listed_model_is_skipped_and_logged(openrouter: StandIn, monkeypatch, caplog):
    odd = listed_models.listed(
        "a/odd",
        "A: Odd",
        supported_durations=[-1],
        supported_resolutions=["720p"],
        supported_aspect_ratios=["16:9"],
        pricing_skus={"duration_seconds": "0.1"},
    )
    monkeypatch.setitem(listed_models.MODELS, "a/odd", odd)
    connections.refresh_stale_models()
    assert len(Connection.objects.get().live_models) == 3
    assert "a/odd" not in connections.roster_for(None).models
    assert "The listed model a/odd is skipped: seconds.choices.0: should be greater than 0, not '-1'" in caplog.text


def test_a_team_that_declares_a_listed_model_has_it_at_the_listed_price(openrouter: StandIn, settings, team):
    settings.CONNECTIONS, settings.TEAM_HOSTS = {}, ["127.0.0.1"]
    connection = make_connection(team, openrouter, "openrouter", key=KEY, declared_models=["google/veo-3.1"])
    assert "google/veo-3.1" not in connections.roster_for(team.pk).models
    connections.refresh_models(connections.ResolvedConnection.from_row(connection))
    found = connections.roster_for(team.pk).models
    assert found["google/veo-3.1"].price_per_second["720p"] == Decimal("0.40")
    assert "minimax/hailuo-3" not in found
