"""Gemini Omni against the stand-in, with the real SDK over HTTP."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from generation.providers import omni
from generation.providers.base import Account, ErrorKind, Progress, ProgressState, ProviderError, Request, Task
from tests.commands import KEY
from tests.generation.providers.conftest import a_picture, a_request, catch_error
from tests.standin import Fault, StandIn


@pytest.fixture
def account(stand_in: StandIn) -> Account:
    return Account(base_url=f"{stand_in.url}/gemini", key=KEY, options=(("api_version", "v1beta"),))


def omni_request(**changes: object) -> Request:
    return a_request(**({"model": "gemini-omni-1.2-flash"} | changes))


def check_now(account: Account, remote_id: str) -> Progress:
    return asyncio.run(omni.check(account, remote_id))


def read_sent(stand_in: StandIn) -> dict[str, Any]:
    return stand_in.state.calls("omni.create")[0].fields


def test_a_clip_from_submit_to_file(stand_in, account, tmp_path):
    remote_id = omni.submit(account, omni_request(aspect_ratio="9:16", resolution="1080p", seed=7))
    omni.fetch(account, remote_id, tmp_path / "clip.mp4", lambda fraction: None)

    assert read_sent(stand_in) == {
        "model": "gemini-omni-1.2-flash",
        "background": True,
        "store": True,
        "input": [{"type": "user_input", "content": [{"type": "text", "text": "A heron lifts off the lake."}]}],
        "generation_config": {"video_config": {"task": "text_to_video"}, "seed": 7},
        "response_format": {
            "type": "video",
            "delivery": "uri",
            "aspect_ratio": "9:16",
            "resolution": "1080p",
            "duration": "8s",
        },
    }
    assert check_now(account, remote_id) == Progress(ProgressState.DONE, percent=100)
    assert (tmp_path / "clip.mp4").read_bytes() == stand_in.state.content
    assert [charge.clip_id for charge in stand_in.state.charges] == [remote_id]


@pytest.mark.parametrize(
    ("pictures", "task"),
    [
        ({"start_frame": "a.png"}, "image_to_video"),
        ({"start_frame": "a.png", "end_frame": "b.jpg"}, "image_to_video"),
        ({"references": ["a.png", "b.jpg", "c.webp"]}, "reference_to_video"),
    ],
)
def test_pictures_come_before_the_text(stand_in, account, tmp_path, pictures, task):
    made: dict[str, object] = {}
    paths: list[Path] = []
    for name, value in pictures.items():
        files = tuple(a_picture(tmp_path / file) for file in ([value] if isinstance(value, str) else value))
        made[name] = files[0] if isinstance(value, str) else files
        paths += files

    omni.submit(account, omni_request(**made))

    sent = read_sent(stand_in)
    *images, text = sent["input"][0]["content"]
    assert sent["generation_config"]["video_config"]["task"] == task
    assert [base64.b64decode(image["data"]) for image in images] == [path.read_bytes() for path in paths]
    types = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
    assert [image["mime_type"] for image in images] == [types[path.suffix] for path in paths]
    assert text["type"] == "text"


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        (Task.EXTEND, {"type": "video", "delivery": "uri", "duration": "5s"}),
        (Task.EDIT, {"type": "video", "delivery": "uri"}),
    ],
)
def test_extend_and_edit_name_the_earlier_clip(stand_in, account, task, wanted):
    source_id = omni.submit(account, omni_request())
    request = omni_request(task=task, source_id=source_id, prompt="At night", duration=Decimal(5))

    remote_id = omni.submit(account, request)

    sent = stand_in.state.calls("omni.create")[1].fields
    assert sent["previous_interaction_id"] == source_id
    assert sent["generation_config"]["video_config"] == {"task": task.value}
    assert sent["response_format"] == wanted
    assert check_now(account, remote_id).state == ProgressState.DONE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"negative_prompt": "rain"}, "Gemini Omni doesn't support negative prompts."),
        ({"audio": False}, "Gemini Omni doesn't support a choice of sound."),
        ({"end_frame": Path("b.png")}, "Gemini Omni doesn't support an end frame without a start frame."),
        (
            {"start_frame": Path("a.png"), "references": (Path("b.png"),)},
            "Gemini Omni doesn't support references together with frames.",
        ),
        ({"task": Task.REMIX}, "Gemini Omni cannot remix clips; it can edit and extend them."),
        (
            {"task": Task.EDIT, "references": (Path("b.png"),)},
            "Gemini Omni doesn't support frames or references when it extends or edits.",
        ),
        ({"start_frame": Path("missing.png")}, "missing.png could not be read as an image."),
    ],
)
def test_an_option_without_a_field_is_refused_unsent(stand_in, account, changes, message):
    error = catch_error(omni.submit, account, omni_request(**changes))

    assert (error.kind, error.message) == (ErrorKind.INVALID, message)
    assert stand_in.state.arrived == []


@pytest.mark.parametrize(
    ("fault", "kind", "charges"),
    [
        (Fault(status=429, body={"error": {"message": "Slow down", "status": "RESOURCE_EXHAUSTED"}}), "rate_limit", 0),
        (Fault(status=429, body={"error": {"message": "Check your plan and billing details"}}), "quota", 0),
        (Fault(status=400, body={"error": {"message": "Blocked by safety settings"}}), "moderation", 0),
        (Fault(status=400, body={"error": {"message": "Bad duration"}}), "invalid", 0),
        (Fault(status=403, body={"error": {"message": "Permission denied"}}), "auth", 0),
        (Fault(status=404, body={"error": {"message": "No such model"}}), "invalid", 0),
        (Fault(status=500, body={"error": {"message": "Oops"}}), "unknown", 0),
        (Fault(status=503, body=None), "unknown", 0),
        (Fault(drop=True), "unknown", 1),
        (Fault(refuse=True), "unknown", 0),
        (Fault(garbage=True), "unknown", 0),
    ],
)
def test_a_failed_submit_has_the_right_kind_and_is_sent_once(stand_in, account, fault, kind, charges):
    stand_in.state.fail("omni.create", fault)

    error = catch_error(omni.submit, account, omni_request())

    assert error.kind == kind
    assert len(stand_in.state.calls("omni.create")) == 1
    assert len(stand_in.state.charges) == charges


def test_retry_after_is_read_from_the_header_or_the_body(stand_in, account):
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}]
    body = {"error": {"message": "Slow down", "status": "RESOURCE_EXHAUSTED", "details": details}}
    stand_in.state.fail(
        "omni.create", Fault(status=429, body=body), Fault(status=429, body=body, headers={"retry-after": "5"})
    )

    waits = [catch_error(omni.submit, account, omni_request()).retry_after for _ in range(2)]

    assert waits == [17, 5]


def test_a_wrong_key_is_reported_without_the_key(stand_in, account):
    wrong = dataclasses.replace(account, key="wrong-key-of-bob")
    stand_in.state.fail("omni.get", Fault(status=403, body={"error": {"message": "Bad key wrong-key-of-bob"}}))

    assert catch_error(omni.submit, wrong, omni_request()).kind == ErrorKind.AUTH
    assert catch_error(check_now, wrong, "int_1").message == "Bad key (the key)"
    assert catch_error(omni.test, wrong, ["gemini-omni-1.2-flash"]).kind == ErrorKind.AUTH
    assert catch_error(omni.submit, dataclasses.replace(account, key=""), omni_request()).kind == ErrorKind.AUTH


def test_an_unreachable_server_is_a_network_error(account):
    gone = dataclasses.replace(account, base_url="http://127.0.0.1:9")

    assert catch_error(omni.submit, gone, omni_request()).kind == ErrorKind.NETWORK
    assert catch_error(check_now, gone, "int_1").kind == ErrorKind.NETWORK


# -- Polling -----------------------------------------------------------------------------------------------------------


def test_a_text_answer_without_a_clip_is_moderation(stand_in, account):
    stand_in.state.outcome, stand_in.state.reason = "filtered", "I can't show real people."

    progress = check_now(account, omni.submit(account, omni_request()))

    assert progress.error is not None
    assert (progress.state, progress.error.kind, progress.error.message) == (
        ProgressState.FAILED,
        ErrorKind.MODERATION,
        "I can't show real people.",
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("failed", "provider"),
        ("incomplete", "provider"),
        ("budget_exceeded", "quota"),
        ("requires_action", "provider"),
        ("requires_continuation", "provider"),
    ],
)
def test_every_final_status_without_a_clip_is_a_failure(stand_in, account, status, kind):
    stand_in.state.outcome = "failed"
    stand_in.state.flavour["omni.status"] = status

    progress = check_now(account, omni.submit(account, omni_request()))

    assert progress.error is not None
    assert (progress.state, progress.error.kind) == (ProgressState.FAILED, kind)


@pytest.mark.parametrize("status", ["queued", "in_progress", "something_new"])
def test_any_other_status_is_running(stand_in, account, status):
    remote_id = omni.submit(account, omni_request())
    stand_in.state.fail("omni.get", Fault(status=200, body={"id": remote_id, "status": status}))

    assert check_now(account, remote_id) == Progress(ProgressState.RUNNING)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=500, body={"error": {"message": "Oops"}}), "provider"),
        (Fault(status=429, body={"error": {"message": "Slow down"}}), "rate_limit"),
        (Fault(status=404, body={"error": {"message": "Interaction not found"}}), "lost"),
        (Fault(refuse=True), "network"),
        (Fault(garbage=True), "provider"),
    ],
)
def test_a_failed_poll_has_the_right_kind_and_is_sent_once(stand_in, account, fault, kind):
    remote_id = omni.submit(account, omni_request())
    stand_in.state.fail("omni.get", fault)

    assert catch_error(check_now, account, remote_id).kind == kind
    assert len(stand_in.state.calls("omni.get")) == 1


def test_an_unknown_id_is_lost_although_google_answers_400(stand_in, account):
    assert catch_error(check_now, account, "int_9").kind == ErrorKind.LOST


async def test_many_clips_are_polled_concurrently(stand_in, account):
    remote_id = await asyncio.to_thread(omni.submit, account, omni_request())
    stand_in.state.latency = 0.3
    began = asyncio.get_running_loop().time()

    results = await asyncio.gather(*(omni.check(account, remote_id) for _ in range(20)))

    assert {progress.state for progress in results} == {ProgressState.DONE}
    assert asyncio.get_running_loop().time() - began < 4


# -- Fetching, cancelling, testing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", ["inline", "elsewhere"])
def test_a_clip_inside_the_answer_or_behind_a_redirect_is_fetched(stand_in, account, tmp_path, flavour):
    stand_in.state.flavour["omni"] = flavour

    omni.fetch(account, omni.submit(account, omni_request()), tmp_path / "clip.mp4", lambda fraction: None)

    assert (tmp_path / "clip.mp4").read_bytes() == stand_in.state.content


def test_a_file_is_fetched_through_the_configured_host_with_its_key(stand_in, account, tmp_path):
    """Behind a gateway the answer names the vendor's host, which doesn't know the gateway's key."""
    stand_in.state.flavour["omni"] = "gateway"

    omni.fetch(account, omni.submit(account, omni_request()), tmp_path / "clip.mp4", lambda fraction: None)

    (call,) = stand_in.state.calls("omni.content")
    assert (call.path, call.headers["x-goog-api-key"]) == ("/gemini/v1beta/files/int_1:download", KEY)
    assert (tmp_path / "clip.mp4").read_bytes() == stand_in.state.content


