"""The form of a team's connection: what its provider needs, and nothing else. A key goes in and never comes out again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms

from generation import catalogue
from generation.connections.resolution import find_allowed_host
from generation.models import Connection
from generation.providers import egress
from generation.providers.base import Ability, ProviderError
from generation.providers.description import Option, Provider
from generation.providers.http import validate_key
from generation.providers.registry import PROVIDERS
from generation.providers.service_accounts import read_credentials

#: Fields of servers of one of several makes.
OF_SERVERS = ("preset", "abilities", "price_per_second")
LIMITS = ("max_in_flight", "requests_per_minute", "cap_month")
KEEP = "Empty keeps the one that is there. It is shown to nobody."


class WriteOnly(forms.PasswordInput):
    """Never holds what was typed, whatever is wrong with the rest of the form."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "new-password", "spellcheck": "false"}, render_value=False)


class WriteOnlyFile(forms.Textarea):
    """The same for what has many lines."""

    def __init__(self) -> None:
        super().__init__(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false", "class": "secret-lines"})

    def format_value(self, value: Any) -> None:
        return None


def find_option_field(option: Option) -> forms.Field:
    common: dict[str, Any] = {"label": option.label, "help_text": option.help, "initial": option.initial}
    if option.choices:
        return forms.ChoiceField(choices=option.choices, required=option.is_needed, **common)
    message = f"Write it like {option.example}."
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
    preset = forms.ChoiceField(label="Make")
    abilities = forms.MultipleChoiceField(
        label="What it does besides, instead of what its make usually does",
        required=False,
        choices=[(ability.value, ability.value.replace("_", " ")) for ability in Ability],
        widget=forms.CheckboxSelectMultiple,
    )
    cap_month = forms.DecimalField(
        label="At most per month",
        required=False,
        min_value=Decimal(0),
        max_digits=12,
        decimal_places=4,
        widget=forms.NumberInput(attrs={"step": "0.01", "min": "0", "placeholder": "no cap"}),
        help_text="US dollars. What does not fit is not started.",
        error_messages={"invalid": "Enter an amount such as 25 or 9.50.", "min_value": "It cannot be negative."},
    )

    class Meta:
        model = Connection
        fields = ["name", "base_url", "preset", "price_per_second", "max_in_flight", "requests_per_minute"]
        labels = {
            "price_per_second": "A second costs",
            "max_in_flight": "Takes at a time",
            "requests_per_minute": "Requests per minute",
        }
        help_texts = {"price_per_second": "US dollars, for models that are not in the list of models."}

    def __init__(self, data: Any, *, instance: Connection, cap: Decimal | None = None) -> None:
        """`instance` is of the team, with its provider."""
        self.about = PROVIDERS[instance.provider]
        self.options = [option for option in self.about.options if option.label]
        initial: dict[str, Any] = {
            "models": "\n".join(instance.declared_models),
            "abilities": [] if is_usual(instance) else instance.abilities,
            "cap_month": cap if cap is None else cap.quantize(Decimal("0.01")),
            "price_per_second": f"{instance.price_per_second.normalize():f}",
        }
        initial |= {name: value for name, value in instance.options.items() if value}
        if instance._state.adding:
            initial["name"] = self.about.title
            initial["preset"] = self.about.makes[-1].name if self.about.makes else ""
        super().__init__(data, instance=instance, initial=initial)
        self._fit_to_provider()
        self._say_what_is_meant()

    def _fit_to_provider(self) -> None:
        for option in self.options:
            self.fields[option.name] = find_option_field(option)
        if not self.about.address_help:
            del self.fields["base_url"]
        if not self.about.makes:
            for name in OF_SERVERS:
                del self.fields[name]
        options = [option.name for option in self.options]
        self.order_fields(["name", "base_url", *options, "key", "preset", "abilities", "models", "price_per_second"])

    def _say_what_is_meant(self) -> None:
        key, models = self.fields["key"], self.fields["models"]
        if self.about.takes_service_account:
            key.widget, key.label = WriteOnlyFile(), "Service account's key (JSON)"
            key.help_text = "The file that Google Cloud gives for it; paste all of it."
        if not self.about.needs_key:
            key.help_text = "Empty where the server wants none."
        if self.instance.key:
            key.help_text = KEEP
        if "base_url" in self.fields:
            self.fields["base_url"].help_text = self.about.address_help
            self.fields["base_url"].widget.attrs |= {"placeholder": "https://", "inputmode": "url"}
        if "preset" in self.fields:
            preset = self.fields["preset"]
            assert isinstance(preset, forms.ChoiceField)
            preset.choices = [(make.name, make.title) for make in self.about.makes]
        models.help_text = "One a line. Empty: all of this kind." + (
            " Also those that your server calls by a name of its own." if self.about.makes else ""
        )

    # -- What was meant ------------------------------------------------------------------------------------------------

    def clean_base_url(self) -> str:
        """What a team names is asked over https and stands in public, unless the operator allows the host."""
        url: str = self.cleaned_data["base_url"].strip().rstrip("/")
        if not url:
            return ""
        try:
            scheme, host, _ = egress.parse_origin(url)
        except ProviderError:
            raise forms.ValidationError("That is no address. Write it like https://gpu.example.com/v1.") from None
        if "@" in url or "?" in url or "#" in url:
            raise forms.ValidationError("Leave out names, passwords and queries; a key has a field of its own.")
        if find_allowed_host(url):
            return url
        if scheme != "https":
            raise forms.ValidationError("It must begin with https:// so that the key is not read on the way.")
        try:
            egress.require_public(url, "")
        except ProviderError as error:
            raise forms.ValidationError(
                f"{error.message} Whoever runs this server can allow {host} in IMAGEAI_TEAM_HOSTS."
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
        """Raises ValidationError for one that is made by another provider, or by nobody."""
        names = list(dict.fromkeys(self.cleaned_data["models"].split()))
        for name in names:
            known = catalogue.all_models().get(name)
            if known and known.provider != self.about.name:
                raise forms.ValidationError(f"{name} is a model of {PROVIDERS[known.provider].title}.")
            if not known and not self.about.makes and not self.about.lists_models:
                raise forms.ValidationError(f"There is no model called {name}. Leave it empty for all of them.")
            if len(name) > 120:
                raise forms.ValidationError("A model's name has at most 120 characters.")
        return names

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if told.get("key") or self.errors:
            return told
        if self.instance._state.adding:
            if self.about.needs_key:
                self.add_error("key", "A key is needed.")
        elif self.instance.key and "base_url" in self.changed_data and self._leads_elsewhere(told["base_url"]):
            self.add_error(
                "key", "The address leads elsewhere. Enter the key again, so that nobody else gets the old one."
            )
        if not self.about.needs_key and not told.get("base_url"):
            self.add_error("base_url", "Name the server: https://gpu.example.com/v1.")
        return told

    def _leads_elsewhere(self, url: str) -> bool:
        before = self.initial.get("base_url") or ""
        return (egress.parse_origin(before) if before else None) != (egress.parse_origin(url) if url else None)

    def filled(self) -> Connection:
        """The row as a valid form has it, unsaved."""
        told, row = self.cleaned_data, self.instance
        row.declared_models = told["models"]
        row.options = {option.name: told[option.name] for option in self.options if told.get(option.name)}
        if "preset" in told:
            row.abilities = sorted(self.about.connection_abilities(told["preset"], map(Ability, told["abilities"])))
        if told["key"]:
            row.keep_key(told["key"])
        return row

    # -- As it is shown ------------------------------------------------------------------------------------------------

    def main_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name not in LIMITS)

    def limits(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name in LIMITS)


def is_usual(connection: Connection) -> bool:
    """Whether it does what servers of its make do."""
    return set(connection.abilities) == PROVIDERS[connection.provider].connection_abilities(connection.preset)


def kinds() -> list[Provider]:
    """What can be added."""
    return [provider for provider in PROVIDERS.values() if provider.has_accounts]
