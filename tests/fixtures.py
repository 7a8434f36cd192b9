from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db.models.functions import Now

from generation import pipeline
from generation.models import Connection, Generation
from generation.providers import animatic, registry
from generation.providers.base import Ability, Request
from previz.shot import Shot
from projects.models import Scene
from tests.clips import make_long_clip
from tests.commands import KEY
from tests.providers import studio_server
from tests.standin import StandIn, standing_in


@pytest.fixture(scope="session")
def clip_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A playable MP4 of one second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    request = Request("", Shot(subject="A clip", camera_move="pan-right"), 320, 180, Decimal(1))
    animatic.render(request, path, lambda fraction: None)
    return path.read_bytes()


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch, settings: Any, clip_bytes: bytes) -> Iterator[studio_server.Studio]:
    account = {"provider": "studio", "name": "Studio", "key": "k", "base_url": ""}
    settings.CONNECTIONS = {"studio": account | {"max_in_flight": 2, "requests_per_minute": 60}}
    monkeypatch.setitem(registry.PROVIDERS, "studio", studio_server.STUDIO)
    with studio_server.studio_open() as studio:
        studio.content = clip_bytes
        yield studio


@pytest.fixture
def undeclare(studio: studio_server.Studio, monkeypatch: pytest.MonkeyPatch) -> Callable[[Ability], None]:
    """Call it to make the studio's provider stop declaring an ability."""

    def undeclare(ability: Ability) -> None:
        declared = registry.PROVIDERS["studio"]
        fewer = replace(declared, abilities=declared.abilities - {ability})
        monkeypatch.setitem(registry.PROVIDERS, "studio", fewer)

    return undeclare


@pytest.fixture(scope="session")
def long_clip() -> bytes:
    """A playable MP4 of 20 s, no shorter than what tests order at providers."""
    return make_long_clip()


@pytest.fixture
def stand_in(long_clip: bytes) -> Iterator[StandIn]:
    """A server that speaks every provider's protocol, on loopback."""
    with standing_in() as running:
        running.state.key = KEY
        running.state.content = long_clip
        yield running


@pytest.fixture
def sora(stand_in: StandIn, settings: Any) -> StandIn:
    """A connection to a server of the Sora protocol with every ability that OpenAI's had."""
    account = {"provider": "sora", "name": "Sora at home", "key": KEY, "base_url": f"{stand_in.url}/openai/v1"}
    settings.CONNECTIONS = {"sora": account | {"max_in_flight": 2, "requests_per_minute": 60, "preset": "openai"}}
    return stand_in


@pytest.fixture(scope="session")
def service_account() -> dict[str, str]:
    """The content of a Google service account file, with a key made for the tests."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "type": "service_account",
        "project_id": "films",
        "private_key_id": "0123456789abcdef",
        "private_key": pem,
        "client_email": "films@films.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }


@pytest.fixture
def local_take(scene: Scene, make_take: Callable[..., Generation]) -> Generation:
    """A queued take, small and quick to render."""
    return make_take(scene)


@pytest.fixture
def remote_take(scene: Scene, make_take: Callable[..., Generation], studio: studio_server.Studio) -> Generation:
    connection = Connection.objects.create(slug="studio", provider="studio", name="Studio")
    return make_take(
        scene,
        provider="studio",
        connection=connection,
        model_id="studio-1",
        prompt="A boat.",
        estimated_cost=Decimal("0.40"),
    )


@pytest.fixture
def advance() -> Callable[..., Generation]:
    """Call it to take the next step at once, whatever the row waits for; returns the refreshed row."""

    def advance(take: Generation) -> Generation:
        Generation.objects.filter(pk=take.pk).update(next_step_at=Now())
        pipeline.advance(take.pk)
        take.refresh_from_db()
        return take

    return advance


@pytest.fixture
def end_lease() -> Callable[[Generation], None]:
    """Call it to let the lease of a take run out, as after a worker died."""

    def end(take: Generation) -> None:
        Generation.objects.filter(pk=take.pk).update(lease_expires_at=Now() - timedelta(seconds=1))

    return end


def files_in(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
