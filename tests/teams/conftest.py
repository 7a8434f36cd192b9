"""Second factors, the codes that an authenticator app would show, and calls that run concurrently."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from core.secrets import seal
from teams.invitations import HasAccount, InvitationClosed
from teams.models import User

PASSWORD = "correct horse"


def show_code(secret: str, *, periods: int = 0) -> str:
    """What an authenticator app shows now, or `periods` times 30 s later."""
    if periods < 0 and (left := 30 - time.time() % 30) < 2:
        time.sleep(left)  # the next period would begin before the server checks the code
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(time.time()) + 30 * periods).decode()


def add_app(user: User) -> str:
    """Sets up an authenticator app; returns its secret."""
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": seal(secret)})
    return secret


@pytest.fixture
def secret(alice: User) -> str:
    """The secret of Alice's authenticator app. She has recovery codes, too."""
    secret = add_app(alice)
    data = {"seed": seal(secrets.token_hex(40)), "used_mask": 0}
    Authenticator.objects.create(user=alice, type=Authenticator.Type.RECOVERY_CODES, data=data)
    return secret


@pytest.fixture
def confirmed(client: Client, alice: User) -> Callable[[], Client]:
    """Signs Alice in and confirms her password, as sensitive pages require."""

    def confirm() -> Client:
        client.force_login(alice)
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        return client

    return confirm


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Runs the calls concurrently, each with its own database connection. Returns their results or exception types."""

    def run(*calls: Callable[[], Any]) -> list[Any]:
        barrier = threading.Barrier(len(calls))
        results: list[Any] = []

        def run_call(call: Callable[[], Any]) -> None:
            barrier.wait()
            try:
                results.append(call())
            except (PermissionDenied, ValidationError, InvitationClosed, HasAccount) as error:
                results.append(type(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=run_call, args=[call]) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run
