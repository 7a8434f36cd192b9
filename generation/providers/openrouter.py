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

from generation.providers import answers, download, egress, pictures
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
from generation.providers.bounds import Answer, Bounds, record
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
from generation.providers.openrouter_models import (
    ListedModel,
    Listing,
    LiveModel,
    catalogue_row,
    read_model,
    spell_resolution,
)
from generation.providers.statuses import is_gone, read_state

BASE_URL = "https://openrouter.ai/api/v1"
SUBMIT_SECONDS = 180
POLL_SECONDS = 30

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
    answer = _call(account, "POST", "/videos", body=_build_body(request))
    if remote_id := answers.read_remote_id(answer):
        return remote_id
    if answer.failure:
        raise connection_error(answer.failure, service="OpenRouter", sending=True)
    raise ProviderError(ErrorKind.UNKNOWN, "OpenRouter's answer has no clip ID.")


class _Usage(answers.Shape):
    cost: answers.Loose[answers.Dollars] = None


class _Clip(answers.Shape):
    id: answers.Loose[answers.RemoteId] = None
    status: answers.Word
    usage: answers.Loose[_Usage] = None
    error: Any = None
    unsigned_urls: answers.Loose[list[Any]] = None


async def check(account: Account, remote_id: str) -> Progress:
    try:
        with record() as answer:
            await _client(account).get(
                _url(account, f"/videos/{quote(remote_id, safe='')}"), headers=_headers(account), timeout=POLL_SECONDS
            )
    except httpx2.HTTPError as error:
        raise connection_error(error, service="OpenRouter", sending=False) from error
    if declined := _find_moderation(answer):
        return Progress(ProgressState.FAILED, error=declined)
    clip = answers.read(_require_success(answer), _Clip, "OpenRouter")
    cost, was_lost, state = (
        clip.usage.cost if clip.usage else None,
        is_gone(clip.status),
        read_state(clip.status, names_clip=clip.id is not None),
    )
    if state == ProgressState.RUNNING:
        return Progress(state)
    if was_lost and cost is None:
        raise ProviderError(
            ErrorKind.LOST, f"The clip is {clip.status} at OpenRouter, which did not report the charge."
        )
    if state != ProgressState.FAILED:
        return Progress(state, percent=100 if state == ProgressState.DONE else 0, cost=cost)
    default = f"The clip is {clip.status} at OpenRouter." if was_lost else "OpenRouter gave no reason."
    message = one_line(_read_message(clip.error)) or default
    is_moderation = not was_lost and _is_moderation(clip.error, message)
    kind = ErrorKind.MODERATION if is_moderation else ErrorKind.PROVIDER
    message = name_input(message, kind, _find_flagged_input(clip.error))
    return Progress(state, error=ProviderError(kind, message, code=clip.status), cost=cost)


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    """From the content endpoint, then from the first address that the clip itself names."""
    download.save_from_first(
        lambda: _download_content(account, remote_id, destination, on_progress),
        lambda: _download_named(account, remote_id, destination, on_progress),
    )


