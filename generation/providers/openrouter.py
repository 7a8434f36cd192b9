"""Clips by way of OpenRouter (POST /videos, GET /videos/{id}), and the live list of what its models take and cost.

There is no SDK for it: these are plain requests, none of them tried twice. OpenRouter cannot list, stop or remove clips.
It would quietly prefer frames to references and has no field for some options; such a request is refused here instead.
"""

from __future__ import annotations

import asyncio
import base64
import math
import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import httpx2
from PIL import Image

from generation.providers import reach, transfer
from generation.providers.base import (
    Account,
    ErrorKind,
    OnProgress,
    Progress,
    ProgressState,
    ProviderError,
    RemoteClip,
    Request,
    Task,
)
from generation.providers.openrouter_models import LiveModel, amount, catalogue_row, read, spelled_there

BASE_URL = "https://openrouter.ai/api/v1"
SUBMIT_SECONDS = 180
POLL_SECONDS = 30
MOST_CHARACTERS = 1000

RUNNING = frozenset({"pending", "in_progress"})
OVER = {
    "completed": ProgressState.DONE,
    "failed": ProgressState.FAILED,
    "expired": ProgressState.FAILED,
    "cancelled": ProgressState.CANCELLED,
}
KINDS = {
    401: ErrorKind.AUTH,
    402: ErrorKind.QUOTA,
    403: ErrorKind.AUTH,
    429: ErrorKind.RATE_LIMIT,
}
#: Raised before a request has left this machine.
NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)

_MODERATION = re.compile(r"moderat|flagged|content.polic|safety|prohibited content|sensitive content", re.IGNORECASE)

# -- The provider ------------------------------------------------------------------------------------------------------


def submit(account: Account, request: Request) -> str:
    response = _call(account, "POST", "/videos", body=_body(request))
    if not response.is_success:
        raise _refusal(account, response, sending=True)
    remote_id = _answer(response).get("id")
    if not isinstance(remote_id, str) or not remote_id:
        raise ProviderError(ErrorKind.UNKNOWN, "OpenRouter answered with something that names no clip.")
    return remote_id


async def check(account: Account, remote_id: str) -> Progress:
    try:
        response = await _client(account).get(
            _url(account, f"/videos/{quote(remote_id, safe='')}"), headers=_headers(account), timeout=POLL_SECONDS
        )
    except httpx2.HTTPError as error:
        raise _unreachable(error, sending=False) from error
    if not response.is_success:
        raise _refusal(account, response, sending=False)
    told = _answer(response)
    status, usage = told.get("status"), told.get("usage")
    cost = amount(usage.get("cost")) if isinstance(usage, dict) else None
    if status in RUNNING:
        return Progress(ProgressState.RUNNING)
    if status not in OVER:
        raise ProviderError(ErrorKind.PROVIDER, "OpenRouter answered with something that is no clip's status.")
    if status == "expired" and cost is None:
        raise ProviderError(ErrorKind.LOST, "The clip expired at OpenRouter, which does not say what it charged.")
    state = OVER[status]
    if state != ProgressState.FAILED:
        return Progress(state, percent=100 if state == ProgressState.DONE else 0, cost=cost)
    default = "The clip expired at OpenRouter." if status == "expired" else "OpenRouter gave no reason."
    words = _plain(_words(told.get("error"))) or default
    is_moderation = status != "expired" and _MODERATION.search(words)
    kind = ErrorKind.MODERATION if is_moderation else ErrorKind.PROVIDER
    return Progress(state, error=ProviderError(kind, words, code=status), cost=cost)


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    url = _url(account, f"/videos/{quote(remote_id, safe='')}/content")
    timeout = httpx2.Timeout(transfer.SILENCE_SECONDS, connect=transfer.CONNECT_SECONDS)
    try:
        with (
            httpx2.Client(**reach.client_options(account)) as client,
            client.stream("GET", url, params={"index": 0}, headers=_headers(account), timeout=timeout) as response,
        ):
            if response.status_code != 200:
                response.read()
                raise _refusal(account, response, sending=False)
            if not response.headers.get("content-type", "").startswith(("video/", "application/octet-stream")):
                raise ProviderError(ErrorKind.PROVIDER, "OpenRouter sent something that is no clip.")
            length = response.headers.get("content-length", "")
            expected = int(length) if length.isdigit() and "content-encoding" not in response.headers else None
            transfer.save(response.iter_bytes(), destination, on_progress, expected)
    except httpx2.HTTPError as error:
        raise _unreachable(error, sending=False) from error


