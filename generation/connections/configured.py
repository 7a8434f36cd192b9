"""One account that can be used, of the environment or of a team, and the models as it serves them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.utils import timezone

from generation import catalogue
from generation.catalogue import Model
from generation.catalogue.loader import read_model
from generation.models import Connection
from generation.providers import egress
from generation.providers.base import Ability, Account, ErrorKind, ProviderError
from generation.providers.description import Provider
from generation.providers.registry import PROVIDERS
from teams.secrets import Unreadable


@dataclass(frozen=True)
class Configured:
    """`stored` is the row of a team's own account; of the environment's, the row where the page has read it."""

    slug: str
    provider: str
    name: str
    base_url: str
    max_in_flight: int
    requests_per_minute: int
    abilities: frozenset[Ability] = frozenset()
    options: tuple[tuple[str, str], ...] = ()
    models: tuple[str, ...] = ()
    price_per_second: Decimal = Decimal(0)
    #: The key of the environment.
    key: str = field(default="", repr=False)
    stored: Connection | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of_row(cls, row: Connection) -> Configured:
        """A team's own."""
        return cls(
            slug=row.slug,
            provider=row.provider,
            name=row.name,
            base_url=row.base_url,
            max_in_flight=row.max_in_flight,
            requests_per_minute=row.requests_per_minute,
            abilities=PROVIDERS[row.provider].connection_abilities(row.preset, map(Ability, row.abilities)),
            options=tuple(sorted((name, value) for name, value in row.options.items() if value)),
            models=tuple(row.declared_models),
            price_per_second=row.price_per_second,
            stored=row,
        )

    @property
    def about(self) -> Provider:
        return PROVIDERS[self.provider]

    @property
    def is_own(self) -> bool:
        """A team's, not the environment's."""
        return self.stored is not None and self.stored.team_id is not None

    @property
    def host(self) -> str:
        """The host that is asked; empty for the vendor's own."""
        return egress.parse_host(self.base_url) if self.base_url else ""

    @property
    def account(self) -> Account:
        """Raises ProviderError where its key cannot be read."""
        return Account(
            base_url=self.base_url,
            key=self._secret(),
            abilities=self.abilities,
            options=self.options,
            public_only=self.is_own,
            allowed_host=allowed_host(self.base_url) if self.is_own else "",
        )

    def _secret(self) -> str:
        if not self.is_own:
            return self.key
        assert self.stored is not None
        if self.stored.deleted_at and not self.stored.key:
            raise ProviderError(ErrorKind.AUTH, f"The connection {self.name} was removed, and its key with it.")
        try:
            secret: str = self.stored.key.reveal()
        except Unreadable as error:
            message = (
                f"The key of {self.name} cannot be read on this server. An owner can enter it again under Connections."
            )
            raise ProviderError(ErrorKind.AUTH, message) from error
        return secret

    def can(self, ability: Ability) -> bool:
        return ability in self.abilities

    def option(self, name: str) -> str:
        return dict(self.options).get(name, "")

    @property
    def ability_names(self) -> list[str]:
        return sorted(ability.value.replace("_", " ") for ability in self.abilities)

    def row(self) -> Connection:
        """What the processes share about it; of the environment's, as the environment has it now."""
        if self.stored and self.is_own:
            return self.stored
        described = {
            "provider": self.provider,
            "name": self.name,
            "base_url": self.base_url,
            "abilities": sorted(self.abilities),
            "max_in_flight": self.max_in_flight,
            "requests_per_minute": self.requests_per_minute,
        }
        row, _ = Connection.objects.get_or_create(slug=self.slug, defaults=described)
        if any(getattr(row, name) != value for name, value in described.items()):
            Connection.objects.filter(pk=row.pk).update(**described)
            row.refresh_from_db()
        return row

    # -- Models --------------------------------------------------------------------------------------------------------

    def served(self) -> Iterator[Model]:
        """The models it makes, as it makes them. A team's own that declares models makes no others."""
        known = catalogue.all_models()
        for model_id in self.models if self.about.makes else ():
            if model_id not in known:
                yield self._as_declared(self._model_of_its_own(model_id))
        for model in (*known.values(), *self._listed()):
            is_left_out = self.is_own and self.models and model.id not in self.models
            if model.provider == self.provider and not is_left_out:
                yield self._as_declared(model)

    def _model_of_its_own(self, model_id: str) -> Model:
        """One that takes what the server takes."""
        plain = catalogue.own_model()
        return replace(
            plain,
            id=model_id,
            name=model_id,
            maker=self.name,
            provider=self.provider,
            price_per_second=MappingProxyType(dict.fromkeys(plain.sizes, self.price_per_second)),
            source="declared by the connection",
        )

    def _as_declared(self, model: Model) -> Model:
        """With what a server really takes, where servers of several makes speak the provider's protocol."""
        if not self.about.makes:
            return model
        takes = replace(
            model.takes,
            remix=model.takes.remix and self.can(Ability.REMIX),
            extend=model.takes.extend if self.can(Ability.EXTEND) else None,
            edit=model.takes.edit and self.can(Ability.EDIT),
            seed=self.can(Ability.EXTRA_FIELDS),
            negative_prompt=self.can(Ability.EXTRA_FIELDS),
        )
        return replace(model, takes=takes)

    def _listed(self) -> tuple[Model, ...]:
        row = self.stored
        if not self.about.lists_models or row is None or row.live_models_at is None:
            return ()
        return _read(_Listing(row.pk, row.live_models_at, row.live_models))