def _download_named(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    clip = answers.read(_call(account, "GET", f"/videos/{quote(remote_id, safe='')}"), _Clip, "OpenRouter")
    url = answers.as_text(next(iter(clip.unsigned_urls or []), ""))
    if not url.startswith(("http://", "https://")):
        raise ProviderError(ErrorKind.PROVIDER, "OpenRouter names no address of the clip.")
    # Without the key, unless the address is OpenRouter's own.
    headers = _headers(account) if url.startswith(_url(account, "/")) else None
    download.save_from_url(url, destination, on_progress, headers, trusted=account.trusted)


def _download_content(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    url = _url(account, f"/videos/{quote(remote_id, safe='')}/content")
    try:
        with (
            record() as answer,
            httpx2.Client(**egress.client_options(account, download.bounds())) as client,
            client.stream(
                "GET", url, params={"index": 0}, headers=_headers(account), timeout=download.TIMEOUT
            ) as response,
        ):
            if response.is_success:
                download.save_chunks(response.iter_bytes(), destination, on_progress, read_length(response.headers))
    except httpx2.HTTPError as error:
        raise connection_error(error, service="OpenRouter", sending=False) from error
    if answer.status:  # recorded for a refusal only
        raise _refusal(answer, sending=False)


class _KeyDetails(answers.Shape):
    limit_remaining: answers.Loose[answers.Dollars] = None


class _Key(answers.Shape):
    data: answers.Loose[_KeyDetails] = None


def test(account: Account, models: Sequence[str]) -> str:
    key = answers.read(_call(account, "GET", "/key"), _Key, "OpenRouter").data
    left = key.limit_remaining if key else None
    rest = f" ${left:.2f} of the key's limit left." if left is not None else ""
    return f"The key works; {len(_list_models(account))} video models are available.{rest}"


def _list_models(account: Account) -> list[LiveModel]:
    """The video models on offer now. Raises ProviderError."""
    listing = answers.read(_call(account, "GET", "/videos/models"), Listing, "OpenRouter")
    return [read_model(row) for row in answers.read_each(listing.data, ListedModel)]


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
    return httpx2.AsyncClient(**egress.async_client_options(account, Bounds(POLL_SECONDS)))


def _call(account: Account, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
    """A success. Raises ProviderError for anything else, and without a `body` for an answer that broke off."""
    # A fresh connection each time: a POST over a kept-alive connection that has died would end as UNKNOWN.
    seconds = SUBMIT_SECONDS if body else POLL_SECONDS
    timeout = httpx2.Timeout(seconds, connect=download.CONNECT_SECONDS)
    try:
        with record() as answer, httpx2.Client(**egress.client_options(account, Bounds(seconds))) as client:
            client.request(method, _url(account, path), json=body, headers=_headers(account), timeout=timeout)
    except httpx2.HTTPError as error:
        raise connection_error(error, service="OpenRouter", sending=body is not None) from error
    return _require_success(answer, sending=body is not None)


def _require_success(answer: Answer, *, sending: bool = False) -> Answer:
    if not answer.is_success:
        raise _refusal(answer, sending=sending)
    if answer.failure and not sending:
        raise connection_error(answer.failure, service="OpenRouter", sending=False)
    return answer


def _url(account: Account, path: str) -> str:
    return (account.base_url or BASE_URL).rstrip("/") + path


def _headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {validate_key(account.key)}"}


def _refusal(answer: Answer, *, sending: bool) -> ProviderError:
    status = answer.status
    error = answers.parse_object(answer).get("error")
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
        code=answers.as_text(error.get("code")) if isinstance(error, dict) else "",
        request_id=answer.headers.get("x-request-id", "") or answer.headers.get("cf-ray", ""),
        retry_after=read_retry_after(answer.headers, error),
    )


def _find_moderation(answer: Answer) -> ProviderError | None:
    # Only with OpenRouter's own details: firewalls block requests too, and the clip may be paid for.
    error = None if answer.is_success else answers.parse_object(answer).get("error")
    return _refusal(answer, sending=False) if answer.status in (400, 403, 422) and _has_flags(error) else None


def _read_message(error: object) -> str:
    # The error's message, followed by that of the provider behind OpenRouter.
    if not isinstance(error, dict):
        return error if isinstance(error, str) else ""
    metadata = _read_metadata(error)
    reasons = metadata.get("reasons")
    listed = ", ".join(map(answers.as_text, reasons[:20])) if isinstance(reasons, list) else ""
    return ": ".join(
        part for part in (error.get("message"), metadata.get("raw"), listed) if part and isinstance(part, str)
    )


def _is_moderation(error: object, message: str) -> bool:
    return _has_flags(error) or bool(_MODERATION.search(message))


def _has_flags(error: object) -> bool:
    return not {"reasons", "flagged_input"}.isdisjoint(_read_metadata(error))


def _find_flagged_input(error: object) -> str:
    # The input that moderation rejected: a field of the request, or words of the prompt; empty if unknown.
    flagged = _read_metadata(error).get("flagged_input")
    if not isinstance(flagged, str) or not flagged:
        return ""
    return INPUTS.get(flagged) or f"“{one_line(flagged)}” in the prompt"


def _read_metadata(error: object) -> dict[str, Any]:
    metadata = error.get("metadata") if isinstance(error, dict) else None
    return metadata if isinstance(metadata, dict) else {}
