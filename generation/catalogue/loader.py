"""Reads models.toml, once, when a model is first needed. An error stops the start and names file, line, model and key."""

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

from core.validation import problems
from generation.catalogue.model import Model

MODELS_FILE = Path(__file__).with_name("models.toml")
HEADER = re.compile(r"\[\[?\w+\]")


class CatalogueError(ValueError):
    """A model cannot be read. `problems` says why, by key."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {problem}" for key, problem in problems.items()))
        self.problems = problems


def read_model(row: Mapping[str, Any]) -> Model:
    """From TOML or JSON. Raises CatalogueError."""
    try:
        return Model(**row)
    except ValidationError as error:
        raise CatalogueError(problems(error)) from error


def read_catalogue(text: str, name: str = MODELS_FILE.name) -> MappingProxyType[str, Model]:
    """The models by id. Raises ImproperlyConfigured."""
    try:
        rows = tomllib.loads(text)["model"]
    except tomllib.TOMLDecodeError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
    plain: dict[str, dict[str, Any]] = {}
    models: dict[str, Model] = {}
    for number, row in enumerate(rows):
        like, model_id = row.pop("like", None), row.get("id", f"model {number + 1}")
        try:
            if like is not None and like not in plain:
                raise CatalogueError({"like": f"{like} is not a model further up"})
            if model_id in plain:
                raise CatalogueError({"id": "is the id of a model further up"})
            plain[model_id] = plain[like] | row if like else row
            models[model_id] = read_model(plain[model_id])
        except CatalogueError as error:
            raise _located(error, name, text, "[[model]]", number, model_id) from error
    for number, model in enumerate(models.values()):
        if model.successor and model.successor not in models:
            unknown = CatalogueError({"successor": f"{model.successor} is not a model"})
            raise _located(unknown, name, text, "[[model]]", number, model.id)
    return MappingProxyType(models)


def _located(
    error: CatalogueError, name: str, text: str, header: str, number: int, model_id: str
) -> ImproperlyConfigured:
    """The error with the lines of its keys, for the table with that header and number."""
    lines = {key: _line_of(text, header, number, key) for key in error.problems}
    said = [f"{name}:{lines[key]}: {model_id}: {key}: {problem}" for key, problem in error.problems.items()]
    return ImproperlyConfigured("\n".join(said))


def _line_of(text: str, header: str, number: int, key: str) -> int:
    """The line of `key`, or of the key that it is inside, or of the header where the table has neither."""
    lines = list(enumerate(text.splitlines(), start=1))
    start = [line for line, content in lines if content.strip() == header][number]
    table = list(takewhile(lambda entry: not HEADER.match(entry[1]), lines[start:]))
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        written = re.compile(rf"{re.escape('.'.join(parts[:length]))}\b")
        for line, content in table:
            if written.match(content):
                return line
    return start


@cache
def all_models() -> MappingProxyType[str, Model]:
    return read_catalogue(MODELS_FILE.read_text(encoding="utf-8"))


def find(model_id: str) -> Model:
    """Raises KeyError for a model the catalogue does not have."""
    return all_models()[model_id]


def default_video_model() -> Model:
    return find("animatic")


@cache
def own_model() -> Model:
    """What a model is assumed to do that only a connection's own server knows. Raises ImproperlyConfigured."""
    text = MODELS_FILE.read_text(encoding="utf-8")
    try:
        return read_model(tomllib.loads(text)["own_model"])
    except CatalogueError as error:
        raise _located(error, MODELS_FILE.name, text, "[own_model]", 0, "own_model") from error
