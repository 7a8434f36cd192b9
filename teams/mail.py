"""The e-mail that brings an invitation."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from teams.models import Invitation

logger = logging.getLogger(__name__)


def sends_mail() -> bool:
    """Whether e-mails leave this server; without a mail server their text goes to its log."""
    return "console" not in settings.EMAIL_BACKEND


def send_invitation(invitation: Invitation, link: str) -> bool:
    """Whether it was handed to the mail server. Belongs behind the end of the transaction that made the invitation."""
    context = {"invitation": invitation, "link": link, "days": Invitation.VALID_FOR.days}
    text = render_to_string("teams/invitation_email.txt", context)
    try:
        send_mail(f"Invitation to {invitation.team.name}", text, None, [invitation.email])
    except OSError as error:  # of the network, and all of smtplib's
        logger.warning("The invitation %s could not be sent: %s", invitation.pk, error)
        return False
    return True
