"""Forms that create something create it once, however often they are sent: by a double click, or after the back button."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from core.htmx import HtmxHttpRequest

P = ParamSpec("P")
View = Callable[Concatenate[HtmxHttpRequest, P], HttpResponse]

#: The name of the form's field, and of the session's record of where each of the last forms led.
FIELD, KEPT = "once", 20


def create_once(view: View[P]) -> View[P]:
    """Leads a form that has been sent before to what the first one created. `{% once %}` gives a form its token."""

    @wraps(view)
    def send_once(request: HtmxHttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        token = _read_token(request.POST.get(FIELD, ""))
        if token and (created := request.session.get(FIELD, {}).get(token)):
            messages.info(request, "This was already saved, so nothing was added. Open the form again to add another.")
            return redirect(created)
        response = view(request, *args, **kwargs)
        if token and response.status_code == 302:
            done = [*request.session.get(FIELD, {}).items(), (token, response.headers["Location"])]
            request.session[FIELD] = dict(done[-KEPT:])
        return response

    return send_once


def _read_token(text: str) -> str:
    try:
        return uuid.UUID(text).hex
    except ValueError:
        return ""
