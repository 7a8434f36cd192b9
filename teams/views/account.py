"""The account page: name, password, second factors and sessions."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from teams.access import current_user, locked_out_teams
from teams.forms import NameForm
from teams.models import User
from teams.sessions import end_other_sessions, end_session, list_sessions


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    form = NameForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if form.is_valid():
        form.instance.save(update_fields=["name"])
        messages.success(request, "Name saved.")
        return redirect("account")
    context = {
        "form": form,
        "factors": list_factors(user),
        "sessions": list_sessions(user, request.session.session_key),
        "closed_teams": locked_out_teams(user),
        "requiring_teams": user.teams.filter(requires_second_factor=True).order_by("name"),
    }
    return render(request, "teams/account.html", context, status=422 if form.is_bound else 200)


def list_factors(user: User) -> dict[str, Any]:
    # The authenticator app, the passkeys, and the number of unused recovery codes (None without recovery codes).
    factors: dict[str, Any] = {"totp": None, "passkeys": [], "codes_left": None}
    for row in Authenticator.objects.filter(user=user).order_by("created_at"):
        if row.type == Authenticator.Type.TOTP:
            factors["totp"] = row
        elif row.type == Authenticator.Type.WEBAUTHN:
            factors["passkeys"].append(row.wrap())
        else:
            factors["codes_left"] = len(row.wrap().get_unused_codes())
    return factors


@require_POST
@reauthentication_required
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(UserSession, pk=pk, user=current_user(request))
    end_session(request, session)
    messages.success(request, "Signed out of that browser.")
    return redirect("account")


@require_POST
@reauthentication_required
def sessions_end_others(request: HttpRequest) -> HttpResponse:
    end_other_sessions(request)
    messages.success(request, "Signed out of all other browsers.")
    return redirect("account")
