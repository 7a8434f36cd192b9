"""Ask a provider whether a connection works, and which models it serves today."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone
from django_q.tasks import async_task
from redis.exceptions import RedisError

from generation.connections.environment import GivenKey, read_environment
from generation.connections.resolution import ResolvedConnection
from generation.connections.served_models import is_retired, readable_models, served_models
from generation.models import Connection
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.description import Kind
from generation.providers.registry import PROVIDERS, image_provider, model_lister, remote_provider
from projects.models import AspectRatio, Resolution, frame_size

logger = logging.getLogger(__name__)

#: The greatest age of a list of models.
LISTED_FOR = timedelta(hours=1)


def probe_connection(connection: ResolvedConnection) -> str:
    """Send one harmless request; a sentence on what works. Raises ProviderError, which names the key that was refused."""
    about = connection.about
    load = image_provider if about.kind == Kind.IMAGES else remote_provider
    try:
        said = load(about.name).test(connection.account, _models_to_try(connection))
        if about.lists_models:
            refresh_models(connection)
    except ProviderError as error:
        # Without a key the SDK found credentials elsewhere, and the provider's own words say which.
        is_ours = not connection.is_own and (connection.key or not about.needs_key)
        if error.kind != ErrorKind.AUTH or not is_ours:
            raise
        message = f"The key in {' or '.join(about.key_variables)} was refused: {error.message}"
        raise ProviderError(error.kind, message, code=error.code, request_id=error.request_id) from error
    return said


def _models_to_try(connection: ResolvedConnection) -> list[str]:
    """The ids of its models, retired ones last. Raises ProviderError if it has none and its server cannot list any."""
    today = timezone.localdate()
    served = sorted(served_models(connection), key=lambda model: is_retired(model, connection, today))
    if not served and not connection.about.lists_models:
        raise ProviderError(ErrorKind.INVALID, f"{connection.name} names no model that is known here.")
    return [model.id for model in served]


def refresh_models(connection: ResolvedConnection) -> int:
    """Store the list of models that the server gives now, for all processes; how many. Raises ProviderError."""
    listed = model_lister(connection.provider).catalogue_rows(connection.account, timezone.localdate())
    rows = [row for row, _ in readable_models(row for row in map(convert_sizes, listed) if row["sizes"])]
    Connection.objects.filter(pk=connection.ensure_row().pk).update(live_models=rows, live_models_at=Now())
    return len(rows)


def convert_sizes(row: dict[str, Any]) -> dict[str, Any]:
    """A listed model in the catalogue's form: only sizes that can be chosen here, in pixels."""
    sizes = {
        resolution: {shape: frame_size(AspectRatio(shape), Resolution(resolution)) for shape in shapes}
        for resolution, listed in row["sizes"].items()
        if resolution in Resolution.values and (shapes := [one for one in AspectRatio.values if one in listed])
    }
    prices = {resolution: row["price_per_second"][resolution] for resolution in sizes}
    return row | {"sizes": sizes, "price_per_second": prices}


def enqueue_refresh() -> None:
    """Queue `refresh_stale_models`; lost while the broker is away, and queued again by the next sweep."""
    try:
        async_task("generation.tasks.refresh_models", cluster="media")
    except RedisError as error:
        logger.warning("Model lists are not refreshed until the broker is back: %s", error)


def has_listing() -> bool:
    """Whether any server lists its models."""
    return any(True for _ in _listing_connections())


def refresh_stale_models(after_each: Callable[[], None] = lambda: None, *, key: GivenKey | None = None) -> None:
    """Refresh every list that is older than LISTED_FOR; a server that does not answer keeps its old list."""
    for connection in _listing_connections(key):
        asked_at = connection.ensure_row().live_models_at
        if asked_at and timezone.now() - asked_at < LISTED_FOR:
            continue
        try:
            refresh_models(connection)
        except ProviderError as error:
            logger.warning("%s does not tell its models: %s", connection.name, error)
        after_each()


def _listing_connections(key: GivenKey | None = None) -> Iterator[ResolvedConnection]:
    """The connections of the environment and of every team whose server lists its models."""
    yield from (one for one in read_environment(key).values() if one.about.lists_models)
    listing = [provider.name for provider in PROVIDERS.values() if provider.lists_models]
    own = Connection.live().filter(provider__in=listing, is_active=True).exclude(team=None)
    yield from map(ResolvedConnection.from_row, own)
