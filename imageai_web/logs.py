"""The log holds no keys, whoever writes to it."""

import logging

from generation.providers.redaction import redacted


class Redacting(logging.Formatter):
    """After everything else, so that tracebacks are covered too."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))
