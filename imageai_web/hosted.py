"""The accounts at providers that the environment describes, as plain values for settings.CONNECTIONS.

Which variables there are is told by each provider's entry in the registry. One that cannot be meant stops the start with its
name and the fix. Keys are kept nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from generation.providers.base import Ability
from generation.providers.description import Option, Provider
from generation.providers.registry import PROVIDERS


def connections(env: environ.Env) -> dict[str, dict[str, Any]]:
    """By the name of their provider, which has at most one account here."""
    return {
        provider.name: account(env, provider)
        for provider in PROVIDERS.values()
        if first_of(env, provider.announced_by or provider.key_variables)
    }


def account(env: environ.Env, provider: Provider) -> dict[str, Any]:
    prefix = provider.prefix
    base_url = next(filter(None, (address(env, name) for name in provider.address_variables)), "")
    name = f"{provider.usual_name} at {urlsplit(base_url).netloc}" if base_url else provider.usual_name
    found = {
        "provider": provider.name,
        "name": text(env, f"{prefix}_NAME") or name,
        "key": first_of(env, provider.key_variables),
        "base_url": base_url,
        "max_in_flight": positive(env, f"{prefix}_MAX_IN_FLIGHT", 2),
        "requests_per_minute": positive(env, f"{prefix}_REQUESTS_PER_MINUTE", 60),
        "options": {option.name: value_of(env, option) for option in provider.options},
    }
    return found | server(env, provider, base_url) if provider.makes else found


def server(env: environ.Env, provider: Provider, base_url: str) -> dict[str, Any]:
    """What is told besides of a server of one of several makes; without a word it is the vendor's own, or any other."""
    prefix, makes = provider.prefix, [make.name for make in provider.makes]
    return {
        "preset": one_of(env, f"{prefix}_PRESET", makes) or makes[-1 if base_url else 0],
        "abilities": some_of(env, f"{prefix}_ABILITIES", list(Ability)),
        "models": env.list(f"{prefix}_MODELS", default=[]),
        "price_per_second": price(env, f"{prefix}_PRICE_PER_SECOND"),
    }


def first_of(env: environ.Env, names: Iterable[str]) -> str:
    """The first of them that is set."""
    return next(filter(None, (text(env, name) for name in names)), "")


def value_of(env: environ.Env, option: Option) -> str:
    if option.choices:
        return one_of(env, option.variable, [value for value, _ in option.choices if value]) or option.initial
    return (address if option.is_address else text)(env, option.variable) or option.initial


def text(env: environ.Env, name: str) -> str:
    value: str = env.str(name, default="")
    return value.strip()


def address(env: environ.Env, name: str) -> str:
    value = text(env, name)
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that are no IPv6 address, or a port beyond 65535
        is_address = False
    if value and not is_address:
        raise ImproperlyConfigured(f"{name} is {value!r}, which is no address. Write it like https://host:8000/v1.")
    return value.rstrip("/")


def one_of(env: environ.Env, name: str, allowed: list[str]) -> str:
    value = text(env, name)
    if value and value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; it is one of {', '.join(allowed)}.")
    return value


def some_of(env: environ.Env, name: str, allowed: list[Ability]) -> list[str]:
    values = [value.strip() for value in env.list(name, default=[]) if value.strip()]
    for value in values:
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} names {value!r}; it can name {', '.join(allowed)}.")
    return values


def hosts(env: environ.Env, name: str) -> list[str]:
    values = [value.strip().lower().rstrip(".") for value in env.list(name, default=[]) if value.strip()]
    for value in values:
        if "/" in value or "@" in value:
            raise ImproperlyConfigured(f"{name} names {value!r}; write hosts such as gpu.lan or gpu.lan:8000.")
    return values


def positive(env: environ.Env, name: str, default: int) -> int:
    value = text(env, name)
    if value and not (value.isdigit() and int(value) > 0):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number above 0.")
    return int(value or default)


def price(env: environ.Env, name: str) -> Decimal:
    value = text(env, name) or "0"
    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise ImproperlyConfigured(f"{name} is {value!r}; write an amount such as 0.10.")
    return amount
