"""Validates the entries of settings.CONNECTIONS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass

from core.validation import Price, describe_problems
from generation.providers.base import Ability
from generation.providers.registry import PROVIDERS


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", hide_input_in_errors=True))
class ServerConnection:
    provider: str
    name: str
    key: str = field(default="", repr=False)
    base_url: str = ""
    max_in_flight: Annotated[int, Field(gt=0, le=1000)] = 2
    requests_per_minute: Annotated[int, Field(gt=0, le=10_000)] = 60
    options: Mapping[str, str] = field(default_factory=dict)
    preset: str = ""
    #: If any, they replace those of the preset.
    abilities: frozenset[Ability] = frozenset()
    models: tuple[str, ...] = ()
    price_per_second: Price = Decimal(0)
    #: Monthly, for all teams together; None caps nothing.
    cap_month: Price | None = None

    @field_validator("provider")
    @classmethod
    def _is_known(cls, provider: str) -> str:
        if provider not in PROVIDERS:
            raise ValueError(f"should be one of {', '.join(PROVIDERS)}, not {provider!r}")
        return provider

    @field_validator("preset")
    @classmethod
    def _is_of_its_provider(cls, preset: str, info: ValidationInfo) -> str:
        about = PROVIDERS.get(info.data.get("provider", ""))
        presets = [make.name for make in about.makes] if about else []
        if preset and about and preset not in presets:
            raise ValueError(f"should be one of {', '.join(presets)}, not {preset!r}")
        return preset


def read_connection(values: Mapping[str, Any]) -> ServerConnection:
    """Raises ValueError with a sentence per mistake, each beginning with the environment variable."""
    try:
        return ServerConnection(**values)
    except ValidationError as error:
        found = describe_problems(error).items()
        messages = [f"{_name_variable(values.get('provider', ''), key)} {problem}." for key, problem in found]
        raise ValueError(" ".join(messages)) from None


def _name_variable(provider: str, key: str) -> str:
    # The environment variable that the key was read from.
    field_name, _, rest = key.partition(".")
    about = PROVIDERS.get(provider)
    if about is None:
        return f"settings.CONNECTIONS: {key}"
    if field_name == "options" and rest:
        return about.option(rest).variable
    variables = {"key": about.key_variables, "base_url": about.address_variables}
    return " or ".join(variables.get(field_name, ())) or f"{about.prefix}_{field_name.upper()}"
