"""Secrets that have to be kept: encrypted at rest, under keys that stand apart from the database.

`seal` and `unseal` are all the rest needs; a model keeps a secret in a `SealedTextField`, whose value is a `Sealed`: it can
be stored, is shown as nothing, and gives its text only to whoever asks it to `reveal`.

The keys are those of IMAGEAI_SECRET_KEYS, else the lines of the key file, which is made when it is first needed. The first
encrypts, all of them decrypt. They are read anew each time, so that a key that was added counts in every process at once.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import models


class Unreadable(Exception):
    """None of the keys here opens it, or what stands as a key is none."""


def seal(text: str) -> str:
    return _opener().encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    """Raises Unreadable."""
    try:
        return _opener().decrypt(text).decode()
    except InvalidToken as error:
        raise Unreadable("None of this server's keys opens this secret.") from error


def is_current(text: str) -> bool:
    """Whether the first key opens it, so that it needs none of the others."""
    try:
        MultiFernet([_opener_of(keys()[0])]).decrypt(text)
    except InvalidToken:
        return False
    return True


def _opener() -> MultiFernet:
    return MultiFernet([_opener_of(key) for key in keys()])


def _opener_of(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError as error:
        raise Unreadable("One of this server's keys for secrets is none: 32 bytes in URL-safe base64.") from error


# -- Keys --------------------------------------------------------------------------------------------------------------


def keys() -> list[str]:
    """The first encrypts."""
    return settings.SECRET_KEYS or _file().read_text().split()


def are_from_environment() -> bool:
    return bool(settings.SECRET_KEYS)


def new_key() -> str:
    return Fernet.generate_key().decode()


def add_key() -> None:
    """A new first key in the key file."""
    with _changing_keys() as write:
        write([new_key(), *keys()])


def drop_old_keys() -> int:
    """Keep the first key alone; how many went. Belongs after everything has been sealed with it."""
    with _changing_keys() as write:
        first, *old = keys()
        write([first])
    return len(old)


def _file() -> Path:
    path = Path(settings.DATA_DIR) / "keys" / "secrets"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = _written_beside(path, [new_key()])
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass  # another process made it first, and its key counts
        finally:
            temporary.unlink()
    return path


def _written_beside(path: Path, lines: list[str]) -> Path:
    """In a file of its own that this user alone may read."""
    number, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    with os.fdopen(number, "w") as file:
        file.write("".join(f"{line}\n" for line in lines))
    return Path(temporary)


@contextmanager
def _changing_keys() -> Iterator[Callable[[list[str]], None]]:
    """One process at a time; the file is either as before or complete."""
    path = _file()

    def write(lines: list[str]) -> None:
        os.replace(_written_beside(path, lines), path)

    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield write
    finally:
        os.close(folder)


# -- In models ---------------------------------------------------------------------------------------------------------


class Sealed:
    """A secret as it is stored; false where there is none."""

    __slots__ = ("token",)

    def __init__(self, token: str = "") -> None:
        self.token = token

    @classmethod
    def of(cls, text: str) -> Sealed:
        return cls(seal(text) if text else "")

    def reveal(self) -> str:
        """Raises Unreadable."""
        return unseal(self.token) if self.token else ""

    def __bool__(self) -> bool:
        return bool(self.token)

    def __repr__(self) -> str:
        return "(sealed)" if self.token else "(nothing sealed)"


class SealedTextField(models.Field[Sealed, Sealed]):
    """Holds a `Sealed`; has no form field and is left out of what is serialised."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        options: dict[str, Any] = {"blank": True, "default": Sealed, "editable": False}
        super().__init__(*args, **(options | kwargs))

    def get_internal_type(self) -> str:
        return "TextField"

    def from_db_value(self, value: str, *args: Any) -> Sealed:
        return Sealed(value)

    def to_python(self, value: Any) -> Any:
        return value or Sealed()  # what was serialised comes back as nothing

    def get_prep_value(self, value: Any) -> str:
        if not isinstance(value, Sealed):
            raise TypeError(f"{self.name} holds what Sealed.of() makes of a text, never the text.")
        return value.token

    def value_to_string(self, obj: models.Model) -> str:
        return ""

    def formfield(self, *args: Any, **kwargs: Any) -> None:
        return None


# -- Everything that is sealed -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A kind of row that keeps a sealed text: `tokens` are those there are by primary key, none of them empty.

    `replace` puts the third in place of the second where that still stands, and says whether it did.
    """

    name: str
    tokens: Callable[[], Iterator[tuple[Any, str]]]
    replace: Callable[[Any, str, str], bool]


#: Places besides the fields of models, such as a value inside JSON.
MORE_PLACES: list[Place] = []


def places() -> list[Place]:
    found = [
        _place_of(model, field)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, SealedTextField)
    ]
    return found + MORE_PLACES


def _place_of(model: type[models.Model], field: SealedTextField) -> Place:
    rows = model._base_manager

    def tokens() -> Iterator[tuple[Any, str]]:
        for pk, sealed in rows.order_by("pk").values_list("pk", field.name).iterator():
            if sealed:
                yield pk, sealed.token

    def replace(pk: Any, old: str, new: str) -> bool:
        return bool(rows.filter(pk=pk, **{field.name: Sealed(old)}).update(**{field.name: Sealed(new)}))

    return Place(f"{model._meta.verbose_name} {field.verbose_name}", tokens, replace)


def unreadable() -> Iterator[tuple[str, Any]]:
    """Place and primary key of what none of the keys opens."""
    for place in places():
        for pk, token in place.tokens():
            try:
                unseal(token)
            except Unreadable:
                yield place.name, pk
