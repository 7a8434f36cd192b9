"""Files that are sent: what they are called, and for how long a browser keeps them."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import slugify

#: Of what never changes under its address.
CACHE_FOREVER = "private, max-age=31536000, immutable"


def file_stem(title: str, otherwise: str) -> str:
    """A file name without its ending, of letters every system can store; `otherwise` where the title has none."""
    return slugify(title)[:60] or otherwise


def attachment_headers(name: str) -> dict[str, str]:
    """The header that makes a browser save an answer under that name."""
    return {"Content-Disposition": content_disposition_header(True, name) or "attachment"}


def attachment_response(name: str, content_type: str, data: bytes) -> HttpResponse:
    return HttpResponse(data, content_type=content_type, headers=attachment_headers(name))
