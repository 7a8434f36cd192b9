"""The server's connections, which every team can use, and the way to those of each team."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.htmx import HtmxHttpRequest
from generation import connections
from generation.connections import page_calls
from generation.models import Connection
from generation.providers.base import ProviderError
from generation.providers.registry import PROVIDERS
from teams.access import can_edit_somewhere, current_user, open_teams, require_editor_somewhere


@require_safe
def connection_list(request: HtmxHttpRequest) -> HttpResponse:
    person = current_user(request)
    environment = connections.read_environment()
    rows = {row.slug: row for row in Connection.objects.filter(team=None)}
    own = Count("connections", filter=Q(connections__deleted_at=None))
    context = {
        "connections": [(connection, rows.get(connection.slug)) for connection in environment.values()],
        "teams": open_teams(person).annotate(own=own),
        "can_test": can_edit_somewhere(person),
        "missing": [
            provider for name, provider in PROVIDERS.items() if provider.has_accounts and name not in environment
        ],
    }
    return render(request, "generation/connections.html", context)


@require_POST
def connection_test(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    # Send one request that costs nothing, and show the outcome as a sentence.
    require_editor_somewhere(current_user(request))
    connection = connections.read_environment().get(slug)
    if connection is None:
        raise Http404
    try:
        with page_calls.hold_place(None):
            message, works = connections.probe_connection(connection), True
    except page_calls.NoPlace as refusal:
        return refuse_call(request, refusal)
    except ProviderError as error:
        message, works = error.message, False
    if request.htmx:
        return render(request, "generation/_connection_test.html", {"message": message, "works": works})
    (messages.success if works else messages.error)(request, f"{connection.name}: {message}")
    return redirect("connections")


def refuse_call(request: HtmxHttpRequest, refusal: page_calls.NoPlace) -> HttpResponse:
    # Pages show the text of an htmx answer as a message.
    if request.htmx:
        response = HttpResponse(refusal.message, status=refusal.status, content_type="text/plain")
    else:
        context = {"title": "Too many requests", "explanation": refusal.message}
        response = render(request, "error.html", context, status=refusal.status)
    response.headers["Retry-After"] = str(page_calls.RETRY_AFTER_SECONDS)
    return response
