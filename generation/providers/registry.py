"""Providers by name. Each is a module imported when it is first used, so one missing SDK does not stop the others.

Adding a provider is one module and one line here; docs/providers.md walks through it.
"""

from collections.abc import Callable
from datetime import date
from importlib import import_module
from typing import Any, cast

from generation.providers.base import Account, ImageProvider, LocalRenderer, RemoteProvider

LOCAL_RENDERERS = {
    "animatic": "generation.providers.animatic",
}

REMOTE_PROVIDERS = {
    "sora": "generation.providers.sora",
    "omni": "generation.providers.omni",
    "veo": "generation.providers.veo",
    "openrouter": "generation.providers.openrouter",
}


IMAGE_PROVIDERS = {
    "openai_images": "generation.providers.openai_images",
}


#: Providers whose models are listed live; each module has `catalogue_rows(account, today)`.
LISTING_PROVIDERS = frozenset({"openrouter"})


def is_local(provider: str) -> bool:
    return provider in LOCAL_RENDERERS


def local_renderer(provider: str) -> LocalRenderer:
    return cast(LocalRenderer, import_module(LOCAL_RENDERERS[provider]))


def remote_provider(provider: str) -> RemoteProvider:
    return cast(RemoteProvider, import_module(REMOTE_PROVIDERS[provider]))


def model_rows(provider: str) -> Callable[[Account, date], list[dict[str, Any]]]:
    """What asks a listing provider for its models, as rows of the catalogue. Raises ProviderError."""
    rows: Callable[[Account, date], list[dict[str, Any]]] = import_module(REMOTE_PROVIDERS[provider]).catalogue_rows
    return rows


def image_provider(provider: str) -> ImageProvider:
    return cast(ImageProvider, import_module(IMAGE_PROVIDERS[provider]))
