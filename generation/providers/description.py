"""What pages, forms, commands and settings know of a provider without loading its module, and with it its SDK."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from generation.providers.base import Ability


class Kind(StrEnum):
    """What a provider's module is; the protocols of base.py."""

    LOCAL = "local"
    REMOTE = "remote"
    IMAGES = "images"


@dataclass(frozen=True)
class Make:
    """What servers of one make can do, where servers of several makes speak the provider's protocol."""

    name: str
    title: str
    abilities: frozenset[Ability] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Option:
    """A setting that an account of this provider has, as its module finds it in `Account.options`.

    One without a label is whoever runs the server's alone, by its environment variable; the others stand in a team's form.
    """

    name: str
    variable: str
    label: str = ""
    help: str = ""
    initial: str = ""
    is_needed: bool = False
    #: A regular expression for all of it, and something that it matches.
    pattern: str = ""
    example: str = ""
    #: Values and what people read, in place of a pattern.
    choices: tuple[tuple[str, str], ...] = ()
    is_address: bool = False


@dataclass(frozen=True, kw_only=True)
class Provider:
    #: As rows and the catalogue have it.
    name: str
    module: str
    kind: Kind
    #: What an account there is called where one is added.
    title: str
    #: What its models are called together, as the prompt template that is written for them.
    family: str = ""
    #: What an account brings, and what whoever runs the server does to have one, both for the middle of a sentence.
    brings: str = ""
    how: str = ""
    #: As commands have it, where that is not its name.
    flag: str = ""
    #: What its module can do besides. Of each operation in base.OPERATIONS it has the functions exactly where this says so.
    abilities: frozenset[Ability] = frozenset()
    #: Its models are listed live: the module has the function of base.ListsModels.
    lists_models: bool = False

    #: Of the variables every account has: {prefix}_NAME, {prefix}_MAX_IN_FLIGHT, {prefix}_REQUESTS_PER_MINUTE.
    prefix: str = ""
    #: The first that is set counts.
    key_variables: tuple[str, ...] = ()
    address_variables: tuple[str, ...] = ()
    #: Any of these makes an account; those of the key where none are named.
    announced_by: tuple[str, ...] = ()

    #: Where a team's account needs none, it needs an address instead.
    needs_key: bool = True
    #: The key is the file of a Google Cloud service account.
    takes_service_account: bool = False
    #: What stands beside a team's field for the address; there is no such field where this is empty.
    address_help: str = ""
    options: tuple[Option, ...] = ()
    #: Makes of servers: the vendor's own first, any other last. Such a server may have models that no catalogue knows.
    makes: tuple[Make, ...] = ()

    @property
    def has_accounts(self) -> bool:
        return self.kind != Kind.LOCAL

    @property
    def usual_name(self) -> str:
        """Of the account that whoever runs the server has there."""
        return self.family or self.title

    def connection_abilities(self, make: str = "", declared: Iterable[Ability] = ()) -> frozenset[Ability]:
        """What holds for a connection: what is `declared` for it, else what servers of its make do.

        Where there are no makes, all that the module can do; an unknown make does none of it.
        """
        if not self.makes:
            return self.abilities
        of_make = next((known.abilities for known in self.makes if known.name == make), frozenset())
        return self.abilities & (frozenset(declared) or of_make)

    def option(self, name: str) -> Option:
        return next(one for one in self.options if one.name == name)
