"""Signing in through an OpenID Connect provider: authorization code with PKCE, state and nonce.

Stricter than allauth: the ID token is needed, its signature is checked though it came straight from the provider, its
nonce has to be that of this browser's request, and the user info has to be about the same person. Of all that the
provider says, only what the account needs is kept.
"""

from __future__ import annotations

import hashlib
from typing import Any

import jwt
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from requests import RequestException

#: Those with a public key: a token signed with our own client secret proves nothing.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CLOCKS_DIFFER_SECONDS = 60


def nonce_for(state: str) -> str:
    """The state is kept in the session and counts once, and so does the nonce that follows from it."""
    return hashlib.sha256(f"nonce {state}".encode()).hexdigest()


class Client(OAuth2Client):  # type: ignore[misc]  # allauth has no types
    def get_redirect_url(self, authorization_url: str, scope: list[str], extra_params: dict[str, str]) -> str:
        url: str = super().get_redirect_url(
            authorization_url, scope, extra_params | {"nonce": nonce_for(str(self.state))}
        )
        return url


class Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    client_class = Client

    def get_provider(self) -> Provider:
        return Provider(self.request, app=super().get_provider().app)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        claims = self.read_claims(kwargs["response"].get("id_token"), app.client_id)
        if claims.get("nonce") != nonce_for(request.GET["state"]):
            raise OAuth2Error("the ID token answers another request")
        about = self._fetch_user_info(token.token) if "userinfo_endpoint" in self.openid_config else claims
        if about.get("sub") != claims["sub"]:
            raise OAuth2Error("the user info is about somebody else")
        speaks = about if about.get("email") else claims
        person = {
            "sub": claims["sub"],
            "email": speaks.get("email"),
            "email_verified": speaks.get("email_verified") is True,  # "false" is a string of some providers
            "name": about.get("name") or claims.get("name"),
        }
        return self.get_provider().sociallogin_from_response(request, {"userinfo": person})

    def read_claims(self, id_token: str | None, client_id: str) -> dict[str, Any]:
        if not id_token:
            raise OAuth2Error("there is no ID token")
        try:
            key = jwt.PyJWKClient(self.openid_config["jwks_uri"], timeout=5).get_signing_key_from_jwt(id_token)
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=ALGORITHMS,
                audience=client_id,
                issuer=self.openid_config["issuer"],
                leeway=CLOCKS_DIFFER_SECONDS,
                options={"require": ["exp", "iat", "aud", "iss", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise OAuth2Error(f"the ID token does not count: {error}") from error
        return claims


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    oauth2_adapter_class = Adapter

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Signing in is all there is: scopes and parameters are ours, not the address's."""
        return {"process": AuthProcess.LOGIN, "next_url": get_next_redirect_url(request)}


def _adapter(request: HttpRequest, provider_id: str) -> Adapter:
    adapter = Adapter(request, provider_id)
    try:
        adapter.get_provider()
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    return adapter


@login_not_required
@never_cache
@require_safe
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    adapter = _adapter(request, provider_id)
    try:
        response: HttpResponse = OAuth2LoginView.adapter_view(adapter)(request)
    except RequestException as error:  # allauth expects the provider to be there
        response = render_authentication_error(request, adapter.get_provider(), exception=error)
    return response


@login_not_required
@never_cache
@require_safe
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    response: HttpResponse = OAuth2CallbackView.adapter_view(_adapter(request, provider_id))(request)
    return response
