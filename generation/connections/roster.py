"""The connections and models a team can use, in order of preference."""

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
    """One team's usable connections at one moment, in order of preference, and the models they serve.

    Get one per request, enqueue or step from `roster_for` and pass it down: it never changes, so a page is consistent and a
    price belongs to the connection that will be used. Do not keep it longer, because owners change connections.
    """

    connections: tuple[ResolvedConnection, ...]

    @cached_property
    def models(self) -> Mapping[str, Model]:
        """By id: the catalogue's models and further ones that the connections serve."""
        return MappingProxyType({model_id: model for model_id, (model, _) in self._served.items()})

    def find(self, model_id: str) -> Model:
        """Raises KeyError for an unknown model."""
        return self.models[model_id]

    def model_name(self, model_id: str) -> str:
        """The id itself for an unknown model."""
        model = self.models.get(model_id)
        return model.name if model else model_id

    def connection_for(self, model: Model) -> ResolvedConnection | None:
        """The first connection that serves the model, preferring one where it is not retired."""
        return self._served[model.id][1] if model.id in self._served else None

    def find_connection(self, connection_id: int | None) -> ResolvedConnection | None:
        """The connection with this row, such as the one a take was made with; None if it can no longer be used."""
        matches = (item for item in self.connections if item.stored and item.stored.pk == connection_id)
        return next(matches, None)

    def is_retired(self, model: Model, on: date | None = None) -> bool:
        """Whether it is retired at the connection the team would use, on that day or today."""
        return is_retired(model, self.connection_for(model), on or timezone.localdate())

    def mark(self, model: Model) -> str:
        """`availability_mark` at the connection the team would use."""
        return availability_mark(model, self.connection_for(model))

    def resolve_model(self, job: Job) -> Model | None:
        """The job's model as the job's own connection serves it; None if the model is unknown by now."""
        if job.connection_id and (connection := self.find_connection(job.connection_id)):
            for model in served_models(connection):
                if model.id == job.model_id:
                    return model
        return self.models.get(job.model_id)

    @cached_property
    def _served(self) -> dict[str, tuple[Model, ResolvedConnection | None]]:
        # Each model as its best connection serves it; None for models of the catalogue without a connection.
        today = timezone.localdate()
        served: dict[str, tuple[Model, ResolvedConnection | None]] = {
            model.id: (model, None) for model in catalogue.all_models().values()
        }
        for connection in self.connections:
            for model in served_models(connection):
                known, best = served.get(model.id, (model, None))
                is_better = (
                    best is not None and is_retired(known, best, today) and not is_retired(model, connection, today)
                )
                # A team's connection for this provider alone comes before one that serves it besides its own.
                is_closer = best is not None and best.is_own and connection.is_own and best.provider != model.provider
                if best is None or is_better or (is_closer and connection.provider == model.provider):
                    served[model.id] = model, connection
        return served


def roster_for(team_id: int | None, *, key: GivenKey | None = None, environment_first: bool = False) -> Roster:
    """The team's current roster; without a team, the environment's connections only. At most one query.

    A team's own connections come first, except with `environment_first`: commands use it, because the operator who runs them
    configured the environment. A `key` is one from the command line, see `read_environment`.
    """
    environment = read_environment(key)
    needs_rows = team_id or any(lists_models(connection.provider) for connection in environment.values())
    rows = _usable_rows(team_id) if needs_rows else []
    stored = {row.slug: row for row in rows if row.team_id is None}
    own = [ResolvedConnection.from_row(row) for row in rows if row.team_id]
    shared = [replace(connection, stored=stored.get(slug)) for slug, connection in environment.items()]
    return Roster((*shared, *own) if environment_first else (*own, *shared))


def _usable_rows(team_id: int | None) -> list[Connection]:
    usable = Q(team=None) | (Q(team=team_id, is_active=True) if team_id else Q(pk=None))
    return list(Connection.live().filter(usable))


def resolve_account(job: Job, key: GivenKey | None = None) -> Account:
    """The account the job was started with, even if its connection was switched off or removed since then.

    Raises ProviderError if the environment no longer has the connection, or if its key cannot be read.
    """
    connection = job.connection
    if connection and connection.team_id:
        return ResolvedConnection.from_row(connection).account
    resolved = read_environment(key).get(connection.slug) if connection else None
    if resolved is None:
        name = connection.name if connection else job.provider
        raise ProviderError(ErrorKind.AUTH, f"The connection {name} is no longer configured on this server.")
    return resolved.account
