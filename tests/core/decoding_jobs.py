"""What the tests of the gate run in a child."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from core.decoding.contract import Undecodable


@dataclass(frozen=True)
class Measured:
    seconds: Decimal
    rate: Fraction


class Refusal(Exception):
    pass


class Hostile:
    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/taken-over",)


def measure(text: str) -> tuple[str, Measured, bytes, None]:
    return text.upper(), Measured(Decimal("1.5"), Fraction(24000, 1001)), b"\0", None


def refuse(sentence: str) -> None:
    raise Undecodable(sentence)


def refuse_as_such(sentence: str) -> None:
    raise Refusal(sentence)


def fail() -> None:
    raise ZeroDivisionError("a defect of a decoder")


def take_over() -> Hostile:
    return Hostile()


def hog_memory(megabytes: int) -> int:
    return len(bytearray(megabytes * 1024**2))


def burn(seconds: float) -> None:
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass


def sleep(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def die(*marks: Path) -> str:
    """Dies once for each mark that is missing."""
    for mark in marks:
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def write(path: Path, size: int) -> int:
    return path.write_bytes(bytes(size))


def report(*, on_progress: Callable[[float], None]) -> str:
    for step in range(4):
        time.sleep(0.3)
        on_progress(step / 4)
    return "done"


def environment() -> dict[str, str]:
    return dict(os.environ)


def peak_memory() -> int:
    """Of this child so far, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
