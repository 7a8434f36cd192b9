"""Asking providers whether an account works, and what they offer today."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from generation.catalogue.loader import read_model
from generation.connections.configured import Configured, dated, environment, is_retired
from generation.models import Connection
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.description import Kind
from generation.providers.registry import PROVIDERS, image_provider, model_lister, remote_provider
from projects.models import AspectRatio, Resolution, frame_size

logger = logging.getLogger(__name__)

#: How old a list of models may get.
LISTED_FOR = timedelta(hours=1)


def test(configured: Configured) -> str:
    """One sentence on what works. Raises ProviderError, which says which key was refused."""
    about = configured.about
    load = image_provider if about.kind == Kind.IMAGES else remote_provider
    try:
        said = load(about.name).test(configured.account, _models_to_try(configured))
        if about.lists_models:
            refresh_models(configured)
    except ProviderError as error:
        # Without a key, where one is needed, credentials stand elsewhere, of which the provider's own words tell.
        is_ours = not configured.is_own and (configured.key or not about.needs_key)
        if error.kind != ErrorKind.AUTH or not is_ours:
            raise
        message = f"The key in {' or '.join(about.key_variables)} was refused: {error.message}"
        raise ProviderError(error.kind, message, code=error.code, request_id=error.request_id) from error
    return said


def _models_to_try(configured: Configured) -> list[str]:
    """The ids of its models, those that are retired last. Raises ProviderError where it has none and cannot tell any."""
    today = timezone.localdate()
    served = sorted(configured.served(), key=lambda model: is_retired(model, configured, today))
    if not served and not configured.about.lists_models:
        raise ProviderError(ErrorKind.INVALID, f"{configured.name} names no model that is known here.")
    return [model.id for model in served]


def refresh_models(configured: Configured) -> int:
    """Ask the server what it offers now, and keep it for all processes; how many models. Raises ProviderError."""
    listed = model_lister(configured.provider).catalogue_rows(configured.account, timezone.localdate())
    rows = [row for row in map(in_pixels, listed) if row["sizes"]]
    for row in rows:
        read_model(dated(row))  # what cannot be read must not be kept
    Connection.objects.filter(pk=configured.row().pk).update(live_models=rows, live_models_at=Now())
    return len(rows)


def in_pixels(row: dict[str, Any]) -> dict[str, Any]:
    """A listed row in the catalogue's form, with the sizes that can be chosen here; the shapes have their usual ones."""
    sizes = {
        resolution: {shape: frame_size(AspectRatio(shape), Resolution(resolution)) for shape in shapes}
        for resolution, listed in row["sizes"].items()
        if resolution in Resolution.values and (shapes := [one for one in AspectRatio.values if one in listed])
    }
    prices = {resolution: row["price_per_second"][resolution] for resolution in sizes}
    return row | {"sizes": sizes, "price_per_second": prices}


def has_listing() -> bool:
    return any(True for _ in _listing())


def refresh_stale_models(after_each: Callable[[], None] = lambda: None) -> None:
    """Once an hour; a server that does not answer keeps the list it gave before."""
    for configured in _listing():
        asked_at = configured.row().live_models_at
        if asked_at and timezone.now() - asked_at < LISTED_FOR:
            continue
        try:
            refresh_models(configured)
        except ProviderError as error:
            logger.warning("%s does not tell its models: %s", configured.name, error)
        after_each()


def _listing() -> Iterator[Configured]:
    """The environment's and every team's."""
    yield from (one for one in environment().values() if one.about.lists_models)
    listing = [provider.name for provider in PROVIDERS.values() if provider.lists_models]
    own = Connection.live().filter(provider__in=listing, is_active=True).exclude(team=None)
    yield from map(Configured.of_row, own)
