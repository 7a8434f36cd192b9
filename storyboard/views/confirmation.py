"""The confirmation of a price above the team's limit for starting without a question."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from core.htmx import HtmxHttpRequest
from generation.billing.budget import NeedsConfirmation
from projects.models import Project


def is_confirmed(request: HtmxHttpRequest) -> bool:
    return "confirmed" in request.POST


def render_confirmation(request: HtmxHttpRequest, project: Project, question: NeedsConfirmation) -> HttpResponse:
    # A page whose button posts the same fields to the same URL, with `confirmed`; for HTMX it opens as a dialog.
    posted = ((name, value) for name, values in request.POST.lists() for value in values)
    context = {
        "question": " ".join(question.messages),
        "fields": [(name, value) for name, value in posted if name != "csrfmiddlewaretoken"],
        "project": project,
        "url": request.get_full_path(),
    }
    if request.htmx:
        html = render(request, "storyboard/_confirm.html", context).content
        return HttpResponse(
            html, headers={"HX-Retarget": "#confirm", "HX-Reswap": "innerHTML", "HX-Trigger": "confirm"}
        )
    return render(request, "storyboard/confirm.html", context, status=409)
