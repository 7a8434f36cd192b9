"""Clips from servers of the /v1/videos protocol, by the official OpenAI SDK.

Servers differ; the account's abilities say what this server does. Options that it has no field for are refused here, so that
no choice is silently dropped.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from openai import APIStatusError, AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI, OpenAIError
from openai.types import Video

from generation.providers import download, egress, pictures
from generation.providers.base import (
    Ability,
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
from generation.providers.http import OnePerLoop, checked_key, expected_bytes
from generation.providers.openai_errors import as_provider_error, job_error

#: Fixed, so that the SDK does not read OPENAI_BASE_URL and send the key to another host than the account's.
BASE_URL = "https://api.openai.com/v1"
SUBMIT_SECONDS = 170
CALL_SECONDS = 30
#: Clocks differ: a clip may look a little older than the request that made it.
CLOCK_SECONDS = 120
LISTED = 100

OVER = {
    "completed": ProgressState.DONE,
    "failed": ProgressState.FAILED,
    "cancelled": ProgressState.CANCELLED,
    "canceled": ProgressState.CANCELLED,
}
NEEDED_ABILITY = {Task.REMIX: Ability.REMIX, Task.EXTEND: Ability.EXTEND, Task.EDIT: Ability.EDIT}


def submit(account: Account, request: Request) -> str:
    send = _sending(account, request)
    try:
        # A fresh connection: a POST over a kept-alive connection that died ends as UNKNOWN.
        with _client(account, SUBMIT_SECONDS) as client, _despite_retirement():
            answer = send(client)
    except (OpenAIError, ValueError) as error:
        raise as_provider_error(error, sending=True) from error
    # The SDK does not validate: a page, or JSON of another shape, comes back as if it were a clip.
    remote_id = getattr(answer, "id", None)
    if not isinstance(remote_id, str) or not remote_id:
        raise ProviderError(ErrorKind.UNKNOWN, "The server answered with something that names no clip.")
    return remote_id


async def check(account: Account, remote_id: str) -> Progress:
    try:
        with _despite_retirement():
            asking = _async_client(account).videos.retrieve(remote_id)
        answer: object = await asking
    except (OpenAIError, ValueError) as error:
        # vLLM-Omni reports a failed job as an HTTP error whose body is the job.
        if isinstance(error, APIStatusError) and (job := _job_in(error)):
            return _progress(job)
        raise as_provider_error(error, sending=False) from error
    if not isinstance(answer, Video) or not isinstance(answer.status, str):
        raise ProviderError(ErrorKind.PROVIDER, "The server answered with something that is no clip.")
    return _progress(answer.to_dict())


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    """From the URL that the job names, else from the content endpoint. The URL expires, so each call asks for a new one."""
    with _client(account, CALL_SECONDS) as client:
        if url := _own_address(client, remote_id):
            download.save_from_url(url, destination, on_progress, trusted=account.trusted)
        else:
            _save_content(client, remote_id, destination, on_progress)


def thumbnail(account: Account, remote_id: str) -> bytes:
    with _client(account, CALL_SECONDS) as client, _despite_retirement():
        try:
            return client.videos.download_content(remote_id, variant="thumbnail").read()
        except (OpenAIError, ValueError) as error:
            raise as_provider_error(error, sending=False) from error


def find(account: Account, request: Request, since: datetime, known: frozenset[str]) -> str | None:
    earliest = since - timedelta(seconds=CLOCK_SECONDS)
    size, seconds = f"{request.width}x{request.height}", _seconds(request)
    with _client(account, CALL_SECONDS) as client:
        made = [
            clip
            for clip in _newest(client)
            if clip.prompt == request.prompt
            and clip.id not in known
            and _may_be(clip.model, request.model)
            and datetime.fromtimestamp(clip.created_at, UTC) >= earliest
            and (request.task != Task.CREATE or (clip.size in (None, "", size) and clip.seconds in (None, "", seconds)))
        ]
    return min(made, key=lambda clip: clip.created_at).id if made else None


def cancel(account: Account, remote_id: str) -> bool:
    """By deleting it, which is how servers of this protocol stop a clip."""
    delete(account, remote_id)
    return True


def delete(account: Account, remote_id: str) -> None:
    try:
        with _client(account, CALL_SECONDS) as client, _despite_retirement():
            client.videos.delete(remote_id)
    except (OpenAIError, ValueError) as error:
        raise as_provider_error(error, sending=False) from error


def list_clips(account: Account) -> list[RemoteClip]:
    with _client(account, CALL_SECONDS) as client:
        return [
            RemoteClip(
                id=clip.id,
                model=clip.model or "",
                created_at=datetime.fromtimestamp(clip.created_at, UTC),
                state=OVER.get(clip.status, ProgressState.RUNNING),
                prompt=clip.prompt or "",
            )
            for clip in _newest(client)
        ]


def test(account: Account, models: Sequence[str]) -> str:
    """Asks for a clip that cannot exist, which every server refuses in the protocol's error format."""
    with _client(account, CALL_SECONDS) as client, _despite_retirement():
        try:
            client.videos.retrieve("video_that_is_not_there")
        except APIStatusError as error:
            failure = as_provider_error(error, sending=False)
            is_protocol = isinstance(error.body, dict) and failure.kind in (ErrorKind.LOST, ErrorKind.INVALID)
            if not is_protocol and failure.kind != ErrorKind.AUTH:
                raise _something_else(account) from error
            if not is_protocol:
                raise failure from error
        except (OpenAIError, ValueError) as error:
            raise as_provider_error(error, sending=False) from error
        else:
            raise _something_else(account)
    also = ", ".join(sorted(ability.value.replace("_", " ") for ability in account.abilities))
    return "The server speaks the video protocol and takes the key." + (f" Declared besides: {also}." if also else "")


