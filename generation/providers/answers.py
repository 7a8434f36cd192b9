"""Reads the JSON of an answer: every field has a type and a range, and what is not read is not looked at.

A shape requires the fields without which an answer means nothing: a wrong type there is an error that names the field. The
others are `Loose`: of a wrong type they count as absent, because a finished clip must not be lost over its progress.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, WrapValidator
from pydantic_core import from_json

from generation.providers.base import ErrorKind, ProviderError
from generation.providers.bounds import Answer

#: More than this many commas are an attack on the memory: each value becomes an object of fifty bytes or more.
MAX_VALUES = 500_000
MAX_DEPTH = 40
#: Pruning takes up to two seconds per megabyte.
PRUNED_BYTES = 512 * 1024
#: An answer that cannot be read is searched for its id up to here.
ID_WITHIN_BYTES = 64 * 1024
#: Far above any price, and within what a column of money holds.
MAX_DOLLARS = Decimal(10_000)

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]|-?[0-9][0-9.eE+-]*+|[^"\[\]{}\-0-9]++', re.DOTALL)


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


ShapeT = TypeVar("ShapeT", bound=Shape)
ValueT = TypeVar("ValueT")


def _drop_invalid(value: Any, validate: Any) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


def _read_amount(value: object) -> Decimal:
    # From a number or its text. Rounded: 1e-400000000 would be printed as a gigabyte of digits.
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 40:
        raise ValueError("should be an amount")
    try:
        return round(Decimal(str(value)), 12)
    except InvalidOperation:
        raise ValueError("should be an amount") from None


#: Counts as absent if it has a wrong type: `progress: Loose[Percent] = None`.
Loose = Annotated[ValueT | None, WrapValidator(_drop_invalid)]
#: A provider's id, which goes into the database and into addresses.
RemoteId = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00-\x1f\x7f]+$")]
Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
Text = Annotated[str, StringConstraints(max_length=200_000)]
Url = Annotated[str, StringConstraints(max_length=8000)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
#: Seconds since 1970, up to the year 2242.
Moment = Annotated[int, Field(ge=0, le=2**33)]
Dollars = Annotated[Decimal, BeforeValidator(_read_amount), Field(ge=0, le=MAX_DOLLARS, allow_inf_nan=False)]


def read(answer: Answer, shape: type[ShapeT], service: str) -> ShapeT:
    """Raises ProviderError that names the field."""
    try:
        return shape.model_validate(parse(answer))
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, problem["loc"]))
        details = f"the field “{field}”: {problem['msg']}" if field else "it is not a JSON object"
        raise ProviderError(ErrorKind.PROVIDER, f"{service}'s answer was not understood, {details}.") from error


def read_each(values: object, shape: type[ShapeT]) -> Iterator[ShapeT]:
    """Those of the list that have the shape. Empty if it is no list."""
    for value in values if isinstance(values, list) else ():
        try:
            yield shape.model_validate(value)
        except ValidationError:
            continue


def parse(answer: Answer) -> Any:
    """The JSON value; None if there is none. Nesting beyond MAX_DEPTH and numbers without end are null."""
    body = bytes(answer.body)
    if body.count(b",") > MAX_VALUES:
        return None
    try:
        return from_json(body, cache_strings="none")
    except ValueError:
        return _parse_pruned(body) if len(body) <= PRUNED_BYTES else None


def _parse_pruned(body: bytes) -> Any:
    try:
        return from_json(_prune(body), cache_strings="none")
    except ValueError:
        return None


def parse_object(answer: Answer) -> dict[str, Any]:
    """Empty for anything but a JSON object."""
    value = parse(answer)
    return value if isinstance(value, dict) else {}


def read_remote_id(answer: Answer, name: str = "id") -> str:
    """The id of what was bought; empty if the answer has none.

    Found in any answer that begins with it, also one that broke off or is garbage behind it: the clip may be paid for.
    """
    value = parse(answer) if answer.failure is None else None
    candidate = value.get(name) if isinstance(value, dict) else _scan_for(name, bytes(answer.body[:ID_WITHIN_BYTES]))
    return next((found.id for found in read_each([{"id": candidate}], _Identified)), "")


def _scan_for(name: str, body: bytes) -> object:
    # The text of this key of the outermost object, without a parser, which would refuse the rest.
    depth, key = 0, re.compile(rb'"%s"\s*:\s*(?=")' % name.encode())
    for match in _TOKEN.finditer(body):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(match[0], 0)
        if depth == 1 and (found := key.match(body, match.start())) and (text := _TOKEN.match(body, found.end())):
            try:
                return from_json(text[0])
            except ValueError:
                return None
    return None


class _Identified(Shape):
    id: RemoteId


def _prune(body: bytes) -> bytes:
    # Without what a parser refuses though the rest can be read.
    parts: list[bytes] = []
    depth, copied = 0, 0
    for match in _TOKEN.finditer(body):
        token = match[0]
        if token in (b"[", b"{"):
            depth += 1
            if depth == MAX_DEPTH:
                parts += [body[copied : match.start()], b"null"]
        elif token in (b"]", b"}"):
            depth -= 1
            if depth == MAX_DEPTH - 1:
                copied = match.end()
        elif depth < MAX_DEPTH and token[:1] in b"-0123456789" and len(token) > 400:
            parts += [body[copied : match.start()], b"null"]
            copied = match.end()
    return b"".join([*parts, body[copied:]]) if depth < MAX_DEPTH else b"".join(parts)


def as_text(value: object) -> str:
    """A text or number of an error as plain text; empty for any other value."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
