"""Files over HTTP in ranges (RFC 9110), in constant memory.

Django's FileResponse ignores Range, without which browsers cannot seek in a clip, and under ASGI holds whole files in memory.
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
    """The range lies outside the file."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte, both included; None for the whole file, which is right for no, several or invalid ranges.

    Raises Unsatisfiable.
    """
    match = _ONE_RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        suffix = int(last)  # “bytes=-500” is the last 500 bytes
        if not suffix or not size:
            raise Unsatisfiable
        return max(0, size - suffix), size - 1
    start, end = int(first), int(last) if last else size - 1
    if last and end < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, min(end, size - 1)


def file_response(request: HttpRequest, file: File[bytes], *, content_type: str, etag: str) -> HttpResponseBase:
    """200 with the file, 206 with the requested part, 304 for a file the browser has, or 416."""
    size = file.size
    headers = {"Accept-Ranges": "bytes", "ETag": etag}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers=headers)
    is_unchanged = request.headers.get("If-Range", etag) == etag
    try:
        part = parse_range(request.headers.get("Range", ""), size) if is_unchanged else None
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
