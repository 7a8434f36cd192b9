from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def preset_picture(field: str, key: str) -> SafeString:
    """The drawing of a preset, of the page's colours; what says the same in words stands beside it."""
    sprite = static(f"img/presets/{field}.svg")
    behind = format_html('<use href="{}#scene" class="preset-scene"/>', sprite) if field == "camera_move" else ""
    return format_html(
        '<svg class="preset-picture" viewBox="0 0 96 54" aria-hidden="true" data-picture="{}">{}<use href="{}#{}"/></svg>',
        *(key or "none", behind, sprite, key or "none"),
    )
