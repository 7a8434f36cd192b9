"""Text the database keeps sealed."""

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken

from teams import secrets


def test_what_is_sealed_is_unsealed():
    sealed = secrets.seal("café")
    assert "café" not in sealed
    assert secrets.unseal(sealed) == "café"


def test_the_key_is_made_once_and_for_the_owner_of_the_process_only(settings: Any):
    secrets.seal("first")
    path = Path(settings.DATA_DIR) / "keys" / "secrets"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = path.read_bytes()
    secrets.seal("second")
    assert path.read_bytes() == key


def test_the_first_key_seals_and_all_unseal(settings: Any):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.SECRET_KEYS = [old]
    sealed = secrets.seal("before")
    settings.SECRET_KEYS = [new, old]
    assert secrets.unseal(sealed) == "before"
    resealed = secrets.seal("after")
    settings.SECRET_KEYS = [new]
    assert secrets.unseal(resealed) == "after"
    with pytest.raises(InvalidToken):
        secrets.unseal(sealed)
