"""Field types and error messages shared by pydantic models."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def _from_text(value: object) -> object:
    # A float in TOML has lost digits before it gets here.
    if isinstance(value, str | Decimal):
        return value
    raise ValueError(f'should be a string such as "0.10", not {value!r}')


#: US dollars, from 0 to a hundred million: an exponent must not become a gigabyte of digits.
Price = Annotated[Decimal, Field(ge=0, le=10**8, decimal_places=18), BeforeValidator(_from_text)]


def describe_problems(error: ValidationError) -> dict[str, str]:
    """The problem of each key, worded to follow the key in a sentence. Nested keys are dotted, as in TOML."""
    return {".".join(map(str, details["loc"])): _describe(details) for details in error.errors(include_url=False)}


def _describe(details: ErrorDetails) -> str:
    match details["type"]:
        case "missing":
            return "is missing"
        case "unexpected_keyword_argument":
            return "is not a known key"
        case "value_error":
            return str(details["ctx"]["error"])
        case "int_parsing" | "int_type" | "int_from_float":
            return f"should be a whole number, not {details['input']!r}"
        case _:
            return f"{details['msg'].removeprefix('Input ')}, not {details['input']!r}"
