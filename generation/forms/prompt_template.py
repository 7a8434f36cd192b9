"""The form in which a team writes its copy of a prompt template."""

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
        error_messages={"required": "An empty template would send nothing. Go back to the built-in one instead."},
    )

    def clean_text(self) -> str:
        """As lines end on this side, so that an unchanged text is unchanged."""
        text: str = self.cleaned_data["text"].replace("\r\n", "\n")
        try:
            compile_template(text)
        except TemplateError as error:
            raise ValidationError(str(error)) from error
        return text

    def samples(self, name: str) -> list[Sample]:
        """What it makes of two scenes; nothing while it has errors."""
        if self.is_bound and not self.is_valid():
            return []
        text = self.cleaned_data["text"] if self.is_bound else self.initial["text"]
        try:
            return render_samples(text, name)
        except TemplateError:  # a copy from before the rules became stricter: saving it will say so
            return []
