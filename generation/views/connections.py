"""The accounts at providers: what they can do, how much is under way there, and whether they work."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.htmx import HtmxHttpRequest
from generation import connections
from generation.models import Connection
from generation.providers.base import ProviderError
from generation.providers.registry import PROVIDERS
from teams.access import can_edit_somewhere, current_user, open_teams, require_editor_somewhere


@require_safe
def connection_list(request: HtmxHttpRequest) -> HttpResponse:
    """Those of the installation, and the way to those of the person's teams."""
    person = current_user(request)
    environment = connections.read_environment()
    rows = {row.slug: row for row in Connection.objects.filter(team=None)}
    own = Count("connections", filter=Q(connections__deleted_at=None))
    context = {
        "connections": [(one, rows.get(one.slug)) for one in environment.values()],
        "teams": open_teams(person).annotate(own=own),
        "can_test": can_edit_somewhere(person),
        "missing": [one for one in PROVIDERS.values() if one.has_accounts and one.name not in environment],
    }
    return render(request, "generation/connections.html", context)


@require_POST
def connection_test(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    """One harmless question to the provider, answered in one sentence."""
    require_editor_somewhere(current_user(request))
    connection = connections.read_environment().get(slug)
    if connection is None:
        raise Http404
    try:
        said, works = connections.probe_connection(connection), True
    except ProviderError as error:
        said, works = error.message, False
    if request.htmx:
        return render(request, "generation/_connection_test.html", {"said": said, "works": works})
    (messages.success if works else messages.error)(request, f"{connection.name}: {said}")
    return redirect("connections")