@dataclass(frozen=True)
class _Listing:
    """What a server told at one time; its rows need not be compared."""

    connection_id: int
    at: datetime
    rows: list[dict[str, Any]] = field(compare=False)


@lru_cache(maxsize=100)
def _read(listing: _Listing) -> tuple[Model, ...]:
    return tuple(read_model(dated(row)) for row in listing.rows)


def dated(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"checked_on": date.fromisoformat(row["checked_on"])}


#: A provider, and the key that somebody gave for it.
_given: ContextVar[tuple[str, str] | None] = ContextVar("given key", default=None)


@contextmanager
def with_key(provider: str, key: str) -> Iterator[None]:
    """Inside, this key goes before the environment's, whether that has an account there or not."""
    token = _given.set((provider, key))
    try:
        yield
    finally:
        _given.reset(token)


def environment() -> dict[str, Configured]:
    """By slug."""
    described = settings.CONNECTIONS
    if given := _given.get():
        provider, key = given
        described = described | {provider: _plain(provider) | described.get(provider, {}) | {"key": key}}
    return {slug: _of_environment(slug, values) for slug, values in described.items()}


def _plain(provider: str) -> dict[str, Any]:
    """An account at the vendor's own."""
    about = PROVIDERS[provider]
    preset = about.makes[0].name if about.makes else ""
    limits = {"max_in_flight": 2, "requests_per_minute": 60}
    return {"provider": provider, "name": about.usual_name, "base_url": "", "preset": preset, **limits}


def _of_environment(slug: str, values: dict[str, Any]) -> Configured:
    declared = map(Ability, values.get("abilities", []))
    return Configured(
        slug=slug,
        provider=values["provider"],
        name=values["name"],
        base_url=values["base_url"],
        max_in_flight=values["max_in_flight"],
        requests_per_minute=values["requests_per_minute"],
        abilities=PROVIDERS[values["provider"]].connection_abilities(values.get("preset", ""), declared),
        options=tuple((name, value) for name, value in values.get("options", {}).items() if value),
        models=tuple(values.get("models", [])),
        price_per_second=values.get("price_per_second", Decimal(0)),
        key=values["key"],
    )


def is_retired(model: Model, connection: Configured | None, today: date) -> bool:
    """Whether it is retired where it would be asked for: another server than the vendor's may offer it on."""
    return model.is_retired(today, host=connection.host if connection else "")


def mark_of(model: Model, connection: Configured | None) -> str:
    """What speaks against counting on it where it would be asked for, in a few words; empty where nothing does."""
    return model.mark(timezone.localdate(), host=connection.host if connection else "")


def allowed_host(base_url: str) -> str:
    """What the operator says of the host that a team names, where it may be inside the network; else empty."""
    return next((host for host in settings.TEAM_HOSTS if base_url and egress.matches_host(base_url, host)), "")
