from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from teams.invitations import HasAccount, Over


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Run these at the same moment, each with a connection of its own; what each answered, or was refused with."""

    def run(*acts: Callable[[], Any]) -> list[Any]:
        barrier = threading.Barrier(len(acts))
        answers: list[Any] = []

        def one(act: Callable[[], Any]) -> None:
            barrier.wait()
            try:
                answers.append(act())
            except (PermissionDenied, ValidationError, Over, HasAccount) as refusal:
                answers.append(type(refusal))
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=[act]) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    return run
