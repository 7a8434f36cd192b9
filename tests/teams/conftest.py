"""People with second factors and the codes their apps would show; and acts that happen at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from teams.invitations import HasAccount, InvitationClosed
from teams.models import User

PASSWORD = "correct horse"


def code_of(secret: str, *, periods: int = 0) -> str:
    """What an authenticator app shows now, or that many half minutes later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + periods))


@pytest.fixture
def secret(alice: User) -> str:
    """Of Alice's authenticator app, which she has set up; she has recovery codes, too."""
    secret = generate_totp_secret()
    TOTP.activate(alice, secret)
    RecoveryCodes.activate(alice)
    return secret


@pytest.fixture
def confirmed(client: Client, alice: User) -> Callable[[], Client]:
    """Alice's browser, in which she has just confirmed that it is she, with her password."""

    def confirm() -> Client:
        client.force_login(alice)
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        return client

    return confirm


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
            except (PermissionDenied, ValidationError, InvitationClosed, HasAccount) as refusal:
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
