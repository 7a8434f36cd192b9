"""allauth adapters: who may sign in, where they are redirected, and the wording of errors."""

from __future__ import annotations

import logging
from typing import Any

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from core import secrets
from core.bounded_session import mount_bounds
from teams.address_proof import prove_address
from teams.models import User

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """No self-service sign-up: accounts are created by invitation, because a member can spend the team's money."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "Wrong e-mail or password.",
        "incorrect_password": "Wrong password.",
        "enter_current_password": "Wrong current password.",
        "too_many_login_attempts": "Too many failed attempts. Try again in 5 minutes.",
        "rate_limited": "Too many attempts. Try again in a minute.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Does nothing: users have no user name."""

    def is_safe_url(self, url: str) -> bool:
        # Allows redirects to the requested host only. allauth's own method allows every host in ALLOWED_HOSTS.
        request = context.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        labels = {
            "reauthenticate": "Use your password",
            "mfa_reauthenticate": "Use a code",
            "mfa_reauthenticate:webauthn": "Use a passkey",
        }
        methods = super().get_reauthentication_methods(user)
        return [method | {"description": labels[method["id"]]} for method in methods]

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        logger.warning("Sign-in failed for %r from %s", credentials.get("email"), self.get_client_ip(request))

    def send_notification_mail(self, template_prefix: str, user: Any, *args: Any, **kwargs: Any) -> None:
        # Logs an error of the mail server instead of raising it: the change that the mail reports is already made.
        logger.info("%s: %s", user.email, template_prefix.rpartition("/")[2].replace("_", " "))
        try:
            super().send_notification_mail(template_prefix, user, *args, **kwargs)
        except OSError as error:  # includes all of smtplib's errors
            logger.warning("Could not send the notification to %s: %s", user.email, error)


class MFAAdapter(DefaultMFAAdapter):
    """Encrypts the secrets of second factors with the keys of core.secrets."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is wrong, expired or already used. Enter the next code.",
    }

    def encrypt(self, text: str) -> str:
        return secrets.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.unseal(encrypted_text)

    def generate_authenticator_name(self, user: Any, type: str) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": settings.MFA_TOTP_ISSUER}


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Trusts an identity provider only for e-mail addresses that it has verified."""

    def get_requests_session(self) -> requests.Session:
        return mount_bounds(super().get_requests_session())

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return settings.OIDC_SIGNUP and any(address.verified for address in sociallogin.email_addresses)

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        logger.warning("Signing in through %s failed: %s", provider.name, exception or error)

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = sociallogin.user
        user.email = (data.get("email") or "").lower()
        user.name = (data.get("name") or "")[:80]
        if any(address.verified for address in sociallogin.email_addresses):
            user.address_proven_at = timezone.now()
        return user

    def authenticate_by_email(self, sociallogin: Any) -> tuple[User, str] | None:
        """Records the address as verified, which the provider has just confirmed.

        Without this record allauth removes the password of the account when it connects the two.
        """
        match: tuple[User, str] | None = super().authenticate_by_email(sociallogin)
        if match:
            user, email = match
            prove_address(user)
            EmailAddress.objects.update_or_create(
                user=user, email=email.lower(), defaults={"verified": True, "primary": True}
            )
        return match
