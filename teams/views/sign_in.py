from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from teams.models import SignInLink


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a one-time link. Opening it changes nothing, so a preview cannot use it up; its form signs in."""
    if request.method != "POST":
        return render(request, "teams/sign_in.html", {"token": token})
    user = SignInLink.redeem(token)
    if user is None:
        return render(request, "teams/sign_in.html", {"used": True}, status=410)
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return redirect("project_list")
