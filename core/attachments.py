"""Headers and names of files that people download."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

CACHE_FOREVER = "private, max-age=31536000, immutable"


def cache_headers(request: HttpRequest, version: str) -> dict[str, str]:
    """Cached forever under an address that names this version in ?v=, and asked for again each time under any other.

    Ids alone may come to mean other content: an older database may be restored.
    """
    return {"Cache-Control": CACHE_FOREVER if request.GET.get("v") == version else "private, no-cache"}


def attachment_headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": content_disposition_header(True, name) or "attachment"}


def attachment_response(name: str, content_type: str, data: bytes) -> HttpResponse:
    return HttpResponse(data, content_type=content_type, headers=attachment_headers(name))
