"""The form for a team's copy of a prompt template."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError

from generation.prompting import TemplateError, compile_template
from generation.prompting.samples import Sample, render_samples


class PromptTemplateForm(forms.Form):
    text = forms.CharField(
        label="Template",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false"}),
        error_messages={
            "required": "A template can't be empty. To remove your changes, restore the built-in template."
        },
    )

    def clean_text(self) -> str:
        # Browsers send CRLF: without this, unchanged text would differ from the template.
        text: str = self.cleaned_data["text"].replace("\r\n", "\n")
        try:
            compile_template(text)
        except TemplateError as error:
            raise ValidationError(str(error)) from error
        return text

    def samples(self, name: str) -> list[Sample]:
        # The prompts of two sample scenes; empty while the text has errors.
        if self.is_bound and not self.is_valid():
            return []
        text = self.cleaned_data["text"] if self.is_bound else self.initial["text"]
        try:
            return render_samples(text, name)
        except TemplateError:  # a copy saved under older, laxer rules; saving it again shows the error
            return []
