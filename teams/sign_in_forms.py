"""allauth's forms where ours ask for something else."""

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


class OneUse:
    """A code that was used is refused for as long as it would count; allauth alone remembers it for less than that."""

    user: User

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]  # of the form it is mixed into
        seconds = mfa.TOTP_PERIOD * (2 * mfa.TOTP_TOLERANCE + 1)
        digits = "".join(character for character in code if character.isdigit())
        if not cache.add(f"second-factor-used:{self.user.pk}:{digits}", True, timeout=seconds):
            raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(OneUse, mfa_forms.AuthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= CODE_ATTRIBUTES


class ReauthenticateForm(OneUse, mfa_forms.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= CODE_ATTRIBUTES


class ActivateTOTPForm(OneUse, totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code the app shows"
        self.fields["code"].widget.attrs |= CODE_ATTRIBUTES


class FromABrowser:
    """Refuses what no browser has made, over which allauth stumbles, and says so of a passkey rather than of a code."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]  # of the form it is mixed into
        except (KeyError, AttributeError, forms.ValidationError) as error:
            if getattr(error, "code", "") == "too_many_login_attempts":
                raise
            raise forms.ValidationError("This passkey is not known here, or it took too long. Try again.") from error


class LoginPasskeyForm(FromABrowser, webauthn_forms.LoginWebAuthnForm):  # type: ignore[misc]
    pass


class AuthenticatePasskeyForm(FromABrowser, webauthn_forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class ReauthenticatePasskeyForm(FromABrowser, webauthn_forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class AddPasskeyForm(webauthn_forms.AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(label="Name", max_length=80, required=False)
        passwordless = self.fields["passwordless"]
        passwordless.initial = True
        passwordless.label = "Sign in with it alone, without a password"
        passwordless.help_text = (
            "It then asks for your fingerprint, face or PIN. Older security keys cannot do that: leave it out for them."
        )

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except (KeyError, AttributeError, ValueError) as error:  # of a credential that no browser has made
            raise get_adapter().validation_error("incorrect_code") from error
        return cleaned


class RenamePasskeyForm(webauthn_forms.EditWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(label="Name", max_length=80)
