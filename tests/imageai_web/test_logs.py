"""One-time links are redacted in the log."""

from __future__ import annotations

import io
import logging
import logging.config
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from imageai_web.logs import Redacting
from teams import invitations
from teams.models import Role, SignInLink, Team, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The output of a handler with the formatter of the settings."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(Redacting("%(message)s"))
    logging.getLogger("django.request").addHandler(handler)
    yield output
    logging.getLogger("django.request").removeHandler(handler)


def test_an_open_invitation_link_is_not_in_the_log(log: io.StringIO, client: Client, team: Team, alice: User):
    token = invitations.invite(team.pk, "dave@example.com", Role.EDITOR, alice).token
    assert client.post(reverse("invitation", args=[token]), {"name": "Dave", "password": "short"}).status_code == 422
    assert log.getvalue().endswith(": /invitations/...\n")


def test_a_password_reset_link_is_not_in_the_log(log: io.StringIO, client: Client, alice: User):
    client.post(reverse("account_reset_password"), {"email": alice.email})
    link = re.search(r"/accounts/password/reset/key/\S+", str(mail.outbox[0].body))
    assert link
    logging.getLogger("django.request").error("Internal Server Error: %s", link[0])
    assert log.getvalue() == "Internal Server Error: /accounts/password/reset/key/.../\n"


def test_a_refusal_is_one_line_without_a_traceback(settings: Any, as_user: Any, team: Team, vera: User, caplog: Any):
    handlers = settings.LOGGING["handlers"].values()
    assert [handler["filters"] for handler in handlers] == [["refusals"]] * 2
    caplog.handler.addFilter(
        logging.config.BaseConfigurator({}).resolve(settings.LOGGING["filters"]["refusals"]["()"])()
    )
    assert as_user(vera).post(reverse("team_rename", args=[team.pk]), {"name": "Mine"}).status_code == 403
    assert "Forbidden (Permission denied)" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_valid_sign_in_link_is_not_in_the_log(log: io.StringIO, client: Client, alice: User):
    url = reverse("sign_in", args=[SignInLink.issue(alice)])
    assert client.put(url).status_code == 405
    assert log.getvalue() == "Method Not Allowed (PUT): /sign-in/...\n"
