from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def preset_picture(field: str, key: str) -> SafeString:
    # The drawing of a preset in the page's colours. Hidden from screen readers: its label is beside it.
    sprite = static(f"img/presets/{field}.svg")
    backdrop = format_html('<use href="{}#scene" class="preset-scene"/>', sprite) if field == "camera_move" else ""
    return format_html(
        '<svg class="preset-picture" viewBox="0 0 96 54" aria-hidden="true" data-picture="{}">{}<use href="{}#{}"/></svg>',
        *(key or "none", backdrop, sprite, key or "none"),
    )
