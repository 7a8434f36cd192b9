from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting


class _Field(forms.BoundField):
    # Written text runs in the direction of its own script.
    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        shown = widget or self.field.widget
        is_text = isinstance(shown, forms.Textarea) or type(shown) is forms.TextInput
        return super().build_widget_attrs(attrs | {"dir": "auto"} if is_text else attrs, widget)


class Renderer(TemplatesSetting):
    """Renders the fields of all forms, including allauth's, with our template."""

    field_template_name = "_field.html"
    bound_field_class = _Field
