"""Recognisable keys are stored where keys belong, then searched for everywhere else: none may leak."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation import connections, pipeline
from generation.management import doctor
from generation.models import Connection, Generation
from generation.providers.base import ErrorKind, ProviderError
from imageai_web.logs import Redacting
from projects.models import Project, Scene
from teams.models import Team, User
from tests.generation.media.test_downloads import body
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db
#: Both begin with MARK.
CANARIES = {
    "environment": "sk-cAnArY-0f-ThE-EnViRoNmEnT-1234567890",
    "team": "sk-cAnArY-0f-ThE-TeAm-abcdefghij0987654321",
}
MARK = "sk-cAnArY"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Everything that is logged, in the log file's format, at DEBUG."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Redacting("%(levelname)s %(name)s %(message)s"))
    names = ("", "httpx2", "openai", "django.request", "generation", "httpcore2")
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def planted(stand_in: StandIn, settings, as_user, alice: User, team: Team) -> Connection:
    """One key in the environment, another in a connection added on the page."""
    settings.TEAM_HOSTS = ["127.0.0.1"]
    account = {"provider": "sora", "name": "The server's", "base_url": f"{stand_in.url}/openai/v1", "preset": "openai"}
    limits = {"max_in_flight": 100, "requests_per_minute": 1000}
    settings.CONNECTIONS = {"sora": account | limits | {"key": CANARIES["environment"]}}
    stand_in.state.key = None
    fields = limits | {"name": "Ours", "base_url": account["base_url"], "preset": "openai", "price_per_second": "0"}
    url = reverse("connection_add", args=[team.pk, "sora"])
    as_user(alice).post(url, fields | {"key": CANARIES["team"], "models": ""})
    return Connection.objects.get(team=team)


def echo(status: int, key: str, words: str = "Refused") -> Fault:
    """An answer with the key in all its parts, and once where it will be cut off in the middle."""
    long = "x" * (1000 - len(words) - len(key) - 14)
    body = {"error": {"message": f"{words}: {key} {long} {key}", "code": key, "type": key}}
    return Fault(status=status, body=body, headers={"x-request-id": key, "Retry-After": "1"})


#: Faults by the kind of failure that the take ends with.
FAULTS: dict[str, Callable[[str], tuple[str, Fault]]] = {
    "moderation": lambda key: ("sora.create", echo(400, key, "Blocked by our content policy")),
    "quota": lambda key: ("sora.create", echo(402, key)),
    "rate_limit": lambda key: ("sora.create", echo(429, key)),
    "auth": lambda key: ("sora.create", echo(401, key)),
    "invalid": lambda key: ("sora.create", echo(422, key)),
    "provider": lambda key: ("sora.get", echo(500, key)),
    "network": lambda key: ("sora.get", Fault(refuse=True)),
    "lost": lambda key: ("sora.get", echo(404, key)),
    "unknown": lambda key: ("sora.create", echo(500, key)),
    "download": lambda key: ("sora.content", echo(500, key)),
    "success": lambda key: ("sora.nothing", Fault()),
}


def make_takes(scene: Scene, at: StandIn, alice: User, key: str) -> None:
    for plant in FAULTS.values():
        at.state.fail(*plant(key))
        Generation.objects.update(created_at=timezone.now() - timedelta(seconds=5))
        take = pipeline.enqueue(scene, number=scene.takes.count() + 1, member=alice).take
        for _ in range(4):
            Generation.objects.filter(pk=take.pk).update(next_step_at=Now())
            pipeline.advance(take.pk)
        at.state.faults.clear()
        Connection.objects.update(paused_until=None)
    at.state.outcome, at.state.reason, at.state.code = "failed", f"The job failed with {key}", key
    Generation.objects.update(created_at=timezone.now() - timedelta(seconds=5))
    take = pipeline.enqueue(scene, number=scene.takes.count() + 1, member=alice).take
    for _ in range(2):
        Generation.objects.filter(pk=take.pk).update(next_step_at=Now())
        pipeline.advance(take.pk)
    at.state.outcome, at.state.reason, at.state.code = "completed", "", ""


def every_row() -> str:
    with database.cursor() as cursor:
        rows = []
        for table in database.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}", [])
            rows += [f"{table}: {row!r}" for row in cursor.fetchall()]
    assert len(rows) > 20
    return "\n".join(rows)


def pages(client: Client, scene: Scene, team: Team, connection: Connection) -> dict[str, str]:
    project = scene.project
    addresses = [
        reverse("storyboard", args=[project.pk]),
        reverse("table", args=[project.pk]),
        reverse("scene_page", args=[scene.pk]),
        reverse("queue"),
        reverse("costs"),
        reverse("costs") + "?format=csv",
        reverse("connections"),
        reverse("team_connections", args=[team.pk]),
        reverse("connection_edit", args=[connection.pk]),
        reverse("connection_add", args=[team.pk, "sora"]),
        reverse("project_budget", args=[project.pk]),
        reverse("model_comparison", args=[project.pk]),
        reverse("scenes_csv", args=[project.pk]),
        reverse("scenes_fountain", args=[project.pk]),
        *(reverse("take_resolve", args=[take.pk]) for take in scene.takes.filter(status="unknown")),
    ]
    texts = {}
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200, address
        texts[address] = response.content.decode()
    archive = asyncio.run(body(client.get(reverse("clips_zip", args=[project.pk]))))
    names = zipfile.ZipFile(io.BytesIO(archive)).namelist()
    assert names
    return texts | {"zip": " ".join(names) + archive.decode("latin-1")}


def commands() -> dict[str, str]:
    texts = {"doctor": " ".join(finding.message for finding in doctor.examine()) + doctor.counts()}
    for name, arguments in {"models": ["--json"], "clips": ["sora", "--json"]}.items():
        out = StringIO()
        call_command(name, *arguments, stdout=out)
        texts[name] = out.getvalue()
    for name, arguments in {"models": ["--json"], "clips": ["Ours", "--json"]}.items():
        out = StringIO()
        call_command(name, *arguments, "--team", "Night shift", stdout=out)
        texts[f"{name} of the team"] = out.getvalue()
    assert all(texts.values())
    return texts


def find_leaks(texts: dict[str, str]) -> list[str]:
    return [f"{place}: …{text[at - 60 : at + 60]}…" for place, text in texts.items() if (at := text.find(MARK)) >= 0]


@pytest.mark.parametrize("source", CANARIES)
def test_no_key_leaks_anywhere(
    source: str, planted: Connection, stand_in: StandIn, as_user, alice: User, team: Team, scene: Scene, log: StringIO
):
    key = CANARIES[source]
    client = as_user(alice)
    Project.objects.filter(pk=scene.project_id).update(model_id="sora-2")
    Scene.objects.filter(pk=scene.pk).update(duration=4)
    Connection.objects.filter(pk=planted.pk).update(is_active=source == "team")
    texts = {}
    url = reverse("connection_test", args=["sora"])
    if source == "team":
        url = reverse("team_connection_test", args=[planted.pk])
    for status in (200, 400, 401, 402, 403, 404, 429, 500):
        if status != 200:
            stand_in.state.fail("sora.get", echo(status, key))
        texts[f"test {status}"] = client.post(url, headers={"HX-Request": "true"}).content.decode()
    form = {"name": "", "base_url": planted.base_url, "key": CANARIES["team"], "preset": "openai"}
    texts["refused form"] = client.post(reverse("connection_edit", args=[planted.pk]), form).content.decode()
    make_takes(scene, stand_in, alice, key)
    kinds = set(scene.takes.values_list("error_kind", flat=True))
    # An unreachable server is no failure of the take: the next successful poll clears it, if there was one before the end.
    assert kinds - {"network"} == {
        "moderation",
        "quota",
        "rate_limit",
        "auth",
        "invalid",
        "provider",
        "lost",
        "unknown",
        "",
    }
    assert any(key in call.headers.get("authorization", "") for call in stand_in.state.arrived)
    texts |= pages(client, scene, team, planted) | commands() | {"rows": every_row()}
    texts |= {"log": log.getvalue()}
    assert "(the key)" in texts["rows"]
    assert find_leaks(texts) == []


def test_an_exception_with_a_key_in_its_message_is_redacted(
    planted: Connection, client: Client, alice: User, monkeypatch, log: StringIO
):
    """The page does not show it, and the log's traceback has it redacted."""
    key = CANARIES["team"]
    assert connections.ResolvedConnection.from_row(planted).account.key == key

    def fail(user: User) -> None:
        raise RuntimeError(f"cannot use {key}")

    monkeypatch.setattr(Project.objects, "for_person", fail)
    client.raise_request_exception = False
    client.force_login(alice)
    response = client.get(reverse("project_list"))
    assert response.status_code == 500
    assert "RuntimeError: cannot use (the key)" in log.getvalue()
    assert find_leaks({"page": response.content.decode(), "log": log.getvalue()}) == []


def test_a_provider_error_and_an_accounts_repr_show_no_key(planted: Connection):
    account = connections.ResolvedConnection.from_row(planted).account
    error = ProviderError(ErrorKind.AUTH, f"Bad key {account.key}", code=account.key, request_id=account.key)
    texts: dict[str, Any] = {
        "str": str(error),
        "repr": repr(error),
        "account": repr(account),
        "row": repr(vars(planted)),
    }
    texts |= {"fields": json.dumps([error.message, error.code, error.request_id])}
    assert find_leaks(texts) == []
