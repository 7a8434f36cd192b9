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

from generation.providers import answers, download, egress, google_errors, pictures
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
from generation.providers.bounds import ANSWER_BYTES, INLINE_CLIP_BYTES, Answer, Bounds
from generation.providers.google_errors import job_error
from generation.providers.http import PerLoopClients, one_line, validate_key

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
        answer = google_errors.call(lambda: client.interactions.create(**fields), sending=True)
    return google_errors.require_remote_id(answer, "id")


async def check(account: Account, remote_id: str) -> Progress:
    answer = await google_errors.call_async(lambda: _async_client(account).aio.interactions.get(remote_id))
    return _read_progress(_read_interaction(answer))


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    with _client(account, CALL_SECONDS, INLINE_CLIP_BYTES) as client:
        answer = google_errors.call(lambda: client.interactions.get(remote_id))
    clip = _find_clip(_read_interaction(answer))
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
            google_errors.call(lambda: client.interactions.cancel(remote_id))
    except ProviderError as error:
        if error.kind == ErrorKind.INVALID:
            return False  # finished, or too late to cancel
        raise
    return True


def delete(account: Account, remote_id: str) -> None:
    with _client(account, CALL_SECONDS) as client:
        google_errors.call(lambda: client.interactions.delete(remote_id))


def test(account: Account, models: Sequence[str]) -> str:
    with _client(account, CALL_SECONDS) as client:
        answer = google_errors.call(lambda: client.models.get(model=models[0]))
    if models[0] not in answers.as_text(answers.parse_object(answer).get("name")):
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


class _Part(answers.Shape):
    type: answers.Word
    text: answers.Loose[answers.Text] = None
    uri: answers.Loose[answers.Url] = None
    data: answers.Loose[str] = None


class _Step(answers.Shape):
    content: list[Any]


class _Interaction(answers.Shape):
    status: answers.Word
    steps: answers.Loose[list[Any]] = None
    errors: answers.Loose[list[Any]] = None

    def parts(self, kind: str) -> list[_Part]:
        steps = answers.read_each(self.steps, _Step)
        return [part for step in steps for part in answers.read_each(step.content, _Part) if part.type == kind]


def _read_interaction(answer: Answer) -> _Interaction:
    return answers.read(answer, _Interaction, "Google")


def _find_clip(interaction: _Interaction) -> _Part | None:
    clips = interaction.parts("video")
    return clips[-1] if clips else None


def _read_progress(interaction: _Interaction) -> Progress:
    # An unknown status counts as running.
    status = interaction.status
    if status == "completed":
        if _find_clip(interaction):
            return Progress(ProgressState.DONE, percent=100)
        # The model refuses with text instead of a clip, and the interaction counts as completed.
        said = "".join(part.text or "" for part in interaction.parts("text"))
        reason = one_line(said) or "Google made no clip and gave no reason."
        return Progress(ProgressState.FAILED, error=ProviderError(ErrorKind.MODERATION, reason))
    if status == "cancelled":
        return Progress(ProgressState.CANCELLED)
    if status == "failed":
        first = interaction.errors[0] if interaction.errors else None
        details = first if isinstance(first, dict) else {}
        return Progress(ProgressState.FAILED, error=job_error(details.get("code"), details.get("message")))
    if status in STOPPED:
        kind, message = STOPPED[status]
        return Progress(ProgressState.FAILED, error=ProviderError(kind, message, code=status))
    return Progress(ProgressState.RUNNING)


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


def _client(account: Account, seconds: float, decoded_bytes: int = ANSWER_BYTES) -> genai.Client:
    # A client without retries.
    limits = Bounds(seconds, decoded_bytes)
    if not validate_key(account.key):
        raise ProviderError(ErrorKind.AUTH, "A key is needed.")
    options = types.HttpOptions(
        base_url=account.base_url or BASE_URL,
        api_version=account.option("api_version", "v1beta"),
        timeout=int(seconds * 1000),
        retry_options=types.HttpRetryOptions(attempts=1),
        client_args={"follow_redirects": False} | egress.client_options(account, limits),
        async_client_args={"follow_redirects": False} | egress.async_client_options(account, limits),
    )
    return genai.Client(vertexai=False, api_key=account.key, http_options=options)


@PerLoopClients
def _async_client(account: Account) -> genai.Client:
    # Hosts that a team did not choose may send the clip with the status.
    is_teams_server = account.public_only and account.base_url
    return _client(account, CALL_SECONDS, ANSWER_BYTES if is_teams_server else INLINE_CLIP_BYTES)
