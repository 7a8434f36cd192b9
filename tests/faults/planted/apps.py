"""Faults that no signal from outside can place exactly, planted into the processes of an installation.

Each waits until a test arms it with a file in DATA_DIR/armed, and happens once. A fault is a death, a hang or a wrong time,
never a change of what the code does.
"""

from __future__ import annotations

import datetime
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone


def is_armed(name: str) -> bool:
    """Disarm the fault. True for the first process that gets here after a test has armed it."""
    try:
        os.unlink(Path(settings.DATA_DIR) / "armed" / name)
    except FileNotFoundError:
        return False
    return True


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def plant_death_before_request() -> None:
    """Die after `submitting` is committed, before a byte is sent."""
    from generation.pipeline import provider_request, submit

    real = provider_request.open_request

    @contextmanager
    def dying(take: Any) -> Iterator[Any]:
        if is_armed("before-request"):
            die()
        with real(take) as request:
            yield request

    vars(submit)[real.__name__] = dying


def plant_death_after_file() -> None:
    """Die after the clip, or all images of an answer, are stored, before the row is written."""
    storage: Any = default_storage
    real = storage.save

    def dying(name: str, content: Any, max_length: int | None = None) -> str:
        saved: str = real(name, content, max_length)
        if name.endswith(("clip.mp4", "answer.json")) and is_armed("after-file"):
            die()
        return saved

    storage.save = dying


def plant_hang() -> None:
    """Hang in a local render: the task never returns and never extends its deadline."""
    from generation.pipeline import provider_request

    real = provider_request.build_request

    def hanging(take: Any) -> Any:
        if not take.connection_id and is_armed("hang"):
            time.sleep(100_000)
        return real(take)

    provider_request.build_request = hanging


def plant_wrong_clock() -> None:
    """Shift this process's clock by CLOCK_OFF seconds, for Django, django-q and everything that reads `time.time`."""
    offset = float(os.environ["CLOCK_OFF"])
    real_now, real_time = timezone.now, time.time
    timezone.now = lambda: real_now() + datetime.timedelta(seconds=offset)
    time.time = lambda: real_time() + offset


class Planted(AppConfig):
    name = "tests.faults.planted"

    def ready(self) -> None:
        plant_death_before_request()
        plant_death_after_file()
        plant_hang()
        if "CLOCK_OFF" in os.environ:
            plant_wrong_clock()
