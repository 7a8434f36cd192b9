"""Veo against the stand-in, with the real SDK over HTTP."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
from decimal import Decimal
from pathlib import Path

import pytest

from generation.providers import veo
from generation.providers.base import Account, ErrorKind, Progress, ProgressState, ProviderError, Request, Task
from tests.commands import KEY
from tests.generation.providers.conftest import a_picture, a_request, catch_error
from tests.standin import Fault, StandIn

MODEL = "veo-3.1-generate-001"


def account_at(stand_in: StandIn, **options: str) -> Account:
    values = {"project": "films", "location": "us-central1", "storage_url": f"{stand_in.url}/storage"} | options
    return Account(base_url=f"{stand_in.url}/vertex", key=KEY, options=tuple(values.items()))


@pytest.fixture
def account(stand_in: StandIn) -> Account:
    return account_at(stand_in)


def veo_request(**changes: object) -> Request:
    return a_request(**({"model": MODEL} | changes))


def check_now(account: Account, remote_id: str) -> Progress:
    return asyncio.run(veo.check(account, remote_id))


def test_a_clip_from_submit_to_file_with_every_option(stand_in, account, tmp_path):
    request = veo_request(aspect_ratio="9:16", resolution="1080p", seed=7, negative_prompt="rain", audio=False)

    remote_id = veo.submit(account, request)
    veo.fetch(account, remote_id, tmp_path / "clip.mp4", lambda fraction: None)

    (sent,) = stand_in.state.calls("veo.create")
    assert sent.fields == {
        "instances": [{"prompt": "A heron lifts off the lake."}],
        "parameters": {
            "sampleCount": 1,
            "durationSeconds": 8,
            "seed": 7,
            "aspectRatio": "9:16",
            "resolution": "1080p",
            "negativePrompt": "rain",
            "generateAudio": False,
        },
    }
    assert remote_id == f"projects/films/locations/us-central1/publishers/google/models/{MODEL}/operations/op-1"
    assert check_now(account, remote_id) == Progress(ProgressState.DONE, percent=100)
    assert (tmp_path / "clip.mp4").read_bytes() == stand_in.state.content
    assert len(stand_in.state.charges) == 1


def test_person_generation_is_the_accounts_setting(stand_in):
    veo.submit(account_at(stand_in, person_generation="dont_allow"), veo_request())

    assert stand_in.state.calls("veo.create")[0].fields["parameters"]["personGeneration"] == "dont_allow"


def test_frames_and_references(stand_in, account, tmp_path):
    first = a_picture(tmp_path / "a.png")
    last = a_picture(tmp_path / "b.jpg").rename(tmp_path / "b.png")  # the type is detected from the content

    veo.submit(account, veo_request(start_frame=first, end_frame=last))
    veo.submit(account, veo_request(references=(first, last)))

    frames, references = (call.fields["instances"][0] for call in stand_in.state.calls("veo.create"))
    assert base64.b64decode(frames["image"]["bytesBase64Encoded"]) == first.read_bytes()
    assert base64.b64decode(frames["lastFrame"]["bytesBase64Encoded"]) == last.read_bytes()
    assert [item["image"]["mimeType"] for item in references["referenceImages"]] == ["image/png", "image/jpeg"]
    assert [item["referenceType"].lower() for item in references["referenceImages"]] == ["asset", "asset"]


def test_a_clip_in_a_bucket_is_fetched_and_extended_from_there(stand_in, tmp_path):
    account = account_at(stand_in, output_gcs_uri="gs://films/takes")
    source_id = veo.submit(account, veo_request())

    veo.fetch(account, source_id, tmp_path / "clip.mp4", lambda fraction: None)
    veo.submit(
        account, veo_request(task=Task.EXTEND, source_id=source_id, prompt="It lands again", duration=Decimal(7))
    )

    assert (tmp_path / "clip.mp4").read_bytes() == stand_in.state.content
    extended = stand_in.state.calls("veo.create")[1].fields
    assert extended["instances"][0] == {
        "prompt": "It lands again",
        "video": {"gcsUri": "gs://films/takes/op-1/sample_0.mp4", "mimeType": "video/mp4"},
    }
    assert extended["parameters"]["storageUri"] == "gs://films/takes"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": Task.REMIX}, "Veo cannot remix clips; it can extend them."),
        ({"task": Task.EDIT}, "Veo cannot edit clips; it can extend them."),
        ({"task": Task.EXTEND, "resolution": "4k"}, "Veo extends clips in 720p only, not in 4k."),
        ({"end_frame": Path("b.png")}, "Veo supports an end frame only with a start frame."),
        (
            {"end_frame": Path("b.png"), "references": (Path("a.png"),)},
            "Veo supports frames or references, not both.",
        ),
        ({"duration": Decimal("4.5")}, "Veo needs whole seconds, not 4.5 s."),
        ({"start_frame": Path("missing.png")}, "missing.png could not be read as an image."),
    ],
)
def test_an_option_without_a_field_is_refused_unsent(stand_in, account, changes, message):
    error = catch_error(veo.submit, account, veo_request(**changes))

    assert (error.kind, error.message) == (ErrorKind.INVALID, message)
    assert stand_in.state.arrived == []


def test_only_a_clip_in_a_bucket_can_be_extended(stand_in, account):
    source_id = veo.submit(account, veo_request())

    error = catch_error(veo.submit, account, veo_request(task=Task.EXTEND, source_id=source_id))

    assert "Set GOOGLE_VEO_OUTPUT_GCS_URI" in error.message
    assert len(stand_in.state.charges) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "charges"),
    [
        (Fault(status=429, body={"error": {"code": 429, "message": "Resource exhausted"}}), "rate_limit", 0),
        (Fault(status=400, body={"error": {"code": 400, "message": "Blocked by safety settings"}}), "moderation", 0),
        (Fault(status=400, body={"error": {"code": 400, "message": "Bad duration"}}), "invalid", 0),
        (Fault(status=403, body={"error": {"code": 403, "message": "Permission denied"}}), "auth", 0),
        (Fault(status=500, body={"error": {"code": 500, "message": "Oops"}}), "unknown", 0),
        (Fault(status=503, body=None), "unknown", 0),
        (Fault(drop=True), "unknown", 1),
        (Fault(refuse=True), "unknown", 0),
        (Fault(garbage=True), "unknown", 0),
    ],
)
def test_a_failed_submit_has_the_right_kind_and_is_sent_once(stand_in, account, fault, kind, charges):
    stand_in.state.fail("veo.create", fault)

    error = catch_error(veo.submit, account, veo_request())

    assert error.kind == kind
    assert len(stand_in.state.calls("veo.create")) == 1
    assert len(stand_in.state.charges) == charges


def test_a_wrong_token_is_reported_without_the_token(stand_in, account):
    wrong = dataclasses.replace(account, key="ya29.of-bob")

    for error in (catch_error(veo.submit, wrong, veo_request()), catch_error(veo.test, wrong, [MODEL])):
        assert (error.kind, "ya29" in error.message) == (ErrorKind.AUTH, False)


def test_missing_credentials_are_reported_with_the_fix(account, monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))

    error = catch_error(veo.submit, dataclasses.replace(account, key=""), veo_request())

    assert (error.kind, error.message) == (
        ErrorKind.AUTH,
        "No Google credentials found. Set GOOGLE_APPLICATION_CREDENTIALS to a service account's key file.",
    )


@pytest.mark.parametrize(
    ("outcome", "code", "reason", "kind"),
    [
        ("filtered", "", "It shows a child.", "moderation"),
        ("failed", "13", "Internal error.", "provider"),
        ("failed", "8", "Quota exceeded.", "quota"),
        ("failed", "3", "The prompt violates our usage guidelines.", "moderation"),
        ("failed", "3", "Bad image.", "invalid"),
    ],
)
def test_a_failed_clip_has_its_reason(stand_in, account, outcome, code, reason, kind):
    stand_in.state.outcome, stand_in.state.code, stand_in.state.reason = outcome, code, reason

    progress = check_now(account, veo.submit(account, veo_request()))

    assert progress.error is not None
    assert (progress.state, progress.error.kind, progress.error.message) == (ProgressState.FAILED, kind, reason)


def test_an_unfinished_clip_is_running(stand_in, account):
    stand_in.state.outcome = "stuck"

    assert check_now(account, veo.submit(account, veo_request())) == Progress(ProgressState.RUNNING)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=500, body={"error": {"code": 500, "message": "Oops"}}), "provider"),
        (Fault(status=404, body={"error": {"code": 404, "message": "Operation not found"}}), "lost"),
        (Fault(refuse=True), "network"),
        (Fault(garbage=True), "provider"),
    ],
)
def test_a_failed_poll_has_the_right_kind_and_is_sent_once(stand_in, account, fault, kind):
    remote_id = veo.submit(account, veo_request())
    stand_in.state.fail("veo.get", fault)

    assert catch_error(check_now, account, remote_id).kind == kind
    assert len(stand_in.state.calls("veo.get")) == 1


async def test_many_clips_are_polled_concurrently(stand_in, account):
    remote_id = await asyncio.to_thread(veo.submit, account, veo_request())
    stand_in.state.latency = 0.3
    began = asyncio.get_running_loop().time()

    await asyncio.gather(*(veo.check(account, remote_id) for _ in range(20)))

    assert asyncio.get_running_loop().time() - began < 4


@pytest.mark.parametrize(("fault", "kind"), [(Fault(truncate=True), "network"), (Fault(html=True), "provider")])
def test_a_broken_download_raises(stand_in, tmp_path, fault, kind):
    account = account_at(stand_in, output_gcs_uri="gs://films/takes")
    remote_id = veo.submit(account, veo_request())
    stand_in.state.fail("veo.content", fault)

    assert catch_error(veo.fetch, account, remote_id, tmp_path / "clip.mp4", lambda fraction: None).kind == kind


def test_a_working_connection_reports_what_works(stand_in, account):
    assert veo.test(account, [MODEL]) == f"The credentials work for the project films; {MODEL} is available."


@pytest.mark.parametrize("fault", [Fault(garbage=True), Fault(status=200, body={"hello": 1})])
def test_a_server_with_another_api_is_reported(stand_in, account, fault):
    stand_in.state.fail("veo.model", fault)

    with pytest.raises(ProviderError, match=r"Check its address"):
        veo.test(account, [MODEL])