@pytest.mark.parametrize(("fault", "kind"), [(Fault(truncate=True), "network"), (Fault(html=True), "provider")])
def test_a_broken_download_raises(stand_in, account, tmp_path, fault, kind):
    remote_id = omni.submit(account, omni_request())
    stand_in.state.fail("omni.content", fault)

    assert catch_error(omni.fetch, account, remote_id, tmp_path / "clip.mp4", lambda fraction: None).kind == kind


def test_cancel_stops_running_clips_only(stand_in, account):
    done = omni.submit(account, omni_request())
    stand_in.state.outcome = "stuck"
    running = omni.submit(account, omni_request())

    assert omni.cancel(account, running)
    assert check_now(account, running).state == ProgressState.CANCELLED
    assert not omni.cancel(account, done)
    omni.delete(account, done)
    assert stand_in.state.deleted == [done]


def test_a_working_connection_reports_what_works(stand_in, account):
    assert omni.test(account, ["gemini-omni-1.2-flash"]) == "The key works; gemini-omni-1.2-flash is available."
    assert stand_in.state.charges == []


@pytest.mark.parametrize("fault", [Fault(garbage=True), Fault(status=200, body={"hello": 1})])
def test_a_server_with_another_api_is_reported(stand_in, account, fault):
    stand_in.state.fail("omni.model", fault)

    with pytest.raises(ProviderError, match=r"Check its address"):
        omni.test(account, ["gemini-omni-1.2-flash"])
