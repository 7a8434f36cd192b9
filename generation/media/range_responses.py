"""Files over HTTP in ranges (RFC 9110), sent by an asynchronous iterator so that memory does not grow with the file.

Django's FileResponse answers no Range, and a browser cannot seek in a clip without one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import IO

from django.core.files.base import File
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

CHUNK = 256 * 1024
_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Unsatisfiable(Exception):
    """The range asked for lies outside the file."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte asked for; None where the whole file is the right answer (no range, several, or nonsense)."""
    match = _ONE_RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        wanted = int(last)
        if not wanted or not size:
            raise Unsatisfiable
        return max(0, size - wanted), size - 1
    start, end = int(first), int(last) if last else size - 1
    if last and end < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, min(end, size - 1)


def file_response(request: HttpRequest, file: File[bytes], *, content_type: str, etag: str) -> HttpResponseBase:
    """200 with the file, 206 with the part asked for, 304 for one the browser has, or 416."""
    size = file.size
    headers = {"Accept-Ranges": "bytes", "ETag": etag}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers=headers)
    still_the_same = request.headers.get("If-Range", etag) == etag
    try:
        part = parse_range(request.headers.get("Range", ""), size) if still_the_same else None
    except Unsatisfiable:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    start, end = part or (0, size - 1)
    headers["Content-Length"] = str(end - start + 1)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    status = 206 if part else 200
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers, content_type=content_type)
    chunks = read_chunks(file, start, end - start + 1)
    return StreamingHttpResponse(chunks, status=status, headers=headers, content_type=content_type)


async def read_chunks(file: File[bytes], start: int, length: int) -> AsyncIterator[bytes]:
    opened: IO[bytes] = await asyncio.to_thread(file.open, "rb")
    try:
        await asyncio.to_thread(opened.seek, start)
        while length > 0:
            chunk = await asyncio.to_thread(opened.read, min(CHUNK, length))
            if not chunk:
                return
            length -= len(chunk)
            yield chunk
    finally:
        opened.close()