def _something_else(account: Account) -> ProviderError:
    where = account.base_url or BASE_URL
    message = f"{where} answers, but not in the video protocol. Check the address; it usually ends in /v1."
    return ProviderError(ErrorKind.INVALID, message)


# -- What is sent ------------------------------------------------------------------------------------------------------


def _sending(account: Account, request: Request) -> Callable[[OpenAI], object]:
    """The call that makes the clip. Raises ProviderError for options that the server has no field for."""
    if needed := NEEDED_ABILITY.get(request.task):
        if needed not in account.abilities:
            raise ProviderError(ErrorKind.INVALID, f"This server cannot {request.task} a clip (task).")
        return _from_clip(request)
    fields: dict[str, Any] = {
        "prompt": request.prompt,
        "model": request.model,
        "size": f"{request.width}x{request.height}",
        "seconds": _seconds(request),
        "extra_body": _extra_fields(account, request),
    }
    _refuse("end frame", request.end_frame)
    _refuse("references", request.references)
    if request.start_frame:
        fields["input_reference"] = pictures.read(request.start_frame).as_upload
    return lambda client: client.videos.create(**fields)


def _from_clip(request: Request) -> Callable[[OpenAI], object]:
    chosen = {"seed": request.seed, "negative prompt": request.negative_prompt, "start frame": request.start_frame}
    for name, value in chosen.items():
        _refuse(name, value, to=f" to {request.task} a clip")
    if request.task == Task.REMIX:
        return lambda client: client.videos.remix(request.source_id, prompt=request.prompt)
    body: dict[str, Any] = {"prompt": request.prompt, "video": {"id": request.source_id}}
    if request.task == Task.EDIT:
        return lambda client: client.post("/videos/edits", body=body, cast_to=Video)
    body["seconds"] = _seconds(request)
    return lambda client: client.post("/videos/extensions", body=body, cast_to=Video)


def _extra_fields(account: Account, request: Request) -> dict[str, str]:
    fields = {"seed": "" if request.seed is None else str(request.seed), "negative_prompt": request.negative_prompt}
    chosen = {name: value for name, value in fields.items() if value}
    if Ability.EXTRA_FIELDS not in account.abilities:
        for name in chosen:
            _refuse(name.replace("_", " "), True)
    _refuse("choice of sound", request.audio is not None)
    return chosen


def _refuse(name: str, chosen: object, to: str = "") -> None:
    if chosen not in (None, "", (), False):
        raise ProviderError(ErrorKind.INVALID, f"This server takes no {name}{to}.")


