"""The models a connection serves, limited to what its server can do, and their availability there."""

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
    """Every model of the connection. A team's own connection that declares models serves no others."""
    known = catalogue.all_models()
    for model_id in connection.models if connection.about.makes else ():
        if model_id not in known:
            yield _restrict_to_abilities(_describe_own_model(model_id, connection), connection)
    for model in (*known.values(), *_listed_models(connection)):
        is_excluded = connection.is_own and connection.models and model.id not in connection.models
        if model.provider in connection.served_providers and not is_excluded:
            yield _restrict_to_abilities(model, connection)


def is_retired(model: Model, connection: ResolvedConnection | None, today: date) -> bool:
    # A retirement date applies to the vendor's host only: another server may keep serving the model.
    return model.is_retired(today, host=connection.host if connection else "")


def availability_mark(model: Model, connection: ResolvedConnection | None) -> str:
    """A short warning about the model's availability there; empty where none is needed."""
    return model.mark(timezone.localdate(), host=connection.host if connection else "")


def readable_models(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Model]]:
    """The valid rows of a listing, each with its model. Others, which the catalogue cannot describe, are logged."""
    for row in rows:
        try:
            yield row, read_model(row)
        except CatalogueError as error:
            logger.warning("The listed model %s is skipped: %s", row.get("id"), error)


def _describe_own_model(model_id: str, connection: ResolvedConnection) -> Model:
    # A model that only this server has. It is assumed to accept whatever the server accepts.
    base = catalogue.own_model()
    return replace(
        base,
        id=model_id,
        name=model_id,
        maker=connection.name,
        provider=connection.provider,
        price_per_second=MappingProxyType(dict.fromkeys(base.sizes, connection.price_per_second)),
        source="declared by the connection",
    )


def _restrict_to_abilities(model: Model, connection: ResolvedConnection) -> Model:
    # The model without the tasks and fields that this make of server lacks.
    if not connection.about.makes or model.provider != connection.provider:
        return model
    supports = replace(
        model.supports,
        remix=model.supports.remix and connection.can(Ability.REMIX),
        extend=model.supports.extend if connection.can(Ability.EXTEND) else None,
        edit=model.supports.edit and connection.can(Ability.EDIT),
        seed=connection.can(Ability.EXTRA_FIELDS),
        negative_prompt=connection.can(Ability.EXTRA_FIELDS),
    )
    return replace(model, supports=supports)


def _listed_models(connection: ResolvedConnection) -> tuple[Model, ...]:
    row = connection.stored
    if not connection.about.lists_models or row is None or row.live_models_at is None:
        return ()
    return _read_listing(_Listing(row.pk, row.live_models_at, row.live_models))


@dataclass(frozen=True)
class _Listing:
    """A cache key: `at` identifies the listing, so `rows` take no part in comparisons."""

    connection_id: int
    at: datetime
    rows: list[dict[str, Any]] = field(compare=False)


@lru_cache(maxsize=100)
def _read_listing(listing: _Listing) -> tuple[Model, ...]:
    return tuple(model for _, model in readable_models(listing.rows))
