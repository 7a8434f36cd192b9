from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from teams.models import Role, Team, User


def collapse_whitespace(text: str) -> str:
    # On one line. Names appear in e-mail subjects, which reject line breaks.
    return " ".join(text.split())


class TeamForm(forms.ModelForm[Team]):
    class Meta:
        model = Team
        fields = ["name"]
        widgets = {"name": forms.TextInput(attrs={"placeholder": "Night shift"})}
        error_messages = {"name": {"required": "Enter a team name."}}

    def clean_name(self) -> str:
        return collapse_whitespace(self.cleaned_data["name"])


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices, error_messages={"required": "Choose a role."})

    @property
    def selected_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class InviteForm(RoleForm):
    field_order = ["email", "role"]
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"placeholder": "carol@example.com", "autocomplete": "off"}),
        error_messages={"required": "Enter an e-mail address."},
    )


class NewAccountForm(forms.Form):
    """The e-mail address is the invitation's and not a field, so that it cannot be changed."""

    name = forms.CharField(
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
        error_messages={"required": "Enter your name."},
    )
    password = forms.CharField(
        max_length=4096,
        strip=False,
        help_text="At least 10 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Enter a password."},
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_name(self) -> str:
        return collapse_whitespace(self.cleaned_data["name"])

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password


class NameForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ["name"]
        labels = {"name": "Name"}
        help_texts = {"name": "Shown to your teams."}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}
