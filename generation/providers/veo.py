"""Clips from Veo on Google Cloud, through the official google-genai SDK with Google credentials.

A clip's id is the name of its operation. A finished clip is in the answer, or in the account's bucket. Options without a
field are refused before anything is sent.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import google.auth
from google import genai
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request as AuthRequest
from google.genai import types
from google.oauth2.credentials import Credentials as TokenCredentials

from generation.providers import answers, download, egress, google_errors, pictures, redaction
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
from generation.providers.bounds import ANSWER_BYTES, INLINE_CLIP_BYTES, Bounds
from generation.providers.google_errors import as_provider_error, job_error
from generation.providers.http import PerLoopClients, one_line
from generation.providers.service_accounts import SCOPE, read_credentials

STORAGE_URL = "https://storage.googleapis.com"
SUBMIT_SECONDS = 170
CALL_SECONDS = 30
#: The only resolution that Veo extends.
EXTENDS = "720p"


def submit(account: Account, request: Request) -> str:
    source, config = _build_source(account, request), _build_config(account, request)
    with _client(account, SUBMIT_SECONDS) as client:
        answer = google_errors.call(
            lambda: client.models.generate_videos(model=request.model, source=source, config=config), sending=True
        )
    return google_errors.require_remote_id(answer, "name")


async def check(account: Account, remote_id: str) -> Progress:
    operation = types.GenerateVideosOperation.model_validate({"name": remote_id})
    answer = await google_errors.call_async(lambda: _async_client(account).aio.operations.get(operation))
    return _read_progress(answers.read(answer, _Operation, "Google"))


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    clip = _load_clip(account, remote_id)
    if clip.bytesBase64Encoded:
        download.save_chunks([_decode(clip.bytesBase64Encoded)], destination, on_progress)
        return
    bucket, _, name = (clip.gcsUri or "").removeprefix("gs://").partition("/")
    if not name:
        raise ProviderError(ErrorKind.PROVIDER, "Google's answer has no URL to download the clip from.")
    root = account.option("storage_url") or STORAGE_URL
    url = f"{root}/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}?alt=media"
    headers = {"Authorization": f"Bearer {_token(account)}"}
    download.save_from_url(
        url, destination, on_progress, headers, trusted="" if account.public_only else egress.parse_host(root)
    )


def test(account: Account, models: Sequence[str]) -> str:
    with _client(account, CALL_SECONDS) as client:
        answer = google_errors.call(lambda: client.models.get(model=models[0]))
    if models[0] not in answers.as_text(answers.parse_object(answer).get("name")):
        raise ProviderError(ErrorKind.INVALID, "The server answers, but is not Google Cloud. Check its address.")
    return f"The credentials work for the project {account.option('project')}; {models[0]} is available."


# -- Requests ----------------------------------------------------------------------------------------------------------


def _build_source(account: Account, request: Request) -> types.GenerateVideosSource:
    if request.task == Task.CREATE:
        image = _build_image(request.start_frame) if request.start_frame else None
        return types.GenerateVideosSource(prompt=request.prompt, image=image)
    if request.task != Task.EXTEND:
        raise ProviderError(ErrorKind.INVALID, f"Veo cannot {request.task} clips; it can extend them.")
    if request.resolution != EXTENDS:
        raise ProviderError(ErrorKind.INVALID, f"Veo extends clips in {EXTENDS} only, not in {request.resolution}.")
    clip = _load_clip(account, request.source_id)
    if not clip.gcsUri:
        message = "Veo extends only clips in a bucket. Set GOOGLE_VEO_OUTPUT_GCS_URI, then generate the clip again."
        raise ProviderError(ErrorKind.INVALID, message)
    return types.GenerateVideosSource(
        prompt=request.prompt, video=types.Video(uri=clip.gcsUri, mime_type=clip.mimeType or "video/mp4")
    )


def _build_config(account: Account, request: Request) -> types.GenerateVideosConfig:
    if request.references and (request.start_frame or request.end_frame):
        raise ProviderError(ErrorKind.INVALID, "Veo supports frames or references, not both.")
    if request.end_frame and not request.start_frame:
        raise ProviderError(ErrorKind.INVALID, "Veo supports an end frame only with a start frame.")
    if request.duration != int(request.duration):
        raise ProviderError(ErrorKind.INVALID, f"Veo needs whole seconds, not {request.duration} s.")
    return types.GenerateVideosConfig(
        number_of_videos=1,
        duration_seconds=int(request.duration),
        aspect_ratio=request.aspect_ratio,
        resolution=request.resolution,
        negative_prompt=request.negative_prompt or None,
        seed=request.seed,
        generate_audio=request.audio,
        person_generation=account.option("person_generation") or None,
        last_frame=_build_image(request.end_frame) if request.end_frame else None,
        reference_images=[
            types.VideoGenerationReferenceImage(
                image=_build_image(path), reference_type=types.VideoGenerationReferenceType.ASSET
            )
            for path in request.references
        ]
        or None,
        output_gcs_uri=account.option("output_gcs_uri") or None,
    )


def _build_image(path: Path) -> types.Image:
    picture = pictures.read_picture(path)
    return types.Image(image_bytes=picture.data, mime_type=picture.content_type)


# -- Answers -----------------------------------------------------------------------------------------------------------


class _Clip(answers.Shape):
    gcsUri: answers.Loose[answers.Url] = None
    bytesBase64Encoded: answers.Loose[str] = None
    mimeType: answers.Loose[answers.Word] = None


class _Response(answers.Shape):
    videos: answers.Loose[list[Any]] = None
    raiMediaFilteredReasons: answers.Loose[list[Any]] = None


class _Operation(answers.Shape):
    name: answers.RemoteId
    done: answers.Loose[bool] = None
    error: answers.Loose[dict[str, Any]] = None
    response: answers.Loose[_Response] = None

    def find_clip(self) -> _Clip | None:
        return next(answers.read_each(self.response.videos if self.response else None, _Clip), None)


def _read_progress(operation: _Operation) -> Progress:
    if not operation.done:
        return Progress(ProgressState.RUNNING)
    if operation.error:
        return Progress(
            ProgressState.FAILED, error=job_error(operation.error.get("code"), operation.error.get("message"))
        )
    if operation.find_clip():
        return Progress(ProgressState.DONE, percent=100)
    # Without an error and without a clip, the safety filter removed it.
    listed = operation.response.raiMediaFilteredReasons if operation.response else None
    reasons = one_line(" ".join(answers.as_text(reason) for reason in listed or []))
    message = reasons or "Google filtered out the clip and gave no reason."
    return Progress(ProgressState.FAILED, error=ProviderError(ErrorKind.MODERATION, message))


def _load_clip(account: Account, remote_id: str) -> _Clip:
    operation = types.GenerateVideosOperation.model_validate({"name": remote_id})
    with _client(account, CALL_SECONDS, INLINE_CLIP_BYTES) as client:
        answer = google_errors.call(lambda: client.operations.get(operation))
    clip = answers.read(answer, _Operation, "Google").find_clip()
    if clip is None:
        raise ProviderError(ErrorKind.PROVIDER, "Google's answer contains no clip.")
    return clip


def _decode(data: str) -> bytes:
    try:
        return base64.b64decode(data)
    except (binascii.Error, ValueError) as error:
        raise ProviderError(ErrorKind.PROVIDER, "Google sent a clip that could not be decoded.") from error


# -- Clients -----------------------------------------------------------------------------------------------------------


def _client(account: Account, seconds: float, decoded_bytes: int = ANSWER_BYTES) -> genai.Client:
    # A client without retries.
    limits = Bounds(seconds, decoded_bytes)
    options = types.HttpOptions(
        base_url=account.base_url or None,
        timeout=int(seconds * 1000),
        retry_options=types.HttpRetryOptions(attempts=1),
        client_args={"follow_redirects": False} | egress.client_options(account, limits),
        async_client_args={"follow_redirects": False} | egress.async_client_options(account, limits),
    )
    return genai.Client(
        vertexai=True,
        project=account.option("project"),
        location=account.option("location", "us-central1"),
        credentials=_credentials(account),
        http_options=options,
    )


@PerLoopClients
def _async_client(account: Account) -> genai.Client:
    return _client(account, CALL_SECONDS, INLINE_CLIP_BYTES)


def _credentials(account: Account) -> Credentials:
    if account.key.lstrip().startswith("{"):
        return read_credentials(account.key)
    if account.key or account.public_only:  # a team must never use the operator's credentials
        return TokenCredentials(token=account.key)
    try:
        credentials, _ = google.auth.default(scopes=[SCOPE])
    except GoogleAuthError as error:
        message = "No Google credentials found. Set GOOGLE_APPLICATION_CREDENTIALS to a service account's key file."
        raise ProviderError(ErrorKind.AUTH, message) from error
    return credentials


def _token(account: Account) -> str:
    credentials = _credentials(account)
    try:
        if not credentials.valid and not isinstance(credentials, TokenCredentials):
            credentials.refresh(AuthRequest())
    except GoogleAuthError as error:
        raise as_provider_error(error, sending=False) from error
    redaction.remember(str(credentials.token))
    return str(credentials.token)
