"""Error pages: what happened and what to do, as a page or, for a request from inside a page, as a sentence in it."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from core.htmx import HtmxHttpRequest
from teams.access import SecondFactorRequired


def _answer(request: HtmxHttpRequest, status: int, title: str, explanation: str) -> HttpResponse:
    if request.htmx:
        return HttpResponse(explanation, status=status, content_type="text/plain; charset=utf-8")
    return render(request, "error.html", {"title": title, "explanation": explanation}, status=status)


@login_not_required
def bad_request(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _answer(
            request, 413, "Too much at once", "That is more text than a scene can hold. Nothing was changed."
        )
    return _answer(request, 400, "That did not make sense", "The request could not be understood. Nothing was changed.")


@login_not_required
def permission_denied(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, SecondFactorRequired):
        return _second_factor_needed(request, team=str(exception))
    reason = str(exception) or "Your role in this team does not allow this."
    return _answer(request, 403, "Not allowed", f"{reason} Ask an owner of the team to change your role.")


def _second_factor_needed(request: HtmxHttpRequest, team: str) -> HttpResponse:
    if request.htmx:
        return _answer(request, 403, "", f"{team} requires a second factor. Set one up on the page of your account.")
    return render(request, "teams/second_factor_needed.html", {"team": team}, status=403)


@login_not_required
def too_many_requests(request: HtmxHttpRequest) -> HttpResponse:
    return _answer(request, 429, "Too many attempts", "Nothing was changed. Wait a minute, then try again.")


@login_not_required
def not_found(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    return _answer(
        request, 404, "Nothing here", "There is no such page, or it belongs to a team you are not a member of."
    )


@login_not_required
def server_error(request: HtmxHttpRequest) -> HttpResponse:
    """Depends on nothing that may be what is broken: no database, no person, no page frame."""
    explanation = "Something went wrong on this server, and its log says what."
    if request.htmx:
        return HttpResponse(explanation, status=500, content_type="text/plain; charset=utf-8")
    return HttpResponse(
        render_to_string("bare_error.html", {"title": "Our mistake", "explanation": explanation}), status=500
    )
