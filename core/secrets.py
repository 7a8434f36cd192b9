"""Secrets at rest: encrypted with keys that are kept outside the database.

`seal` and `unseal` encrypt and decrypt text. A model stores a secret in a `SealedTextField`. Its value is a `Sealed`, which
shows nothing in repr, forms or serialised data; only `reveal()` returns the text.

Keys come from IMAGEAI_SECRET_KEYS, otherwise from the key file, one a line, which is created on first use. The first key
encrypts, all keys decrypt. Keys are read on every call, so that every process uses a new key at once.
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
    """No key decrypts the secret, or a configured key is malformed."""


def seal(text: str) -> str:
    return _load_keys().encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    """Raises Unreadable."""
    try:
        return _load_keys().decrypt(text).decode()
    except InvalidToken as error:
        raise Unreadable("No key of this server decrypts this secret.") from error


def is_current(text: str) -> bool:
    """Whether the first key decrypts it, so that the other keys can go."""
    try:
        MultiFernet([_parse_key(keys()[0])]).decrypt(text)
    except InvalidToken:
        return False
    return True


def _load_keys() -> MultiFernet:
    return MultiFernet([_parse_key(key) for key in keys()])


def _parse_key(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError as error:
        raise Unreadable(
            "An encryption key of this server is malformed: expected 32 bytes in URL-safe base64."
        ) from error


# -- Keys --------------------------------------------------------------------------------------------------------------


def keys() -> list[str]:
    """Newest first, at least one. Raises Unreadable."""
    if settings.SECRET_KEYS:
        return list(settings.SECRET_KEYS)
    try:
        found = _key_file().read_text(encoding="ascii").split()
    except UnicodeDecodeError:
        found = []
    if not found:
        raise Unreadable("The file keys/secrets of this server holds no key. Restore it from a backup.")
    return found


def uses_environment_keys() -> bool:
    return bool(settings.SECRET_KEYS)


def new_key() -> str:
    return Fernet.generate_key().decode()


def add_key() -> None:
    """Puts a new key first in the key file."""
    with _lock_key_file() as write:
        write([new_key(), *keys()])


def drop_old_keys() -> int:
    """Keeps only the first key; returns how many were removed.

    Irreversible: call it only once `is_current` holds for every stored secret.
    """
    with _lock_key_file() as write:
        first, *old = keys()
        write([first])
    return len(old)


def _key_file() -> Path:
    path = Path(settings.DATA_DIR) / "keys" / "secrets"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = _write_temporary(path, [new_key()])
        try:
            os.link(temporary, path)  # unlike a rename, fails if the file exists
        except FileExistsError:
            pass  # another process was first: use its key
        finally:
            temporary.unlink()
    return path


def _write_temporary(path: Path, lines: list[str]) -> Path:
    # A new file beside `path`, readable by this user only (mkstemp's mode).
    number, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    with os.fdopen(number, "w") as file:
        file.write("".join(f"{line}\n" for line in lines))
    return Path(temporary)


@contextmanager
def _lock_key_file() -> Iterator[Callable[[list[str]], None]]:
    # Lets one process at a time change the keys; the yielded function replaces the file atomically.
    path = _key_file()

    def write(lines: list[str]) -> None:
        os.replace(_write_temporary(path, lines), path)

    # The lock is on the folder: replacing the file would leave a lock on the old inode.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield write
    finally:
        os.close(folder)


# -- In models ---------------------------------------------------------------------------------------------------------


class Sealed:
    """A stored secret. Falsy if there is none."""

    __slots__ = ("token",)

    def __init__(self, token: str = "") -> None:
        self.token = token

    @classmethod
    def from_text(cls, text: str) -> Sealed:
        return cls(seal(text) if text else "")

    def reveal(self) -> str:
        """Raises Unreadable."""
        return unseal(self.token) if self.token else ""

    def __bool__(self) -> bool:
        return bool(self.token)

    def __repr__(self) -> str:
        return "(sealed)" if self.token else "(nothing sealed)"


class SealedTextField(models.Field[Sealed, Sealed]):
    """Stores a `Sealed`. Has no form field, and serialises to an empty string."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        options: dict[str, Any] = {"blank": True, "default": Sealed, "editable": False}
        super().__init__(*args, **(options | kwargs))

    def get_internal_type(self) -> str:
        return "TextField"

    def from_db_value(self, value: str, *args: Any) -> Sealed:
        return Sealed(value)

    def to_python(self, value: Any) -> Any:
        return value or Sealed()  # serialised data holds an empty string

    def get_prep_value(self, value: Any) -> str:
        if not isinstance(value, Sealed):
            raise TypeError(f"{self.name} takes a Sealed (see Sealed.from_text), never plain text.")
        return value.token

    def value_to_string(self, obj: models.Model) -> str:
        return ""

    def formfield(self, *args: Any, **kwargs: Any) -> None:
        return None


# -- All stored secrets ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SecretStore:
    """A column, or a part of one, that holds sealed texts."""

    name: str
    #: Pairs of primary key and sealed text; rows without a secret are left out.
    tokens: Callable[[], Iterator[tuple[Any, str]]]
    #: Takes a primary key, the old and the new sealed text. Returns False, without a write, if the old one has changed.
    replace: Callable[[Any, str, str], bool]


#: Stores that are not a SealedTextField, such as a value inside JSON.
EXTRA_STORES: list[SecretStore] = []


def find_stores() -> list[SecretStore]:
    fields = [
        _field_store(model, field)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, SealedTextField)
    ]
    return fields + EXTRA_STORES


def _field_store(model: type[models.Model], field: SealedTextField) -> SecretStore:
    rows = model._base_manager

    def tokens() -> Iterator[tuple[Any, str]]:
        for pk, sealed in rows.order_by("pk").values_list("pk", field.name).iterator():
            if sealed:
                yield pk, sealed.token

    def replace(pk: Any, old: str, new: str) -> bool:
        return bool(rows.filter(pk=pk, **{field.name: Sealed(old)}).update(**{field.name: Sealed(new)}))

    return SecretStore(f"{model._meta.verbose_name} {field.verbose_name}", tokens, replace)


def find_unreadable() -> Iterator[tuple[str, Any]]:
    """Store name and primary key of each secret that no key decrypts."""
    for store in find_stores():
        for pk, token in store.tokens():
            try:
                unseal(token)
            except Unreadable:
                yield store.name, pk
