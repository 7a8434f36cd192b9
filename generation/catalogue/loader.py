"""Reads models.toml once per process, when a model is first needed. Errors name file, line, model and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from pydantic import ValidationError

from core.validation import describe_problems
from generation.catalogue.model import Model

MODELS_FILE = Path(__file__).with_name("models.toml")
#: What `like` does not copy: a model without prices of its own must not be sold at another's.
PRICES = {"price_per_second", "price_per_image", "token_prices"}
HEADER = re.compile(r"\[\[?\w+\]")


class CatalogueError(ValueError):
    """An invalid model; `problems` has a message per key."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {problem}" for key, problem in problems.items()))
        self.problems = problems


def read_model(row: Mapping[str, Any]) -> Model:
    """From TOML or JSON. Raises CatalogueError."""
    try:
        return Model(**row)
    except ValidationError as error:
        raise CatalogueError(describe_problems(error)) from error


def read_catalogue(text: str) -> MappingProxyType[str, Model]:
    """The models by id. Raises ImproperlyConfigured."""
    try:
        rows = tomllib.loads(text)["model"]
    except tomllib.TOMLDecodeError as error:
        raise ImproperlyConfigured(f"{MODELS_FILE.name}: {error}") from error
    ids = [row.get("id", f"model {number}") for number, row in enumerate(rows, start=1)]
    plain: dict[str, dict[str, Any]] = {}
    models: dict[str, Model] = {}
    for number, (model_id, row) in enumerate(zip(ids, rows, strict=True)):
        like = row.pop("like", None)
        try:
            if model_id in plain:
                raise CatalogueError({"id": "is the id of an earlier model"})
            if like is not None and like not in plain:
                raise CatalogueError({"like": f"{like} is not an earlier model"})
            copied = {key: value for key, value in plain.get(like, {}).items() if key not in PRICES}
            plain[model_id] = copied | row
            models[model_id] = model = read_model(plain[model_id])
            if model.successor and model.successor not in ids:
                raise CatalogueError({"successor": f"{model.successor} is not a model"})
        except CatalogueError as error:
            raise _locate(error, model_id, text, "[[model]]", number) from error
    return MappingProxyType(models)


def _locate(error: CatalogueError, model_id: str, text: str, header: str, number: int = 0) -> ImproperlyConfigured:
    # The error with the line of each key; `number` is the table's index among those with that header.
    messages = [
        f"{MODELS_FILE.name}:{_find_line(text, header, number, key)}: {model_id}: {key}: {problem}"
        for key, problem in error.problems.items()
    ]
    return ImproperlyConfigured("\n".join(messages))


def _find_line(text: str, header: str, number: int, key: str) -> int:
    """The line of the key, else of the table that contains it (a.b for a.b.c), else of the header.

    tomllib reports no positions of keys that it could parse, so the text is searched again.
    """
    lines = text.splitlines()
    start = [line for line, content in enumerate(lines, start=1) if content.strip() == header][number]
    table = takewhile(lambda content: not HEADER.match(content), lines[start:])
    lines_by_key = {content.partition("=")[0].strip(): line for line, content in enumerate(table, start=start + 1)}
    parts = key.split(".")
    paths = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((lines_by_key[path] for path in paths if path in lines_by_key), start)


@cache
def all_models() -> MappingProxyType[str, Model]:
    return read_catalogue(MODELS_FILE.read_text(encoding="utf-8"))


def find(model_id: str) -> Model:
    """Raises KeyError for an unknown model."""
    return all_models()[model_id]


def default_video_model() -> Model:
    return find("animatic")


@cache
def own_model() -> Model:
    """The assumed options of a model that only a connection's own server has. Raises ImproperlyConfigured."""
    text = MODELS_FILE.read_text(encoding="utf-8")
    try:
        return read_model(tomllib.loads(text)["own_model"])
    except CatalogueError as error:
        raise _locate(error, "own_model", text, "[own_model]") from error
