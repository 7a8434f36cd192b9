"""Clips from Veo on Google Cloud, through the official google-genai SDK with Google credentials.

A clip's id is the name of its operation. A finished clip is in the answer, or in the account's bucket. Options without a
field are refused before anything is sent.
"""

from __future__ import annotations

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

from generation.providers import download, egress, pictures, redaction
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
from generation.providers.http import PerLoopClients
from generation.providers.service_accounts import SCOPE, read_credentials

STORAGE_URL = "https://storage.googleapis.com"
SUBMIT_SECONDS = 170
CALL_SECONDS = 30
#: The only resolution that Veo extends.
EXTENDS = "720p"


def submit(account: Account, request: Request) -> str:
    source, config = _build_source(account, request), _build_config(account, request)
    with _client(account, SUBMIT_SECONDS) as client:
        try:
            operation = client.models.generate_videos(model=request.model, source=source, config=config)
        except CALL_ERRORS as error:
            raise as_provider_error(error, sending=True) from error
    if not operation.name:
        raise ProviderError(ErrorKind.UNKNOWN, "Google's answer has no clip ID.")
    return operation.name


async def check(account: Account, remote_id: str) -> Progress:
    try:
        operation = await _async_client(account).aio.operations.get(
            types.GenerateVideosOperation.model_validate({"name": remote_id})
        )
    except CALL_ERRORS as error:
        raise as_provider_error(error, sending=False) from error
    return _read_progress(operation)


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    clip = _load_clip(account, remote_id)
    if clip.video_bytes:
        download.save_chunks([clip.video_bytes], destination, on_progress)
        return
    bucket, _, name = (clip.uri or "").removeprefix("gs://").partition("/")
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
        try:
            model = client.models.get(model=models[0])
        except CALL_ERRORS as error:
            raise as_provider_error(error, sending=False) from error
    if models[0] not in (model.name or ""):
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
    if not clip.uri:
        message = "Veo extends only clips in a bucket. Set GOOGLE_VEO_OUTPUT_GCS_URI, then generate the clip again."
        raise ProviderError(ErrorKind.INVALID, message)
    return types.GenerateVideosSource(
        prompt=request.prompt, video=types.Video(uri=clip.uri, mime_type=clip.mime_type or "video/mp4")
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


def _read_progress(operation: Any) -> Progress:
    if not isinstance(operation, types.GenerateVideosOperation) or not operation.name:
        raise ProviderError(ErrorKind.PROVIDER, "Google's answer is not an operation.")
    if not operation.done:
        return Progress(ProgressState.RUNNING)
    if operation.error:
        return Progress(
            ProgressState.FAILED, error=job_error(operation.error.get("code"), operation.error.get("message"))
        )
    response = operation.response
    if response and response.generated_videos:
        return Progress(ProgressState.DONE, percent=100)
    # Without an error and without a clip, the safety filter removed it.
    reasons = " ".join((response.rai_media_filtered_reasons if response else None) or [])
    message = reasons or "Google filtered out the clip and gave no reason."
    return Progress(ProgressState.FAILED, error=ProviderError(ErrorKind.MODERATION, message))


def _load_clip(account: Account, remote_id: str) -> types.Video:
    with _client(account, CALL_SECONDS) as client:
        try:
            operation = client.operations.get(types.GenerateVideosOperation.model_validate({"name": remote_id}))
        except CALL_ERRORS as error:
            raise as_provider_error(error, sending=False) from error
    videos = operation.response.generated_videos if operation.response else None
    if not videos or videos[0].video is None:
        raise ProviderError(ErrorKind.PROVIDER, "Google's answer contains no clip.")
    return videos[0].video


# -- Clients -----------------------------------------------------------------------------------------------------------


def _client(account: Account, seconds: float) -> genai.Client:
    # A client without retries.
    options = types.HttpOptions(
        base_url=account.base_url or None,
        timeout=int(seconds * 1000),
        retry_options=types.HttpRetryOptions(attempts=1),
        client_args={"follow_redirects": False} | egress.client_options(account),
        async_client_args={"follow_redirects": False} | egress.async_client_options(account),
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
    return _client(account, CALL_SECONDS)


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
