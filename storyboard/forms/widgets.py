from __future__ import annotations

from typing import Any

from django import forms

from projects import presets
from projects.models import field_name


class PresetSelect(forms.Select):
    """A select; with JavaScript, a button beside it offers the same choices as pictures.

    `inherited` is the key that applies if nothing is chosen.
    """

    template_name = "storyboard/_preset_select.html"

    def __init__(self, preset_field: str, *, inherited: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.preset_field = preset_field
        self.inherited = inherited

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if meaning := presets.meaning(self.preset_field, str(value)):
            option["attrs"]["title"] = meaning
        return option

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        key = next(iter(context["widget"]["value"]), "")
        meaning = presets.meaning(self.preset_field, key)
        context["widget"] |= {
            "preset_field": self.preset_field,
            "preset_name": field_name(self.preset_field),
            "picture": key if meaning else self.inherited,
            "inherited": self.inherited,
            "meaning": meaning,
        }
        return context


def preset_widgets() -> dict[str, forms.Widget | type[forms.Widget]]:
    return {field: PresetSelect(field) for field in presets.all_presets()}
