"""The accounts of one team in the order they are asked, and which of them makes a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from django.db.models import Q
from django.utils import timezone

from generation import catalogue
from generation.catalogue import Model
from generation.connections.configured import Configured, environment, is_retired
from generation.models import Advancing, Connection, Generation, ImageGeneration
from generation.providers.base import Account, ErrorKind, ProviderError
from generation.providers.registry import lists_models


@dataclass(frozen=True)
class Roster:
    """What a team can use: `connections` in the order in which they are asked for a model."""

    connections: tuple[Configured, ...]

    @cached_property
    def models(self) -> MappingProxyType[str, Model]:
        """The catalogue, and what the connections offer besides."""
        return MappingProxyType({model_id: model for model_id, (model, _) in self._makers.items()})

    def serving(self, model_id: str) -> Configured | None:
        """The first that makes this model, sooner one where it is not retired."""
        return self._makers[model_id][1] if model_id in self._makers else None

    def holding(self, connection_id: int | None) -> Configured | None:
        """The one that a take was made with, where it can still be used."""
        return next((one for one in self.connections if one.stored and one.stored.pk == connection_id), None)

    @cached_property
    def _makers(self) -> dict[str, tuple[Model, Configured | None]]:
        today = timezone.localdate()
        found: dict[str, tuple[Model, Configured | None]] = {
            model.id: (model, None) for model in catalogue.all_models().values()
        }
        for connection in self.connections:
            for model in connection.served():
                before, maker = found.get(model.id, (model, None))
                if maker is None or (is_retired(before, maker, today) and not is_retired(model, connection, today)):
                    found[model.id] = model, connection
        return found


@dataclass
class _Memory:
    environment_first: bool
    rosters: dict[int | None, Roster] = field(default_factory=dict)


_memory: ContextVar[_Memory | None] = ContextVar("connections", default=None)


@contextmanager
def remembered(*, environment_first: bool | None = None) -> Iterator[None]:
    """Inside, each team's connections are read once: on entering nothing is known.

    `environment_first` is for commands: whoever runs the server set those variables for them.
    """
    outer = _memory.get()
    first = outer.environment_first if environment_first is None and outer else bool(environment_first)
    token = _memory.set(_Memory(first))
    try:
        yield
    finally:
        _memory.reset(token)


def roster(team_id: int | None) -> Roster:
    """Of a team; without one, of the installation alone."""
    memory = _memory.get() or _Memory(environment_first=False)
    if team_id not in memory.rosters:
        memory.rosters[team_id] = _read(team_id, environment_first=memory.environment_first)
    return memory.rosters[team_id]


def _read(team_id: int | None, *, environment_first: bool) -> Roster:
    of_all = environment()
    rows = _rows_of(team_id) if team_id or any(lists_models(one.provider) for one in of_all.values()) else []
    stored = {row.slug: row for row in rows if row.team_id is None}
    own = [Configured.of_row(row) for row in rows if row.team_id]
    shared = [replace(one, stored=stored.get(slug)) for slug, one in of_all.items()]
    return Roster((*shared, *own) if environment_first else (*own, *shared))


def _rows_of(team_id: int | None) -> list[Connection]:
    usable = Q(team=None) | (Q(team=team_id, is_active=True) if team_id else Q(pk=None))
    return list(Connection.live().filter(usable))


# -- What is asked of it -----------------------------------------------------------------------------------------------


def all_models(team_id: int | None) -> MappingProxyType[str, Model]:
    return roster(team_id).models


def find(model_id: str, team_id: int | None) -> Model:
    """Raises KeyError for a model that is nowhere."""
    return roster(team_id).models[model_id]


def for_model(model: Model, team_id: int | None) -> Configured | None:
    return roster(team_id).serving(model.id)


def team_of(row: Advancing) -> int:
    if isinstance(row, Generation):
        return row.scene.project.team_id
    assert isinstance(row, ImageGeneration)
    return row.project.team_id


def model_of(row: Advancing) -> Model | None:
    """The model that made it, as the connection that it was made with serves it; None where it is nowhere any more."""
    accounts = roster(team_of(row))
    if row.connection_id and (connection := accounts.holding(row.connection_id)):
        for model in connection.served():
            if model.id == row.model_id:
                return model
    return accounts.models.get(row.model_id)


def account_of(take: Advancing) -> Account:
    """The account it was started with, also where that is switched off or removed by now.

    Raises ProviderError where the environment no longer has it, or its key cannot be read.
    """
    connection = take.connection
    if connection and connection.team_id:
        return Configured.of_row(connection).account
    configured = environment().get(connection.slug) if connection else None
    if configured is None:
        name = connection.name if connection else take.provider
        raise ProviderError(ErrorKind.AUTH, f"The connection {name} is no longer configured on this server.")
    return configured.account
