"""The operator's connections, described by settings.CONNECTIONS: they serve every team."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings

from generation.connections.resolution import ResolvedConnection
from generation.providers.base import Ability
from generation.providers.registry import PROVIDERS


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
    preset = about.makes[0].name if about.makes else ""
    limits = {"max_in_flight": 2, "requests_per_minute": 60}
    return {"provider": provider, "name": about.usual_name, "base_url": "", "preset": preset, **limits}


def _of_environment(slug: str, values: dict[str, Any]) -> ResolvedConnection:
    declared = frozenset(Ability(name) for name in values.get("abilities", []))
    return ResolvedConnection(
        slug=slug,
        provider=values["provider"],
        name=values["name"],
        base_url=values["base_url"],
        max_in_flight=values["max_in_flight"],
        requests_per_minute=values["requests_per_minute"],
        abilities=declared or PROVIDERS[values["provider"]].abilities_of(values.get("preset", "")),
        options=tuple((name, value) for name, value in values.get("options", {}).items() if value),
        models=tuple(values.get("models", [])),
        price_per_second=values.get("price_per_second", Decimal(0)),
        key=values["key"],
    )
