from collections.abc import Iterable

from allauth.account import urls as account_urls
from allauth.account.decorators import reauthentication_required
from allauth.account.views import password_set
from allauth.mfa import urls as mfa_urls
from allauth.socialaccount import urls as social_urls
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from imageai_web import health
from teams import oidc

# The only pages of allauth that are served. Left out: e-mail addresses, because invitations are matched by address and a
# user could claim another's; factors, sessions and connected accounts, because our account page has them.
ALLAUTH_PAGES = {
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_reauthenticate",
    "account_change_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_login_webauthn",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_add_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "socialaccount_login_cancelled",
}


def allowed(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    # The patterns of ALLAUTH_PAGES, with their nesting.
    kept: list[URLPattern | URLResolver] = []
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            kept += [pattern] if pattern.name in ALLAUTH_PAGES else []
        elif inner := allowed(pattern.url_patterns):
            kept.append(path(str(pattern.pattern), include(inner)))
    return kept


to_account = RedirectView.as_view(pattern_name="account")

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    # allauth asks for the old password before a change, but for nothing before the first password is set.
    path("accounts/password/set/", reauthentication_required(password_set), name="account_set_password"),
    path("accounts/", include(allowed(account_urls.urlpatterns))),
    path("accounts/second-factor/", include(allowed(mfa_urls.urlpatterns))),
    path("accounts/oidc/", include(allowed(social_urls.urlpatterns))),
    path("accounts/oidc/<slug:provider_id>/login/", oidc.login, name="openid_connect_login"),
    path("accounts/oidc/<slug:provider_id>/login/callback/", oidc.callback, name="openid_connect_callback"),
    # Redirect targets of allauth after its own pages.
    path("accounts/second-factor/", to_account, name="mfa_index"),
    path("accounts/second-factor/passkeys/", to_account, name="mfa_list_webauthn"),
    path("", include("teams.urls")),
    path("", include("storyboard.urls")),
    path("", include("generation.urls")),
]

handler400 = "imageai_web.errors.bad_request"
handler403 = "imageai_web.errors.permission_denied"
handler404 = "imageai_web.errors.not_found"
handler429 = "imageai_web.errors.too_many_requests"  # called by allauth; Django calls the other four
handler500 = "imageai_web.errors.server_error"
