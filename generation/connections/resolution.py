"""A connection from either source, the environment or a team's row, in one form."""

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
    """Everything a call needs to know of a connection.

    `stored` is the row of a team's own connection. For one of the environment it is its row if that was loaded, else None.
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
    #: The operator's monthly cap for all teams together. That of a team's own connection is in its Budget.
    cap_month: Decimal | None = None
    #: The environment's key. A team's key stays encrypted in `stored` until `account` is read.
    key: str = field(default="", repr=False)
    stored: Connection | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_row(cls, row: Connection) -> ResolvedConnection:
        """A team's own connection, also one that is switched off or removed."""
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
        """Whether it belongs to a team; those of the environment serve all teams."""
        return self.stored is not None and self.stored.team_id is not None

    @property
    def served_providers(self) -> frozenset[str]:
        """Whose models it serves. The environment makes a connection per provider, so each of those serves its own alone."""
        return self.about.served_providers(self.stored.preset if self.is_own and self.stored else "")

    @property
    def host(self) -> str:
        """Empty for the vendor's own host."""
        return egress.parse_host(self.base_url) if self.base_url else ""

    @property
    def account(self) -> Account:
        """Raises ProviderError if the key was wiped or cannot be decrypted."""
        return Account(
            base_url=self.base_url,
            key=self._reveal_key(),
            abilities=self.abilities,
            options=self.options,
            public_only=self.is_own,
            allowed_host=find_allowed_host(self.base_url) if self.is_own else "",
        )

    def _reveal_key(self) -> str:
        if not self.is_own:
            return self.key
        assert self.stored is not None
        if self.stored.deleted_at and not self.stored.key:
            raise ProviderError(ErrorKind.AUTH, f"The connection {self.name} was removed and its key deleted.")
        try:
            key: str = self.stored.key.reveal()
        except Unreadable as error:
            message = (
                f"The key of {self.name} cannot be read on this server. An owner can enter it again under Connections."
            )
            raise ProviderError(ErrorKind.AUTH, message) from error
        return key

    def can(self, ability: Ability) -> bool:
        return ability in self.abilities

    def option(self, name: str) -> str:
        return dict(self.options).get(name, "")

    @property
    def ability_names(self) -> list[str]:
        return sorted(ability.value.replace("_", " ") for ability in self.abilities)

    def ensure_row(self) -> Connection:
        """The row that all processes share. One of the environment is created, or updated where the environment changed."""
        if self.stored and self.is_own:
            return self.stored
        values = {
            "provider": self.provider,
            "name": self.name,
            "base_url": self.base_url,
            "abilities": sorted(self.abilities),
            "max_in_flight": self.max_in_flight,
            "requests_per_minute": self.requests_per_minute,
        }
        row, _ = Connection.objects.get_or_create(slug=self.slug, defaults=values)
        if any(getattr(row, name) != value for name, value in values.items()):
            Connection.objects.filter(pk=row.pk).update(**values)
            row.refresh_from_db()
        return row


def find_allowed_host(base_url: str) -> str:
    """The entry of settings.TEAM_HOSTS that lets teams use this address in a private network; empty if there is none."""
    return next((host for host in settings.TEAM_HOSTS if base_url and egress.matches_host(base_url, host)), "")
