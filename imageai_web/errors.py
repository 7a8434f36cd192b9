"""Error responses: a page, or plain text for htmx requests, which show it as a message."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin

from core.decoding.contract import Busy
from core.htmx import HtmxHttpRequest
from teams.access import SecondFactorRequired


def _answer(request: HtmxHttpRequest, status: int, title: str, explanation: str) -> HttpResponse:
    if request.htmx:
        return HttpResponse(explanation, status=status, content_type="text/plain; charset=utf-8")
    return render(request, "error.html", {"title": title, "explanation": explanation}, status=status)


@login_not_required
def bad_request(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _answer(request, 413, "Too much text", "This is more text than a scene can hold. Nothing changed.")
    return _answer(request, 400, "Invalid request", "The server did not understand the request. Nothing changed.")


@login_not_required
def permission_denied(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, SecondFactorRequired):
        return _second_factor_needed(request, team=str(exception))
    reason = str(exception) or "Your role in this team does not allow this."
    return _answer(request, 403, "Not allowed", f"{reason} Ask an owner of the team to change your role.")


def _second_factor_needed(request: HtmxHttpRequest, team: str) -> HttpResponse:
    if request.htmx:
        return _answer(request, 403, "", f"{team} requires a second factor. Set one up on your account page.")
    return render(request, "teams/second_factor_needed.html", {"team": team}, status=403)


@login_not_required
def too_many_requests(request: HtmxHttpRequest) -> HttpResponse:
    return _answer(request, 429, "Too many attempts", "Nothing changed. Try again in a minute.")


def too_busy(request: HtmxHttpRequest) -> HttpResponse:
    explanation = "The server is busy with other pictures and clips. Nothing changed. Try again in a few seconds."
    response = _answer(request, 503, "Too busy", explanation)
    response.headers["Retry-After"] = "5"
    return response


class BusyMiddleware(MiddlewareMixin):
    # Answers for any view whose decoding found the gate full.
    def process_exception(self, request: HtmxHttpRequest, exception: Exception) -> HttpResponse | None:
        return too_busy(request) if isinstance(exception, Busy) else None


@login_not_required
def not_found(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "Page not found", "It doesn't exist, or belongs to a team you are not a member of.")


@login_not_required
def server_error(request: HtmxHttpRequest) -> HttpResponse:
    # Uses no database, session or page frame, because any of them may have caused the error.
    explanation = "Something went wrong on this server. The administrator can find the cause in the log."
    if request.htmx:
        return HttpResponse(explanation, status=500, content_type="text/plain; charset=utf-8")
    return HttpResponse(
        render_to_string("bare_error.html", {"title": "Server error", "explanation": explanation}), status=500
    )
