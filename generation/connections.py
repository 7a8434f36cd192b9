"""Which accounts there are, as whom a take is made, and which models can be had.

Accounts are described by settings.CONNECTIONS; their keys never leave it but in an `Account` on its way to a provider. A
`models.Connection` row exists for each that has been used: it holds what all processes share about it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from generation import catalogue
from generation.catalogue import Model
from generation.catalogue.loader import Seconds, read_model
from generation.models import Advancing, Connection
from generation.providers.base import Ability, Account, ErrorKind, ProviderError
from generation.providers.presets import PRESETS
from generation.providers.registry import (
    IMAGE_PROVIDERS,
    LISTING_PROVIDERS,
    image_provider,
    model_rows,
    remote_provider,
)

logger = logging.getLogger(__name__)

#: What to set in the environment for a provider's models, as the obstacle of a model without a connection says it.
HOW_TO_CONNECT = {
    "sora": "Set SORA_BASE_URL to a server of the /v1/videos protocol",
    "omni": "Set GEMINI_API_KEY",
    "veo": "Set GOOGLE_CLOUD_PROJECT and sign in with Google credentials",
    "openai_images": "Set OPENAI_API_KEY",
    "openrouter": "Set OPENROUTER_API_KEY",
}
#: What it brings.
BRINGS = {
    "sora": "Sora and open models on a GPU server, gateway or clone",
    "omni": "Gemini Omni: clips with sound, frames and references",
    "veo": "Veo on Google Cloud",
    "openai_images": "pictures for frames and references",
    "openrouter": "models of many makers, with their live prices",
}
#: Where a key stands; Veo's credentials are told by its own errors.
KEYS = {
    "sora": "SORA_API_KEY or OPENAI_API_KEY",
    "omni": "GEMINI_API_KEY",
    "openai_images": "OPENAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
}
#: Where another server than the vendor's own can be named.
BASE_URLS = {"sora": "SORA_BASE_URL"}
#: How long what a server lists is taken from memory.
LISTED_SECONDS = 10
#: How old such a list may get.
LISTED_FOR = timedelta(hours=1)
OWN_MODEL_SIZES = {
    "480p": {"16:9": (832, 480), "9:16": (480, 832), "1:1": (480, 480)},
    "720p": {"16:9": (1280, 720), "9:16": (720, 1280), "1:1": (720, 720)},
    "1080p": {"16:9": (1920, 1080), "9:16": (1080, 1920), "1:1": (1080, 1080)},
}


@dataclass(frozen=True)
class Configured:
    """One account of the environment."""

    slug: str
    provider: str
    name: str
    account: Account
    max_in_flight: int
    requests_per_minute: int
    models: tuple[str, ...] = ()
    price_per_second: Decimal = Decimal(0)

    @property
    def host(self) -> str:
        """The host that is asked; empty for the vendor's own."""
        return urlsplit(self.account.base_url).hostname or ""

    def can(self, ability: Ability) -> bool:
        return ability in self.account.abilities

    @property
    def ability_names(self) -> list[str]:
        return sorted(ability.value.replace("_", " ") for ability in self.account.abilities)

    def row(self) -> Connection:
        """What the processes share about it, as the environment has it now."""
        described = {
            "provider": self.provider,
            "name": self.name,
            "base_url": self.account.base_url,
            "abilities": sorted(self.account.abilities),
            "max_in_flight": self.max_in_flight,
            "requests_per_minute": self.requests_per_minute,
        }
        row, _ = Connection.objects.get_or_create(slug=self.slug, defaults=described)
        if any(getattr(row, name) != value for name, value in described.items()):
            Connection.objects.filter(pk=row.pk).update(**described)
            row.refresh_from_db()
        return row


def all_configured() -> dict[str, Configured]:
    """By slug."""
    return {slug: _configured(slug, values) for slug, values in settings.CONNECTIONS.items()}


def _configured(slug: str, values: dict[str, Any]) -> Configured:
    declared = frozenset(Ability(name) for name in values.get("abilities", []))
    account = Account(
        base_url=values["base_url"],
        key=values["key"],
        abilities=declared or PRESETS.get(values.get("preset", ""), frozenset()),
        options=tuple((name, value) for name, value in values.get("options", {}).items() if value),
    )
    return Configured(
        slug=slug,
        provider=values["provider"],
        name=values["name"],
        account=account,
        max_in_flight=values["max_in_flight"],
        requests_per_minute=values["requests_per_minute"],
        models=tuple(values.get("models", [])),
        price_per_second=values.get("price_per_second", Decimal(0)),
    )


def for_provider(provider: str) -> Configured | None:
    return next((one for one in all_configured().values() if one.provider == provider), None)


