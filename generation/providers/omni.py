"""Clips from Gemini Omni, through the interactions of the official google-genai SDK.

A clip is made from text, from a start frame (and an end frame), from references, or from an earlier clip. Options without a
field are refused before anything is sent, so that no choice is silently ignored.
"""

from __future__ import annotations

import base64
import binascii
import re
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
from generation.providers.google_errors import CALL_ERRORS, as_provider_error, job_error
from generation.providers.http import PerLoopClients, validate_key

#: Fixed, so that the SDK does not read GOOGLE_GEMINI_BASE_URL and send the key to another host than the account's.
BASE_URL = "https://generativelanguage.googleapis.com"
SUBMIT_SECONDS = 170
CALL_SECONDS = 30

#: Statuses that end an interaction without a clip.
STOPPED = {
    "incomplete": (ErrorKind.PROVIDER, "Google stopped before the clip was complete."),
    "budget_exceeded": (ErrorKind.QUOTA, "The budget set at Google is used up."),
    "requires_action": (ErrorKind.PROVIDER, "Google requires an action that ImageAI does not support."),
    "requires_continuation": (ErrorKind.PROVIDER, "Google stopped and requires a request to continue."),
}
#: The name of a file, alone or in a URL of the API.
_FILE = re.compile(r"^(?:https?://[^/?#]+/(?:[^?#]*/)?)?files/([\w-]+)(?::download)?(?:[?#]|$)", re.ASCII)


def submit(account: Account, request: Request) -> str:
    fields = _build_fields(request)
    with _client(account, SUBMIT_SECONDS) as client:
        try:
            answer: Any = client.interactions.create(**fields)
        except CALL_ERRORS as error:
            raise as_provider_error(error, sending=True) from error
    remote_id = getattr(answer, "id", None)
    if not isinstance(remote_id, str) or not remote_id:
        raise ProviderError(ErrorKind.UNKNOWN, "Google's answer has no clip ID.")
    return remote_id


async def check(account: Account, remote_id: str) -> Progress:
    try:
        answer: Any = await _async_client(account).aio.interactions.get(remote_id)
    except CALL_ERRORS as error:
        raise as_provider_error(error, sending=False) from error
    return _read_progress(answer)


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    with _client(account, CALL_SECONDS) as client:
        try:
            answer: Any = client.interactions.get(remote_id)
        except CALL_ERRORS as error:
            raise as_provider_error(error, sending=False) from error
    clip = getattr(answer, "output_video", None)
    if clip is None:
        raise ProviderError(ErrorKind.PROVIDER, "Google's answer contains no clip.")
    if clip.data:
        download.save_chunks([_decode(clip.data)], destination, on_progress)
        return
    url = _build_download_url(account, clip.uri or "")
    is_own_host = egress.parse_origin(url) == egress.parse_origin(account.base_url or BASE_URL)
    # The key is sent to the account's own host only, whatever URL the answer has.
    headers = {"x-goog-api-key": account.key} if is_own_host else None
    download.save_from_url(url, destination, on_progress, headers, trusted=account.trusted)


def cancel(account: Account, remote_id: str) -> bool:
    try:
        with _client(account, CALL_SECONDS) as client:
            client.interactions.cancel(remote_id)
    except CALL_ERRORS as error:
        failure = as_provider_error(error, sending=False)
        if failure.kind == ErrorKind.INVALID:
            return False  # finished, or too late to cancel
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
        address = account.base_url or BASE_URL
        raise ProviderError(ErrorKind.INVALID, f"{address} answers, but is not the Gemini API. Check its address.")
    return f"The key works; {models[0]} is available."


# -- Requests ----------------------------------------------------------------------------------------------------------


def _build_fields(request: Request) -> dict[str, Any]:
    _refuse_unsupported(request)
    frames = [path for path in (request.start_frame, request.end_frame) if path]
    images = [_build_image(path) for path in (*frames, *request.references)]
    config: dict[str, Any] = {"video_config": {"task": _find_task(request, bool(frames))}}
    if request.seed is not None:
        config["seed"] = request.seed
    fields: dict[str, Any] = {
        "model": request.model,
        "background": True,
        "store": True,
        "input": [*images, {"type": "text", "text": request.prompt}],
        "generation_config": config,
        "response_format": {"type": "video", "delivery": "uri"} | _build_format(request),
    }
    if request.task != Task.CREATE:
        fields["previous_interaction_id"] = request.source_id
    return fields


