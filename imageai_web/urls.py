from django.urls import include, path

from imageai_web import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include("allauth.account.urls")),
    path("", include("teams.urls")),
    path("", include("projects.urls")),
    path("", include("generation.urls")),
]

handler400 = "imageai_web.errors.bad_request"
handler403 = "imageai_web.errors.permission_denied"
handler404 = "imageai_web.errors.not_found"
handler500 = "imageai_web.errors.server_error"
