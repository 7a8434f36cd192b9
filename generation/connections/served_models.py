"""The models as a connection serves them, and until when they can be counted on there."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.utils import timezone

from generation import catalogue
from generation.catalogue import Model
from generation.catalogue.loader import CatalogueError, read_model
from generation.connections.resolution import ResolvedConnection
from generation.providers.base import Ability

logger = logging.getLogger(__name__)


def served_models(connection: ResolvedConnection) -> Iterator[Model]:
    """Every model it serves. A team's own connection that declares models serves no others."""
    known = catalogue.all_models()
    for model_id in connection.models if connection.about.makes else ():
        if model_id not in known:
            yield _restrict_to_abilities(_describe_own_model(model_id, connection), connection)
    for model in (*known.values(), *_listed_models(connection)):
        is_left_out = connection.is_own and connection.models and model.id not in connection.models
        if model.provider == connection.provider and not is_left_out:
            yield _restrict_to_abilities(model, connection)


def is_retired(model: Model, connection: ResolvedConnection | None, today: date) -> bool:
    """A retirement date binds the vendor's host only: another server may go on serving the model."""
    return model.is_retired(today, host=connection.host if connection else "")


def availability_mark(model: Model, connection: ResolvedConnection | None) -> str:
    """A few words of warning about how long the model can be counted on there; empty if there is nothing to say."""
    return model.mark(timezone.localdate(), host=connection.host if connection else "")


def readable_models(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Model]]:
    """The rows of a listing that make a model. A server may list what the catalogue cannot describe; that is logged."""
    for row in rows:
        try:
            yield row, read_model(row)
        except CatalogueError as error:
            logger.warning("The listed model %s is left out: %s", row.get("id"), error)


def _describe_own_model(model_id: str, connection: ResolvedConnection) -> Model:
    """A model that only this server knows: it is taken to accept whatever the server accepts."""
    plain = catalogue.own_model()
    return replace(
        plain,
        id=model_id,
        name=model_id,
        maker=connection.name,
        provider=connection.provider,
        price_per_second=MappingProxyType(dict.fromkeys(plain.sizes, connection.price_per_second)),
        source="declared by the connection",
    )


def _restrict_to_abilities(model: Model, connection: ResolvedConnection) -> Model:
    """Servers of several makes speak one protocol and do not all do everything it has."""
    if not connection.about.makes:
        return model
    takes = replace(
        model.takes,
        remix=model.takes.remix and connection.can(Ability.REMIX),
        extend=model.takes.extend if connection.can(Ability.EXTEND) else None,
        edit=model.takes.edit and connection.can(Ability.EDIT),
        seed=connection.can(Ability.EXTRA_FIELDS),
        negative_prompt=connection.can(Ability.EXTRA_FIELDS),
    )
    return replace(model, takes=takes)


def _listed_models(connection: ResolvedConnection) -> tuple[Model, ...]:
    row = connection.stored
    if not connection.about.lists_models or row is None or row.live_models_at is None:
        return ()
    return _read_listing(_Listing(row.pk, row.live_models_at, row.live_models))


@dataclass(frozen=True)
class _Listing:
    """What a server listed at one time. The time identifies it, so `rows` are left out of comparisons."""

    connection_id: int
    at: datetime
    rows: list[dict[str, Any]] = field(compare=False)


@lru_cache(maxsize=100)
def _read_listing(listing: _Listing) -> tuple[Model, ...]:
    return tuple(model for _, model in readable_models(listing.rows))
