"""Keeps keys and one-time links out of the log, because a reader could use them, and tracebacks of mere refusals."""

import logging
import re

from generation.providers.redaction import redact

LINK = re.compile(r"(/(?:sign-in|invitations|password/reset/key)/)[\w-]{16,}")


class Redacting(logging.Formatter):
    """Redacts the formatted text, so that arguments and tracebacks of every logger are covered."""

    def format(self, record: logging.LogRecord) -> str:
        return LINK.sub(r"\1...", redact(super().format(record)))


class WithoutRefusedTracebacks(logging.Filter):
    """Keeps every record; of a refusal, such as a 403, only its line. Tracebacks are for this server's own faults."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True
