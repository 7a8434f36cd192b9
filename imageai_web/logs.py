"""The log holds neither keys nor one-time links, whoever writes to it: a reader could use those that still work."""

import logging
import re

from generation.providers.redaction import redact

LINK = re.compile(r"(/(?:sign-in|invitations)/)[\w-]{16,}")


class Redacting(logging.Formatter):
    """After everything else, so that tracebacks are covered too."""

    def format(self, record: logging.LogRecord) -> str:
        return LINK.sub(r"\1...", redact(super().format(record)))
