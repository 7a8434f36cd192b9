from allauth.account import urls as account_urls
from django.urls import include, path

from imageai_web import health

# Signing in and passwords. Not allauth's page of addresses: an address stands for a person, and nobody takes another's.
ACCOUNT_PAGES = {
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include([page for page in account_urls.urlpatterns if page.name in ACCOUNT_PAGES])),
    path("", include("teams.urls")),
    path("", include("projects.urls")),
    path("", include("generation.urls")),
]

handler400 = "imageai_web.errors.bad_request"
handler403 = "imageai_web.errors.permission_denied"
handler404 = "imageai_web.errors.not_found"
handler500 = "imageai_web.errors.server_error"
