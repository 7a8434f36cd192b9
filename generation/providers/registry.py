"""Providers by name. Each is a module imported when it is first used, so one missing SDK does not stop the others.

Adding a provider is one module and one line here; docs/providers.md walks through it.
"""

from importlib import import_module
from typing import cast

from generation.providers.base import LocalRenderer, RemoteProvider

LOCAL_RENDERERS = {
    "animatic": "generation.providers.animatic",
}

REMOTE_PROVIDERS: dict[str, str] = {}


def is_local(provider: str) -> bool:
    return provider in LOCAL_RENDERERS


def local_renderer(provider: str) -> LocalRenderer:
    return cast(LocalRenderer, import_module(LOCAL_RENDERERS[provider]))


def remote_provider(provider: str) -> RemoteProvider:
    return cast(RemoteProvider, import_module(REMOTE_PROVIDERS[provider]))
