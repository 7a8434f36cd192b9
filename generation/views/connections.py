"""The accounts at providers: what they can do, how much is under way there, and whether they work."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from generation import connections
from generation.admission import AT_PROVIDER
from generation.models import Connection, Generation
from generation.providers.base import ProviderError
from teams.access import editor_somewhere, signed_in


@require_safe
def connection_list(request: HttpRequest) -> HttpResponse:
    configured = connections.all_configured()
    context = {
        "connections": [(one, Connection.objects.filter(slug=one.slug).first()) for one in configured.values()],
        "at_provider": Generation.objects.filter(status__in=AT_PROVIDER).count(),
        "missing": [
            (connections.BRINGS[provider], how)
            for provider, how in connections.HOW_TO_CONNECT.items()
            if provider not in {one.provider for one in configured.values()}
        ],
    }
    return render(request, "generation/connections.html", context)


@require_POST
def connection_test(request: HttpRequest, slug: str) -> HttpResponse:
    """One harmless question to the provider, answered in one sentence."""
    editor_somewhere(signed_in(request))
    configured = connections.all_configured().get(slug)
    if configured is None:
        raise Http404
    try:
        said, works = connections.test(configured), True
    except ProviderError as error:
        said, works = error.message, False
    if request.headers.get("HX-Request"):
        return render(request, "generation/_connection_test.html", {"said": said, "works": works})
    (messages.success if works else messages.error)(request, f"{configured.name}: {said}")
    return redirect("connections")
