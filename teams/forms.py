from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from teams.models import Role, Team, User


def one_line(text: str) -> str:
    return " ".join(text.split())


class TeamForm(forms.ModelForm[Team]):
    class Meta:
        model = Team
        fields = ["name"]
        widgets = {"name": forms.TextInput(attrs={"placeholder": "Night shift"})}
        error_messages = {"name": {"required": "Give the team a name."}}

    def clean_name(self) -> str:
        """On one line: it stands in the subject of e-mails."""
        return one_line(self.cleaned_data["name"])


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices, error_messages={"required": "Choose a role."})

    @property
    def chosen(self) -> Role:
        return Role(self.cleaned_data["role"])


class InviteForm(RoleForm):
    field_order = ["email", "role"]
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"placeholder": "carol@example.com", "autocomplete": "off"}),
        error_messages={"required": "Enter the address of the person you invite."},
    )


class NewAccountForm(forms.Form):
    """The address is the invitation's, and no field."""

    name = forms.CharField(
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
        error_messages={"required": "Say what the others may call you."},
    )
    password = forms.CharField(
        max_length=4096,
        strip=False,
        help_text="At least 10 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Choose a password."},
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password


class NameForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ["name"]
        labels = {"name": "Name"}
        help_texts = {"name": "Shown to the people of your teams."}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}
