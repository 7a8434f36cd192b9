"""`manage.py video` and `manage.py clips`: the same pipeline as the page, run by the command itself."""

from __future__ import annotations

import copy
import io
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import av
import pytest
from django.db import connection
from PIL import Image

from generation.jobs.lease import Lease
from generation.management.job_command import Signals
from generation.models import Generation
from generation.pipeline import fetch
from generation.states import Status
from projects.models import Reference, Scene
from teams.models import User
from tests.clips import make_clip
from tests.commands import KEY
from tests.factories import keys_seen
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db(transaction=True)


def read_duration(path: Path) -> float:
    with av.open(path, "r") as container:
        return float(container.duration or 0) / av.time_base


# -- video -------------------------------------------------------------------------------------------------------------


def test_without_connections_the_animatic_is_rendered(run, tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    result = run("video", "-p", "A heron lifts off the lake", "-o", clip, "--duration", 1)
    assert (result.code, result.out) == (0, str(clip))
    assert 0.9 < read_duration(clip) < 1.2
    take = Generation.objects.get()
    assert (take.status, take.model_id, take.scene.project.title) == (Status.COMPLETED, "animatic", "Command line 16:9")
    assert "Animatic, 1 s: $0.00" in result.err
    assert [path.name for path in tmp_path.glob(".clip*")] == []


def test_every_option_reaches_sora(run, everywhere: StandIn, tmp_path: Path, frame: Path):
    clip = tmp_path / "clip.mp4"
    options = ["--sora-model", "sora-2-pro", "--duration", 8, "--resolution", "1024p", "--aspect", "9:16"]
    result = run("video", "-p", "A boat", "-o", clip, *options, "--image", frame, "--fit", "pad", "--yes", "--json")
    (sent,) = everywhere.state.calls("sora.create")
    assert (sent.fields["model"], sent.fields["size"], sent.fields["seconds"]) == ("sora-2-pro", "1024x1792", "8")
    assert sent.fields["prompt"] == "A boat"
    assert Image.open(io.BytesIO(sent.fields["input_reference"][1])).size == (1024, 1792)
    assert clip.read_bytes() == everywhere.state.content
    take = Generation.objects.get()
    assert result.json == {
        "id": take.pk,
        "status": "completed",
        "model": "sora-2-pro",
        "provider": "sora",
        "output": str(clip),
        "asked": {"width": 1024, "height": 1792, "seconds": "8.0", "fps": None, "codec": None},
        "got": {"width": 320, "height": 180, "seconds": "20.000", "fps": "5", "codec": "h264"},
        "differences": ["Asked for portrait 1024x1792, got landscape 320x180.", "Asked for 8 s, got 20 s."],
        "cost": "4.0000",
        "estimated_cost": "4.0000",
        "currency": "USD",
        "error": None,
        "resume": None,
    }
    assert (result.code, len(everywhere.state.charges)) == (0, 1)


def test_a_clip_far_from_the_order_is_kept_for_review_and_accepted(run, everywhere: StandIn, tmp_path: Path):
    everywhere.state.content = make_clip(tmp_path / "one-frame.mp4", frames=1).read_bytes()
    clip = tmp_path / "clip.mp4"
    result = run("video", "-p", "A boat", "-o", clip, "--sora-model", "sora-2", "--duration", 8, "--yes", "--json")
    assert (result.code, result.json["output"], clip.exists()) == (3, None, False)
    assert (result.json["asked"]["seconds"], result.json["got"]["seconds"]) == ("8.0", "0.042")
    assert (result.json["error"]["kind"], result.json["error"]["money"]) == (
        "incomplete",
        "$0.80 is on hold until you decide.",
    )
    take = Generation.objects.get()
    assert run("resolve", take.pk, "--accept").out == "Accepted as it is. $0.80 counted as spent."
    assert run("video", "--resume", take.pk, "-o", clip).code == 0
    assert clip.read_bytes() == everywhere.state.content


def test_every_option_reaches_veo(run, everywhere: StandIn, tmp_path: Path, frame: Path):
    options = ["--video-provider", "veo", "--model", "veo-3.1-generate-001", "--resolution", "1080p", "--duration", 6]
    options += ["--seed", 7, "--negative-prompt", "rain", "--no-audio", "--image", frame, "--last-frame", frame]
    assert run("video", "-p", "A boat", "-o", tmp_path / "clip.mp4", *options, "--yes").code == 0
    sent = everywhere.state.calls("veo.create")[0].fields
    assert sent["instances"][0].keys() == {"prompt", "image", "lastFrame"}
    assert sent["parameters"] == {
        "sampleCount": 1,
        "durationSeconds": 6,
        "seed": 7,
        "aspectRatio": "16:9",
        "resolution": "1080p",
        "negativePrompt": "rain",
        "generateAudio": False,
    }


def test_references_reach_omni_with_its_cheapest_model(run, everywhere: StandIn, tmp_path: Path, frame: Path):
    result = run(
        "video", "-p", "A boat", "--video-provider", "omni", "--reference", frame, "--reference", frame, "--yes"
    )
    sent = everywhere.state.calls("omni.create")[0].fields
    assert (result.code, sent["model"]) == (0, "gemini-omni-1.2-flash")
    assert [part["type"] for part in sent["input"][0]["content"]] == ["image", "image", "text"]
    assert Path(result.out).read_bytes() == everywhere.state.content


class Terminal:
    """Standard input of a person who answers or presses Ctrl-C; records whether a transaction was open meanwhile."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked_in_transaction: list[bool] = []

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        self.asked_in_transaction.append(connection.in_atomic_block)
        if self.answer == "^C":
            raise KeyboardInterrupt
        return f"{self.answer}\n"


@pytest.mark.parametrize("command", [["video", "--sora-model", "sora-2"], ["image", "--model", "gpt-image-2"]])
@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2), ("^C", None)])
def test_confirming_the_price_holds_no_transaction_and_a_no_leaves_nothing(
    run, everywhere: StandIn, monkeypatch: pytest.MonkeyPatch, command: list[str], answer: str, code: int | None
):
    terminal = Terminal(answer)
    monkeypatch.setattr(sys, "stdin", terminal)
    if code is None:
        with pytest.raises(KeyboardInterrupt):
            run(*command, "-p", "A boat")
    else:
        assert run(*command, "-p", "A boat").code == code
    assert terminal.asked_in_transaction == [False]
    assert (Scene.objects.count(), len(everywhere.state.charges)) == ((1, 1) if code == 0 else (0, 0))


@pytest.mark.parametrize("flag", ["--remix-of", "--extend", "--edit"])
def test_a_finished_take_is_remixed_extended_or_edited(run, everywhere: StandIn, flag: str):
    run("video", "-p", "A boat", "--sora-model", "sora-2", "--yes")
    source = Generation.objects.get()
    Generation.objects.update(created_at="2026-01-01T00:00Z")
    result = run("video", "-p", "At night", flag, source.pk, "--yes", "--json")
    take = Generation.objects.get(pk=result.json["id"])
    assert (result.code, take.source, take.scene, take.prompt) == (0, source, source.scene, "At night")
    assert len(everywhere.state.charges) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-p", " "], "Describe the clip: -p"),
        (["-p", "x", "--model", "sora-9"], "No video model is called sora-9. Run “manage.py models” for the list."),
        (["-p", "x", "--sora-model", "sora-2", "--resolution", "1080p"], "Sora 2 doesn't support 1080p, only 720p."),
        (["-p", "x", "--sora-model", "sora-2", "--duration", "7"], "Sora 2 clips are 4, 8 or 12 s; --duration is 7 s."),
        (["-p", "x", "--sora-model", "sora-2", "--duration", "soon"], "--duration 'soon' is not a number of seconds"),
        (
            ["-p", "x", "--video-provider", "veo", "--sora-model", "sora-2"],
            "Sora 2 belongs to --video-provider sora, not veo.",
        ),
        (
            ["-p", "x", "--video-provider", "veo", "--model", "sora-2"],
            "Sora 2 belongs to --video-provider sora, not veo.",
        ),
        (
            ["-p", "x" * 32_001, "--sora-model", "sora-2"],
            "The prompt has 32,001 characters; Sora 2 allows 32,000.",
        ),
        (["-p", "x", "--sora-model", "sora-2"], "This costs $0.40. Add --yes to start."),
        (["-p", "x", "--sora-model", "sora-2", "--seed", "3", "--yes"], "Sora 2 doesn't support seeds."),
        (["-p", "x", "--sora-model", "sora-2", "--no-audio", "--yes"], "Sora 2 clips always have sound."),
        (["-p", "x", "--seed", "-1"], "'-1' is not a whole number from 0 to 2147483647"),
        (["-p", "x", "--image", "nothing.png"], "Can't read nothing.png: No such file or directory."),
        (["-p", "x", "-o", "/nowhere/clip.mp4"], "The folder /nowhere doesn't exist."),
        (["-p", "x", "--as", "eve@example.com"], "No user has the e-mail address eve@example.com."),
        (["-p", "x", "--team", "Nobodies"], "is not an editor or owner of a team called Nobodies."),
        (["-p", "x", "--remix-of", "99"], "There is no take 99."),
        (["-p", "x", "--remix-of", "1", "--extend", "1"], "argument --extend: not allowed with argument --remix-of"),
        (["-p", "x", "--remix-of", "1", "--seed", "3"], "--seed can't be combined with --remix-of"),
        (["--resume", "99"], "There is no take 99."),
        (["-p", "x", "--aspect", "4:3"], "invalid choice: '4:3'"),
    ],
)
def test_an_invalid_request_exits_with_2_and_leaves_nothing(run, everywhere: StandIn, arguments, message: str):
    result = run("video", *arguments, "--json")
    assert (result.code, message in result.err) == (2, True), result.err
    assert (
        message in result.json["error"]["message"]
        or result.json["error"]["message"] == "Invalid arguments; see standard error."
    )
    assert (Generation.objects.count(), Scene.objects.count(), everywhere.state.arrived) == (0, 0, [])


@pytest.mark.parametrize("arguments", [("--duration",), ("--aspect", "5:4"), ("--unheard-of", "1"), ("--seed", "many")])
def test_invalid_arguments_are_reported_as_json_too(run, arguments):
    result = run("video", "--json", *arguments)
    assert (result.code, result.json["error"]["kind"], arguments[0] in result.err) == (2, "usage", True)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x89PNG" + b"\0" * 60 * 1024**2, "This image is 60 MB; the limit is 20 MB."),
        (b"<html>", "not a readable image"),
    ],
)
def test_an_unusable_input_image_is_refused(run, everywhere: StandIn, tmp_path: Path, data: bytes, message: str):
    path = tmp_path / "big.png"
    path.write_bytes(data)
    result = run("video", "-p", "x", "--sora-model", "sora-2", "--image", path, "--yes")
    assert (result.code, message in result.err, everywhere.state.arrived) == (2, True, [])
    assert Reference.objects.count() == 0


def test_a_missing_key_and_a_retired_model_are_reported(run, settings):
    result = run("video", "-p", "x", "--video-provider", "omni")
    assert "Set GEMINI_API_KEY, or add an account under Connections, to use" in result.err
    settings.CONNECTIONS = {
        "sora": {
            "provider": "sora",
            "name": "Sora",
            "key": "k",
            "base_url": "",
            "max_in_flight": 2,
            "requests_per_minute": 9,
        }
    }
    result = run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    assert (result.code, "OpenAI retired Sora 2 on 24 September 2026." in result.err) == (2, True)


def test_an_existing_output_is_kept_without_overwrite(run, tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    clip.write_text("precious")
    assert f"{clip} already exists. Add --overwrite to replace it." in run("video", "-p", "x", "-o", clip).err
    assert clip.read_text() == "precious"
    assert f"{tmp_path} is a folder. Add a file name." in run("video", "-p", "x", "-o", tmp_path).err


@pytest.mark.parametrize(
    ("fault", "code", "kind", "message"),
    [
        (
            Fault(status=400, body={"error": {"message": "No", "code": "moderation_blocked"}}),
            1,
            "moderation",
            "No. Nothing was charged.",
        ),
        (Fault(status=401, body={"error": {"message": "Bad key"}}), 1, "auth", "Bad key. Nothing was charged."),
        (Fault(status=404, body="<html>"), 1, "invalid", "The server answered 404"),
        (Fault(garbage=True), 3, "unknown", "It may have been charged."),
    ],
)
def test_a_refusal_exits_with_1_and_an_unknown_status_with_3(
    run, everywhere: StandIn, tmp_path: Path, fault: Fault, code: int, kind: str, message: str
):
    everywhere.state.fail("sora.create", fault)
    clip = tmp_path / "clip.mp4"
    result = run("video", "-p", "x", "--sora-model", "sora-2", "-o", clip, "--yes", "--json")
    assert (result.code, result.json["error"]["kind"], message in result.err) == (code, kind, True), result.err
    assert (clip.exists(), everywhere.state.charges) == (False, [])


def test_a_submit_whose_answer_was_lost_is_adopted(run, everywhere: StandIn):
    everywhere.state.fail("sora.create", Fault(drop=True))
    assert run("video", "-p", "x", "--sora-model", "sora-2", "--yes").code == 0
    assert len(everywhere.state.charges) == 1


def test_an_html_download_is_never_written_as_a_clip(run, everywhere: StandIn, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(fetch, "MAX_ATTEMPTS", 2)
    everywhere.state.fail("sora.content", Fault(html=True), Fault(html=True))
    clip = tmp_path / "clip.mp4"
    result = run("video", "-p", "x", "--sora-model", "sora-2", "-o", clip, "--yes", "--json")
    assert (result.code, clip.exists(), len(everywhere.state.charges)) == (3, False, 1)
    assert result.json["error"]["money"] == "Charged. The clip can still be downloaded."


def test_an_unreachable_server_fails_the_take(run, everywhere: StandIn, settings, monkeypatch):
    monkeypatch.setattr("generation.pipeline.submission_slots.MAX_ATTEMPTS", 1)
    settings.CONNECTIONS["sora"] |= {"base_url": "http://127.0.0.1:9/v1"}
    result = run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    assert (result.code, "The server could not be reached" in result.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "provider"),
    [
        (["--sora-model", "sora-2"], "sora"),
        (["--model", "gemini-omni-1.2-flash"], "omni"),
        (["--video-provider", "veo"], "veo"),
        (["--video-provider", "omni", "--model", "gemini-omni-1.1-flash"], "omni"),
    ],
)
def test_a_key_on_the_command_line_is_the_models_providers(
    run, everywhere: StandIn, settings, arguments: list[str], provider: str
):
    """The key goes to its provider for the whole run, and no other key is used."""
    for name in settings.CONNECTIONS:
        settings.CONNECTIONS[name] |= {"key": f"sk-of-the-environment-for-{name}"}
    before = copy.deepcopy(settings.CONNECTIONS)
    assert run("video", "-p", "x", *arguments, "--yes", "--api-key", KEY).code == 0
    operations = {call.operation for call in everywhere.state.arrived}
    assert {operation.partition(".")[0] for operation in operations} == {provider}
    assert {key for operation in operations for key in keys_seen(everywhere, operation)} == {KEY}
    assert before == settings.CONNECTIONS


def test_a_key_works_without_a_connection_in_the_environment(run, settings):
    settings.CONNECTIONS = {}
    arguments = ["video", "-p", "x", "--model", "gemini-omni-1.2-flash"]
    assert "This costs $0.28. Add --yes to start." in run(*arguments, "--api-key", "k").err
    assert "Set GEMINI_API_KEY" in run(*arguments).err


@pytest.mark.parametrize("again", ["--remix-of", "--resume"])
def test_a_key_for_an_earlier_take_belongs_to_its_provider(run, everywhere: StandIn, settings, again: str):
    run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    Generation.objects.update(created_at="2026-01-01T00:00Z")
    take = Generation.objects.get()
    if again == "--resume":
        Generation.objects.update(status=Status.RUNNING, clip="", next_step_at="2026-01-01T00:00Z")
    settings.CONNECTIONS["sora"] |= {"key": "sk-of-the-environment"}
    result = run("video", "-p", "x", again, take.pk, "--yes", "--api-key", KEY)
    assert (result.code, set(keys_seen(everywhere, "sora.get"))) == (0, {KEY}), result.err


@pytest.mark.parametrize("arguments", [[], ["--model", "animatic"], ["--video-provider", "animatic"]])
def test_a_key_for_a_local_renderer_is_refused(run, arguments: list[str]):
    result = run("video", "-p", "x", *arguments, "--api-key", KEY)
    assert (result.code, "The local animatic needs no key" in result.err) == (2, True)


def test_ctrl_c_during_a_submit_waits_for_the_answer(run, everywhere: StandIn):
    everywhere.state.fail("sora.create", Fault(wait=0.8))

    def press() -> None:
        while not everywhere.state.calls("sora.create"):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    result = run("video", "-p", "A boat", "--sora-model", "sora-2", "--yes")
    take = Generation.objects.get()
    assert (result.code, take.status, take.remote_id) == (130, Status.RUNNING, everywhere.state.charges[0].clip_id)
    assert "Waiting for the provider's answer, to keep the clip." in result.err
    assert run("video", "--resume", take.pk).code == 0
    assert len(everywhere.state.charges) == 1


def test_a_waiting_take_says_why_it_waits(run, everywhere: StandIn):
    everywhere.state.fail(
        "sora.create", Fault(status=429, body={"error": {"message": "Slow down."}}, headers={"retry-after": "1"})
    )
    result = run("video", "-p", "A boat", "--sora-model", "sora-2", "--yes")
    assert (result.code, "Queued: Waiting for Sora (Slow down)" in result.err) == (0, True)


def test_a_take_leased_by_another_worker_is_watched_and_left_alone(run, everywhere: StandIn, alice: User):
    run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    Generation.objects.update(status=Status.RUNNING, clip="", next_step_at="2026-01-01T00:00Z")
    take = Generation.objects.get()
    lease = Lease.claim(take.pk)
    assert lease is not None
    requests = len(everywhere.state.arrived)

    def release_later() -> None:
        time.sleep(0.5)
        assert len(everywhere.state.arrived) == requests
        lease.release()
        connection.close()

    other = threading.Thread(target=release_later)
    other.start()
    result = run("video", "--resume", take.pk)
    other.join()
    assert (result.code, len(everywhere.state.charges)) == (0, 1)


def test_resuming_a_finished_take_writes_its_clip(run, everywhere: StandIn, tmp_path: Path):
    run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    clip = tmp_path / "again.mp4"
    result = run("video", "--resume", Generation.objects.get().pk, "-o", clip)
    assert (result.code, clip.read_bytes()) == (0, everywhere.state.content)
    assert len(everywhere.state.charges) == 1


def test_another_teams_take_cannot_be_resumed(run, everywhere: StandIn, mallory: User):
    run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    result = run("video", "--resume", Generation.objects.get().pk, "--as", mallory.email)
    assert (result.code, "There is no take" in result.err) == (2, True)


def test_an_installation_without_users_points_to_setup(run):
    User.objects.all().delete()
    result = run("video", "-p", "x")
    assert (result.code, "Run “manage.py setup” first." in result.err) == (2, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_clip_says_how_to_resume_and_is_paid_once(
    run, everywhere: StandIn, tmp_path: Path, number: signal.Signals
):
    everywhere.state.seconds_needed = 2.0
    clip = tmp_path / "clip.mp4"

    def press() -> None:
        while not everywhere.state.calls("sora.get"):
            time.sleep(0.05)
        os.kill(os.getpid(), number)

    threading.Thread(target=press).start()
    first = run("video", "-p", "A boat", "--sora-model", "sora-2", "-o", clip, "--yes", "--json")
    take = Generation.objects.get()
    assert (first.code, first.json["resume"], take.lease_token) == (
        130,
        f"manage.py video --resume {take.pk} -o {clip}",
        None,
    )
    assert f"Interrupted. To continue: {first.json['resume']}" in first.err
    second = run(*first.json["resume"].split()[1:])
    assert (second.code, second.out, clip.read_bytes()) == (0, str(clip), everywhere.state.content)
    assert len(everywhere.state.charges) == 1


def test_a_signal_waits_for_the_end_of_the_sql_statement():
    ended = []

    def execute(statement: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        ended.append(statement)

    with Signals() as signals, pytest.raises(KeyboardInterrupt):
        signals.hold_during_sql(execute, "UPDATE")
    assert ended == ["UPDATE"]


# -- clips -------------------------------------------------------------------------------------------------------------


def test_clips_at_the_provider_are_listed_with_their_takes(run, everywhere: StandIn):
    run("video", "-p", "A boat", "--sora-model", "sora-2", "--yes")
    take = Generation.objects.get()
    stray = everywhere.state.make_clip(
        "x", prefix="video_", model="sora-2", prompt="A stray", size="1280x720", seconds="4"
    )
    listed = json.loads(run("clips", "sora", "--json").out)
    assert {row["id"]: row["take"] for row in listed} == {take.remote_id: take.pk, stray.id: None}
    assert "no take" in run("clips", "sora").out


def test_a_clip_is_deleted_at_the_provider_only_once_it_is_downloaded(run, everywhere: StandIn):
    run("video", "-p", "A boat", "--sora-model", "sora-2", "--yes")
    take = Generation.objects.get()
    Generation.objects.update(clip="", status=Status.UNKNOWN)
    result = run("clips", "sora", "--delete", take.remote_id)
    assert (result.code, "hasn't downloaded this clip yet" in result.err, everywhere.state.deleted) == (2, True, [])
    Generation.objects.update(clip="takes/clip.mp4")
    assert run("clips", "sora", "--delete", take.remote_id).code == 0
    assert everywhere.state.deleted == [take.remote_id]
    result = run("clips", "sora", "--delete", take.remote_id)
    assert (result.code, "not found" in result.err) == (1, True)


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere", "No video connection is called nowhere."), ("openai_images", "Available: omni, sora, veo.")],
)
def test_an_unknown_connection_is_refused(run, everywhere: StandIn, name: str, message: str):
    result = run("clips", name)
    assert (result.code, message in result.err) == (2, True)


def test_a_provider_that_cannot_list_or_delete_clips_is_reported(run, everywhere: StandIn):
    result = run("clips", "veo", "--delete", "op-1")
    assert (result.code, "Google Cloud doesn't support deleting clips." in result.err) == (2, True)
    result = run("clips", "veo")
    assert (result.code, "Google Cloud doesn't support listing clips." in result.err) == (2, True)
