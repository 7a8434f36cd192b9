from __future__ import annotations

import uuid
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.once import FIELD

register = template.Library()


@register.simple_tag(takes_context=True)
def once(context: Context) -> SafeString:
    # The token of a form for `create_once`; the form that is shown again with its errors keeps it.
    request: Any = context["request"]
    token = request.POST.get(FIELD) or uuid.uuid4()
    return format_html('<input type="hidden" name="{}" value="{}" autocomplete="off">', FIELD, token)
