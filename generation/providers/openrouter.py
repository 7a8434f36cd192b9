"""Clips through OpenRouter (POST /videos, GET /videos/{id}), and its live list of models and prices.

OpenRouter has no SDK, so these are plain requests, none of them retried. Where OpenRouter would silently ignore an option (it
drops references beside frames, and has no field for some options), the request is refused before it is sent.
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
    KIND_BY_STATUS,
    PerLoopClients,
    connection_error,
    name_input,
    one_line,
    read_length,
    read_retry_after,
    validate_key,
)
from generation.providers.openrouter_models import LiveModel, catalogue_row, read_amount, read_model, spell_resolution

BASE_URL = "https://openrouter.ai/api/v1"
SUBMIT_SECONDS = 180
POLL_SECONDS = 30

RUNNING = frozenset({"pending", "in_progress"})
FINAL_STATES = {
    "completed": ProgressState.DONE,
    "failed": ProgressState.FAILED,
    "expired": ProgressState.FAILED,
    "cancelled": ProgressState.CANCELLED,
}

#: The fields that errors name, as pages call them.
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
    response = _call(account, "POST", "/videos", body=_build_body(request))
    if not response.is_success:
        raise _refusal(account, response, sending=True)
    remote_id = _read_json(response).get("id")
    if not isinstance(remote_id, str) or not remote_id:
        raise ProviderError(ErrorKind.UNKNOWN, "OpenRouter's answer has no clip ID.")
    return remote_id


async def check(account: Account, remote_id: str) -> Progress:
    try:
        response = await _client(account).get(
            _url(account, f"/videos/{quote(remote_id, safe='')}"), headers=_headers(account), timeout=POLL_SECONDS
        )
    except httpx2.HTTPError as error:
        raise connection_error(error, service="OpenRouter", sending=False) from error
    if not response.is_success:
        raise _refusal(account, response, sending=False)
    clip = _read_json(response)
    status, usage = clip.get("status"), clip.get("usage")
    cost = read_amount(usage.get("cost")) if isinstance(usage, dict) else None
    if status in RUNNING:
        return Progress(ProgressState.RUNNING)
    if status not in FINAL_STATES:
        raise ProviderError(ErrorKind.PROVIDER, "OpenRouter's answer has no clip status.")
    if status == "expired" and cost is None:
        raise ProviderError(ErrorKind.LOST, "The clip expired at OpenRouter, which did not report the charge.")
    state = FINAL_STATES[status]
    if state != ProgressState.FAILED:
        return Progress(state, percent=100 if state == ProgressState.DONE else 0, cost=cost)
    default = "The clip expired at OpenRouter." if status == "expired" else "OpenRouter gave no reason."
    message = one_line(_read_message(clip.get("error"))) or default
    is_moderation = status != "expired" and _is_moderation(clip.get("error"), message)
    kind = ErrorKind.MODERATION if is_moderation else ErrorKind.PROVIDER
    message = name_input(message, kind, _find_flagged_input(clip.get("error")))
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
                raise ProviderError(ErrorKind.PROVIDER, "OpenRouter sent something other than a video.")
            download.save_chunks(response.iter_bytes(), destination, on_progress, read_length(response.headers))
    except httpx2.HTTPError as error:
        raise connection_error(error, service="OpenRouter", sending=False) from error


def test(account: Account, models: Sequence[str]) -> str:
    response = _call(account, "GET", "/key")
    if not response.is_success:
        raise _refusal(account, response, sending=False)
    details = _read_json(response).get("data")
    left = read_amount(details.get("limit_remaining")) if isinstance(details, dict) else None
    rest = f" ${left:.2f} of the key's limit left." if left is not None else ""
    return f"The key works; {len(_list_models(account))} video models are available.{rest}"


def _list_models(account: Account) -> list[LiveModel]:
    """The video models on offer now. Raises ProviderError."""
    response = _call(account, "GET", "/videos/models")
    if not response.is_success:
        raise _refusal(account, response, sending=False)
    rows = _read_json(response).get("data")
    if not isinstance(rows, list):
        raise ProviderError(ErrorKind.PROVIDER, "OpenRouter's answer is not a list of models.")
    return [read_model(row) for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]


def catalogue_rows(account: Account, today: date) -> list[dict[str, Any]]:
    rows = (catalogue_row(model, today) for model in _list_models(account))
    return [row for row in rows if row is not None]


# -- Requests ----------------------------------------------------------------------------------------------------------


def _build_body(request: Request) -> dict[str, Any]:
    """Raises ProviderError for options without a field at OpenRouter."""
    if request.task != Task.CREATE or request.source_id:
        raise ProviderError(ErrorKind.INVALID, f"OpenRouter cannot {request.task} clips; it only makes new ones.")
    if request.negative_prompt:
        raise ProviderError(ErrorKind.INVALID, "OpenRouter doesn't support negative prompts.")
    if request.duration != int(request.duration):
        raise ProviderError(ErrorKind.INVALID, f"OpenRouter needs whole seconds, not {request.duration} s.")
    frames = {"first_frame": request.start_frame, "last_frame": request.end_frame}
    if request.references and any(frames.values()):
        raise ProviderError(ErrorKind.INVALID, "OpenRouter supports frames or references, not both.")
    body: dict[str, Any] = {
        "model": request.model,
        "prompt": request.prompt,
        "duration": int(request.duration),
        "resolution": spell_resolution(request.resolution),
        "aspect_ratio": request.aspect_ratio,
        "frame_images": [_build_image(path) | {"frame_type": name} for name, path in frames.items() if path],
        "input_references": [_build_image(path) for path in request.references],
        "generate_audio": request.audio,
        "seed": request.seed,
    }
    return {name: value for name, value in body.items() if value not in (None, "", [])}


def _build_image(path: Path) -> dict[str, Any]:
    picture = pictures.read_picture(path)
    return {"type": "image_url", "image_url": {"url": f"data:{picture.content_type};base64,{picture.base64}"}}


# -- Calls and refusals ------------------------------------------------------------------------------------------------


@PerLoopClients
def _client(account: Account) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(**egress.async_client_options(account))


def _call(account: Account, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
    # A fresh connection each time: a POST over a kept-alive connection that has died would end as UNKNOWN.
    timeout = httpx2.Timeout(SUBMIT_SECONDS if body else POLL_SECONDS, connect=download.CONNECT_SECONDS)
    try:
        with httpx2.Client(**egress.client_options(account)) as client:
            return client.request(method, _url(account, path), json=body, headers=_headers(account), timeout=timeout)
    except httpx2.HTTPError as error:
        raise connection_error(error, service="OpenRouter", sending=body is not None) from error


def _url(account: Account, path: str) -> str:
    return (account.base_url or BASE_URL).rstrip("/") + path


def _headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {validate_key(account.key)}"}


def _refusal(account: Account, response: httpx2.Response, *, sending: bool) -> ProviderError:
    status = response.status_code
    error = _read_json(response, strict=False).get("error")
    message = one_line(_read_message(error)) or f"OpenRouter answered {status}."
    if status in (400, 403, 422) and _is_moderation(error, message):
        kind = ErrorKind.MODERATION
    elif status in KIND_BY_STATUS:
        kind = KIND_BY_STATUS[status]
    elif status == 404 and not sending:
        kind = ErrorKind.LOST
    elif 400 <= status < 500 and status != 408:
        kind = ErrorKind.INVALID
    else:
        kind = ErrorKind.UNKNOWN if sending else ErrorKind.PROVIDER
    return ProviderError(
        kind,
        name_input(message, kind, _find_flagged_input(error)),
        code=str(error.get("code") or "") if isinstance(error, dict) else "",
        request_id=response.headers.get("x-request-id", "") or response.headers.get("cf-ray", ""),
        retry_after=read_retry_after(response.headers),
    )


def _read_json(response: httpx2.Response, *, strict: bool = True) -> dict[str, Any]:
    """The answer's JSON object, or an empty one for any other body.

    If `strict`, raises ProviderError for any other body instead. Except after a POST, which may have been accepted: its
    caller raises UNKNOWN.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    if strict and response.request.method != "POST":
        raise ProviderError(ErrorKind.PROVIDER, "OpenRouter's answer could not be read.")
    return {}


def _read_message(error: object) -> str:
    # The error's message, followed by that of the provider behind OpenRouter.
    if not isinstance(error, dict):
        return error if isinstance(error, str) else ""
    metadata = _read_metadata(error)
    reasons = metadata.get("reasons")
    listed = ", ".join(str(reason) for reason in reasons) if isinstance(reasons, list) else ""
    return ": ".join(
        part for part in (error.get("message"), metadata.get("raw"), listed) if part and isinstance(part, str)
    )


def _is_moderation(error: object, message: str) -> bool:
    return not {"reasons", "flagged_input"}.isdisjoint(_read_metadata(error)) or bool(_MODERATION.search(message))


def _find_flagged_input(error: object) -> str:
    # The input that moderation rejected: a field of the request, or words of the prompt; empty if unknown.
    flagged = _read_metadata(error).get("flagged_input")
    if not isinstance(flagged, str) or not flagged:
        return ""
    return INPUTS.get(flagged) or f"“{one_line(flagged)}” in the prompt"


def _read_metadata(error: object) -> dict[str, Any]:
    metadata = error.get("metadata") if isinstance(error, dict) else None
    return metadata if isinstance(metadata, dict) else {}
