"""Clips through OpenRouter (POST /videos, GET /videos/{id}), and the live list of what its models take and cost.

It has no SDK, so these are plain requests, and none is retried. OpenRouter would silently prefer frames to references and has
no field for some options; such requests are refused here instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from generation.providers import download, egress, pictures
from generation.providers.base import (
    Account,
    ErrorKind,
    OnProgress,
    Progress,
    ProgressState,
    ProviderError,
    Request,
    Task,
)
from generation.providers.http import (
    KINDS,
    OnePerLoop,
    about,
    checked_key,
    expected_bytes,
    no_answer,
    plain,
    retry_after,
)
from generation.providers.openrouter_models import LiveModel, amount, catalogue_row, read, spelled_there

BASE_URL = "https://openrouter.ai/api/v1"
SUBMIT_SECONDS = 180
POLL_SECONDS = 30

RUNNING = frozenset({"pending", "in_progress"})
OVER = {
    "completed": ProgressState.DONE,
    "failed": ProgressState.FAILED,
    "expired": ProgressState.FAILED,
    "cancelled": ProgressState.CANCELLED,
}

#: What people call the fields that errors name.
INPUTS = {
    "prompt": "the prompt",
    "first_frame": "the start frame",
    "last_frame": "the end frame",
    "frame_images": "a frame",
    "input_references": "a reference",
}
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
        raise no_answer(error, who="OpenRouter", sending=False) from error
    if not response.is_success:
        raise _refusal(account, response, sending=False)
    clip = _answer(response)
    status, usage = clip.get("status"), clip.get("usage")
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
    words = plain(_words(clip.get("error"))) or default
    is_moderation = status != "expired" and _is_moderation(clip.get("error"), words)
    kind = ErrorKind.MODERATION if is_moderation else ErrorKind.PROVIDER
    message = about(words, kind, _flagged(clip.get("error")))
    return Progress(state, error=ProviderError(kind, message, code=status), cost=cost)


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    url = _url(account, f"/videos/{quote(remote_id, safe='')}/content")
    timeout = httpx2.Timeout(download.READ_SECONDS, connect=download.CONNECT_SECONDS)
    try:
        with (
            httpx2.Client(**egress.client_options(account)) as client,
            client.stream("GET", url, params={"index": 0}, headers=_headers(account), timeout=timeout) as response,
        ):
            if response.status_code != 200:
                response.read()
                raise _refusal(account, response, sending=False)
            if not response.headers.get("content-type", "").startswith(("video/", "application/octet-stream")):
                raise ProviderError(ErrorKind.PROVIDER, "OpenRouter sent something that is no clip.")
            download.save_chunks(response.iter_bytes(), destination, on_progress, expected_bytes(response.headers))
    except httpx2.HTTPError as error:
        raise no_answer(error, who="OpenRouter", sending=False) from error


def test(account: Account, models: Sequence[str]) -> str:
    response = _call(account, "GET", "/key")
    if not response.is_success:
        raise _refusal(account, response, sending=False)
    about = _answer(response).get("data")
    left = amount(about.get("limit_remaining")) if isinstance(about, dict) else None
    rest = f"; ${left:.2f} of the key's limit are left" if left is not None else ""
    return f"The key works and {len(_listed(account))} video models can be had{rest}."


def _listed(account: Account) -> list[LiveModel]:
    """The video models on offer now. Raises ProviderError."""
    response = _call(account, "GET", "/videos/models")
    if not response.is_success:
        raise _refusal(account, response, sending=False)
    rows = _answer(response).get("data")
    if not isinstance(rows, list):
        raise ProviderError(ErrorKind.PROVIDER, "OpenRouter answered with something that is no list of models.")
    return [read(row) for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]


def catalogue_rows(account: Account, today: date) -> list[dict[str, Any]]:
    found = (catalogue_row(model, today) for model in _listed(account))
    return [row for row in found if row is not None]


# -- What is sent ------------------------------------------------------------------------------------------------------


def _body(request: Request) -> dict[str, Any]:
    """Raises ProviderError for options that OpenRouter has no field for."""
    if request.task != Task.CREATE or request.source_id:
        raise ProviderError(
            ErrorKind.INVALID, f"OpenRouter cannot {request.task} a clip (task); it only makes new ones."
        )
    if request.negative_prompt:
        raise ProviderError(ErrorKind.INVALID, "OpenRouter takes no negative prompt (negative_prompt).")
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
    picture = pictures.read(path)
    return {"type": "image_url", "image_url": {"url": f"data:{picture.content_type};base64,{picture.base64}"}}


# -- Calling and being refused -----------------------------------------------------------------------------------------


@OnePerLoop
def _client(account: Account) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(**egress.async_client_options(account))


def _call(account: Account, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
    # A fresh connection: a POST over a kept-alive connection that died ends as UNKNOWN.
    timeout = httpx2.Timeout(SUBMIT_SECONDS if body else POLL_SECONDS, connect=download.CONNECT_SECONDS)
    try:
        with httpx2.Client(**egress.client_options(account)) as client:
            return client.request(method, _url(account, path), json=body, headers=_headers(account), timeout=timeout)
    except httpx2.HTTPError as error:
        raise no_answer(error, who="OpenRouter", sending=body is not None) from error


def _url(account: Account, path: str) -> str:
    return (account.base_url or BASE_URL).rstrip("/") + path


def _headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {checked_key(account.key)}"}


def _refusal(account: Account, response: httpx2.Response, *, sending: bool) -> ProviderError:
    status = response.status_code
    error = _answer(response, strict=False).get("error")
    words = plain(_words(error)) or f"OpenRouter answered {status}."
    if status in (400, 403, 422) and _is_moderation(error, words):
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
        about(words, kind, _flagged(error)),
        code=str(error.get("code") or "") if isinstance(error, dict) else "",
        request_id=response.headers.get("x-request-id", "") or response.headers.get("cf-ray", ""),
        retry_after=retry_after(response.headers),
    )


def _answer(response: httpx2.Response, *, strict: bool = True) -> dict[str, Any]:
    """The JSON object that came, else an empty one; if `strict`, raises ProviderError instead, except for a POST."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    if strict and response.request.method != "POST":
        raise ProviderError(ErrorKind.PROVIDER, "OpenRouter answered with something that cannot be read.")
    return {}


def _words(error: object) -> str:
    """The error's words, with those of the provider behind OpenRouter."""
    if not isinstance(error, dict):
        return error if isinstance(error, str) else ""
    details = _details(error)
    reasons = details.get("reasons")
    listed = ", ".join(str(reason) for reason in reasons) if isinstance(reasons, list) else ""
    return ": ".join(
        part for part in (error.get("message"), details.get("raw"), listed) if part and isinstance(part, str)
    )


def _is_moderation(error: object, words: str) -> bool:
    return not {"reasons", "flagged_input"}.isdisjoint(_details(error)) or bool(_MODERATION.search(words))


def _flagged(error: object) -> str:
    """What the moderation objected to: a field that was sent, or words of the prompt."""
    flagged = _details(error).get("flagged_input")
    if not isinstance(flagged, str) or not flagged:
        return ""
    return INPUTS.get(flagged) or f"“{plain(flagged)}” in the prompt"


def _details(error: object) -> dict[str, Any]:
    metadata = error.get("metadata") if isinstance(error, dict) else None
    return metadata if isinstance(metadata, dict) else {}
