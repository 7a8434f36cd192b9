"""The Sora provider against the stand-in, with the real SDK over HTTP."""

from __future__ import annotations

import asyncio
import dataclasses
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from generation.providers import registry, sora
from generation.providers.base import Ability, Account, ErrorKind, Progress, ProgressState, Task
from generation.providers.registry import PROVIDERS
from tests.commands import KEY
from tests.generation.providers.conftest import a_picture, a_request, catch_error
from tests.standin import Fault, StandIn


def account_at(stand_in: StandIn, preset: str = "openai", key: str = KEY) -> Account:
    stand_in.state.flavour["sora"] = {"vllm-omni": "vllm"}.get(preset, preset)
    abilities = PROVIDERS["sora"].connection_abilities(preset)
    return Account(base_url=f"{stand_in.url}/openai/v1", key=key, abilities=abilities)


def check_now(account: Account, remote_id: str) -> Progress:
    return asyncio.run(sora.check(account, remote_id))


# -- Submitting---------------------------------------------------------------------------------------------------------


def test_a_clip_from_submit_to_file(stand_in, tmp_path):
    account = account_at(stand_in)
    stand_in.state.content = b"mp4" * 100_000

    remote_id = sora.submit(account, a_request())
    sora.fetch(account, remote_id, tmp_path / "clip.mp4", lambda fraction: None)

    (sent,) = stand_in.state.calls("sora.create")
    assert sent.fields == {
        "prompt": "A heron lifts off the lake.",
        "model": "sora-2",
        "size": "1280x720",
        "seconds": "8",
    }
    assert check_now(account, remote_id) == Progress(ProgressState.DONE, percent=100)
    assert (tmp_path / "clip.mp4").read_bytes() == stand_in.state.content
    assert [charge.clip_id for charge in stand_in.state.charges] == [remote_id]


def test_a_start_frame_is_sent_as_a_file(stand_in, tmp_path):
    picture = a_picture(tmp_path / "start.png")

    sora.submit(account_at(stand_in), a_request(start_frame=picture))

    name, content, content_type = stand_in.state.calls("sora.create")[0].fields["input_reference"]
    assert (name, content, content_type) == ("start.png", picture.read_bytes(), "image/png")
    assert Image.open(io.BytesIO(content)).size == (1280, 720)


def test_seed_and_negative_prompt_are_sent_to_servers_with_extra_fields(stand_in):
    request = a_request(model="wan-2.2", seed=7, negative_prompt="rain", width=832, height=480, duration=Decimal("5"))

    sora.submit(account_at(stand_in, "vllm-omni"), request)

    fields = stand_in.state.calls("sora.create")[0].fields
    assert fields["seed"] == "7"
    assert fields["negative_prompt"] == "rain"
    assert fields["size"] == "832x480"
    assert fields["seconds"] == "5"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 0}, "This server doesn't support seeds."),
        ({"negative_prompt": "rain"}, "This server doesn't support negative prompts."),
        ({"end_frame": Path("end.png")}, "This server doesn't support end frames."),
        ({"references": (Path("one.png"),)}, "This server doesn't support references."),
        ({"audio": False}, "This server doesn't support a choice of sound."),
        ({"start_frame": Path("missing.png")}, "missing.png could not be read as an image."),
    ],
)
def test_an_option_without_a_field_is_refused_unsent(stand_in, changes, message):
    error = catch_error(sora.submit, account_at(stand_in), a_request(**changes))

    assert (error.kind, error.message) == (ErrorKind.INVALID, message)
    assert stand_in.state.arrived == []


@pytest.mark.parametrize("preset", ["openai", "litellm"])
def test_remix_extend_and_edit_send_the_source_clips_id(stand_in, preset):
    account = account_at(stand_in, preset)
    source_id = sora.submit(account, a_request())
    request = a_request(prompt="At night", source_id=source_id)

    made = [
        sora.submit(account, dataclasses.replace(request, task=task)) for task in (Task.REMIX, Task.EDIT, Task.EXTEND)
    ]

    state = stand_in.state
    assert state.calls("sora.remix")[0].fields == {"prompt": "At night"}
    assert state.calls("sora.edit")[0].fields == {"prompt": "At night", "video": {"id": source_id}}
    assert state.calls("sora.extend")[0].fields == {"prompt": "At night", "video": {"id": source_id}, "seconds": "8"}
    assert len({source_id, *made}) == len(state.charges) == 4
    assert check_now(account, made[0]).state == ProgressState.DONE


