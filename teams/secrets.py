"""Text that the database keeps sealed. The keys are kept apart from it: in the environment, or in a file of their own."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises cryptography's InvalidToken where none of the keys fits."""
    return _keys().decrypt(sealed.encode()).decode()


def _keys() -> MultiFernet:
    """The first key seals, all of them unseal."""
    return MultiFernet([Fernet(key) for key in settings.SECRET_KEYS or _kept_keys()])


def _kept_keys() -> list[str]:
    path = Path(settings.DATA_DIR) / "keys" / "secrets"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f"secrets.{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_bytes(Fernet.generate_key())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass  # another process made it first, and its key counts
        finally:
            temporary.unlink()
    return path.read_text().replace(",", " ").split()
