"""The accounts at providers that the environment describes, as plain values for settings.CONNECTIONS.

A variable that cannot be meant stops the start with its name and the fix. Keys are kept nowhere else.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

#: Those of generation.providers.base.Ability.
ABILITIES = ("list", "cancel", "delete", "remix", "extend", "edit", "variants", "extra_fields", "free_sizes")
#: Google's person policies.
PERSONS = ("allow_all", "allow_adult", "dont_allow")
#: What /v1/videos servers can do by their make; the names are those of generation.providers.presets.
PRESETS = ("openai", "vllm-omni", "sglang", "litellm", "other")


def connections(env: environ.Env) -> dict[str, dict[str, Any]]:
    """Connections by slug. One OpenAI key serves images and video; SORA_* point the video elsewhere."""
    openai_key, openai_url = text(env, "OPENAI_API_KEY"), address(env, "OPENAI_BASE_URL")
    sora_key, sora_url = text(env, "SORA_API_KEY") or openai_key, address(env, "SORA_BASE_URL") or openai_url
    found = {}
    if sora_key or sora_url:
        preset = one_of(env, "SORA_PRESET", PRESETS) or ("other" if sora_url else "openai")
        found["sora"] = {
            **account(env, "SORA", "sora", "Sora", key=sora_key or "none", base_url=sora_url),
            "preset": preset,
            "abilities": some_of(env, "SORA_ABILITIES", ABILITIES),
            "models": env.list("SORA_MODELS", default=[]),
            "price_per_second": price(env, "SORA_PRICE_PER_SECOND"),
        }
    if openai_key:
        found["openai_images"] = account(
            env, "OPENAI", "openai_images", "OpenAI images", key=openai_key, base_url=openai_url
        )
    if gemini_key := text(env, "GEMINI_API_KEY") or text(env, "GOOGLE_API_KEY"):
        gemini_url = address(env, "GOOGLE_GEMINI_BASE_URL")
        found["omni"] = account(env, "GEMINI", "omni", "Gemini", key=gemini_key, base_url=gemini_url)
        found["omni"]["options"] = {"api_version": env.str("GEMINI_API_VERSION", default="v1beta")}
    if project := text(env, "GOOGLE_CLOUD_PROJECT"):
        token, vertex_url = text(env, "GOOGLE_ACCESS_TOKEN"), address(env, "GOOGLE_VERTEX_BASE_URL")
        found["veo"] = account(env, "VEO", "veo", "Google Cloud", key=token, base_url=vertex_url)
        found["veo"]["options"] = {
            "project": project,
            "location": env.str("GOOGLE_CLOUD_LOCATION", default="us-central1"),
            "output_gcs_uri": text(env, "GOOGLE_VEO_OUTPUT_GCS_URI"),
            "person_generation": one_of(env, "VEO_PERSON_GENERATION", PERSONS),
            "storage_url": address(env, "GOOGLE_STORAGE_URL"),
        }
    if openrouter_key := text(env, "OPENROUTER_API_KEY"):
        openrouter_url = address(env, "OPENROUTER_BASE_URL") or "https://openrouter.ai/api/v1"
        found["openrouter"] = account(
            env, "OPENROUTER", "openrouter", "OpenRouter", key=openrouter_key, base_url=openrouter_url
        )
    return found


def account(env: environ.Env, prefix: str, provider: str, name: str, *, key: str, base_url: str) -> dict[str, Any]:
    return {
        "provider": provider,
        "name": text(env, f"{prefix}_NAME") or (f"{name} at {urlsplit(base_url).netloc}" if base_url else name),
        "key": key,
        "base_url": base_url,
        "max_in_flight": positive(env, f"{prefix}_MAX_IN_FLIGHT", 2),
        "requests_per_minute": positive(env, f"{prefix}_REQUESTS_PER_MINUTE", 60),
    }


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


def one_of(env: environ.Env, name: str, allowed: tuple[str, ...]) -> str:
    value = text(env, name)
    if value and value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; it is one of {', '.join(allowed)}.")
    return value


def some_of(env: environ.Env, name: str, allowed: tuple[str, ...]) -> list[str]:
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
