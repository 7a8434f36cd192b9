"""Reads the server's connections from the environment, as plain values for settings.CONNECTIONS.

The registry lists the variables of each provider. An invalid value raises ImproperlyConfigured with the variable's name, so
that the server does not start. Keys of the environment are stored nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from core.numbers import BadNumber, read_decimal, read_integer
from generation.providers.description import Option, Provider
from generation.providers.registry import PROVIDERS
from generation.providers.server_connection import read_connection


def connections(env: environ.Env) -> dict[str, dict[str, Any]]:
    """By provider name: the environment holds at most one connection per provider. Raises ImproperlyConfigured."""
    return {
        provider.name: connection(env, provider)
        for provider in PROVIDERS.values()
        if first_set(env, provider.announced_by or provider.key_variables)
    }


def connection(env: environ.Env, provider: Provider) -> dict[str, Any]:
    base_url = next(filter(None, (address(env, name) for name in provider.address_variables)), "")
    name = f"{provider.usual_name} at {urlsplit(base_url).netloc}" if base_url else provider.usual_name
    texts, lists = ["name", "max_in_flight", "requests_per_minute", "cap_month"], []
    usual: dict[str, Any] = {"name": name}
    if provider.makes:  # the default preset: the vendor's own service, or “other” with a base URL
        usual["preset"] = provider.makes[-1 if base_url else 0].name
        texts, lists = [*texts, "preset", "price_per_second"], ["abilities", "models"]
    given = {field: value for field in texts if (value := text(env, f"{provider.prefix}_{field.upper()}"))}
    listed = {field: items(env, f"{provider.prefix}_{field.upper()}") for field in lists}
    fixed = {
        "provider": provider.name,
        "key": first_set(env, provider.key_variables),
        "base_url": base_url,
        "options": {option.name: read_value(env, option) for option in provider.options},
    }
    try:
        return asdict(read_connection(usual | given | listed | fixed))
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from None


def first_set(env: environ.Env, names: Iterable[str]) -> str:
    # Empty if none of the variables is set.
    return next(filter(None, (text(env, name) for name in names)), "")


def read_value(env: environ.Env, option: Option) -> str:
    value = (address if option.is_address else text)(env, option.variable)
    allowed = [choice for choice, _ in option.choices if choice]
    if value and allowed and value not in allowed:
        raise ImproperlyConfigured(f"{option.variable} should be one of {', '.join(allowed)}, not {value!r}.")
    return value or option.initial


def text(env: environ.Env, name: str) -> str:
    value: str = env.str(name, default="")
    return value.strip()


def items(env: environ.Env, name: str) -> list[str]:
    return [value.strip() for value in env.list(name, default=[]) if value.strip()]


def address(env: environ.Env, name: str) -> str:
    value = text(env, name)
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets around something else than an IPv6 address, or a port above 65535
        is_address = False
    if value and not is_address:
        raise ImproperlyConfigured(f"{name} is not a valid http(s) URL: {value!r}. Use the form https://host:8000/v1.")
    return value.rstrip("/")


def hosts(env: environ.Env, name: str) -> list[str]:
    values = [value.lower().rstrip(".") for value in items(env, name)]
    for value in values:
        if "/" in value or "@" in value:
            raise ImproperlyConfigured(f"{name} contains {value!r}. Enter hosts such as gpu.lan or gpu.lan:8000.")
    return values


def number(env: environ.Env, name: str, default: float, *, least: float, most: float) -> float:
    try:
        return float(read_decimal(text(env, name) or str(default), least=Decimal(least), most=Decimal(most)))
    except BadNumber as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None


def whole(env: environ.Env, name: str, default: int, *, least: int = 1, most: int) -> int:
    try:
        return read_integer(text(env, name) or str(default), least=least, most=most)
    except BadNumber as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None


def amount(env: environ.Env, name: str) -> Decimal | None:
    # An amount in US dollars; None if it is not set.
    value = text(env, name)
    if value and not re.fullmatch(r"\d{1,8}(\.\d{1,4})?", value):
        raise ImproperlyConfigured(f"{name} should be an amount in US dollars, such as 200 or 49.50, not {value!r}.")
    return Decimal(value) if value else None


def choice(env: environ.Env, name: str, choices: tuple[str, ...]) -> str:
    # The first choice if it is not set.
    value = text(env, name) or choices[0]
    if value not in choices:
        raise ImproperlyConfigured(f"{name} should be one of {', '.join(choices)}, not {value!r}.")
    return value
