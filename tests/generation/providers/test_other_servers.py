"""Answers of LiteLLM, vLLM-Omni, SGLang and gateways that differ from OpenAI's own."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from generation.providers import openai_images, openrouter, sora
from generation.providers.base import Account, ErrorKind, ImageRequest, ProgressState, ProviderError, Task
from tests.commands import KEY
from tests.generation.providers.conftest import a_picture, a_request, catch_error
from tests.generation.providers.test_sora import account_at, check_now
from tests.standin import Fault, StandIn


@pytest.fixture
def account(stand_in: StandIn) -> Account:
    return account_at(stand_in, "litellm")


@pytest.mark.parametrize("task", list(Task))
def test_a_proxy_does_not_repeat_a_clip_whose_answer_was_lost(stand_in, account, task):
    request = a_request(source_id=sora.submit(account, a_request()))
    stand_in.state.charges.clear()
    stand_in.state.fail(f"sora.{task}", Fault(drop=True))

    error = catch_error(sora.submit, account, dataclasses.replace(request, task=task))

    assert (error.kind, len(stand_in.state.charges)) == (ErrorKind.UNKNOWN, 1)


@pytest.mark.parametrize("operation", ["generate", "edit"])
def test_a_proxy_does_not_repeat_images_whose_answer_was_lost(stand_in, account, tmp_path, operation):
    images = (a_picture(tmp_path / "in.png"),) if operation == "edit" else ()
    stand_in.state.fail(f"images.{operation}", Fault(drop=True))

    error = catch_error(openai_images.make, account, ImageRequest("A boat.", "gpt-image-2", images=images))

    assert (error.kind, len(stand_in.state.charges)) == (ErrorKind.UNKNOWN, 1)


@pytest.mark.parametrize("status", [429, 400])
def test_a_budget_of_the_proxy_is_quota_and_not_a_rate_limit(stand_in, account, status):
    message = "Budget has been exceeded! Current cost: 10.2, Max budget: 10.0"
    error = {"message": message, "type": "budget_exceeded", "param": None, "code": str(status)}
    stand_in.state.fail("sora.create", Fault(status=status, body={"error": error}))
    stand_in.state.fail("images.generate", Fault(status=status, body={"error": error}))

    clip = catch_error(sora.submit, account, a_request())
    images = catch_error(openai_images.make, account, ImageRequest("A boat.", "gpt-image-2"))

    assert [(error.kind, error.message) for error in (clip, images)] == [(ErrorKind.QUOTA, message)] * 2


@pytest.mark.parametrize(
    ("headers", "inner", "seconds"),
    [
        ({"llm_provider-retry-after": "20"}, {}, 20),
        ({"retry-after-ms": "1500"}, {}, 1.5),
        ({"retry-after": "1", "llm_provider-retry-after": "30"}, {}, 30),
        ({}, {"headers": {"Retry-After": 12}}, 12),
        ({}, {"metadata": {"headers": {"retry-after-ms": "2500"}}}, 2.5),
        ({"retry-after": "soon"}, {"headers": ["retry-after"], "metadata": "none"}, None),
    ],
)
def test_a_wait_is_read_wherever_a_server_asks_for_it(stand_in, account, headers, inner, seconds):
    body = {"error": {"message": "Slow down", **inner}}
    stand_in.state.fail("sora.create", Fault(status=429, body=body, headers=headers))
    stand_in.state.fail("openrouter.create", Fault(status=429, body=body, headers=headers))
    at_openrouter = Account(base_url=f"{stand_in.url}/openrouter/api/v1", key=KEY)

    clip = catch_error(sora.submit, account, a_request())
    other = catch_error(openrouter.submit, at_openrouter, a_request(model="google/veo-3.1"))

    assert (clip.retry_after, other.retry_after) == (seconds, seconds)


FAILED_JOB = {
    "id": "video_gen_1",
    "object": "video",
    "status": "failed",
    "error": {"code": "InternalError", "message": "CUDA out of memory"},
}


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("after", ["", "\nReceived Model Group=wan\nAvailable Model Group Fallbacks=None"])
def test_a_failed_job_inside_a_proxys_message_is_final(stand_in, account, status, after):
    message = f"litellm.InternalServerError: OpenAIException - {json.dumps(FAILED_JOB)}{after}"
    stand_in.state.fail("sora.get", Fault(status=status, body={"error": {"message": message, "code": str(status)}}))

    progress = check_now(account, "video_1")

    assert progress.state == ProgressState.FAILED
    assert progress.error
    assert (progress.error.kind, progress.error.message) == (ErrorKind.PROVIDER, "CUDA out of memory")


@pytest.mark.parametrize(
    "message",
    ["no {json} here", "}{", "{" * 100_000, json.dumps(FAILED_JOB | {"status": "queued"}), '{"status": "error"}'],
)
def test_a_message_without_a_final_job_says_nothing_about_the_clip(stand_in, account, message):
    stand_in.state.fail("sora.get", Fault(status=500, body={"error": {"message": message}}))

    assert catch_error(check_now, account, "video_1").kind == ErrorKind.PROVIDER


def test_a_gateways_own_error_is_no_failed_job(stand_in, account):
    stand_in.state.fail("sora.get", Fault(status=502, body={"status": "error", "message": "Upstream timed out"}))

    assert catch_error(check_now, account, "video_1").kind == ErrorKind.PROVIDER
    stand_in.state.fail("sora.get", Fault(status=200, body={"status": "error", "message": "Upstream timed out"}))

    assert check_now(account, "video_1").state == ProgressState.RUNNING


@pytest.mark.parametrize(
    ("status", "error", "is_declined"),
    [
        (400, {"message": "Your request was rejected by our safety system.", "code": "moderation_blocked"}, True),
        (400, {"message": "Content policy violation"}, True),
        (403, {"message": "No", "code": "content_policy_violation"}, True),
        (403, {"message": "Request blocked by the firewall"}, False),
        (500, {"message": "The moderation service is down"}, False),
    ],
)
def test_a_poll_that_says_moderation_ends_the_clip(stand_in, account, status, error, is_declined):
    stand_in.state.fail("sora.get", Fault(status=status, body={"error": error}))

    if is_declined:
        progress = check_now(account, "video_1")
        assert progress.error
        assert (progress.state, progress.error.kind) == (ProgressState.FAILED, ErrorKind.MODERATION)
    else:
        catch_error(check_now, account, "video_1")


STATES = {
    "running": "queued in_progress processing pending PENDING running starting unheard-of",
    "done": "completed succeeded SUCCEEDED success done",
    "failed": "failed error FAILED rejected",
    "cancelled": "cancelled canceled",
    "lost": "expired deleted",
}


@pytest.mark.parametrize(
    ("word", "state"), [(word, state) for state, words in STATES.items() for word in words.split()]
)
def test_every_usual_word_for_a_status_is_understood(stand_in, account, word, state):
    at_openrouter = Account(base_url=f"{stand_in.url}/openrouter/api/v1", key=KEY)
    for operation in ("sora.get", "openrouter.get"):
        stand_in.state.fail(operation, Fault(status=200, body={"id": "x", "status": word, "progress": 0.37}))

    found = []
    for check, where in ((sora.check, account), (openrouter.check, at_openrouter)):
        try:
            found.append(asyncio.run(check(where, "x")).state.value)
        except ProviderError as error:
            found.append(error.kind.value)

    assert found == [state, state]


def test_a_refused_poll_with_flags_of_openrouter_ends_the_clip(stand_in):
    account = Account(base_url=f"{stand_in.url}/openrouter/api/v1", key=KEY)
    flagged = {"message": "Declined", "metadata": {"reasons": ["violence"]}}
    stand_in.state.fail("openrouter.get", Fault(status=403, body={"error": flagged}))
    stand_in.state.fail("openrouter.get", Fault(status=403, body={"error": {"message": "Flagged by the firewall"}}))

    progress = asyncio.run(openrouter.check(account, "x"))

    assert progress.error
    assert (progress.state, progress.error.kind) == (ProgressState.FAILED, ErrorKind.MODERATION)
    catch_error(lambda: asyncio.run(openrouter.check(account, "x")))


# -- Downloads ---------------------------------------------------------------------------------------------------------


def fetch(module: Any, account: Account, path: Path) -> bytes:
    module.fetch(account, "video_1", path, lambda fraction: None)
    return path.read_bytes()


@pytest.fixture(params=["sora", "sora with an address", "openrouter"])
def finished(request: pytest.FixtureRequest, stand_in: StandIn) -> tuple[Any, Account]:
    """A provider with a finished clip, video_1."""
    stand_in.state.flavour |= {"sora.url": "yes"} if "address" in request.param else {}
    stand_in.state.make_clip("create", prefix="video_", model="m", prompt="x", seconds="4", size="", cost=0)
    if request.param == "openrouter":
        return openrouter, Account(base_url=f"{stand_in.url}/openrouter/api/v1", key=KEY)
    return sora, Account(base_url=f"{stand_in.url}/openai/v1", key=KEY)


@pytest.mark.parametrize("content_type", ["application/mp4", "binary/octet-stream", "text/plain", "application/json"])
def test_a_clip_is_judged_by_its_content(stand_in, finished, tmp_path, content_type):
    stand_in.state.content, stand_in.state.content_type = b"\x00\x00\x00\x18ftypmp42" * 1000, content_type

    provider, account = finished
    assert fetch(provider, account, tmp_path / "clip.mp4") == stand_in.state.content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>Sign in</html>", "The download is a text instead of a video."),
        (b'\xef\xbb\xbf\n {"error": "no"}', "The download is a text instead of a video."),
        (b"", "The download is empty."),
    ],
)
def test_what_is_no_clip_is_refused_whatever_its_type(stand_in, finished, tmp_path, content, message):
    stand_in.state.content = content

    error = catch_error(fetch, *finished, tmp_path / "clip.mp4")

    assert (error.kind, error.message) == (ErrorKind.PROVIDER, message)


def test_openrouters_other_address_is_tried_without_the_key(stand_in, tmp_path):
    account = Account(base_url=f"{stand_in.url}/openrouter/api/v1", key=KEY)
    stand_in.state.make_clip("openrouter.create", prefix="video_", model="m", prompt="x", cost=1)
    url = f"{stand_in.url}/files/video_1.mp4"
    stand_in.state.fail("openrouter.content", Fault(status=500, body={"error": {"message": "Oops"}}))
    stand_in.state.fail("openrouter.get", Fault(status=200, body={"status": "completed", "unsigned_urls": [url]}))

    assert fetch(openrouter, account, tmp_path / "clip.mp4") == stand_in.state.content
    assert len(stand_in.state.calls("sora.file")) == 1


def test_a_completed_clip_without_an_address_says_why_it_was_not_fetched(stand_in, tmp_path):
    account = Account(base_url=f"{stand_in.url}/openrouter/api/v1", key=KEY)
    job = {"id": "video_1", "status": "completed", "unsigned_urls": [], "usage": {"cost": 0.42}}
    stand_in.state.fail("openrouter.content", Fault(status=500, body={"error": {"message": "No file"}}))
    stand_in.state.fail("openrouter.get", Fault(status=200, body=job), Fault(status=200, body=job))

    assert asyncio.run(openrouter.check(account, "video_1")).cost == Decimal("0.42")
    assert catch_error(fetch, openrouter, account, tmp_path / "clip.mp4").message == "No file"


def test_the_content_is_fetched_if_the_jobs_address_fails(stand_in, account, tmp_path):
    stand_in.state.make_clip("sora.create", prefix="video_", model="m", prompt="x", seconds="4", size="")
    job = {"id": "video_1", "status": "completed", "url": f"{stand_in.url}/nowhere.mp4"}
    stand_in.state.fail("sora.get", Fault(status=200, body=job))

    assert fetch(sora, account, tmp_path / "clip.mp4") == stand_in.state.content


def test_an_address_in_the_words_of_a_refusal_is_tried(stand_in, account, tmp_path):
    stand_in.state.make_clip("sora.create", prefix="video_", model="m", prompt="x", seconds="4", size="")
    url = f"{stand_in.url}/files/video_1.mp4?sig=abc"
    detail = f"Video has been uploaded to cloud storage. Please use the cloud URL: {url}"
    stand_in.state.fail("sora.content", Fault(status=400, body={"detail": detail}))

    assert fetch(sora, account, tmp_path / "clip.mp4") == stand_in.state.content
