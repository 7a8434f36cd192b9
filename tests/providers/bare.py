"""The studio's provider without declared operations: calling anything but these four raises AttributeError."""

from tests.providers.studio_server import check, fetch, submit, test

__all__ = ["check", "fetch", "submit", "test"]
