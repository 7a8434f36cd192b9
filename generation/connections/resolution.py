"""A connection to a provider, resolved: where it is, what it can do, and how to get at its key."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.conf import settings

from core.secrets import Unreadable
from generation.models import Connection
from generation.providers import egress
from generation.providers.base import Ability, Account, ErrorKind, ProviderError
from generation.providers.description import Provider
from generation.providers.registry import PROVIDERS


@dataclass(frozen=True)
class ResolvedConnection:
    """One account with everything a call needs.

    `stored` is the row of a team's own connection; for the environment's it is the row where that has been read, else None.
    """

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
    #: The environment's key; a team's own stays sealed in `stored`.
    key: str = field(default="", repr=False)
    stored: Connection | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_row(cls, row: Connection) -> ResolvedConnection:
        """A team's own connection, switched off or removed ones included."""
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
        """Whether it belongs to a team; the environment's serve all teams."""
        return self.stored is not None and self.stored.team_id is not None

    @property
    def host(self) -> str:
        """Empty for the vendor's own host."""
        return egress.parse_host(self.base_url) if self.base_url else ""

    @property
    def account(self) -> Account:
        """What a provider is called with. Raises ProviderError if the key cannot be read."""
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

    def ensure_row(self) -> Connection:
        """The row that all processes share. The environment's is created, or brought up to date with the environment."""
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


def allowed_host(base_url: str) -> str:
    """The entry of settings.TEAM_HOSTS that lets teams reach this address inside the network; empty if there is none."""
    return next((host for host in settings.TEAM_HOSTS if base_url and egress.matches_host(base_url, host)), "")
