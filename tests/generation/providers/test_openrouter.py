"""OpenRouter against the stand-in, over HTTP."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from generation.catalogue.loader import read_model
from generation.connections.probe import convert_sizes
from generation.providers import openrouter
from generation.providers.base import Account, ErrorKind, Progress, ProgressState, ProviderError, Request, Task
from generation.providers.openrouter_models import LiveModel, catalogue_row
from tests.commands import KEY
from tests.generation.providers.conftest import a_picture, a_request, catch_error
from tests.standin import Fault, StandIn


@pytest.fixture
def account(stand_in: StandIn) -> Account:
    return Account(base_url=f"{stand_in.url}/openrouter/api/v1", key=KEY)


def veo_request(**changes: object) -> Request:
    return a_request(**({"model": "google/veo-3.1"} | changes))


def check_now(account: Account, remote_id: str) -> Progress:
    return asyncio.run(openrouter.check(account, remote_id))


def test_a_clip_from_submit_to_file_with_every_option(stand_in, account, tmp_path):
    request = veo_request(aspect_ratio="9:16", resolution="4k", seed=7, audio=False)

    remote_id = openrouter.submit(account, request)
    openrouter.fetch(account, remote_id, tmp_path / "clip.mp4", lambda fraction: None)

    assert stand_in.state.calls("openrouter.create")[0].fields == {
        "model": "google/veo-3.1",
        "prompt": "A heron lifts off the lake.",
        "duration": 8,
        "resolution": "4K",
        "aspect_ratio": "9:16",
        "generate_audio": False,
        "seed": 7,
    }
    assert check_now(account, remote_id) == Progress(ProgressState.DONE, percent=100, cost=Decimal("0.8"))
    assert (tmp_path / "clip.mp4").read_bytes() == stand_in.state.content
    assert len(stand_in.state.charges) == 1


def test_frames_and_references_travel_inside_the_request(stand_in, account, tmp_path):
    first, last = a_picture(tmp_path / "a.png"), a_picture(tmp_path / "b.jpg")

    openrouter.submit(account, veo_request(start_frame=first, end_frame=last))
    openrouter.submit(account, veo_request(references=(last,)))

    frames, references = (call.fields for call in stand_in.state.calls("openrouter.create"))
    assert [frame["frame_type"] for frame in frames["frame_images"]] == ["first_frame", "last_frame"]
    assert base64.b64decode(frames["frame_images"][0]["image_url"]["url"].partition(",")[2]) == first.read_bytes()
    assert references["input_references"][0]["image_url"]["url"].startswith("data:image/jpeg;base64,")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": Task.REMIX}, "OpenRouter cannot remix clips; it only makes new ones."),
        ({"negative_prompt": "rain"}, "OpenRouter doesn't support negative prompts."),
        ({"duration": Decimal("4.5")}, "OpenRouter needs whole seconds, not 4.5 s."),
        (
            {"start_frame": Path("a.png"), "references": (Path("b.png"),)},
            "OpenRouter supports frames or references, not both.",
        ),
        ({"start_frame": Path("missing.png")}, "missing.png could not be read as an image."),
    ],
)
def test_an_option_without_a_field_is_refused_unsent(stand_in, account, changes, message):
    error = catch_error(openrouter.submit, account, veo_request(**changes))

    assert (error.kind, error.message) == (ErrorKind.INVALID, message)
    assert stand_in.state.arrived == []


@pytest.mark.parametrize(
    ("fault", "kind", "charges"),
    [
        (Fault(status=402, body={"error": {"message": "Insufficient credits"}}), "quota", 0),
        (Fault(status=429, body={"error": {"message": "Slow down"}}, headers={"retry-after": "9"}), "rate_limit", 0),
        (Fault(status=403, body={"error": {"message": "No", "metadata": {"reasons": ["violence"]}}}), "moderation", 0),
        (Fault(status=400, body={"error": {"message": "duration: 7 is not supported"}}), "invalid", 0),
        (Fault(status=401, body={"error": {"message": "No auth"}}), "auth", 0),
        (Fault(status=500, body={"error": {"message": "Oops"}}), "unknown", 0),
        (Fault(status=503, body=None), "unknown", 0),
        (Fault(drop=True), "unknown", 1),
        (Fault(refuse=True), "unknown", 0),
        (Fault(garbage=True), "unknown", 0),
    ],
)
def test_a_failed_submit_has_the_right_kind_and_is_sent_once(stand_in, account, fault, kind, charges):
    stand_in.state.fail("openrouter.create", fault)

    error = catch_error(openrouter.submit, account, veo_request())

    assert error.kind == kind
    assert error.retry_after == (9 if kind == "rate_limit" else None)
    assert len(stand_in.state.calls("openrouter.create")) == 1
    assert len(stand_in.state.charges) == charges


@pytest.mark.parametrize(
    ("flagged", "suffix"),
    [
        ("a drowning\n man", "Flagged: “a drowning man” in the prompt."),
        ("prompt", "Flagged: the prompt."),
        ("first_frame", "Flagged: the start frame."),
        ("input_references", "Flagged: a reference."),
        (None, ""),
    ],
)
def test_the_flagged_input_is_reported_by_submit_and_by_check(stand_in, account, flagged, suffix):
    error = {"message": "Declined", "metadata": {"reasons": ["violence"], "flagged_input": flagged}}
    remote_id = openrouter.submit(account, veo_request())
    stand_in.state.fail("openrouter.create", Fault(status=403, body={"error": error}))
    stand_in.state.fail("openrouter.get", Fault(status=200, body={"status": "failed", "error": error}))

    at_once, later = catch_error(openrouter.submit, account, veo_request()), check_now(account, remote_id).error

    message = f"Declined: violence. {suffix}" if suffix else "Declined: violence"
    assert (at_once.kind, at_once.message) == (ErrorKind.MODERATION, message)
    assert later
    assert (later.kind, later.message) == (ErrorKind.MODERATION, message)


def test_a_wrong_key_is_reported_without_the_key(stand_in, account):
    wrong = dataclasses.replace(account, key="sk-or-wrong")
    stand_in.state.fail("openrouter.get", Fault(status=401, body={"error": {"message": "Bad key sk-or-wrong"}}))

    assert catch_error(openrouter.submit, wrong, veo_request()).kind == ErrorKind.AUTH
    assert catch_error(check_now, wrong, "gen-1").message == "Bad key (the key)"
    assert catch_error(openrouter.test, wrong, []).kind == ErrorKind.AUTH


@pytest.mark.parametrize(
    ("outcome", "code", "reason", "state", "kind"),
    [
        ("failed", "", "GPU trouble", ProgressState.FAILED, "provider"),
        ("filtered", "", "", ProgressState.FAILED, "moderation"),
        ("failed", "cancelled", "", ProgressState.CANCELLED, None),
        ("stuck", "", "", ProgressState.RUNNING, None),
    ],
)
def test_every_status_of_a_clip(stand_in, account, outcome, code, reason, state, kind):
    stand_in.state.outcome, stand_in.state.code, stand_in.state.reason = outcome, code, reason

    progress = check_now(account, openrouter.submit(account, veo_request()))

    assert (progress.state, progress.error.kind if progress.error else None) == (state, kind)


def test_an_expired_clip_without_a_cost_is_lost(stand_in, account):
    stand_in.state.outcome, stand_in.state.code = "failed", "expired"

    error = catch_error(check_now, account, openrouter.submit(account, veo_request()))

    assert error.kind == ErrorKind.LOST


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=404, body={"error": {"message": "Job not found"}}), "lost"),
        (Fault(status=500, body={"error": {"message": "Oops"}}), "provider"),
        (Fault(refuse=True), "network"),
        (Fault(garbage=True), "provider"),
    ],
)
def test_a_failed_poll_has_the_right_kind(stand_in, account, fault, kind):
    remote_id = openrouter.submit(account, veo_request())
    stand_in.state.fail("openrouter.get", fault)

    assert catch_error(check_now, account, remote_id).kind == kind


async def test_many_clips_are_polled_concurrently(stand_in, account):
    remote_id = await asyncio.to_thread(openrouter.submit, account, veo_request())
    stand_in.state.latency = 0.1
    began = asyncio.get_running_loop().time()

    await asyncio.gather(*(openrouter.check(account, remote_id) for _ in range(20)))

    assert asyncio.get_running_loop().time() - began < 1


@pytest.mark.parametrize(("fault", "kind"), [(Fault(truncate=True), "network"), (Fault(html=True), "provider")])
def test_a_broken_download_raises(stand_in, account, tmp_path, fault, kind):
    remote_id = openrouter.submit(account, veo_request())
    stand_in.state.fail("openrouter.content", fault)

    assert catch_error(openrouter.fetch, account, remote_id, tmp_path / "clip.mp4", lambda fraction: None).kind == kind


# -- The live list -----------------------------------------------------------------------------------------------------


def test_the_live_list_becomes_rows_of_the_catalogue(stand_in, account):
    listed = openrouter.catalogue_rows(account, date(2026, 11, 24))

    rows = json.loads(json.dumps([convert_sizes(row) for row in listed]))
    found = {row["id"]: read_model(row) for row in rows}

    assert sorted(found) == ["google/veo-3.1", "minimax/hailuo-3", "x-ai/grok-imagine-video"]
    veo = found["google/veo-3.1"]
    assert (veo.name, veo.maker, str(veo.seconds)) == ("Veo 3.1 (OpenRouter)", "Google", "4, 6 or 8 s")
    assert dict(veo.price_per_second) == {"720p": Decimal("0.40"), "1080p": Decimal("0.40"), "4k": Decimal("0.60")}
    supports = veo.supports
    assert (supports.start_frame, supports.end_frame, supports.audio, supports.seed) == (True, True, "choice", True)
    hailuo = found["minimax/hailuo-3"]
    assert (hailuo.resolutions, hailuo.supports.references, hailuo.supports.audio) == (("1080p",), 1, "never")
    grok = found["x-ai/grok-imagine-video"]
    assert dict(grok.price_per_second) == {"480p": Decimal("0.02"), "720p": Decimal("0.03")}
    assert grok.sizes["480p"] == {"16:9": (854, 480), "9:16": (480, 854), "1:1": (480, 480)}


@pytest.mark.parametrize("differences", [{"durations": ()}, {"resolutions": ()}, {"aspect_ratios": ()}, {"prices": {}}])
def test_a_listed_model_without_price_or_sizes_is_skipped(differences):
    model = LiveModel(
        "a/b",
        "A: B",
        durations=(4,),
        resolutions=("720p",),
        aspect_ratios=("16:9",),
        prices={"duration_seconds": Decimal(1)},
    )

    rows = [
        catalogue_row(candidate, date(2026, 11, 24)) for candidate in (model, dataclasses.replace(model, **differences))
    ]

    assert (rows[0] is not None, rows[1]) == (True, None)


def test_a_working_connection_reports_what_works(stand_in, account):
    message = openrouter.test(account, [])

    assert message == "The key works; 3 video models are available. $12.50 of the key's limit left."


@pytest.mark.parametrize("fault", [Fault(garbage=True), Fault(status=404, body=None)])
def test_a_server_with_another_api_is_reported(stand_in, account, fault):
    stand_in.state.fail("openrouter.key", fault)

    with pytest.raises(ProviderError, match=r"OpenRouter answered 404|OpenRouter's answer was not understood"):
        openrouter.test(account, [])
