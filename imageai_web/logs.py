"""Removes API keys and one-time links from the log: a reader could use those that are still valid."""

import logging
import re

from generation.providers.redaction import redact

LINK = re.compile(r"(/(?:sign-in|invitations|password/reset/key)/)[\w-]{16,}")


class Redacting(logging.Formatter):
    """Redacts the formatted text, so that arguments and tracebacks of every logger are covered."""

    def format(self, record: logging.LogRecord) -> str:
        return LINK.sub(r"\1...", redact(super().format(record)))
