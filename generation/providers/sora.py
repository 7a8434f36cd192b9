"""Clips from servers of the /v1/videos protocol, through the official OpenAI SDK.

Servers differ; the account's abilities say what this one can do. Options without a field are refused before anything is sent,
so that no choice is silently ignored.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI, OpenAIError
from openai.types import Video

from generation.providers import answers, bounds, download, egress, pictures
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
from generation.providers.bounds import Answer, Bounds
from generation.providers.http import NO_RETRIES, PerLoopClients, connection_error, read_length, validate_key
from generation.providers.openai_errors import (
    as_provider_error,
    find_moderation,
    find_objects,
    job_error,
    read_details,
    refusal,
    require_success,
)
from generation.providers.statuses import is_gone, read_state

#: Fixed, so that the SDK does not read OPENAI_BASE_URL and send the key to another host than the account's.
BASE_URL = "https://api.openai.com/v1"
SUBMIT_SECONDS = 170
CALL_SECONDS = 30
#: The server's clock may be behind ours: a clip can seem older than the request that made it.
CLOCK_SECONDS = 120
#: How many clips are listed. A submission is looked up within minutes, so it is among the newest.
LISTED = 100

TASK_VERBS = {Task.REMIX: "remixes", Task.EXTEND: "extends", Task.EDIT: "edits"}
NEEDED_ABILITY = {Task.REMIX: Ability.REMIX, Task.EXTEND: Ability.EXTEND, Task.EDIT: Ability.EDIT}


def submit(account: Account, request: Request) -> str:
    send = _build_call(account, request)
    # A fresh connection each time: a POST over a kept-alive connection that has died would end as UNKNOWN.
    with _client(account, SUBMIT_SECONDS) as client:
        answer = require_success(_call(lambda: send(client), sending=True), sending=True)
    if remote_id := answers.read_remote_id(answer):
        return remote_id
    if answer.failure:
        raise connection_error(answer.failure, service="The server", sending=True)
    raise ProviderError(ErrorKind.UNKNOWN, "The server's answer has no clip ID.")


async def check(account: Account, remote_id: str) -> Progress:
    try:
        with bounds.record() as answer:
            with _ignore_retirement_warning():
                # The warning is raised by the call. The filter is global, so it must not stay in place while others run.
                pending = _async_client(account).videos.retrieve(remote_id)
            await pending
    except (OpenAIError, ValueError) as error:
        raise as_provider_error(error, sending=False) from error
    if answer.is_success:
        return _read_progress(_read_job(answer))
    # vLLM-Omni reports a failed job as an HTTP error with the job as its body, which LiteLLM puts into a message.
    for job in answers.read_each(find_objects(answer), _RefusedJob):
        if read_state(job.status) != ProgressState.RUNNING:
            return _read_progress(job)
    if declined := find_moderation(answer):
        return Progress(ProgressState.FAILED, error=declined)
    raise refusal(answer, sending=False)


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    """From the URLs in the job, then from the content endpoint. URLs expire, so each call requests new ones."""
    with _client(account, CALL_SECONDS) as client:
        job = _read_job(require_success(_call(lambda: client.videos.retrieve(remote_id))))
    save = partial(download.save_from_url, destination=destination, on_progress=on_progress, trusted=account.trusted)
    named = [partial(save, url) for url in _find_clip_urls(job)]
    download.save_from_first(*named, lambda: _download_content(account, remote_id, destination, on_progress))


def thumbnail(account: Account, remote_id: str) -> bytes:
    with _client(account, CALL_SECONDS) as client:
        answer = _call(lambda: client.videos.download_content(remote_id, variant="thumbnail"))
    return bytes(require_success(answer).body)


def find(account: Account, request: Request, since: datetime, known: frozenset[str]) -> str | None:
    earliest = since - timedelta(seconds=CLOCK_SECONDS)
    size, seconds = f"{request.width}x{request.height}", _format_seconds(request)
    with _client(account, CALL_SECONDS) as client:
        listed = _list_newest(client)
    matches = [
        clip
        for clip in listed
        if clip.prompt == request.prompt
        and clip.id not in known
        and _may_be_same_model(clip.model, request.model)
        and datetime.fromtimestamp(clip.created_at, UTC) >= earliest
        and (
            request.task != Task.CREATE or (clip.size in (None, "", size) and str(clip.seconds or "") in ("", seconds))
        )
    ]
    return min(matches, key=lambda clip: clip.created_at).id if matches else None


def cancel(account: Account, remote_id: str) -> bool:
    """Deletes it: the protocol has no other way to stop a clip."""
    delete(account, remote_id)
    return True


def delete(account: Account, remote_id: str) -> None:
    with _client(account, CALL_SECONDS) as client:
        require_success(_call(lambda: client.videos.delete(remote_id)))


def list_clips(account: Account) -> list[RemoteClip]:
    with _client(account, CALL_SECONDS) as client:
        return [
            RemoteClip(
                id=clip.id,
                model=clip.model or "",
                created_at=datetime.fromtimestamp(clip.created_at, UTC),
                state=read_state(clip.status or ""),
                prompt=clip.prompt or "",
            )
            for clip in _list_newest(client)
        ]


def test(account: Account, models: Sequence[str]) -> str:
    """Requests a clip that cannot exist, which every server of the protocol refuses in the protocol's error format."""
    with _client(account, CALL_SECONDS) as client:
        answer = _call(lambda: client.videos.retrieve("video_that_is_not_there"))
    if answer.is_success:
        raise _build_protocol_error(account)
    failure = refusal(answer, sending=False)
    if not read_details(answer) or failure.kind not in (ErrorKind.LOST, ErrorKind.INVALID):
        raise failure if failure.kind == ErrorKind.AUTH else _build_protocol_error(account)
    abilities = ", ".join(sorted(ability.value.replace("_", " ") for ability in account.abilities))
    works = "The server speaks the video protocol and accepts the key."
    return f"{works} Abilities: {abilities}." if abilities else works


