"""Asking providers whether an account works, and what they offer today."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from generation.catalogue.loader import read_model
from generation.connections.configured import KEYS, Configured, dated, environment
from generation.models import Connection
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.registry import (
    IMAGE_PROVIDERS,
    LISTING_PROVIDERS,
    image_provider,
    model_rows,
    remote_provider,
)

logger = logging.getLogger(__name__)

#: How old a list of models may get.
LISTED_FOR = timedelta(hours=1)


def test(configured: Configured) -> str:
    """One sentence on what works. Raises ProviderError, which says which key was refused."""
    try:
        account = configured.account
        if configured.provider in IMAGE_PROVIDERS:
            return image_provider(configured.provider).test(account)
        said = remote_provider(configured.provider).test(account)
        if configured.provider in LISTING_PROVIDERS:
            refresh_models(configured)
    except ProviderError as error:
        where = "" if configured.is_own else KEYS.get(configured.provider, "")
        if error.kind != ErrorKind.AUTH or not where:
            raise
        message = f"The key in {where} was refused: {error.message}"
        raise ProviderError(error.kind, message, code=error.code, request_id=error.request_id) from error
    return said


def refresh_models(configured: Configured) -> int:
    """Ask the server what it offers now, and keep it for all processes; how many models. Raises ProviderError."""
    rows = model_rows(configured.provider)(configured.account, timezone.localdate())
    for row in rows:
        read_model(dated(row))  # what cannot be read must not be kept
    Connection.objects.filter(pk=configured.row().pk).update(live_models=rows, live_models_at=Now())
    return len(rows)


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
    yield from (one for one in environment().values() if one.provider in LISTING_PROVIDERS)
    own = Connection.live().filter(provider__in=LISTING_PROVIDERS, is_active=True).exclude(team=None)
    yield from map(Configured.of_row, own)
