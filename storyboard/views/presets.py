"""The presets of a field in words and pictures; the same for every team."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.htmx import HtmxHttpRequest
from projects import presets
from projects.models import field_name


@require_safe
def preset_pictures(request: HtmxHttpRequest, field: str) -> HttpResponse:
    # A page; for HTMX the content of the picker's dialog.
    if field not in presets.all_presets():
        raise Http404
    context = {"field": field, "name": field_name(field), "presets": presets.all_presets()[field]}
    return render(
        request, "storyboard/_preset_picker.html" if request.htmx else "storyboard/preset_pictures.html", context
    )
