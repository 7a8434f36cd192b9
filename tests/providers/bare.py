"""The studio's provider with nothing that is declared: any call beyond these four is an AttributeError."""

from tests.providers.studio_server import check, fetch, submit, test

__all__ = ["check", "fetch", "submit", "test"]