@pytest.mark.parametrize("task", [Task.REMIX, Task.EXTEND, Task.EDIT])
def test_a_task_without_its_ability_is_refused_unsent(stand_in, task):
    error = catch_error(sora.submit, account_at(stand_in, "vllm-omni"), a_request(task=task, source_id="video_1"))

    assert (error.kind, error.message) == (ErrorKind.INVALID, f"This server cannot {task} clips.")
    assert stand_in.state.arrived == []


def test_a_remix_with_a_seed_is_refused_unsent(stand_in):
    account = account_at(stand_in)

    error = catch_error(sora.submit, account, a_request(task=Task.REMIX, source_id="video_1", seed=3))

    assert error.message == "This server doesn't support seeds when it remixes a clip."
    assert stand_in.state.arrived == []


# -- Failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind", "charges"),
    [
        (Fault(status=429, body={"error": {"message": "Slow down", "code": "rate_limit_exceeded"}}), "rate_limit", 0),
        (Fault(status=429, body={"error": {"message": "No money", "code": "insufficient_quota"}}), "quota", 0),
        (Fault(status=400, body={"error": {"message": "No", "code": "moderation_blocked"}}), "moderation", 0),
        (Fault(status=400, body={"error": {"message": "Bad size", "param": "size"}}), "invalid", 0),
        (Fault(status=403, body={"error": {"message": "Your organization must be verified"}}), "auth", 0),
        (Fault(status=500, body={"error": {"message": "Oops"}}), "unknown", 0),
        (Fault(status=503, body=None), "unknown", 0),
        (Fault(drop=True), "unknown", 1),
        (Fault(refuse=True), "unknown", 0),
        (Fault(garbage=True), "unknown", 0),
    ],
)
def test_a_failed_submit_has_the_right_kind_and_is_sent_once(stand_in, fault, kind, charges):
    stand_in.state.fail("sora.create", fault)

    error = catch_error(sora.submit, account_at(stand_in), a_request())

    assert error.kind == kind
    assert len(stand_in.state.calls("sora.create")) == 1
    assert len(stand_in.state.charges) == charges


@pytest.mark.parametrize(
    ("code", "param", "kind", "message"),
    [
        ("moderation_blocked", "prompt", "moderation", "We cannot make this. Flagged: the prompt."),
        ("moderation_blocked", "input_reference", "moderation", "We cannot make this. Flagged: the start frame."),
        ("moderation_blocked", None, "moderation", "We cannot make this"),
        ("invalid_image", "input_reference", "invalid", "We cannot make this. Affected input: the start frame."),
        ("invalid_value", "size", "invalid", "We cannot make this"),
    ],
)
def test_a_refusal_names_the_input(stand_in, code, param, kind, message):
    body = {"error": {"message": "We cannot make this", "code": code, "param": param}}
    stand_in.state.fail("sora.create", Fault(status=400, body=body))

    error = catch_error(sora.submit, account_at(stand_in), a_request())

    assert (error.kind, error.message) == (kind, message)


def test_an_error_has_the_providers_message_code_and_request_id(stand_in):
    body = {"error": {"message": "Slow\n  down", "code": "rate_limit_exceeded"}}
    stand_in.state.fail(
        "sora.create", Fault(status=429, body=body, headers={"retry-after": "17", "x-request-id": "r9"})
    )

    error = catch_error(sora.submit, account_at(stand_in), a_request())

    assert (error.message, error.code, error.request_id, error.retry_after) == (
        "Slow down",
        "rate_limit_exceeded",
        "r9",
        17,
    )


@pytest.mark.parametrize("preset", ["openai", "litellm"])
def test_a_wrong_key_is_reported_without_the_key(stand_in, preset):
    account = account_at(stand_in, preset, key="sk-wrong-key")
    body = {"error": {"message": "Incorrect API key provided: sk-wrong-key", "code": "invalid_api_key"}}
    stand_in.state.fail("sora.list", Fault(status=401, body=body))

    assert catch_error(sora.submit, account, a_request()).kind == ErrorKind.AUTH
    assert catch_error(sora.test, account, ["sora-2"]).kind == ErrorKind.AUTH
    if preset == "openai":
        assert catch_error(sora.list_clips, account).message == "Incorrect API key provided: (the key)"
    assert "sk-wrong" not in repr(account)


def test_an_unreachable_server_is_a_network_error(stand_in):
    account = Account(base_url="http://127.0.0.1:9/v1", key=KEY)

    error = catch_error(sora.submit, account, a_request())

    assert (error.kind, error.message) == (ErrorKind.NETWORK, "The server could not be reached (ConnectError).")


def test_a_key_that_cannot_be_a_header_is_refused(stand_in):
    error = catch_error(sora.submit, account_at(stand_in, key="schlüssel"), a_request())

    assert (error.kind, error.message) == (ErrorKind.AUTH, "The key contains invalid characters. Copy it again.")


