"""What the server and its decoding children agree on: limits, errors, and answers that carry no code."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

MEGABYTE = 1024**2
#: A picture at its largest, as it comes back uncompressed.
MAX_ANSWER_BYTES = 128 * MEGABYTE


@dataclass(frozen=True)
class Limits:
    """Of one job. Memory is what it may take beyond the child's own; `file_bytes` what it may write to each file."""

    cpu_seconds: int
    memory_bytes: int
    wall_seconds: float
    file_bytes: int = 0


@dataclass(frozen=True)
class Job:
    function: Callable[..., Any]
    args: tuple[Any, ...]
    limits: Limits
    #: Errors whose class and message reach the caller.
    raises: tuple[type[Exception], ...]
    reports_progress: bool


class Undecodable(Exception):
    """The message is a sentence for people. A function raises it to refuse a file."""


class LimitReached(Undecodable):
    """The file needs more time or memory than its limits."""


class Busy(OSError):
    """All places are taken, and the queue before them is full or did not move: try again later.

    An OSError, so that a step of the pipeline that meets one is repeated like one that met a full disk.
    """

    def __init__(self) -> None:
        super().__init__("The server is busy with other pictures and clips. Try again in a few seconds.")


def load_answer(data: bytes, returns: tuple[type, ...]) -> Any:
    """A result that a child pickled: plain values, decimals, fractions, and instances of these classes.

    Raises pickle.UnpicklingError for anything else: a file that takes over the decoder must not run code in the server.
    """
    return _Values(data, returns).load()


class _Values(pickle.Unpickler):
    def __init__(self, data: bytes, returns: tuple[type, ...]) -> None:
        super().__init__(io.BytesIO(data))
        self.known = {(known.__module__, known.__qualname__): known for known in (Decimal, Fraction, *returns)}

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) not in self.known:
            raise pickle.UnpicklingError(f"{module}.{name} is no value.")
        return self.known[module, name]
