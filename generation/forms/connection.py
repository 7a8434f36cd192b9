"""The form of a team's connection, with the fields that its provider needs. A key goes in and never comes out again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms

from core.number_fields import DecimalField
from core.slow_work import release_connection
from generation import catalogue
from generation.connections.resolution import find_allowed_host
from generation.models import Connection
from generation.providers import egress
from generation.providers.base import Ability, ProviderError
from generation.providers.description import Option, Provider
from generation.providers.http import validate_key
from generation.providers.registry import PROVIDERS
from generation.providers.service_accounts import read_credentials

#: Fields for providers whose servers come in several makes.
MAKE_FIELDS = ("preset", "abilities", "price_per_second")
LIMIT_FIELDS = ("max_in_flight", "requests_per_minute", "cap_month")
KEEP_KEY = "Leave empty to keep the saved key. It is never shown."


class WriteOnly(forms.PasswordInput):
    """Never renders a value: a form with errors comes back without the key that was typed."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "new-password", "spellcheck": "false"}, render_value=False)


class WriteOnlyFile(forms.Textarea):
    """`WriteOnly` with several lines."""

    def __init__(self) -> None:
        super().__init__(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false", "class": "secret-lines"})

    def format_value(self, value: Any) -> None:
        return None


def build_option_field(option: Option) -> forms.Field:
    common: dict[str, Any] = {"label": option.label, "help_text": option.help, "initial": option.initial}
    if option.choices:
        return forms.ChoiceField(choices=option.choices, required=option.is_needed, **common)
    message = f"Use the form {option.example}."
    pattern = re.compile(rf"\A(?:{option.pattern})\Z")
    return forms.RegexField(pattern, required=option.is_needed, error_messages={"invalid": message}, **common)


class ConnectionForm(forms.ModelForm[Connection]):
    key = forms.CharField(max_length=10_000, required=False, widget=WriteOnly)
    base_url = forms.CharField(label="Address", max_length=500, required=False)
    models = forms.CharField(
        label="Only these models",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    preset = forms.ChoiceField(label="Server type")
    abilities = forms.MultipleChoiceField(
        label="Override capabilities",
        required=False,
        choices=[(ability.value, ability.value.replace("_", " ")) for ability in Ability],
        widget=forms.CheckboxSelectMultiple,
    )
    cap_month = DecimalField(
        label="Monthly cap",
        required=False,
        min_value=0,
        max_value=10**8 - 1,
        decimal_places=4,
        widget=forms.NumberInput(attrs={"step": "0.01", "min": "0", "placeholder": "no cap"}),
        help_text="In US dollars. Takes above the cap are not started.",
        error_messages={"invalid": "Enter an amount such as 25 or 9.50.", "min_value": "Enter 0 or more."},
    )

    class Meta:
        model = Connection
        fields = ["name", "base_url", "preset", "price_per_second", "max_in_flight", "requests_per_minute"]
        labels = {
            "price_per_second": "Price per second",
            "max_in_flight": "Takes at a time",
            "requests_per_minute": "Requests per minute",
        }
        help_texts = {"price_per_second": "In US dollars, for models without a listed price."}

    def __init__(self, data: Any, *, instance: Connection, cap: Decimal | None = None) -> None:
        # `instance` has its team and provider set. `cap` is the monthly cap, which is kept in the connection's budget.
        self.about = PROVIDERS[instance.provider]
        self.options = [option for option in self.about.options if option.label]
        initial: dict[str, Any] = {
            "models": "\n".join(instance.declared_models),
            "abilities": [] if has_default_abilities(instance) else instance.abilities,
            "cap_month": cap if cap is None else cap.quantize(Decimal("0.01")),
            "price_per_second": f"{instance.price_per_second.normalize():f}",
        }
        initial |= {name: value for name, value in instance.options.items() if value}
        if instance._state.adding:
            initial["name"] = self.about.title
            initial["preset"] = self.about.makes[-1].name if self.about.makes else ""
        super().__init__(data, instance=instance, initial=initial)
        self._fit_to_provider()
        self._set_help_texts()

    def _fit_to_provider(self) -> None:
        for option in self.options:
            self.fields[option.name] = build_option_field(option)
        if not self.about.address_help:
            del self.fields["base_url"]
        if not self.about.makes:
            for name in MAKE_FIELDS:
                del self.fields[name]
        options = [option.name for option in self.options]
        self.order_fields(["name", "base_url", *options, "key", "preset", "abilities", "models", "price_per_second"])

    def _set_help_texts(self) -> None:
        key, models = self.fields["key"], self.fields["models"]
        if self.about.takes_service_account:
            key.widget, key.label = WriteOnlyFile(), "Service account key (JSON)"
            key.help_text = "Paste the whole file from Google Cloud."
        if not self.about.needs_key:
            key.help_text = "Leave empty if the server needs none."
        if self.instance.key:
            key.help_text = KEEP_KEY
        if "base_url" in self.fields:
            self.fields["base_url"].help_text = self.about.address_help
            self.fields["base_url"].widget.attrs |= {"placeholder": "https://", "inputmode": "url"}
        if "preset" in self.fields:
            preset = self.fields["preset"]
            assert isinstance(preset, forms.ChoiceField)
            preset.choices = [(make.name, make.title) for make in self.about.makes]
            both = [make.title for make in self.about.makes if make.also]
            preset.help_text = (
                f"{' and '.join(both)} connections generate images too, with the same key." if both else ""
            )
        models.help_text = "One per line. Leave empty for all of the provider's models." + (
            " Your server's own models can be added by name." if self.about.makes else ""
        )

    # -- Cleaning ------------------------------------------------------------------------------------------------------

    def clean_base_url(self) -> str:
        """Must be https on a public host, unless the operator allows the host (settings.TEAM_HOSTS).

        Resolves the name, so that a team cannot make this server talk to its private network. The address is checked again at
        each connection: by then the name may resolve to another one.
        """
        url: str = self.cleaned_data["base_url"].strip().rstrip("/")
        if not url:
            return ""
        try:
            scheme, host, _ = egress.parse_origin(url)
        except ProviderError:
            raise forms.ValidationError("Not a valid address. Use the form https://gpu.example.com/v1.") from None
        if "@" in url or "?" in url or "#" in url:
            raise forms.ValidationError("Remove user name, password and query. Enter the key in its own field.")
        if find_allowed_host(url):
            return url
        if scheme != "https":
            raise forms.ValidationError("The address must begin with https://, which protects the key.")
        release_connection()  # resolving a name may take seconds
        try:
            egress.require_public(url, "")
        except ProviderError as error:
            raise forms.ValidationError(
                f"{error.message} The administrator can allow {host} in IMAGEAI_TEAM_HOSTS."
                if isinstance(error, egress.PrivateAddressError)
                else error.message
            ) from error
        return url

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"].strip()
        check = read_credentials if self.about.takes_service_account else validate_key
        try:
            if key:
                check(key)
        except ProviderError as error:
            raise forms.ValidationError(error.message) from error
        return key

    def clean_models(self) -> list[str]:
        """Raises ValidationError for a model of another provider, and for an unknown one unless servers have their own."""
        names = list(dict.fromkeys(self.cleaned_data["models"].split()))
        for name in names:
            known = catalogue.all_models().get(name)
            if known and known.provider not in self.about.served_providers(self.cleaned_data.get("preset", "")):
                raise forms.ValidationError(f"{name} belongs to {PROVIDERS[known.provider].title}.")
            if not known and not self.about.makes and not self.about.lists_models:
                raise forms.ValidationError(f"Unknown model {name}. Leave this empty for all models.")
            if len(name) > 120:
                raise forms.ValidationError("Model names can have up to 120 characters.")
        return names

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("key") or self.errors:
            return values
        if self.instance._state.adding:
            if self.about.needs_key:
                self.add_error("key", "Enter a key.")
        elif self.instance.key and "base_url" in self.changed_data and self._is_another_origin(values["base_url"]):
            # Otherwise a changed address could receive the saved key.
            self.add_error("key", "The address is on another server. Enter the key again.")
        if not self.about.needs_key and not values.get("base_url"):
            self.add_error("base_url", "Enter the server's address, such as https://gpu.example.com/v1.")
        return values

    def _is_another_origin(self, url: str) -> bool:
        before = self.initial.get("base_url") or ""
        return (egress.parse_origin(before) if before else None) != (egress.parse_origin(url) if url else None)

    def build_connection(self) -> Connection:
        # The row with the values of a valid form, unsaved.
        values, row = self.cleaned_data, self.instance
        row.declared_models = values["models"]
        row.options = {option.name: values[option.name] for option in self.options if values.get(option.name)}
        if "preset" in values:
            row.abilities = sorted(self.about.connection_abilities(values["preset"], map(Ability, values["abilities"])))
        if values["key"]:
            row.keep_key(values["key"])
        return row

    # -- Display -------------------------------------------------------------------------------------------------------

    def main_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name not in LIMIT_FIELDS)

    def limits(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name in LIMIT_FIELDS)


def has_default_abilities(connection: Connection) -> bool:
    # Whether it can do exactly what servers of its make can.
    return set(connection.abilities) == PROVIDERS[connection.provider].connection_abilities(connection.preset)


def addable_providers() -> list[Provider]:
    return [provider for provider in PROVIDERS.values() if provider.has_accounts]
