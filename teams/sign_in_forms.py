"""allauth's forms with our labels and stricter checks."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa import app_settings as mfa
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms
from django.core.cache import cache

from teams.models import User

CODE_ATTRIBUTES = {"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True, "placeholder": "123 456"}


class LoginForm(account_forms.LoginForm):  # type: ignore[misc]  # allauth has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail address"
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "placeholder": ""}
        self.fields["password"].widget.attrs["placeholder"] = ""


class ResetPasswordForm(account_forms.ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail address"
        self.fields["email"].widget.attrs |= {"placeholder": "", "autofocus": True}


class SingleUseCode:
    """Rejects a code that was used before, for as long as the code is valid.

    allauth remembers used codes for one period (30 s), but accepts a code for three with our MFA_TOTP_TOLERANCE.
    """

    user: User

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]  # defined by the form beside this mixin
        seconds = mfa.TOTP_PERIOD * (2 * mfa.TOTP_TOLERANCE + 1)
        digits = "".join(character for character in code if character.isdigit())
        if not cache.add(f"second-factor-used:{self.user.pk}:{digits}", True, timeout=seconds):
            raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(SingleUseCode, mfa_forms.AuthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= CODE_ATTRIBUTES


class ReauthenticateForm(SingleUseCode, mfa_forms.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= CODE_ATTRIBUTES


class ActivateTOTPForm(SingleUseCode, totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code from the app"
        self.fields["code"].widget.attrs |= CODE_ATTRIBUTES


class PasskeyCredential:
    """Turns malformed credentials, which raise KeyError or AttributeError in allauth, into a form error about passkeys."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]  # defined by the form beside this mixin
        except (KeyError, AttributeError, forms.ValidationError) as error:
            if getattr(error, "code", "") == "too_many_login_attempts":
                raise
            raise forms.ValidationError("Passkey not recognised or timed out. Try again.") from error


class LoginPasskeyForm(PasskeyCredential, webauthn_forms.LoginWebAuthnForm):  # type: ignore[misc]
    pass


class AuthenticatePasskeyForm(PasskeyCredential, webauthn_forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class ReauthenticatePasskeyForm(PasskeyCredential, webauthn_forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class AddPasskeyForm(webauthn_forms.AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(label="Name", max_length=80, required=False)
        passwordless = self.fields["passwordless"]
        passwordless.initial = True
        passwordless.label = "Use it to sign in without a password"
        passwordless.help_text = (
            "It then asks for your fingerprint, face or PIN. Turn this off for an older security key that can't."
        )

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except (KeyError, AttributeError, ValueError) as error:  # a malformed credential
            raise get_adapter().validation_error("incorrect_code") from error
        return cleaned


class RenamePasskeyForm(webauthn_forms.EditWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(label="Name", max_length=80)
