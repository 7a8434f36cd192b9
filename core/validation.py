"""What several pydantic models share."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def _from_text(value: object) -> object:
    """Refuses a number, because a float has lost digits by the time it gets here."""
    if isinstance(value, str | Decimal):
        return value
    raise ValueError(f'should be a string such as "0.10", not {value!r}')


#: US dollars, 0 or more.
Price = Annotated[Decimal, Field(ge=0), BeforeValidator(_from_text)]


def problems(error: ValidationError) -> dict[str, str]:
    """What is wrong with each key, to follow its name in a sentence. A key inside another is dotted, as in TOML."""
    return {".".join(map(str, found["loc"])): _problem(found) for found in error.errors(include_url=False)}


def _problem(found: ErrorDetails) -> str:
    match found["type"]:
        case "missing":
            return "is missing"
        case "unexpected_keyword_argument":
            return "is not a known key"
        case "value_error":
            return str(found["ctx"]["error"])
        case "int_parsing" | "int_type" | "int_from_float":
            return f"should be a whole number, not {found['input']!r}"
        case _:
            return f"{found['msg'].removeprefix('Input ')}, not {found['input']!r}"
