from allauth.account.utils import perform_login
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.rate_limits import limit_guessing
from teams.address_proof import prove_address
from teams.models import SignInLink


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limit_guessing
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a one-time sign-in link. Only POST uses the link up: previews of mail and chat programs send GET.

    A user with a second factor still has to enter it.
    """
    if request.method != "POST":
        return render(request, "teams/sign_in.html", {"token": token})
    user = SignInLink.redeem(token)
    if user is None:
        return render(request, "teams/sign_in.html", {"used": True}, status=410)
    prove_address(user)  # the operator gave the link to this person
    if request.user.is_authenticated:
        logout(request)  # the link may be for another user; nor does it inherit this session's second factor
    response: HttpResponse = perform_login(request, user)
    return response
