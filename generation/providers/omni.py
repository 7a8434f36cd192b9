"""Clips from Gemini Omni, by the official google-genai SDK and its interactions.

A clip is made from text, from a start frame (and an end frame), from references, or from an earlier clip. Options that it has
no field for are refused here, so that no choice is silently dropped.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google import genai
from google.genai import types

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
from generation.providers.google_errors import CALL_ERRORS, as_provider_error, failed_later
from generation.providers.http import OnePerLoop, checked_key

#: Fixed, so that the SDK does not read GOOGLE_GEMINI_BASE_URL and send the key to another host than the account's.
BASE_URL = "https://generativelanguage.googleapis.com"
SUBMIT_SECONDS = 170
CALL_SECONDS = 30

STOPPED = {
    "incomplete": (ErrorKind.PROVIDER, "Google stopped before the clip was complete."),
    "budget_exceeded": (ErrorKind.QUOTA, "The budget set at Google is used up."),
    "requires_action": (ErrorKind.PROVIDER, "Google wants something done first that cannot be done here."),
    "requires_continuation": (ErrorKind.PROVIDER, "Google stopped and wants to be asked to go on."),
}


def submit(account: Account, request: Request) -> str:
    fields = _fields(request)
    with _client(account, SUBMIT_SECONDS) as client:
        try:
            answer: Any = client.interactions.create(**fields)
        except CALL_ERRORS as error:
            raise as_provider_error(error, sending=True) from error
    remote_id = getattr(answer, "id", None)
    if not isinstance(remote_id, str) or not remote_id:
        raise ProviderError(ErrorKind.UNKNOWN, "Google answered with something that names no clip.")
    return remote_id


async def check(account: Account, remote_id: str) -> Progress:
    try:
        answer: Any = await _async_client(account).aio.interactions.get(remote_id)
    except CALL_ERRORS as error:
        raise as_provider_error(error, sending=False) from error
    return _progress(answer)


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    with _client(account, CALL_SECONDS) as client:
        try:
            answer: Any = client.interactions.get(remote_id)
        except CALL_ERRORS as error:
            raise as_provider_error(error, sending=False) from error
    clip = getattr(answer, "output_video", None)
    if clip is None:
        raise ProviderError(ErrorKind.PROVIDER, "Google's answer holds no clip.")
    if clip.data:
        download.save_chunks([_decoded(clip.data)], destination, on_progress)
        return
    url = _download_address(account, clip.uri or "")
    ours = egress.parse_origin(url) == egress.parse_origin(account.base_url or BASE_URL)
    # The key goes to the account's host only, whatever URL an answer names.
    headers = {"x-goog-api-key": account.key} if ours else None
    download.save_from_url(url, destination, on_progress, headers, trusted=account.trusted)


def cancel(account: Account, remote_id: str) -> bool:
    try:
        with _client(account, CALL_SECONDS) as client:
            client.interactions.cancel(remote_id)
    except CALL_ERRORS as error:
        failure = as_provider_error(error, sending=False)
        if failure.kind == ErrorKind.INVALID:
            return False  # it is over, or past the point of cancelling
        raise failure from error
    return True


def delete(account: Account, remote_id: str) -> None:
    try:
        with _client(account, CALL_SECONDS) as client:
            client.interactions.delete(remote_id)
    except CALL_ERRORS as error:
        raise as_provider_error(error, sending=False) from error


def test(account: Account, models: Sequence[str]) -> str:
    with _client(account, CALL_SECONDS) as client:
        try:
            model = client.models.get(model=models[0])
        except CALL_ERRORS as error:
            raise as_provider_error(error, sending=False) from error
    if models[0] not in (model.name or ""):
        where = account.base_url or BASE_URL
        raise ProviderError(ErrorKind.INVALID, f"{where} answers, but not as Gemini does. Check its address.")
    return f"The key works and {models[0]} can be had."


# -- What is sent ------------------------------------------------------------------------------------------------------


def _fields(request: Request) -> dict[str, Any]:
    _refuse_what_has_no_field(request)
    frames = [path for path in (request.start_frame, request.end_frame) if path]
    shown = [_picture(path) for path in (*frames, *request.references)]
    config: dict[str, Any] = {"video_config": {"task": _task(request, bool(frames))}}
    if request.seed is not None:
        config["seed"] = request.seed
    fields: dict[str, Any] = {
        "model": request.model,
        "background": True,
        "store": True,
        "input": [*shown, {"type": "text", "text": request.prompt}],
        "generation_config": config,
        "response_format": {"type": "video", "delivery": "uri"} | _format(request),
    }
    if request.task != Task.CREATE:
        fields["previous_interaction_id"] = request.source_id
    return fields


def _task(request: Request, has_frames: bool) -> str:
    if request.task != Task.CREATE:
        return request.task.value
    if request.references:
        return "reference_to_video"
    return "image_to_video" if has_frames else "text_to_video"


def _format(request: Request) -> dict[str, str]:
    """Nothing for an edit: the clip keeps its size and length."""
    if request.task == Task.EDIT:
        return {}
    duration = {"duration": f"{request.duration.normalize():f}s"}
    if request.task == Task.EXTEND:
        return duration
    return {"aspect_ratio": request.aspect_ratio, "resolution": request.resolution} | duration


def _refuse_what_has_no_field(request: Request) -> None:
    if request.task == Task.REMIX:
        raise ProviderError(ErrorKind.INVALID, "Gemini Omni cannot remix a clip (task); it can edit and extend.")
    frames = request.start_frame or request.end_frame
    chosen = {
        "negative prompt": request.negative_prompt,
        "choice of sound": request.audio is not None,
        "end frame without a start frame": request.end_frame and not request.start_frame,
        "references beside frames": frames and request.references,
        "pictures for a clip made from another": request.task != Task.CREATE and (frames or request.references),
    }
    for name, value in chosen.items():
        if value:
            raise ProviderError(ErrorKind.INVALID, f"Gemini Omni takes no {name}.")


def _picture(path: Path) -> dict[str, str]:
    picture = pictures.read(path)
    return {"type": "image", "data": picture.base64, "mime_type": picture.content_type}


# -- What comes --------------------------------------------------------------------------------------------------------


def _progress(answer: Any) -> Progress:
    """An unknown status counts as running."""
    status = getattr(answer, "status", None)
    if not isinstance(status, str):
        raise ProviderError(ErrorKind.PROVIDER, "Google answered with something that is no clip's status.")
    if status == "completed":
        if answer.output_video is not None:
            return Progress(ProgressState.DONE, percent=100)
        # A refusal is a completed answer in words.
        words = (answer.output_text or "").strip() or "Google made no clip and gave no reason."
        return Progress(ProgressState.FAILED, error=ProviderError(ErrorKind.MODERATION, words))
    if status == "cancelled":
        return Progress(ProgressState.CANCELLED)
    if status == "failed":
        return Progress(ProgressState.FAILED, error=_failure(answer))
    if status in STOPPED:
        kind, words = STOPPED[status]
        return Progress(ProgressState.FAILED, error=ProviderError(kind, words, code=status))
    return Progress(ProgressState.RUNNING)


def _failure(answer: Any) -> ProviderError:
    errors = getattr(answer, "errors", None) or []
    first = errors[0] if isinstance(errors, list) and errors else None
    return failed_later(_part(first, "code"), _part(first, "message"))


def _part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProviderError(ErrorKind.PROVIDER, "Google sent a clip that cannot be read.") from error


def _download_address(account: Account, uri: str) -> str:
    if uri.startswith(("http://", "https://")):
        return uri
    if uri.startswith("files/"):
        version = account.option("api_version", "v1beta")
        return f"{account.base_url or BASE_URL}/{version}/{uri.removesuffix(':download')}:download?alt=media"
    raise ProviderError(ErrorKind.PROVIDER, "Google's answer names no address to fetch the clip from.")


# -- Clients -----------------------------------------------------------------------------------------------------------


def _client(account: Account, seconds: float) -> genai.Client:
    """A client without retries."""
    if not checked_key(account.key):
        raise ProviderError(ErrorKind.AUTH, "A key is needed.")
    options = types.HttpOptions(
        base_url=account.base_url or BASE_URL,
        api_version=account.option("api_version", "v1beta"),
        timeout=int(seconds * 1000),
        retry_options=types.HttpRetryOptions(attempts=1),
        client_args={"follow_redirects": False} | egress.client_options(account),
        async_client_args={"follow_redirects": False} | egress.async_client_options(account),
    )
    return genai.Client(vertexai=False, api_key=account.key, http_options=options)


@OnePerLoop
def _async_client(account: Account) -> genai.Client:
    return _client(account, CALL_SECONDS)