def account_of(take: Advancing) -> Account:
    """Raises ProviderError where the environment no longer has the account the take was started with."""
    connection = take.connection
    configured = all_configured().get(connection.slug) if connection else None
    if configured is None:
        name = connection.name if connection else take.provider
        raise ProviderError(ErrorKind.AUTH, f"The connection {name} is no longer configured on this server.")
    return configured.account


def test(configured: Configured) -> str:
    """One sentence on what works. Raises ProviderError, which names the variable of a key that was refused."""
    try:
        if configured.provider in IMAGE_PROVIDERS:
            return image_provider(configured.provider).test(configured.account)
        said = remote_provider(configured.provider).test(configured.account)
        if configured.provider in LISTING_PROVIDERS:
            refresh_models(configured)
    except ProviderError as error:
        variable = KEYS.get(configured.provider)
        if error.kind != ErrorKind.AUTH or variable is None:
            raise
        message = f"The key in {variable} was refused: {error.message}"
        raise ProviderError(error.kind, message, code=error.code, request_id=error.request_id) from error
    return said


def refresh_models(configured: Configured) -> int:
    """Ask the server what it offers now, and keep it for all processes; how many models. Raises ProviderError."""
    rows = model_rows(configured.provider)(configured.account, timezone.localdate())
    for row in rows:
        read_model(_dated(row))  # what cannot be read must not be kept
    Connection.objects.filter(pk=configured.row().pk).update(live_models=rows, live_models_at=Now())
    _listed_lately.cache_clear()
    return len(rows)


def has_listing() -> bool:
    return any(configured.provider in LISTING_PROVIDERS for configured in all_configured().values())


def refresh_stale_models() -> None:
    """Once an hour; a server that does not answer keeps the list it gave before."""
    for configured in all_configured().values():
        if configured.provider not in LISTING_PROVIDERS:
            continue
        asked_at = configured.row().live_models_at
        if asked_at and timezone.now() - asked_at < LISTED_FOR:
            continue
        try:
            refresh_models(configured)
        except ProviderError as error:
            logger.warning("%s does not tell its models: %s", configured.name, error)


# -- Models ------------------------------------------------------------------------------------------------------------


def all_models() -> MappingProxyType[str, Model]:
    """The catalogue, and what the connected servers offer besides."""
    found = dict(catalogue.all_models())
    for configured in all_configured().values():
        for model_id in configured.models:
            found[model_id] = _served_here(found.get(model_id), model_id, configured)
        if configured.provider == "openrouter":
            found |= {model.id: model for model in _listed(configured)}
        if configured.provider == "sora":
            found |= {model.id: _as_declared(model, configured) for model in found.values() if model.provider == "sora"}
    return MappingProxyType(found)


def find(model_id: str) -> Model:
    """Raises KeyError for a model that is nowhere."""
    return all_models()[model_id]


def _served_here(known: Model | None, model_id: str, configured: Configured) -> Model:
    """A model of a team's own server: the catalogue's where it has it, else one that takes what the server takes."""
    if known is not None:
        return known
    plain = catalogue.find("sora-2")
    sizes = MappingProxyType({name: MappingProxyType(sizes) for name, sizes in OWN_MODEL_SIZES.items()})
    return replace(
        plain,
        id=model_id,
        name=model_id,
        maker=configured.name,
        summary="On your own server",
        sizes=sizes,
        seconds=Seconds(Decimal(1), Decimal(60)),
        price_per_second=MappingProxyType(dict.fromkeys(sizes, configured.price_per_second)),
        takes=replace(plain.takes, audio="never"),
        host="",
        retired_on=None,
        prompt_limit=None,
        source="declared in SORA_MODELS",
    )


def _listed(configured: Configured) -> tuple[Model, ...]:
    return _listed_lately(configured.slug, int(time.monotonic() // LISTED_SECONDS))


@lru_cache(maxsize=4)
def _listed_lately(slug: str, moment: int) -> tuple[Model, ...]:
    rows = Connection.objects.filter(slug=slug).values_list("live_models", flat=True).first()
    return tuple(read_model(_dated(row)) for row in rows or [])


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"checked_on": date.fromisoformat(row["checked_on"])}


def _as_declared(model: Model, configured: Configured) -> Model:
    """The model with what its server really takes."""
    takes = replace(
        model.takes,
        remix=model.takes.remix and configured.can(Ability.REMIX),
        extend=model.takes.extend if configured.can(Ability.EXTEND) else None,
        edit=model.takes.edit and configured.can(Ability.EDIT),
        seed=configured.can(Ability.EXTRA_FIELDS),
        negative_prompt=configured.can(Ability.EXTRA_FIELDS),
    )
    return replace(model, takes=takes)
