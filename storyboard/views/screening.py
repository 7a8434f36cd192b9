"""The whole storyboard for viewing: as an animatic, and printed."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.htmx import HtmxHttpRequest
from generation.models import shown_take
from storyboard.board import scenes_context, storyboard_context

PANELS = (6, 9)


@require_safe
def animatic(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Plays the shown takes one after the other; a scene without a take shows its Previz picture for its duration.
    context = storyboard_context(request, pk) | {"view": "animatic"}
    context["without_take"] = sum(card.shown is None for card in context["cards"])
    return render(request, "storyboard/animatic.html", context)


@require_safe
def storyboard_print(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Sheets of six or nine panels: ?panels=9 for nine, ?overlay=0 for Previz without names and arrows.
    context = scenes_context(request, pk)
    panels = PANELS[1] if request.GET.get("panels") == str(PANELS[1]) else PANELS[0]
    shown = [(scene, shown_take(scene)) for scene in context["shown"]]
    sheets = [shown[start : start + panels] for start in range(0, len(shown), panels)]
    context |= {"panels": panels, "choices": PANELS, "sheets": sheets, "is_clean": request.GET.get("overlay") == "0"}
    return render(request, "storyboard/print.html", context)
