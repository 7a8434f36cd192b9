"""HTTP for answers that are small by nature, such as those of an identity provider."""

from __future__ import annotations

import io
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter

MAX_BYTES, MAX_SECONDS = 1024 * 1024, 15.0


class BoundedAdapter(HTTPAdapter):
    """Reads the whole answer, within MAX_BYTES when decoded and MAX_SECONDS. Raises requests.ConnectionError beyond them."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        began = time.monotonic()
        response = super().send(request, *args, **kwargs | {"stream": True})
        body, source = bytearray(), response.raw
        try:
            while chunk := source.read1(64 * 1024, decode_content=True):
                body += chunk
                if len(body) > MAX_BYTES or time.monotonic() - began > MAX_SECONDS:
                    raise requests.ConnectionError("The answer is too large or too slow.", request=request)
        finally:
            source.close()
        response.raw = io.BytesIO(body)
        return response


def mount_bounds(session: requests.Session) -> requests.Session:
    for scheme in ("https://", "http://"):
        session.mount(scheme, BoundedAdapter())
    return session