def _build_protocol_error(account: Account) -> ProviderError:
    address = account.base_url or BASE_URL
    message = f"{address} answers, but does not speak the video protocol. Check the address; it usually ends in /v1."
    return ProviderError(ErrorKind.INVALID, message)


# -- Requests ----------------------------------------------------------------------------------------------------------


def _build_call(account: Account, request: Request) -> Callable[[OpenAI], object]:
    """The call that makes the clip. Raises ProviderError for options without a field at this server."""
    if needed := NEEDED_ABILITY.get(request.task):
        if needed not in account.abilities:
            raise ProviderError(ErrorKind.INVALID, f"This server cannot {request.task} clips.")
        return _build_rework_call(request)
    fields: dict[str, Any] = {
        "prompt": request.prompt,
        "model": request.model,
        "size": f"{request.width}x{request.height}",
        "seconds": _format_seconds(request),
        "extra_body": _build_extra_fields(account, request),
    }
    _refuse("end frames", request.end_frame)
    _refuse("references", request.references)
    if request.start_frame:
        fields["input_reference"] = pictures.read_picture(request.start_frame).as_upload
    return lambda client: client.videos.create(**fields)


def _build_rework_call(request: Request) -> Callable[[OpenAI], object]:
    _refuse("seeds", request.seed, task=request.task)
    _refuse("negative prompts", request.negative_prompt, task=request.task)
    _refuse("start frames", request.start_frame, task=request.task)
    if request.task == Task.REMIX:
        return lambda client: client.videos.remix(request.source_id, prompt=request.prompt)
    body: dict[str, Any] = {"prompt": request.prompt, "video": {"id": request.source_id}}
    if request.task == Task.EDIT:
        return lambda client: client.post("/videos/edits", body=body, cast_to=Video)
    body["seconds"] = _format_seconds(request)
    return lambda client: client.post("/videos/extensions", body=body, cast_to=Video)


def _build_extra_fields(account: Account, request: Request) -> dict[str, str]:
    if Ability.EXTRA_FIELDS not in account.abilities:
        _refuse("seeds", request.seed)
        _refuse("negative prompts", request.negative_prompt)
    _refuse("a choice of sound", request.audio)
    fields = {"seed": "" if request.seed is None else str(request.seed), "negative_prompt": request.negative_prompt}
    return {name: value for name, value in fields.items() if value}


def _refuse(name: str, value: object, task: Task = Task.CREATE) -> None:
    """Raises ProviderError for a value that was chosen. Seed 0 and sound that is off are choices."""
    if value is not None and value != "" and value != ():
        suffix = "" if task == Task.CREATE else f" when it {TASK_VERBS[task]} a clip"
        raise ProviderError(ErrorKind.INVALID, f"This server doesn't support {name}{suffix}.")


def _may_be_same_model(listed: str | None, requested: str) -> bool:
    # Whether both names may mean one model. A server may use names of its own, but sora-2 is never sora-2-pro.
    if not listed or listed == requested:
        return True
    shorter, longer = sorted((listed, requested), key=len)
    return (
        not longer.startswith(shorter) or re.fullmatch(r"-\d{4}-\d{2}-\d{2}", longer.removeprefix(shorter)) is not None
    )


def _format_seconds(request: Request) -> str:
    return f"{request.duration.normalize():f}"