# -- Polling -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("preset", "percent"), [("openai", 40), ("litellm", 40), ("vllm-omni", 40)])
def test_any_status_that_is_not_final_is_running(stand_in, preset, percent):
    account = account_at(stand_in, preset)
    stand_in.state.outcome = "stuck"

    remote_id = sora.submit(account, a_request())

    assert check_now(account, remote_id) == Progress(ProgressState.RUNNING, percent=percent)


@pytest.mark.parametrize("preset", ["openai", "vllm-omni", "sglang", "litellm"])
def test_a_failed_job_is_final_on_every_make_of_server(stand_in, preset):
    account = account_at(stand_in, preset)
    stand_in.state.outcome, stand_in.state.reason = "failed", "CUDA out of memory"

    progress = check_now(account, sora.submit(account, a_request()))

    assert progress.state == ProgressState.FAILED
    assert progress.error
    assert (progress.error.kind, progress.error.message) == (ErrorKind.PROVIDER, "CUDA out of memory")


def test_a_clip_that_was_filtered_later_is_moderation(stand_in):
    account = account_at(stand_in)
    stand_in.state.outcome, stand_in.state.reason = "filtered", "This content may violate our policies."

    progress = check_now(account, sora.submit(account, a_request()))

    assert progress.error
    assert (progress.error.kind, progress.error.code) == (ErrorKind.MODERATION, "moderation_blocked")
    assert progress.error.message == "This content may violate our policies."


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=500, body={"error": {"message": "Oops"}}), "provider"),
        (Fault(status=429, body={"error": {"message": "Slow down"}}), "rate_limit"),
        (Fault(status=404, body={"error": {"message": "Video not found"}}), "lost"),
        (Fault(status=404, body=None), "network"),
        (Fault(refuse=True), "network"),
        (Fault(garbage=True), "provider"),
    ],
)
def test_a_failed_poll_has_the_right_kind_and_is_sent_once(stand_in, fault, kind):
    account = account_at(stand_in)
    remote_id = sora.submit(account, a_request())
    stand_in.state.fail("sora.get", fault)

    assert catch_error(check_now, account, remote_id).kind == kind
    assert len(stand_in.state.calls("sora.get")) == 1


def test_a_clip_unknown_to_a_restarted_server_is_lost(stand_in):
    error = catch_error(check_now, account_at(stand_in, "vllm-omni"), "video_9")

    assert (error.kind, error.message) == (ErrorKind.LOST, "Video with id 'video_9' not found.")


async def test_many_clips_are_polled_concurrently(stand_in):
    account = account_at(stand_in)
    remote_id = await asyncio.to_thread(sora.submit, account, a_request())
    stand_in.state.latency = 0.1
    began = asyncio.get_running_loop().time()

    await asyncio.gather(*(sora.check(account, remote_id) for _ in range(20)))

    assert asyncio.get_running_loop().time() - began < 1


# -- Fetching ----------------------------------------------------------------------------------------------------------


def test_a_clip_with_its_own_url_is_fetched_there_without_the_key(stand_in, tmp_path):
    account = account_at(stand_in, "sglang")
    stand_in.state.flavour["sora.url"] = "yes"
    stand_in.state.content = b"mp4" * 1000

    sora.fetch(account, sora.submit(account, a_request()), tmp_path / "clip.mp4", lambda fraction: None)

    assert (tmp_path / "clip.mp4").read_bytes() == stand_in.state.content
    assert len(stand_in.state.calls("sora.file")) == 1
    assert stand_in.state.calls("sora.content") == []


def test_an_expired_url_is_requested_again(stand_in, tmp_path):
    account = account_at(stand_in, "sglang")
    stand_in.state.flavour["sora.url"] = "yes"
    stand_in.state.content = b"mp4" * 1000
    stand_in.state.fail("sora.file", Fault(status=403, body="expired"))
    remote_id = sora.submit(account, a_request())

    error = catch_error(sora.fetch, account, remote_id, tmp_path / "clip.mp4", lambda fraction: None)
    sora.fetch(account, remote_id, tmp_path / "clip.mp4", lambda fraction: None)

    assert (error.kind, error.message) == (ErrorKind.PROVIDER, "The clip's URL returned 403.")
    assert len(stand_in.state.calls("sora.get")) == 2
    assert (tmp_path / "clip.mp4").stat().st_size == 3000


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(truncate=True), "network"),
        (Fault(html=True), "provider"),
        (Fault(status=404, body={"error": {"message": "gone"}}), "lost"),
        (Fault(refuse=True), "network"),
    ],
)
def test_a_broken_download_is_never_accepted_as_a_clip(stand_in, tmp_path, fault, kind):
    account = account_at(stand_in)
    stand_in.state.content = b"mp4" * 100_000
    remote_id = sora.submit(account, a_request())
    stand_in.state.fail("sora.content", fault)

    error = catch_error(sora.fetch, account, remote_id, tmp_path / "clip.mp4", lambda fraction: None)

    assert error.kind == kind


