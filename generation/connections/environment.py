"""The operator's connections, described by settings.CONNECTIONS: they serve every team."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from generation.connections.resolution import ResolvedConnection
from generation.providers.registry import PROVIDERS
from generation.providers.server_connection import read_connection


@dataclass(frozen=True)
class GivenKey:
    """A provider's key from the command line. It lives in that process only and is never stored."""

    provider: str
    secret: str = field(repr=False)


def read_environment(key: GivenKey | None = None) -> dict[str, ResolvedConnection]:
    """By slug. A given key replaces the environment's; its provider needs no connection in the environment."""
    described = settings.CONNECTIONS
    if key:
        values = _describe_vendor(key.provider) | described.get(key.provider, {}) | {"key": key.secret}
        described = described | {key.provider: values}
    return {slug: _of_environment(slug, values) for slug, values in described.items()}


def _describe_vendor(provider: str) -> dict[str, Any]:
    """An account at the vendor's own host, as settings.CONNECTIONS would describe it."""
    about = PROVIDERS[provider]
    return {"provider": provider, "name": about.usual_name, "preset": about.makes[0].name if about.makes else ""}


def _of_environment(slug: str, values: dict[str, Any]) -> ResolvedConnection:
    """Raises ImproperlyConfigured, which names the environment variable."""
    try:
        described = read_connection(values)
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from None
    return ResolvedConnection(
        slug=slug,
        provider=described.provider,
        name=described.name,
        base_url=described.base_url,
        max_in_flight=described.max_in_flight,
        requests_per_minute=described.requests_per_minute,
        abilities=PROVIDERS[described.provider].connection_abilities(described.preset, described.abilities),
        options=tuple((name, value) for name, value in described.options.items() if value),
        models=described.models,
        price_per_second=described.price_per_second,
        key=described.key,
    )