def _find_task(request: Request, has_frames: bool) -> str:
    if request.task != Task.CREATE:
        return request.task.value
    if request.references:
        return "reference_to_video"
    return "image_to_video" if has_frames else "text_to_video"


def _build_format(request: Request) -> dict[str, str]:
    # Empty for an edit, which keeps the clip's size and length.
    if request.task == Task.EDIT:
        return {}
    duration = {"duration": f"{request.duration.normalize():f}s"}
    if request.task == Task.EXTEND:
        return duration
    return {"aspect_ratio": request.aspect_ratio, "resolution": request.resolution} | duration


def _refuse_unsupported(request: Request) -> None:
    if request.task == Task.REMIX:
        raise ProviderError(ErrorKind.INVALID, "Gemini Omni cannot remix clips; it can edit and extend them.")
    frames = request.start_frame or request.end_frame
    is_chosen = {
        "negative prompts": request.negative_prompt,
        "a choice of sound": request.audio is not None,
        "an end frame without a start frame": request.end_frame and not request.start_frame,
        "references together with frames": frames and request.references,
        "frames or references when it extends or edits": request.task != Task.CREATE and (frames or request.references),
    }
    for name, value in is_chosen.items():
        if value:
            raise ProviderError(ErrorKind.INVALID, f"Gemini Omni doesn't support {name}.")


def _build_image(path: Path) -> dict[str, str]:
    picture = pictures.read_picture(path)
    return {"type": "image", "data": picture.base64, "mime_type": picture.content_type}


# -- Answers -----------------------------------------------------------------------------------------------------------


def _read_progress(answer: Any) -> Progress:
    # An unknown status counts as running.
    status = getattr(answer, "status", None)
    if not isinstance(status, str):
        raise ProviderError(ErrorKind.PROVIDER, "Google's answer has no clip status.")
    if status == "completed":
        if answer.output_video is not None:
            return Progress(ProgressState.DONE, percent=100)
        # The model refuses with text instead of a clip, and the interaction counts as completed.
        reason = (answer.output_text or "").strip() or "Google made no clip and gave no reason."
        return Progress(ProgressState.FAILED, error=ProviderError(ErrorKind.MODERATION, reason))
    if status == "cancelled":
        return Progress(ProgressState.CANCELLED)
    if status == "failed":
        return Progress(ProgressState.FAILED, error=_read_failure(answer))
    if status in STOPPED:
        kind, message = STOPPED[status]
        return Progress(ProgressState.FAILED, error=ProviderError(kind, message, code=status))
    return Progress(ProgressState.RUNNING)


def _read_failure(answer: Any) -> ProviderError:
    errors = getattr(answer, "errors", None) or []
    first = errors[0] if isinstance(errors, list) and errors else None
    return job_error(_get(first, "code"), _get(first, "message"))


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _decode(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProviderError(ErrorKind.PROVIDER, "Google sent a clip that could not be decoded.") from error


def _build_download_url(account: Account, uri: str) -> str:
    # A file of the API is fetched through the account's own host, as the SDK's `files.download` does: behind a gateway the
    # answer still names the vendor's host, which doesn't know the gateway's key.
    if file := _FILE.search(uri):
        version = account.option("api_version", "v1beta")
        return f"{(account.base_url or BASE_URL).rstrip('/')}/{version}/files/{file[1]}:download?alt=media"
    if uri.startswith(("http://", "https://")):
        return uri
    raise ProviderError(ErrorKind.PROVIDER, "Google's answer has no URL to download the clip from.")


# -- Clients -----------------------------------------------------------------------------------------------------------


def _client(account: Account, seconds: float) -> genai.Client:
    # A client without retries.
    if not validate_key(account.key):
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


@PerLoopClients
def _async_client(account: Account) -> genai.Client:
    return _client(account, CALL_SECONDS)
