"""Sign-in through an OpenID Connect provider: authorization code flow with PKCE, state and nonce.

Stricter than allauth: requires an ID token, verifies its signature even though it comes directly from the provider, binds
its nonce to the browser's request, and rejects user info with a different `sub`. Stores only the claims the account needs.
"""

from __future__ import annotations

import hashlib
from typing import Any

import jwt
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import get_adapter
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

#: Public-key algorithms only. With HS256, anyone who knows the client secret could sign tokens; “none” needs no key.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CLOCK_SKEW_SECONDS = 60


def nonce_for(state: str) -> str:
    # Derived from the state, which allauth keeps in the session and accepts once, so that the nonce needs no storage.
    return hashlib.sha256(f"nonce {state}".encode()).hexdigest()


class Client(OAuth2Client):
    def get_redirect_url(self, authorization_url: str, scope: list[str], extra_params: dict[str, str]) -> str:
        url: str = super().get_redirect_url(
            authorization_url, scope, extra_params | {"nonce": nonce_for(str(self.state))}
        )
        return url


class Adapter(OpenIDConnectOAuth2Adapter):
    client_class = Client

    def get_provider(self) -> Provider:
        return Provider(self.request, app=super().get_provider().app)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        claims = self.read_claims(kwargs["response"].get("id_token"), app.client_id)
        if claims.get("nonce") != nonce_for(request.GET["state"]):
            raise OAuth2Error("the nonce of the ID token belongs to another request")
        user_info = self._fetch_user_info(token.token) if "userinfo_endpoint" in self.openid_config else claims
        if user_info.get("sub") != claims["sub"]:
            raise OAuth2Error("the user info belongs to another user")
        # The address and whether it is verified have to come from the same source.
        source = user_info if user_info.get("email") else claims
        person = {
            "sub": claims["sub"],
            "email": source.get("email"),
            "email_verified": source.get("email_verified") is True,  # some providers send the string "false"
            "name": user_info.get("name") or claims.get("name"),
        }
        return self.get_provider().sociallogin_from_response(request, {"userinfo": person})

    def read_claims(self, id_token: str | None, client_id: str) -> dict[str, Any]:
        """The claims of a valid ID token. Raises OAuth2Error."""
        if not id_token:
            raise OAuth2Error("no ID token")
        try:
            key = Keys(self.openid_config["jwks_uri"]).get_signing_key_from_jwt(id_token)
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=ALGORITHMS,
                audience=client_id,
                issuer=self.openid_config["issuer"],
                leeway=CLOCK_SKEW_SECONDS,
                options={"require": ["exp", "iat", "aud", "iss", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise OAuth2Error(f"invalid ID token: {error}") from error
        return claims


class Keys(jwt.PyJWKClient):
    """Fetches the keys with the bounds of every other answer of the provider."""

    def fetch_data(self) -> Any:
        try:
            with get_adapter().get_requests_session() as session:
                return session.get(self.uri, allow_redirects=False).json()
        except (RequestException, RecursionError) as error:
            raise jwt.PyJWKClientConnectionError(f"the keys could not be fetched: {error}") from error


class Provider(OpenIDConnectProvider):
    oauth2_adapter_class = Adapter

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        # Ignores the scope, process and parameters that allauth would take from the query string.
        return {"process": AuthProcess.LOGIN, "next_url": get_next_redirect_url(request)}


def _load_adapter(request: HttpRequest, provider_id: str) -> Adapter:
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
    adapter = _load_adapter(request, provider_id)
    try:
        response: HttpResponse = OAuth2LoginView.adapter_view(adapter)(request)
    except (RequestException, RecursionError) as error:  # allauth does not handle an unreachable or broken provider
        response = render_authentication_error(request, adapter.get_provider(), exception=error)
    return response


@login_not_required
@never_cache
@require_safe
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    response: HttpResponse = OAuth2CallbackView.adapter_view(_load_adapter(request, provider_id))(request)
    return response
