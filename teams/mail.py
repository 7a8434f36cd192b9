"""Invitation e-mails."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from core.slow_work import release_connection
from teams.models import Invitation

logger = logging.getLogger(__name__)


def can_send_mail() -> bool:
    # False without EMAIL_URL: e-mails are then printed to the log.
    return "console" not in settings.EMAIL_BACKEND


def send_invitation(invitation: Invitation, link: str) -> bool:
    # Whether a mail server accepted the e-mail. Call it after the transaction that created the invitation.
    if not can_send_mail():
        return False
    context = {"invitation": invitation, "link": link, "days": Invitation.VALID_FOR.days}
    text = render_to_string("teams/invitation_email.txt", context)
    release_connection()
    try:
        send_mail(f"Invitation to {invitation.team.name}", text, None, [invitation.email])
    except OSError as error:  # includes all of smtplib's errors
        logger.warning("Could not send invitation %s: %s", invitation.pk, error)
        return False
    return True
