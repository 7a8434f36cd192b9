"""A provider needs one module and one entry in the registry, a model one entry in the catalogue, and nothing else."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import environ
import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from generation import catalogue, connections
from generation.catalogue import loader
from generation.connections.served_models import served_models
from generation.models import Connection, Generation
from generation.providers import registry
from generation.providers.base import (
    OPERATIONS,
    Ability,
    Account,
    ErrorKind,
    ImageProvider,
    ListsModels,
    LocalRenderer,
    RemoteProvider,
    Task,
)
from generation.providers.description import Kind, Option, Provider
from generation.providers.registry import PROVIDERS
from imageai_web import provider_env
from projects.models import Project, Scene
from teams.models import Team, User
from tests.generation.catalogue.test_catalogue import STUDIO
from tests.generation.providers.conftest import a_request, catch_error
from tests.providers import studio_server
from tests.standin import StandIn

AsUser = Callable[[User], Client]
ROOT = Path(django_settings.BASE_DIR)
PROTOCOLS = {Kind.LOCAL: LocalRenderer, Kind.REMOTE: RemoteProvider, Kind.IMAGES: ImageProvider}
TASKS = [Task.REMIX, Task.EXTEND, Task.EDIT]
EVERY = [pytest.param(provider, id=provider.name) for provider in PROVIDERS.values()]
REMOTE = [pytest.param(provider, id=provider.name) for provider in PROVIDERS.values() if provider.kind == Kind.REMOTE]
WITH_ACCOUNTS = [pytest.param(provider, id=provider.name) for provider in PROVIDERS.values() if provider.has_accounts]
OPTIONS = [pytest.param(option, id=option.variable) for provider in PROVIDERS.values() for option in provider.options]


def read_settings(**variables: str) -> dict[str, dict[str, object]]:
    env = environ.Env()
    env.ENVIRON = variables
    return provider_env.connections(env)


def variables_of(provider: Provider) -> set[str]:
    options = {option.variable for option in provider.options}
    return {*provider.key_variables, *provider.address_variables, *provider.announced_by, *options}


# -- Built-in providers ------------------------------------------------------------------------------------------------


def functions_of(protocol: type) -> dict[str, Callable[..., object]]:
    members = inspect.getmembers(protocol, inspect.isfunction)
    return {name: function for name, function in members if not name.startswith("_")}


def declared(provider: Provider) -> Iterator[tuple[type, bool]]:
    """Each protocol, and whether the provider declares that its module implements it."""
    yield from ((protocol, kind == provider.kind) for kind, protocol in PROTOCOLS.items())
    yield from ((protocol, ability in provider.abilities) for ability, protocol in OPERATIONS.items())
    yield ListsModels, provider.lists_models


@pytest.mark.parametrize("provider", EVERY)
def test_a_module_has_exactly_the_functions_that_it_declares(provider: Provider):
    module = import_module(provider.module)
    functions: dict[str, Callable[..., object]] = {}
    undeclared: set[str] = set()
    for protocol, is_declared in declared(provider):
        if is_declared:
            functions |= functions_of(protocol)
        else:
            undeclared |= set(functions_of(protocol))
    for name, wanted in functions.items():
        parameters = list(inspect.signature(wanted).parameters)[1:]
        assert list(inspect.signature(getattr(module, name)).parameters) == parameters, name
        assert inspect.iscoroutinefunction(getattr(module, name)) == inspect.iscoroutinefunction(wanted), name
    assert [name for name in undeclared - set(functions) if hasattr(module, name)] == []


@pytest.mark.parametrize("provider", REMOTE)
def test_a_connection_has_no_ability_that_its_module_lacks(provider: Provider):
    for make in provider.makes:
        assert make.abilities <= provider.abilities
    assert provider.connection_abilities(declared=Ability) == provider.abilities
    models = [model for model in catalogue.all_models().values() if model.provider == provider.name]
    tasks = {task for model in models for task in TASKS if getattr(model.supports, task.value)}
    assert {Ability(task.value) for task in tasks} <= provider.abilities


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("provider", REMOTE)
def test_an_undeclared_task_is_refused_unsent(provider: Provider, task: Task, stand_in: StandIn):
    """For a provider that declares the task, with a connection that does not."""
    account = Account(base_url=stand_in.url, key="k", abilities=frozenset(Ability) - {Ability(task.value)})
    if provider.makes or Ability(task.value) not in provider.abilities:
        request = a_request(task=task, source_id="clip-1")
        assert catch_error(registry.remote_provider(provider.name).submit, account, request).kind == ErrorKind.INVALID
    assert stand_in.state.arrived == []


@pytest.mark.parametrize("provider", REMOTE)
def test_an_operation_needs_the_providers_and_the_accounts_ability(provider: Provider):
    accessors = {
        Ability.LIST: registry.lister,
        Ability.CANCEL: registry.canceller,
        Ability.DELETE: registry.deleter,
        Ability.VARIANTS: registry.thumbnailer,
    }
    assert set(accessors) == set(OPERATIONS)
    for ability, accessor in accessors.items():
        able, unable = Account(abilities=frozenset({ability})), Account(abilities=frozenset(Ability) - {ability})
        assert (accessor(provider.name, able) is not None) == (ability in provider.abilities)
        assert accessor(provider.name, unable) is None


@pytest.mark.parametrize("provider", EVERY)
def test_a_provider_has_a_name_and_models(provider: Provider):
    assert provider.title
    assert provider.family or provider.kind == Kind.IMAGES  # which has no prompt template of its own
    kind = "image" if provider.kind == Kind.IMAGES else "video"
    models = [model for model in catalogue.all_models().values() if model.provider == provider.name]
    assert {model.kind for model in models} == (set() if provider.lists_models else {kind})
    from_buckets = [model for model in models if model.supports.extend and model.supports.extend.from_bucket]
    assert not from_buckets or provider.option("output_gcs_uri").variable


@pytest.mark.parametrize("provider", WITH_ACCOUNTS)
def test_a_providers_setup_is_documented(provider: Provider):
    assert provider.brings
    assert provider.how.startswith("Set ")
    assert provider.prefix
    assert provider.key_variables
    assert provider.announced_by or provider.needs_key
    example = (ROOT / ".env.example").read_text("utf-8")
    assert [name for name in sorted(variables_of(provider)) if f"{name}=" not in example] == []
    assert provider.prefix in re.findall(
        r"[A-Z]+", example.partition("# Limits and name of each connection:")[2].partition("\n")[0]
    )
    guide = (ROOT / "docs" / "providers.md").read_text("utf-8")
    assert f"`{(provider.announced_by or provider.key_variables)[0]}" in guide
    assert f"`{provider.prefix}`" in guide
    assert (ROOT / "tests" / "standin" / f"{provider.name}.py").exists()


@pytest.mark.parametrize("option", OPTIONS)
def test_an_options_example_and_initial_value_match_its_pattern(option: Option):
    if option.label and not option.choices:
        assert re.fullmatch(option.pattern, option.example)
        assert option.initial in ("", option.example) or re.fullmatch(option.pattern, option.initial)


@pytest.mark.django_db
@pytest.mark.parametrize("provider", WITH_ACCOUNTS)
def test_a_providers_variables_create_its_connection(provider: Provider, settings):
    variables = dict.fromkeys(provider.announced_by[:1] or provider.key_variables[:1], "something")
    settings.CONNECTIONS = read_settings(**variables)
    connection = connections.read_environment()[provider.name]
    assert (connection.provider, connection.name) == (provider.name, provider.usual_name)
    assert connection.account.base_url == ""
    assert provider.lists_models or [model.provider for model in served_models(connection)]


@pytest.mark.django_db
@pytest.mark.parametrize("provider", WITH_ACCOUNTS)
def test_the_form_of_a_teams_account_has_the_providers_options(
    as_user: AsUser, alice: User, team: Team, provider: Provider
):
    page = as_user(alice).get(reverse("connection_add", args=[team.pk, provider.name])).content.decode()
    assert provider.title in page
    labels = [option.label for option in provider.options if option.label]
    assert [label for label in labels if label not in page] == []


def test_settings_and_pages_load_no_providers_sdk():
    code = "import django, sys; django.setup(); import imageai_web.urls; print(*sys.modules)"
    environment = {"DJANGO_SETTINGS_MODULE": "imageai_web.settings", "IMAGEAI_DATA": str(django_settings.DATA_DIR)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"openai", "google.genai", *(provider.module for provider in PROVIDERS.values())})


# -- An additional provider --------------------------------------------------------------------------------------------


@pytest.fixture
def studio_1(monkeypatch, tmp_path: Path) -> Iterator[None]:
    """An additional model in the catalogue."""
    changed = tmp_path / "models.toml"
    changed.write_text(loader.MODELS_FILE.read_text("utf-8") + STUDIO, "utf-8")
    monkeypatch.setattr(loader, "MODELS_FILE", changed)
    loader.all_models.cache_clear()
    yield
    loader.all_models.cache_clear()


@pytest.mark.django_db
def test_pages_work_with_an_additional_provider(
    as_user: AsUser, alice: User, team: Team, scene: Scene, studio: studio_server.Studio, studio_1, settings
):
    settings.CONNECTIONS = {}
    client = as_user(alice)
    assert "Set STUDIO_KEY: clips of one studio." in client.get(reverse("connections")).content.decode()
    add = reverse("connection_add", args=[team.pk, "studio"])
    assert "Clips of one studio" in client.get(reverse("team_connections", args=[team.pk])).content.decode()
    page = client.get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert "Set STUDIO_KEY, or add an account under Connections, to use Studio 1." in page
    client.post(add, {"name": "Ours", "key": "k" * 20, "max_in_flight": 2, "requests_per_minute": 60})
    connection = Connection.objects.get()
    answer = client.post(reverse("team_connection_test", args=[connection.pk]), headers={"HX-Request": "true"})
    assert "studio-1 is available." in answer.content.decode()
    client.post(reverse("project_model", args=[scene.project_id]), {"model": "studio-1"})
    assert Project.objects.get().model_id == "studio-1"


@pytest.mark.django_db(transaction=True)
def test_commands_work_with_an_additional_provider(
    run, studio: studio_server.Studio, studio_1, settings, long_clip: bytes
):
    settings.CONNECTIONS = read_settings(STUDIO_KEY="k", STUDIO_MAX_IN_FLIGHT="3")
    studio.finishes, studio.content = True, long_clip
    ran = run("video", "-p", "A heron", "--video-provider", "studio", "--duration", 4, "--yes")
    take = Generation.objects.get()
    assert (ran.code, take.model_id, take.prompt, len(studio.charges)) == (0, "studio-1", "A heron", 1), ran.err
    assert Path(ran.out).read_bytes() == studio.content
