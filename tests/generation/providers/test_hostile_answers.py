"""Servers that bomb, drip, never end or lie in types, with the real SDKs over HTTP: bounded, named, and no id lost."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from generation.catalogue.loader import CatalogueError, read_model
from generation.connections.probe import convert_sizes
from generation.providers import bounds, download, omni, openai_images, openrouter, sora, veo
from generation.providers.base import (
    Account,
    ErrorKind,
    ImageRequest,
    ImageResult,
    Progress,
    ProgressState,
    ProviderError,
)
from tests.generation.providers.conftest import a_request, catch_error
from tests.standin import hostile
from tests.standin.hostile import ATTACKS, hostile_server

ABILITIES = (("project", "films"),)
SECONDS = 0.6
#: The longest that an attack may hold a caller, and the memory it may take, however it is done.
LONGEST_SECONDS, MOST_MEGABYTES = 10.0, 150


def account_at(url: str) -> Account:
    return Account(base_url=url, key="ya29.a-key-of-tests", options=ABILITIES)


@dataclass(frozen=True)
class Call:
    """A call of a provider, and an answer to it that the provider understands."""

    send: Callable[[Account], Any]
    answer: Any
    seconds: str


def poll(provider: Any) -> Callable[[Account], Any]:
    return lambda account: asyncio.run(provider.check(account, "video_1"))


JOB = {"id": "video_1", "status": "in_progress", "progress": 40, "error": {"code": "x", "message": "y"}}
LISTED = {"id": "video_1", "created_at": 1_790_000_000, "prompt": "A boat.", "model": "sora-2", "status": "queued"}
INTERACTION = {
    "id": "int_1",
    "status": "completed",
    "steps": [{"type": "model_output", "content": [{"type": "video", "uri": "https://x/y"}]}],
    "errors": [{"code": "INTERNAL", "message": "An error."}],
}
OPERATION = {"name": "op", "done": True, "response": {"videos": [{"gcsUri": "gs://a/b", "mimeType": "video/mp4"}]}}
ORDER = {
    "id": "gen-1",
    "status": "completed",
    "usage": {"cost": 0.4},
    "error": {"message": "m", "metadata": {"raw": "r"}},
}
MODELS = {
    "data": [
        {
            "id": "maker/model",
            "name": "Maker: Model",
            "supported_durations": [4, 8],
            "supported_resolutions": ["720p"],
            "supported_aspect_ratios": ["16:9"],
            "supported_frame_images": ["first_frame"],
            "generate_audio": True,
            "seed": True,
            "pricing_skus": {"duration_seconds": "0.40"},
        }
    ]
}
IMAGES = {"data": [{"b64_json": "aGVsbG8="}], "usage": {"output_tokens": 3, "input_tokens_details": {"text_tokens": 1}}}


def find(account: Account) -> Any:
    return sora.find(account, a_request(prompt="A boat."), datetime.fromtimestamp(1_790_000_000, UTC), frozenset())


def list_rows(account: Account) -> list[Any]:
    """Down to the catalogue, as a refresh does it."""
    rows = []
    for row in openrouter.catalogue_rows(account, date(2026, 11, 1)):
        try:
            rows.append(read_model(convert_sizes(row)))
        except CatalogueError:
            continue
    return rows


CALLS: dict[str, Call] = {
    "sora.submit": Call(lambda account: sora.submit(account, a_request()), JOB, "sora.SUBMIT_SECONDS"),
    "sora.check": Call(poll(sora), JOB, "sora.CALL_SECONDS"),
    "sora.find": Call(find, {"data": [LISTED]}, "sora.CALL_SECONDS"),
    "sora.test": Call(lambda account: sora.test(account, []), {"error": {"message": "m"}}, "sora.CALL_SECONDS"),
    "omni.submit": Call(
        lambda account: omni.submit(account, a_request(model="gemini-omni-1.2-flash")),
        {"id": "int_1", "status": "in_progress"},
        "omni.SUBMIT_SECONDS",
    ),
    "omni.check": Call(poll(omni), INTERACTION, "omni.CALL_SECONDS"),
    "veo.submit": Call(
        lambda account: veo.submit(account, a_request(model="veo-3.1-generate-001")),
        {"name": "op"},
        "veo.SUBMIT_SECONDS",
    ),
    "veo.check": Call(poll(veo), OPERATION, "veo.CALL_SECONDS"),
    "images.make": Call(
        lambda account: openai_images.make(account, ImageRequest("A boat.", "gpt-image-2")),
        IMAGES,
        "openai_images.SECONDS",
    ),
    "openrouter.submit": Call(
        lambda account: openrouter.submit(account, a_request()), {"id": "gen-1"}, "openrouter.SUBMIT_SECONDS"
    ),
    "openrouter.check": Call(poll(openrouter), ORDER, "openrouter.POLL_SECONDS"),
    "openrouter.models": Call(list_rows, MODELS, "openrouter.POLL_SECONDS"),
}
#: The others are as quick, but there are many.
QUICK = ("sora.submit", "sora.check", "images.make", "openrouter.models")
EACH = [pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in CALLS]
#: Their answer may contain a clip, which a vendor or the operator's server sends.
INLINE = ("veo.check", "omni.check")
PAID = ("sora.submit", "omni.submit", "veo.submit", "openrouter.submit")


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("name", EACH)
def test_an_attack_ends_within_its_bounds(name: str, attack: str, monkeypatch: pytest.MonkeyPatch):
    call = CALLS[name]
    monkeypatch.setattr(f"generation.providers.{call.seconds}", SECONDS)
    with hostile_server(ATTACKS[attack], call.answer) as url:
        before, began = peak_megabytes(), time.monotonic()
        try:
            result = call.send(account_at(url))
        except ProviderError as error:
            result = error
    assert time.monotonic() - began < LONGEST_SECONDS
    assert peak_megabytes() - before < (900 if name in INLINE else MOST_MEGABYTES)
    keeps_id = name in PAID and attack not in ("headers a byte at a time", "gzip without content", "wrong content type")
    if keeps_id and attack != "redirect inside":
        assert result == call.answer.get("id", call.answer.get("name")), result
    else:
        assert isinstance(result, ProviderError), result
        assert result.kind in ((ErrorKind.UNKNOWN, ErrorKind.INVALID) if name in PAID else ErrorKind)


@pytest.mark.parametrize("name", EACH)
def test_any_value_in_any_field_gives_a_result_or_a_named_error(name: str, stand_json: Callable[[bytes], Account]):
    call = CALLS[name]
    for change, body in hostile.every_change(call.answer):
        try:
            result = call.send(stand_json(body))
        except ProviderError as error:
            result = error
        assert result is None or isinstance(result, str | list | Progress | ProviderError | ImageResult), change
        is_about_id = change.startswith(("id:", "name:", "all:"))
        if name in PAID and not is_about_id:
            assert result == call.answer.get("id", call.answer.get("name")), change


@pytest.fixture
def stand_json() -> Iterator[Callable[[bytes], Account]]:
    """Call it with the body that every further request is answered with."""
    current = [b""]

    def answer(start: bytes) -> Iterator[bytes]:
        yield hostile.JSON_HEAD + b"Content-Length: %d\r\n\r\n" % len(current[0]) + current[0]

    with hostile_server(answer) as url:

        def stand(body: bytes) -> Account:
            current[0] = body
            return account_at(url)

        yield stand


@pytest.mark.parametrize(
    ("provider", "answer", "field"),
    [
        (sora, {"status": 7}, "status"),
        (sora, [], ""),
        (omni, {"id": "int_1"}, "status"),
        (veo, {"name": None}, "name"),
        (openrouter, {"status": {}}, "status"),
    ],
)
def test_an_answer_that_is_not_understood_names_the_field(provider: Any, answer: Any, field: str, stand_json):
    error = catch_error(poll(provider), stand_json(json.dumps(answer).encode()))
    assert error.kind == ErrorKind.PROVIDER
    assert "answer was not understood, " in error.message
    assert (f"the field “{field}”" if field else "not a JSON object") in error.message


def test_a_finished_clip_is_not_lost_over_other_fields(stand_json):
    account = stand_json(b'{"id": [], "status": "completed", "progress": 1e400, "error": [[1]], "urls": {"a": 1}}')
    assert asyncio.run(sora.check(account, "video_1")).state == ProgressState.DONE


# -- Downloads -----------------------------------------------------------------------------------------------------------


def fetch_from(url: str, path: Path) -> None:
    download.save_from_url(f"{url}/clip.mp4", path, lambda fraction: None, trusted="127.0.0.1")


@pytest.mark.parametrize("attack", ["a byte at a time", "gzip without content", "headers a byte at a time"])
def test_a_download_that_crawls_is_cut_off(attack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bounds, "PACE_SECONDS", 0.4)
    monkeypatch.setattr(download, "READ_SECONDS", 0.4)
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.1)
    began = time.monotonic()
    with hostile_server(lambda _: ATTACKS[attack](b"ftyp", head=hostile.CLIP_HEAD)) as url:
        error = catch_error(fetch_from, url, tmp_path / "clip.mp4")
    assert error.kind == ErrorKind.NETWORK
    assert time.monotonic() - began < 2
    reason = (
        "No complete answer within 0.5 s." if attack.startswith("headers") else "It was slower than 64 KB in 0.4 s."
    )
    assert error.message == f"The download was cut off. {reason}"


def test_a_slow_but_steady_download_is_not_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bounds, "PACE_SECONDS", 0.2)

    def steady(start: bytes) -> Iterator[bytes]:
        yield hostile.CLIP_HEAD + b"Content-Length: %d\r\n\r\n" % (8 * 65536)
        for _ in range(8):
            time.sleep(0.1)
            yield hostile.BLANKS

    with hostile_server(steady) as url:
        fetch_from(url, tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").stat().st_size == 8 * 65536


@pytest.mark.parametrize("attack", ["endless body", "gzip bomb"])
def test_a_download_without_end_is_cut_at_its_cap(attack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(download, "MAX_BYTES", 3 * bounds.MEGABYTE)
    with hostile_server(partial(ATTACKS[attack], head=hostile.CLIP_HEAD)) as url:
        error = catch_error(fetch_from, url, tmp_path / "clip.mp4")
    assert error.kind == ErrorKind.PROVIDER
    assert (tmp_path / "clip.mp4").stat().st_size <= 3 * bounds.MEGABYTE


def test_an_endless_refusal_of_a_download_is_not_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = peak_megabytes()
    with hostile_server(partial(hostile.endless, head=b"HTTP/1.1 500 Oops\r\n")) as url:
        error = catch_error(fetch_from, url, tmp_path / "clip.mp4")
    assert (error.kind, peak_megabytes() - before < MOST_MEGABYTES) == (ErrorKind.PROVIDER, True)
