"""A team's own connections: owners change them, editors test them, viewers see their names."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.htmx import HtmxHttpRequest
from core.once import create_once
from core.undo_message import offer_undo
from generation.billing import budget, usage
from generation.connections import page_calls, team_connections
from generation.forms.connection import ConnectionForm, addable_providers
from generation.loaders import load_connection
from generation.models import Connection
from generation.views.connections import refuse_call
from teams import activity
from teams.access import current_user, load_team
from teams.models import Role, Verb


@require_safe
def team_connection_list(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    team, role = load_team(request, pk)
    rows = list(Connection.live().filter(team=team))
    context = {
        "team": team,
        "connections": usage.measure_usage(rows) if role.includes(Role.EDITOR) else [],
        "names": rows,
        "kinds": addable_providers(),
        "can_change": role == Role.OWNER,
        "can_test": role.includes(Role.EDITOR),
    }
    return render(request, "generation/team_connections.html", context)


@sensitive_post_parameters("key")
@require_http_methods(["GET", "HEAD", "POST"])
@create_once
def connection_add(request: HtmxHttpRequest, pk: int, provider: str) -> HttpResponse:
    team, _ = load_team(request, pk, at_least=Role.OWNER)
    if provider not in {known.name for known in addable_providers()}:
        raise Http404
    form = ConnectionForm(request.POST or None, instance=Connection(team=team, provider=provider))
    if form.is_valid():
        try:
            with transaction.atomic():
                connection = form.build_connection()
                team_connections.add(connection, team)
                _save_cap(connection, form, request)
                _record(Verb.CONNECTION_ADDED, connection, request)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{connection} added. Test it before you use it.")
            return redirect("team_connections", pk)
    context: dict[str, Any] = {"form": form, "team": team, "kinds": addable_providers(), "provider": provider}
    return render(request, "generation/connection_form.html", context, status=422 if form.is_bound else 200)


@sensitive_post_parameters("key")
@require_http_methods(["GET", "HEAD", "POST"])
def connection_edit(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    connection, _ = load_connection(request, pk, at_least=Role.OWNER)
    cap = budget.connection_budget(connection).cap_month
    form = ConnectionForm(request.POST or None, instance=connection, cap=cap)
    if form.is_valid():
        with transaction.atomic():
            team_connections.change(
                form.build_connection(), another_account=not {"key", "base_url"}.isdisjoint(form.changed_data)
            )
            _save_cap(connection, form, request)
            _record(Verb.CONNECTION_CHANGED, connection, request)
        messages.success(request, f"{connection} saved. Takes in progress continue.")
        return redirect("team_connections", connection.team_id)
    context = {"form": form, "team": connection.team, "connection": connection}
    return render(request, "generation/connection_form.html", context, status=422 if form.is_bound else 200)


def _save_cap(connection: Connection, form: ConnectionForm, request: HtmxHttpRequest) -> None:
    assert connection.team_id is not None
    row = budget.lock_connection_budget(connection.pk, connection.team_id)
    budget.change_caps(row, {"cap_month": form.cleaned_data["cap_month"]}, current_user(request))


def _record(verb: Verb, connection: Connection, request: HtmxHttpRequest) -> None:
    team = connection.team_id
    assert team is not None
    activity.record(verb, current_user(request), str(connection), team=team, page=("team_connections", team))


@require_POST
@transaction.atomic
def connection_switch(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # A connection that is off gets no new takes; those in progress continue.
    connection, _ = load_connection(request, pk, at_least=Role.OWNER)
    on = request.POST.get("on") == "1"
    if team_connections.switch(connection, on=on):
        _record(Verb.CONNECTION_SWITCHED_ON if on else Verb.CONNECTION_SWITCHED_OFF, connection, request)
        outcome = "switched on." if on else "switched off. Takes in progress continue."
        messages.success(request, f"{connection} {outcome}")
    return redirect("team_connections", connection.team_id)


@require_POST
@transaction.atomic
def connection_move(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    connection, _ = load_connection(request, pk, at_least=Role.OWNER)
    if team_connections.move(connection, -1 if request.POST.get("to") == "up" else 1):
        _record(Verb.CONNECTION_MOVED, connection, request)
    return redirect("team_connections", connection.team_id)


@require_POST
@transaction.atomic
def connection_remove(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    connection, _ = load_connection(request, pk, at_least=Role.OWNER)
    if team_connections.remove(connection):
        _record(Verb.CONNECTION_REMOVED, connection, request)
        running = usage.measure_usage([connection])[0].active.total()
        rest = f" {running} in progress will finish; the key is kept until then." if running else ""
        offer_undo(request, f"{connection} removed.{rest}", reverse("connection_restore", args=[pk]))
    return redirect("team_connections", connection.team_id)


@require_POST
@transaction.atomic
def connection_restore(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    connection, _ = load_connection(request, pk, at_least=Role.OWNER, removed_too=True)
    try:
        if team_connections.restore(connection):
            _record(Verb.CONNECTION_RESTORED, connection, request)
            messages.success(request, f"{connection} restored.")
        elif connection.deleted_at:
            messages.error(request, f"The key of {connection} has been deleted. Add the connection again.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("team_connections", connection.team_id)


@require_POST
def team_connection_test(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Send one request that costs nothing, and show and store the outcome as a sentence.
    connection, _ = load_connection(request, pk, at_least=Role.EDITOR)
    try:
        with page_calls.hold_place(connection.team_id):
            message, works = team_connections.run_test(connection)
    except page_calls.NoPlace as refusal:
        return refuse_call(request, refusal)
    with transaction.atomic():
        _record(Verb.CONNECTION_TESTED, connection, request)
    if request.htmx:
        return render(request, "generation/_connection_test.html", {"message": message, "works": works})
    (messages.success if works else messages.error)(request, f"{connection}: {message}")
    return redirect("team_connections", connection.team_id)