def _may_be(listed: str | None, requested: str) -> bool:
    """Whether both names can mean one model. Servers have names of their own, but sora-2 is not sora-2-pro."""
    if not listed or listed == requested:
        return True
    shorter, longer = sorted((listed, requested), key=len)
    return (
        not longer.startswith(shorter) or re.fullmatch(r"-\d{4}-\d{2}-\d{2}", longer.removeprefix(shorter)) is not None
    )


def _seconds(request: Request) -> str:
    return f"{request.duration.normalize():f}"


# -- What comes --------------------------------------------------------------------------------------------------------


def _job_in(error: APIStatusError) -> dict[str, Any] | None:
    try:
        body = error.response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and body.get("status", "") in (*OVER, "expired") else None


def _progress(job: dict[str, Any]) -> Progress:
    """An unknown status counts as running. Raises LOST for a clip that the server made and has discarded."""
    if job["status"] == "expired":
        raise ProviderError(ErrorKind.LOST, "The clip expired at the provider before it was fetched.")
    state = OVER.get(job["status"], ProgressState.RUNNING)
    if state == ProgressState.FAILED:
        error = job.get("error")
        details = error if isinstance(error, dict) else {"message": error}
        return Progress(state, error=job_error(details.get("code"), details.get("message")))
    percent = job.get("progress")
    return Progress(state, percent=max(0, min(100, int(percent))) if isinstance(percent, int | float) else 0)


def _own_address(client: OpenAI, remote_id: str) -> str:
    try:
        with _despite_retirement():
            answer: object = client.videos.retrieve(remote_id)
    except (OpenAIError, ValueError) as error:
        raise as_provider_error(error, sending=False) from error
    if not isinstance(answer, Video):
        raise ProviderError(ErrorKind.PROVIDER, "The server answered with something that is no clip.")
    job = answer.to_dict()
    urls = job.get("urls")
    url = job.get("url") or (urls[0] if isinstance(urls, list) and urls else "")
    return url if isinstance(url, str) and url.startswith(("http://", "https://")) else ""


def _save_content(client: OpenAI, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    try:
        with _despite_retirement(), client.videos.with_streaming_response.download_content(remote_id) as response:
            headers = response.headers
            if headers.get("content-type", "").startswith(("text/", "application/json")):
                raise ProviderError(ErrorKind.PROVIDER, "The server sent something that is no clip.")
            download.save_chunks(response.iter_bytes(), destination, on_progress, expected_bytes(headers))
    except (OpenAIError, ValueError) as error:
        raise as_provider_error(error, sending=False) from error
    except download.STREAM_ERRORS as error:
        raise ProviderError(ErrorKind.NETWORK, f"The download broke off ({type(error).__name__}).") from error


def _newest(client: OpenAI) -> list[Video]:
    try:
        with _despite_retirement():
            page = client.videos.list(limit=LISTED, order="desc")
    except (OpenAIError, ValueError) as error:
        raise as_provider_error(error, sending=False) from error
    clips: object = getattr(page, "data", None)
    if not isinstance(clips, list):
        raise ProviderError(ErrorKind.PROVIDER, "The server answered with something that is no list of clips.")
    return [clip for clip in clips if isinstance(clip.id, str) and isinstance(clip.created_at, int)]


# -- Clients -----------------------------------------------------------------------------------------------------------


def _client(account: Account, seconds: float) -> AbstractContextManager[OpenAI]:
    return OpenAI(**_settings(account), timeout=seconds, http_client=_http(account))


def _http(account: Account) -> DefaultHttpxClient | None:
    options = egress.client_options(account)
    return DefaultHttpxClient(**options) if options else None


@OnePerLoop
def _async_client(account: Account) -> AsyncOpenAI:
    options = egress.async_client_options(account)
    http = DefaultAsyncHttpxClient(**options) if options else None
    return AsyncOpenAI(**_settings(account), timeout=CALL_SECONDS, http_client=http)


def _settings(account: Account) -> dict[str, Any]:
    key = checked_key(account.key) or "none"  # the SDK does not accept an empty key
    return {"api_key": key, "base_url": account.base_url or BASE_URL, "max_retries": 0}


@contextmanager
def _despite_retirement() -> Iterator[None]:
    """Silences the SDK's warning that OpenAI's server has closed; other servers go on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The Sora API is scheduled", DeprecationWarning)
        yield
