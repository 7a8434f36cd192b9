"""Creates team connections to the stand-in, as an owner would add them."""

from __future__ import annotations

from typing import Any

from generation.connections import team_connections
from generation.models import Connection
from generation.providers.registry import PROVIDERS
from teams.models import Team
from tests.standin import StandIn

PATHS = {
    "sora": "/openai/v1",
    "omni": "/gemini",
    "openai_images": "/openai/v1",
    "openrouter": "/openrouter/api/v1",
}
TEAM_KEY = "sk-key-of-the-night-shift"


def make_connection(
    team: Team, at: StandIn, provider: str = "sora", *, key: str = TEAM_KEY, **fields: Any
) -> Connection:
    values: dict[str, Any] = {
        "provider": provider,
        "name": f"{team}'s {provider}",
        "base_url": at.url + PATHS[provider],
    }
    if provider == "sora":
        values |= {"preset": "openai", "abilities": sorted(PROVIDERS["sora"].connection_abilities("openai"))}
    connection = Connection(**(values | fields))
    connection.keep_key(key)
    team_connections.add(connection, team)
    return connection


def keys_seen(at: StandIn, operation: str) -> list[str]:
    """The keys that the provider received with this operation's requests."""
    names = ("authorization", "x-goog-api-key")
    calls = [call.headers for call in at.state.calls(operation)]
    return [next(headers[name] for name in names if name in headers).removeprefix("Bearer ") for headers in calls]
