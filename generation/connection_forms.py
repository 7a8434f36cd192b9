"""The form of a team's connection: what its provider needs, and nothing else. A key goes in and never comes out again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms

from generation import catalogue
from generation.connections import BRINGS
from generation.connections.configured import allowed_host
from generation.models import Connection
from generation.providers import reach
from generation.providers.base import Ability, ProviderError
from generation.providers.presets import PRESETS
from generation.providers.registry import LISTING_PROVIDERS
from generation.providers.service_accounts import credentials_from

#: What people call the providers.
NAMES = {
    "sora": "Video server",
    "omni": "Gemini",
    "veo": "Google Cloud (Veo)",
    "openai_images": "OpenAI images",
    "openrouter": "OpenRouter",
}
PRESET_NAMES = {
    "openai": "OpenAI",
    "vllm-omni": "vLLM-Omni",
    "sglang": "SGLang",
    "litellm": "LiteLLM",
    "other": "Another",
}
ADDRESS_HELP = {
    "sora": "Of a server of the /v1/videos protocol; it usually ends in /v1.",
    "omni": "Empty for Google's own.",
    "openai_images": "Empty for OpenAI's own.",
    "openrouter": "Empty for OpenRouter's own.",
}
KEEP = "Empty keeps the one that is there. It is shown to nobody."
#: Fields that only some providers have.
OF_PROVIDER = {
    "sora": ("base_url", "preset", "abilities", "price_per_second"),
    "omni": ("base_url",),
    "veo": ("project", "location", "output_gcs_uri", "person_generation"),
    "openai_images": ("base_url",),
    "openrouter": ("base_url",),
}
ONLY_SOME = frozenset(name for names in OF_PROVIDER.values() for name in names)
OPTIONS = ("project", "location", "output_gcs_uri", "person_generation")


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


def named_option(pattern: str, example: str, **options: Any) -> forms.RegexField:
    message = f"Write it like {example}."
    return forms.RegexField(regex=re.compile(rf"\A(?:{pattern})\Z"), error_messages={"invalid": message}, **options)


class ConnectionForm(forms.ModelForm[Connection]):
    key = forms.CharField(max_length=10_000, required=False, widget=WriteOnly)
    base_url = forms.CharField(label="Address", max_length=500, required=False)
    models = forms.CharField(
        label="Only these models",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    preset = forms.ChoiceField(label="Make", choices=[(name, PRESET_NAMES[name]) for name in PRESETS])
    abilities = forms.MultipleChoiceField(
        label="What it does besides, instead of what its make usually does",
        required=False,
        choices=[(ability.value, ability.value.replace("_", " ")) for ability in Ability],
        widget=forms.CheckboxSelectMultiple,
    )
    project = named_option(r"[a-z0-9.:-]{1,100}", "films-1234", label="Google Cloud project")
    location = named_option(r"[a-z]+(-[a-z]+\d+)?", "us-central1", label="Location", initial="us-central1")
    output_gcs_uri = named_option(
        r"gs://[a-z0-9._-]+(/[\w./-]*)?",
        "gs://bucket/takes",
        label="Bucket for finished clips",
        required=False,
        help_text="Needed to extend clips.",
    )
    person_generation = forms.ChoiceField(
        label="Who may be shown",
        required=False,
        choices=[
            ("", "As Google decides"),
            ("allow_all", "Everybody"),
            ("allow_adult", "Adults"),
            ("dont_allow", "Nobody"),
        ],
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

    field_order = [
        "name",
        "base_url",
        *OPTIONS,
        "key",
        "preset",
        "abilities",
        "models",
        "price_per_second",
        "max_in_flight",
        "requests_per_minute",
        "cap_month",
    ]

    def __init__(self, data: Any, *, instance: Connection, cap: Decimal | None = None) -> None:
        """`instance` is of the team, with its provider."""
        initial: dict[str, Any] = {
            "models": "\n".join(instance.declared_models),
            "abilities": [] if is_usual(instance) else instance.abilities,
            "cap_month": cap if cap is None else cap.quantize(Decimal("0.01")),
            "price_per_second": f"{instance.price_per_second.normalize():f}",
        }
        initial |= {name: instance.options.get(name) for name in OPTIONS if instance.options.get(name)}
        if instance._state.adding:
            initial |= {"name": NAMES[instance.provider], "preset": "other"}
        super().__init__(data, instance=instance, initial=initial)
        self.provider = instance.provider
        for name in ONLY_SOME.difference(OF_PROVIDER[self.provider]):
            del self.fields[name]
        self._say_what_is_meant()

    def _say_what_is_meant(self) -> None:
        key, models = self.fields["key"], self.fields["models"]
        if self.provider == "veo":
            key.widget, key.label = WriteOnlyFile(), "Service account's key (JSON)"
            key.help_text = "The file that Google Cloud gives for it; paste all of it."
        if self.provider == "sora":
            key.help_text = "Empty where the server wants none."
        if self.instance.key:
            key.help_text = KEEP
        if "base_url" in self.fields:
            self.fields["base_url"].help_text = ADDRESS_HELP[self.provider]
            self.fields["base_url"].widget.attrs |= {"placeholder": "https://", "inputmode": "url"}
        models.help_text = "One a line. Empty: all of this kind." + (
            " Also those that your server calls by a name of its own." if self.provider == "sora" else ""
        )

    # -- What was meant ------------------------------------------------------------------------------------------------

    def clean_base_url(self) -> str:
        """What a team names is asked over https and stands in public, unless the operator allows the host."""
        url: str = self.cleaned_data["base_url"].strip().rstrip("/")
        if not url:
            return ""
        try:
            scheme, host, _ = reach.origin_of(url)
        except ProviderError:
            raise forms.ValidationError("That is no address. Write it like https://gpu.example.com/v1.") from None
        if "@" in url or "?" in url or "#" in url:
            raise forms.ValidationError("Leave out names, passwords and queries; a key has a field of its own.")
        if allowed_host(url):
            return url
        if scheme != "https":
            raise forms.ValidationError("It must begin with https:// so that the key is not read on the way.")
        try:
            reach.refuse_inside(url, "")
        except ProviderError as error:
            raise forms.ValidationError(
                f"{error.message} Whoever runs this server can allow {host} in IMAGEAI_TEAM_HOSTS."
                if isinstance(error, reach.Inside)
                else error.message
            ) from error
        return url

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"].strip()
        if key and self.provider == "veo":
            try:
                credentials_from(key)
            except ProviderError as error:
                raise forms.ValidationError(error.message) from error
        elif not key.isascii() or (key and not key.isprintable()) or " " in key:
            raise forms.ValidationError("The key has characters that no key has. Copy it again.")
        return key

    def clean_models(self) -> list[str]:
        """Raises ValidationError for one that is made by another provider, or by nobody."""
        names = list(dict.fromkeys(self.cleaned_data["models"].split()))
        for name in names:
            known = catalogue.all_models().get(name)
            if known and known.provider != self.provider:
                raise forms.ValidationError(f"{name} is a model of {NAMES.get(known.provider, known.maker)}.")
            if not known and self.provider != "sora" and self.provider not in LISTING_PROVIDERS:
                raise forms.ValidationError(f"There is no model called {name}. Leave it empty for all of them.")
            if len(name) > 120:
                raise forms.ValidationError("A model's name has at most 120 characters.")
        return names

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if told.get("key") or self.errors:
            return told
        if self.instance._state.adding:
            if self.provider != "sora":
                self.add_error("key", "A key is needed.")
        elif self.instance.key and "base_url" in self.changed_data and self._leads_elsewhere(told["base_url"]):
            self.add_error(
                "key", "The address leads elsewhere. Enter the key again, so that nobody else gets the old one."
            )
        if self.provider == "sora" and not told.get("base_url"):
            self.add_error("base_url", "Name the server: https://gpu.example.com/v1.")
        return told

    def _leads_elsewhere(self, url: str) -> bool:
        before = self.initial.get("base_url") or ""
        return (reach.origin_of(before) if before else None) != (reach.origin_of(url) if url else None)

    def filled(self) -> Connection:
        """The row as a valid form has it, unsaved."""
        told, row = self.cleaned_data, self.instance
        row.declared_models = told["models"]
        row.options = {name: told[name] for name in OPTIONS if told.get(name)}
        if "preset" in told:
            row.abilities = sorted(told["abilities"] or (ability.value for ability in PRESETS[told["preset"]]))
        if told["key"]:
            row.keep_key(told["key"])
        return row

    # -- As it is shown ------------------------------------------------------------------------------------------------

    def main_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name not in LIMITS)

    def limits(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name in LIMITS)


LIMITS = ("max_in_flight", "requests_per_minute", "cap_month")


def is_usual(connection: Connection) -> bool:
    """Whether it does what servers of its make do."""
    return set(connection.abilities) == {ability.value for ability in PRESETS.get(connection.preset, ())}


def kinds() -> list[tuple[str, str, str]]:
    """What can be added: provider, name, what it brings."""
    return [(provider, NAMES[provider], BRINGS[provider]) for provider in NAMES]
