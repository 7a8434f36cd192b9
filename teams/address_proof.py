"""Whether an e-mail address is proven to be its user's: by a mailed link, an identity provider or the operator's link.

An account made through a link that its inviter saw proves nothing: the inviter may have opened it and set a password. So the
first proof drops everything that was set before it.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest

from teams.models import SignInLink, User


@transaction.atomic
def prove_address(user: User, *, keep_password: bool = False) -> bool:
    """Whether this was the first proof, which ends all sessions and drops password, second factors and sign-in links.

    `keep_password` is for one that has just been set with the proof. Call it before the user is signed in.
    """
    if not User.objects.filter(pk=user.pk, address_proven_at=None).update(address_proven_at=Now()):
        return False
    if not keep_password:
        User.objects.filter(pk=user.pk).update(password=make_password(None))
    Authenticator.objects.filter(user=user).delete()
    SignInLink.objects.filter(user=user).delete()
    for session in UserSession.objects.filter(user=user):
        session.end()
    user.refresh_from_db()
    return True


def on_password_reset(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Receiver of allauth's `password_reset`: the link came by mail, and the new password is saved."""
    prove_address(user, keep_password=True)