# -- Answers -----------------------------------------------------------------------------------------------------------


class _Job(answers.Shape):
    id: answers.Loose[answers.RemoteId] = None
    status: answers.Word
    progress: answers.Loose[answers.Percent] = None
    url: answers.Loose[answers.Url] = None
    urls: answers.Loose[list[Any]] = None
    error: Any = None


class _RefusedJob(_Job):
    id: answers.RemoteId  # without one it is a gateway's own error, such as {"status": "error"}


class _ListedClip(answers.Shape):
    id: answers.RemoteId
    created_at: answers.Moment
    prompt: answers.Loose[answers.Text] = None
    model: answers.Loose[answers.Word] = None
    size: answers.Loose[answers.Word] = None
    seconds: answers.Loose[answers.Word | int] = None
    status: answers.Loose[answers.Word] = None


def _read_job(answer: Answer) -> _Job:
    return answers.read(answer, _Job, "The server")


def _read_progress(job: _Job) -> Progress:
    """An unknown status counts as running. Raises ProviderError, LOST, for a clip that the server made and discarded."""
    if is_gone(job.status):
        raise ProviderError(ErrorKind.LOST, f"The clip is {job.status} at the provider and was not fetched before.")
    state = read_state(job.status, names_clip=job.id is not None)
    if state == ProgressState.FAILED:
        details = job.error if isinstance(job.error, dict) else {"message": job.error}
        return Progress(state, error=job_error(details.get("code"), details.get("message")))
    return Progress(state, percent=int(job.progress or 0))


def _find_clip_urls(job: _Job) -> list[str]:
    # The first of `urls` only: the others are other clips.
    named = [job.url, *(job.urls or [])[:1]]
    return [url for url in dict.fromkeys(map(answers.as_text, named)) if url.startswith(("http://", "https://"))]


def _download_content(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    try:
        with (
            bounds.record() as answer,
            _client(account, CALL_SECONDS, download.bounds()) as client,
            _ignore_retirement_warning(),
            client.videos.with_streaming_response.download_content(remote_id) as response,
        ):
            download.save_chunks(response.iter_bytes(), destination, on_progress, read_length(response.headers))
    except (OpenAIError, ValueError) as error:
        raise as_provider_error(error, sending=False) from error
    except download.STREAM_ERRORS as error:
        raise connection_error(error, service="The download", sending=False) from error
    if answer.status:  # recorded for a refusal only
        # SGLang names the address of a clip in its bucket in the words of a refusal.
        named = re.search(r"https?://[^\s\"'<>]{1,8000}", answers.as_text(read_details(answer).get("detail")))
        if named is None:
            raise refusal(answer, sending=False)
        download.save_from_url(named[0], destination, on_progress, trusted=account.trusted)


def _list_newest(client: OpenAI) -> list[_ListedClip]:
    answer = require_success(_call(lambda: client.videos.list(limit=LISTED, order="desc")))
    listed = answers.read(answer, _Listing, "The server")
    return list(answers.read_each(listed.data, _ListedClip))


class _Listing(answers.Shape):
    data: list[Any]


# -- Clients -----------------------------------------------------------------------------------------------------------


def _call(send: Callable[[], object], *, sending: bool = False) -> Answer:
    """Raises ProviderError if no answer arrives."""
    try:
        with bounds.record() as answer, _ignore_retirement_warning():
            send()
    except (OpenAIError, ValueError) as error:
        raise as_provider_error(error, sending=sending) from error
    return answer


def _client(account: Account, seconds: float, limits: Bounds | None = None) -> AbstractContextManager[OpenAI]:
    http = DefaultHttpxClient(**egress.client_options(account, limits or Bounds(seconds)))
    return OpenAI(**_build_settings(account), timeout=seconds, http_client=http)


@PerLoopClients
def _async_client(account: Account) -> AsyncOpenAI:
    http = DefaultAsyncHttpxClient(**egress.async_client_options(account, Bounds(CALL_SECONDS)))
    return AsyncOpenAI(**_build_settings(account), timeout=CALL_SECONDS, http_client=http)


def _build_settings(account: Account) -> dict[str, Any]:
    key = validate_key(account.key) or "none"  # the SDK does not accept an empty key
    return {
        "api_key": key,
        "base_url": account.base_url or BASE_URL,
        "max_retries": 0,
        "default_headers": NO_RETRIES,
    }


@contextmanager
def _ignore_retirement_warning() -> Iterator[None]:
    # Silences the SDK's warning that OpenAI's own server has closed: other servers keep serving the protocol.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The Sora API is scheduled", DeprecationWarning)
        yield
