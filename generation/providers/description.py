"""The description of a provider, which pages, forms, commands and settings read without importing its module and SDK."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from generation.providers.base import Ability


class Kind(StrEnum):
    """The protocol of base.py that a provider's module implements."""

    LOCAL = "local"
    REMOTE = "remote"
    IMAGES = "images"


@dataclass(frozen=True)
class Make:
    """A kind of server that speaks the provider's protocol, with the abilities of such servers."""

    name: str
    title: str
    abilities: frozenset[Ability] = frozenset()
    #: Further providers whose models it serves with the same address and key.
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Option:
    """A setting of the provider's accounts, which its module reads from `Account.options`.

    With a label it is a field of a team's form. Without one only the operator can set it, by the environment variable.
    """

    name: str
    variable: str
    label: str = ""
    help: str = ""
    initial: str = ""
    is_needed: bool = False
    #: A regular expression for the whole value, and an example that it matches.
    pattern: str = ""
    example: str = ""
    #: (value, label) pairs, instead of a pattern.
    choices: tuple[tuple[str, str], ...] = ()
    is_address: bool = False


@dataclass(frozen=True, kw_only=True)
class Provider:
    #: The key in rows and in the catalogue.
    name: str
    module: str
    kind: Kind
    #: The default name of a team's account.
    title: str
    #: The common name of its models, and of the prompt template for them.
    family: str = ""
    #: What an account adds (continues a sentence), and how the operator sets one up.
    brings: str = ""
    how: str = ""
    #: Its name on the command line, if different.
    flag: str = ""
    #: What its module can do. It has the functions of base.OPERATIONS for these abilities and no others.
    abilities: frozenset[Ability] = frozenset()
    #: Whether the module has the function of base.ListsModels; its models are then listed live.
    lists_models: bool = False

    #: Of the variables for every account: {prefix}_NAME, {prefix}_MAX_IN_FLIGHT, {prefix}_REQUESTS_PER_MINUTE.
    prefix: str = ""
    #: The first variable that is set is used.
    key_variables: tuple[str, ...] = ()
    address_variables: tuple[str, ...] = ()
    #: Setting any of these creates an account; if empty, `key_variables` do.
    announced_by: tuple[str, ...] = ()

    #: If false, a team's account needs an address instead.
    needs_key: bool = True
    #: The key is the file of a Google Cloud service account.
    takes_service_account: bool = False
    #: The help text of the address field in a team's form. Empty for no such field.
    address_help: str = ""
    options: tuple[Option, ...] = ()
    #: Makes of servers, the vendor's first and the catch-all last. Such servers may have models beyond the catalogue.
    makes: tuple[Make, ...] = ()

    @property
    def has_accounts(self) -> bool:
        return self.kind != Kind.LOCAL

    @property
    def usual_name(self) -> str:
        """The default name of the operator's account."""
        return self.family or self.title

    def connection_abilities(self, make: str = "", declared: Iterable[Ability] = ()) -> frozenset[Ability]:
        """The abilities of a connection: those `declared` for it, else those of its make, or none if the make is unknown.

        Without makes, every connection has all abilities of the module.
        """
        if not self.makes:
            return self.abilities
        of_make = next((candidate.abilities for candidate in self.makes if candidate.name == make), frozenset())
        return self.abilities & (frozenset(declared) or of_make)

    def served_providers(self, make: str) -> frozenset[str]:
        """Whose models a team's connection of that make serves."""
        further = next((candidate.also for candidate in self.makes if candidate.name == make), ())
        return frozenset({self.name, *further})

    def option(self, name: str) -> Option:
        return next(option for option in self.options if option.name == name)
