"""Tests connections, and refreshes the lists of models that servers offer."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from core.slow_work import release_connection
from generation.connections.environment import GivenKey, read_environment
from generation.connections.resolution import ResolvedConnection
from generation.connections.served_models import is_retired, readable_models, served_models
from generation.models import Connection
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.description import Kind
from generation.providers.registry import image_provider, model_lister, remote_provider
from projects.models import AspectRatio, Resolution, frame_size

logger = logging.getLogger(__name__)

#: A list of models that is older than this is stale.
LISTING_AGE = timedelta(hours=1)


def probe_connection(connection: ResolvedConnection) -> str:
    """Send one free request and return a sentence on what works. Raises ProviderError with the name of a refused key."""
    about = connection.about
    load = image_provider if about.kind == Kind.IMAGES else remote_provider
    try:
        account, models = connection.account, _models_to_try(connection)
        release_connection()
        message = load(about.name).test(account, models)
        if about.lists_models:
            refresh_models(connection)
    except ProviderError as error:
        # Without a key in the environment the SDK found credentials elsewhere, which the provider's message names.
        is_from_environment = not connection.is_own and (connection.key or not about.needs_key)
        if error.kind != ErrorKind.AUTH or not is_from_environment:
            raise
        reason = f"The key in {' or '.join(about.key_variables)} was refused: {error.message}"
        raise ProviderError(error.kind, reason, code=error.code, request_id=error.request_id) from error
    return message


def _models_to_try(connection: ResolvedConnection) -> list[str]:
    """The ids of its models, retired ones last. Raises ProviderError if there are none and the server cannot list any."""
    today = timezone.localdate()
    own = [model for model in served_models(connection) if model.provider == connection.provider]
    models = sorted(own, key=lambda model: is_retired(model, connection, today))
    if not models and not connection.about.lists_models:
        raise ProviderError(ErrorKind.INVALID, f"{connection.name} has no known model. Check its list of models.")
    return [model.id for model in models]


def refresh_models(connection: ResolvedConnection) -> int:
    """Store the server's current list of models for all processes. Returns their number. Raises ProviderError."""
    account = connection.account
    release_connection()
    listed = model_lister(connection.provider).catalogue_rows(account, timezone.localdate())
    rows = [row for row, _ in readable_models(row for row in map(convert_sizes, listed) if row["sizes"])]
    Connection.objects.filter(pk=connection.ensure_row().pk).update(
        live_models=rows, live_models_at=Now(), listing_due_at=Now() + LISTING_AGE, listing_failures=0
    )
    return len(rows)


def convert_sizes(row: dict[str, Any]) -> dict[str, Any]:
    """A listed model in the catalogue's form: its sizes in pixels, without those that a project cannot choose."""
    sizes = {
        resolution: {ratio: frame_size(AspectRatio(ratio), Resolution(resolution)) for ratio in ratios}
        for resolution, listed in row["sizes"].items()
        if resolution in Resolution.values and (ratios := [ratio for ratio in AspectRatio.values if ratio in listed])
    }
    prices = {resolution: row["price_per_second"][resolution] for resolution in sizes}
    return row | {"sizes": sizes, "price_per_second": prices}


def refresh_stale_models(*, key: GivenKey | None = None) -> None:
    """Refresh the lists of the environment's servers that are older than LISTING_AGE, for a command that waits for them.

    A server that does not answer keeps its old list.
    """
    for connection in read_environment(key).values():
        if not connection.about.lists_models:
            continue
        refreshed_at = connection.ensure_row().live_models_at
        if refreshed_at and timezone.now() - refreshed_at < LISTING_AGE:
            continue
        try:
            refresh_models(connection)
        except ProviderError as error:
            logger.warning("Cannot list the models of %s: %s", connection.name, error)