def thumbnail(account: Account, remote_id: str) -> bytes:
    return b""


def find(account: Account, request: Request, since: datetime, known: frozenset[str]) -> str | None:
    return None


def cancel(account: Account, remote_id: str) -> bool:
    return False


def delete(account: Account, remote_id: str) -> bool:
    return False


def listing(account: Account) -> list[RemoteClip]:
    return []


def test(account: Account) -> str:
    response = _call(account, "GET", "/key")
    if not response.is_success:
        raise _refusal(account, response, sending=False)
    about = _answer(response).get("data")
    left = amount(about.get("limit_remaining")) if isinstance(about, dict) else None
    rest = f"; ${left:.2f} of the key's limit are left" if left is not None else ""
    return f"The key works and {len(models(account))} video models can be had{rest}."


def models(account: Account) -> list[LiveModel]:
    """Every video model that can be had now. Raises ProviderError."""
    response = _call(account, "GET", "/videos/models")
    if not response.is_success:
        raise _refusal(account, response, sending=False)
    rows = _answer(response).get("data")
    if not isinstance(rows, list):
        raise ProviderError(ErrorKind.PROVIDER, "OpenRouter answered with something that is no list of models.")
    return [read(row) for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]


def catalogue_rows(account: Account, today: date) -> list[dict[str, Any]]:
    """The models that can be offered, as rows of the model catalogue in plain JSON. Raises ProviderError."""
    found = (catalogue_row(model, today) for model in models(account))
    return [row for row in found if row is not None]


# -- What is sent ------------------------------------------------------------------------------------------------------


def _body(request: Request) -> dict[str, Any]:
    """Raises ProviderError for what OpenRouter has no field for."""
    if request.task != Task.CREATE or request.source_id:
        raise ProviderError(
            ErrorKind.INVALID, f"OpenRouter cannot {request.task} a clip (task); it only makes new ones."
        )
    for name in ("negative_prompt", "person_generation"):
        if getattr(request, name):
            raise ProviderError(ErrorKind.INVALID, f"OpenRouter takes no {name.replace('_', ' ')} ({name}).")
    if request.duration != int(request.duration):
        raise ProviderError(ErrorKind.INVALID, f"OpenRouter takes whole seconds (duration), not {request.duration}.")
    frames = {"first_frame": request.start_frame, "last_frame": request.end_frame}
    if request.references and any(frames.values()):
        raise ProviderError(ErrorKind.INVALID, "OpenRouter takes either frames or references, not both (references).")
    body: dict[str, Any] = {
        "model": request.model,
        "prompt": request.prompt,
        "duration": int(request.duration),
        "resolution": spelled_there(request.resolution),
        "aspect_ratio": request.aspect_ratio,
        "frame_images": [_picture(path) | {"frame_type": name} for name, path in frames.items() if path],
        "input_references": [_picture(path) for path in request.references],
        "generate_audio": request.audio,
        "seed": request.seed,
    }
    return {name: value for name, value in body.items() if value not in (None, "", [])}


def _picture(path: Path) -> dict[str, Any]:
    try:
        with Image.open(path) as image:
            content_type = image.get_format_mimetype()
    except OSError as error:
        raise ProviderError(ErrorKind.INVALID, f"{path.name} could not be read as a picture.") from error
    encoded = base64.b64encode(path.read_bytes()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{content_type};base64,{encoded}"}}


# -- Calling and being refused -----------------------------------------------------------------------------------------

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Account, httpx2.AsyncClient]] = WeakKeyDictionary()


