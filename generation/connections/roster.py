"""Which connections and models a team can use, in the order in which connections are tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType

from django.db.models import Q
from django.utils import timezone

from generation import catalogue
from generation.catalogue import Model
from generation.connections.environment import GivenKey, read_environment
from generation.connections.resolution import ResolvedConnection
from generation.connections.served_models import availability_mark, is_retired, served_models
from generation.models import Connection, Job
from generation.providers.base import Account, ErrorKind, ProviderError
from generation.providers.registry import lists_models


@dataclass(frozen=True)
class Roster:
    """One team's usable connections at one moment, first choice first, and the models they serve.

    Make one per page, enqueue or step with `roster_for` and pass it down: it never changes, so what a page shows agrees with
    itself. Do not keep it longer, for people change connections.
    """

    connections: tuple[ResolvedConnection, ...]

    @cached_property
    def models(self) -> Mapping[str, Model]:
        """By id: the catalogue, and what the connections serve besides."""
        return MappingProxyType({model_id: model for model_id, (model, _) in self._servers.items()})

    def find(self, model_id: str) -> Model:
        """Raises KeyError for an unknown model."""
        return self.models[model_id]

    def model_name(self, model_id: str) -> str:
        """The id itself for a model that is no longer known."""
        model = self.models.get(model_id)
        return model.name if model else model_id

    def connection_for(self, model: Model) -> ResolvedConnection | None:
        """The first connection that serves the model, preferring one where it is not retired."""
        return self._servers[model.id][1] if model.id in self._servers else None

    def holding(self, connection_id: int | None) -> ResolvedConnection | None:
        """The connection that a take was made with, if it can still be used."""
        return next((one for one in self.connections if one.stored and one.stored.pk == connection_id), None)

    def is_retired(self, model: Model, on: date | None = None) -> bool:
        """Whether it is retired where the team would use it, today unless another day is given."""
        return is_retired(model, self.connection_for(model), on or timezone.localdate())

    def mark(self, model: Model) -> str:
        """`availability_mark` where the team would use the model."""
        return availability_mark(model, self.connection_for(model))

    def resolve_model(self, job: Job) -> Model | None:
        """The model that makes it, as its own connection serves it; None if the model is no longer known."""
        if job.connection_id and (connection := self.holding(job.connection_id)):
            for model in served_models(connection):
                if model.id == job.model_id:
                    return model
        return self.models.get(job.model_id)

    @cached_property
    def _servers(self) -> dict[str, tuple[Model, ResolvedConnection | None]]:
        today = timezone.localdate()
        found: dict[str, tuple[Model, ResolvedConnection | None]] = {
            model.id: (model, None) for model in catalogue.all_models().values()
        }
        for connection in self.connections:
            for model in served_models(connection):
                before, server = found.get(model.id, (model, None))
                if server is None or (is_retired(before, server, today) and not is_retired(model, connection, today)):
                    found[model.id] = model, connection
        return found


def roster_for(team_id: int | None, *, key: GivenKey | None = None, environment_first: bool = False) -> Roster:
    """The team's roster as it is now; without a team the environment's connections alone. One query at most.

    A team's own connections come first. Commands ask for `environment_first`, because the operator who runs them has set up
    the environment for that. A `key` comes from the command line, see `read_environment`.
    """
    environment = read_environment(key)
    rows = _usable_rows(team_id) if team_id or any(lists_models(one.provider) for one in environment.values()) else []
    stored = {row.slug: row for row in rows if row.team_id is None}
    own = [ResolvedConnection.from_row(row) for row in rows if row.team_id]
    shared = [replace(one, stored=stored.get(slug)) for slug, one in environment.items()]
    return Roster((*shared, *own) if environment_first else (*own, *shared))


def _usable_rows(team_id: int | None) -> list[Connection]:
    usable = Q(team=None) | (Q(team=team_id, is_active=True) if team_id else Q(pk=None))
    return list(Connection.live().filter(usable))


def resolve_account(job: Job, key: GivenKey | None = None) -> Account:
    """The account that the job was started with, even if its connection has been switched off or removed since.

    Raises ProviderError if the environment no longer has the connection, or its key cannot be read.
    """
    connection = job.connection
    if connection and connection.team_id:
        return ResolvedConnection.from_row(connection).account
    resolved = read_environment(key).get(connection.slug) if connection else None
    if resolved is None:
        name = connection.name if connection else job.provider
        raise ProviderError(ErrorKind.AUTH, f"The connection {name} is no longer configured on this server.")
    return resolved.account
