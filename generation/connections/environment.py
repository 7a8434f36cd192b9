"""The operator's connections, from settings.CONNECTIONS. They serve every team."""

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
    """A provider's key from the command line: never stored, and gone with the process."""

    provider: str
    secret: str = field(repr=False)


def read_environment(key: GivenKey | None = None) -> dict[str, ResolvedConnection]:
    """By slug. A given key replaces the environment's, and works without a connection there. Raises ImproperlyConfigured."""
    settings_by_slug = settings.CONNECTIONS
    if key:
        values = _describe_vendor(key.provider) | settings_by_slug.get(key.provider, {}) | {"key": key.secret}
        settings_by_slug = settings_by_slug | {key.provider: values}
    return {slug: _resolve(slug, values) for slug, values in settings_by_slug.items()}


def _describe_vendor(provider: str) -> dict[str, Any]:
    # An account at the vendor's own host, in the form of settings.CONNECTIONS.
    about = PROVIDERS[provider]
    return {"provider": provider, "name": about.usual_name, "preset": about.makes[0].name if about.makes else ""}


def _resolve(slug: str, values: dict[str, Any]) -> ResolvedConnection:
    """Raises ImproperlyConfigured with the name of the environment variable."""
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
        cap_month=described.cap_month,
        key=described.key,
    )