# -- Finding, cancelling, deleting -------------------------------------------------------------------------------------


def test_a_submission_without_an_answer_is_found(stand_in):
    account = account_at(stand_in)
    began = datetime.now(UTC)
    sora.submit(account, a_request(prompt="Another"))
    stand_in.state.fail("sora.create", Fault(drop=True))
    catch_error(sora.submit, account, a_request())
    made = stand_in.state.charges[1].clip_id

    assert sora.find(account, a_request(), began, frozenset()) == made
    assert sora.find(account, a_request(), began, frozenset({made})) is None
    assert sora.find(account, a_request(duration=Decimal(4)), began, frozenset()) is None
    assert sora.find(account, a_request(), began + timedelta(hours=1), frozenset()) is None
    assert sora.find(account, a_request(model="sora-2-pro"), began, frozenset()) is None


def test_a_server_that_cannot_list_has_no_lister(stand_in):
    assert registry.lister("sora", account_at(stand_in)) is sora
    assert registry.lister("sora", account_at(stand_in, "litellm")) is None


def test_clips_are_listed_newest_first(stand_in):
    account = account_at(stand_in)
    first, second = (sora.submit(account, a_request(prompt=prompt)) for prompt in ("One", "Two"))

    listed = sora.list_clips(account)

    assert [(clip.id, clip.prompt, clip.state) for clip in listed] == [
        (second, "Two", ProgressState.DONE),
        (first, "One", ProgressState.DONE),
    ]


def test_cancel_and_delete_need_the_servers_ability(stand_in):
    stand_in.state.outcome = "stuck"
    openai, vllm = account_at(stand_in), account_at(stand_in, "vllm-omni")
    remote_id = sora.submit(vllm, a_request(width=832, height=480))

    assert registry.canceller("sora", openai) is None
    assert registry.canceller("sora", vllm) is sora
    assert sora.cancel(vllm, remote_id)
    assert stand_in.state.deleted == [remote_id]
    assert registry.deleter("sora", openai) is sora
    assert registry.deleter("sora", dataclasses.replace(openai, abilities=frozenset())) is None


def test_a_finished_clip_is_deleted(stand_in):
    account = account_at(stand_in)
    remote_id = sora.submit(account, a_request())

    sora.delete(account, remote_id)
    assert stand_in.state.clips == {}


# -- Testing the connection ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "abilities"),
    [
        ("openai", " Abilities: delete, edit, extend, list, remix, variants."),
        ("litellm", " Abilities: edit, extend, remix."),
        ("other", ""),
    ],
)
def test_a_working_connection_reports_what_works(stand_in, preset, abilities):
    message = sora.test(account_at(stand_in, preset), ["sora-2"])

    assert message == f"The server speaks the video protocol and accepts the key.{abilities}"
    assert stand_in.state.charges == []


@pytest.mark.parametrize("fault", [Fault(garbage=True), Fault(status=200, body={"hello": 1}), Fault(status=404)])
def test_a_server_with_another_protocol_is_reported(stand_in, fault):
    stand_in.state.fail("sora.get", fault)
    account = account_at(stand_in)

    error = catch_error(sora.test, account, ["sora-2"])

    assert error.message == (
        f"{account.base_url} answers, but does not speak the video protocol. Check the address; it usually ends in /v1."
    )


def test_declared_abilities_replace_those_of_the_make():
    sora = PROVIDERS["sora"]
    assert Ability.CANCEL in sora.connection_abilities("vllm-omni")
    assert sora.connection_abilities("other") == sora.connection_abilities("unheard of") == frozenset()
    assert sora.connection_abilities("vllm-omni", [Ability.LIST]) == {Ability.LIST}


@pytest.mark.parametrize(
    ("listed", "requested", "is_found"),
    [
        (None, "sora-2", True),
        ("sora-2", "sora-2", True),
        ("sora-2-2025-10-06", "sora-2", True),
        ("sora-2-pro", "sora-2", False),
        ("sora-2", "sora-2-pro", False),
        ("wan-2.2", "sora-2", True),  # the server has its own names
    ],
)
def test_find_ignores_clips_of_another_model_of_the_family(stand_in: StandIn, listed, requested, is_found):
    account = account_at(stand_in)
    began = datetime.now(UTC)
    made = sora.submit(account, a_request(model=requested))
    stand_in.state.clips[made].model = listed
    assert sora.find(account, a_request(model=requested), began, frozenset()) == (made if is_found else None)