def _client(account: Account) -> httpx2.AsyncClient:
    """One per account and running loop: a connection belongs to the loop it was opened in."""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if account not in clients:
        clients[account] = httpx2.AsyncClient(**reach.async_client_options(account))
    return clients[account]


def _call(account: Account, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
    # A connection of its own: one kept alive may be dead by now, and then a POST ends as "nobody knows".
    timeout = httpx2.Timeout(SUBMIT_SECONDS if body else POLL_SECONDS, connect=transfer.CONNECT_SECONDS)
    try:
        with httpx2.Client(**reach.client_options(account)) as client:
            return client.request(method, _url(account, path), json=body, headers=_headers(account), timeout=timeout)
    except httpx2.HTTPError as error:
        raise _unreachable(error, sending=body is not None) from error


def _url(account: Account, path: str) -> str:
    return (account.base_url or BASE_URL).rstrip("/") + path


def _headers(account: Account) -> dict[str, str]:
    if not account.key.isascii() or not account.key.isprintable():
        raise ProviderError(ErrorKind.AUTH, "The key has characters that no key has. Copy it again.")
    return {"Authorization": f"Bearer {account.key}"}


def _unreachable(error: httpx2.HTTPError, *, sending: bool) -> ProviderError:
    name = type(error).__name__
    if isinstance(error, reach.Refused):
        return ProviderError(ErrorKind.INVALID, str(error))
    if isinstance(error, NOT_SENT):
        return ProviderError(ErrorKind.NETWORK, f"OpenRouter could not be reached: {name}.")
    if sending:
        return ProviderError(
            ErrorKind.UNKNOWN, f"The connection to OpenRouter broke after the request was sent: {name}."
        )
    return ProviderError(ErrorKind.NETWORK, f"The connection to OpenRouter broke: {name}.")


def _refusal(account: Account, response: httpx2.Response, *, sending: bool) -> ProviderError:
    status = response.status_code
    told = _answer(response, strict=False).get("error")
    metadata = told.get("metadata") if isinstance(told, dict) else None
    words = _plain(_words(told)) or f"OpenRouter answered {status}."
    is_moderation = isinstance(metadata, dict) and ("reasons" in metadata or "flagged_input" in metadata)
    if status in (400, 403, 422) and (is_moderation or _MODERATION.search(words)):
        kind = ErrorKind.MODERATION
    elif status in KINDS:
        kind = KINDS[status]
    elif status == 404 and not sending:
        kind = ErrorKind.LOST
    elif 400 <= status < 500 and status != 408:
        kind = ErrorKind.INVALID
    else:
        kind = ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER
    return ProviderError(
        kind,
        words,
        code=str(told.get("code") or "") if isinstance(told, dict) else "",
        request_id=response.headers.get("x-request-id", "") or response.headers.get("cf-ray", ""),
        retry_after=_retry_after(response.headers.get("retry-after", "")),
    )


def _answer(response: httpx2.Response, *, strict: bool = True) -> dict[str, Any]:
    """The JSON object that came; none where it is something else. `strict` takes no page for an answer."""
    try:
        told = response.json()
    except ValueError:
        told = None
    if isinstance(told, dict):
        return told
    if strict and response.request.method != "POST":
        raise ProviderError(ErrorKind.PROVIDER, "OpenRouter answered with something that cannot be read.")
    return {}


def _words(error: object) -> str:
    """What an error says, with what the provider behind OpenRouter said."""
    if not isinstance(error, dict):
        return error if isinstance(error, str) else ""
    metadata = error.get("metadata")
    details = metadata if isinstance(metadata, dict) else {}
    reasons = details.get("reasons")
    listed = ", ".join(str(reason) for reason in reasons) if isinstance(reasons, list) else ""
    return ": ".join(
        part for part in (error.get("message"), details.get("raw"), listed) if part and isinstance(part, str)
    )


def _plain(words: str) -> str:
    return " ".join(words.split())[:MOST_CHARACTERS]


def _retry_after(text: str) -> float | None:
    """Seconds, from seconds or a date."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
