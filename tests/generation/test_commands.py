"""`manage.py video` and `manage.py clips`: the same pipeline as the page, driven by the command itself."""

from __future__ import annotations

import copy
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import av
import pytest
from django.core.management import call_command, load_command_class
from django.db import connection
from PIL import Image

from bench.installation import ROOT, clean_environment
from generation.jobs.lease import Lease
from generation.management import terminal
from generation.models import Generation
from generation.pipeline import fetch
from generation.states import Status
from projects.models import Reference, Scene
from teams.models import User
from tests.generation.conftest import KEY
from tests.generation.factories import keys_seen
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db(transaction=True)


def seconds_of(path: Path) -> float:
    with av.open(path, "r") as container:
        return float(container.duration or 0) / av.time_base


# -- video -------------------------------------------------------------------------------------------------------------


def test_without_any_account_a_real_clip_is_rendered(run, tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    ran = run("video", "-p", "A heron lifts off the lake", "-o", clip, "--duration", 1)
    assert (ran.code, ran.out) == (0, str(clip))
    assert 0.9 < seconds_of(clip) < 1.2
    take = Generation.objects.get()
    assert (take.status, take.model_id, take.scene.project.title) == (Status.COMPLETED, "animatic", "Command line 16:9")
    assert "Animatic, 1 s: $0.00" in ran.err
    assert [path.name for path in tmp_path.glob(".clip*")] == []


def test_every_option_reaches_sora(run, everywhere: StandIn, tmp_path: Path, frame: Path):
    clip = tmp_path / "clip.mp4"
    options = ["--sora-model", "sora-2-pro", "--duration", 8, "--resolution", "1024p", "--aspect", "9:16"]
    ran = run("video", "-p", "A boat", "-o", clip, *options, "--image", frame, "--fit", "pad", "--yes", "--json")
    (sent,) = everywhere.state.calls("sora.create")
    assert (sent.fields["model"], sent.fields["size"], sent.fields["seconds"]) == ("sora-2-pro", "1024x1792", "8")
    assert sent.fields["prompt"] == "A boat"
    assert Image.open(io.BytesIO(sent.fields["input_reference"][1])).size == (1024, 1792)
    assert clip.read_bytes() == everywhere.state.content
    take = Generation.objects.get()
    assert ran.json == {
        "id": take.pk,
        "status": "completed",
        "model": "sora-2-pro",
        "provider": "sora",
        "output": str(clip),
        "seconds": str(take.clip_seconds),
        "width": 1024,
        "height": 1792,
        "cost": "4.0000",
        "estimated_cost": "4.0000",
        "currency": "USD",
        "error": None,
        "resume": None,
    }
    assert (ran.code, len(everywhere.state.charges)) == (0, 1)


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


def test_references_reach_omni_whose_cheapest_model_is_taken(run, everywhere: StandIn, tmp_path: Path, frame: Path):
    ran = run("video", "-p", "A boat", "--video-provider", "omni", "--reference", frame, "--reference", frame, "--yes")
    sent = everywhere.state.calls("omni.create")[0].fields
    assert (ran.code, sent["model"]) == (0, "gemini-omni-1.2-flash")
    assert [part["type"] for part in sent["input"][0]["content"]] == ["image", "image", "text"]
    assert Path(ran.out).read_bytes() == everywhere.state.content


@pytest.mark.parametrize("command", [["video", "--sora-model", "sora-2"], ["image", "--model", "gpt-image-2"]])
@pytest.mark.parametrize("answer", ["y", "n", KeyboardInterrupt])
def test_nobody_waits_for_somebody_who_thinks_about_the_price(
    run, everywhere: StandIn, monkeypatch: pytest.MonkeyPatch, command: list[str], answer
):
    held: list[bool] = []

    def asked(*arguments: object, **options: object) -> None:
        held.append(connection.in_atomic_block)
        if answer is KeyboardInterrupt:
            raise KeyboardInterrupt
        if answer == "n":
            raise terminal.Usage("Nothing was started.")

    monkeypatch.setattr(terminal, "agree", asked)
    if answer is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            run(*command, "-p", "A boat")
    else:
        assert run(*command, "-p", "A boat").code == (0 if answer == "y" else 2)
    assert held == [False]
    assert (Scene.objects.count(), len(everywhere.state.charges)) == ((1, 1) if answer == "y" else (0, 0))


@pytest.mark.parametrize("flag", ["--remix-of", "--extend", "--edit"])
def test_a_clip_from_a_clip(run, everywhere: StandIn, flag: str):
    run("video", "-p", "A boat", "--sora-model", "sora-2", "--yes")
    source = Generation.objects.get()
    Generation.objects.update(created_at="2026-01-01T00:00Z")
    ran = run("video", "-p", "At night", flag, source.pk, "--yes", "--json")
    made = Generation.objects.get(pk=ran.json["id"])
    assert (ran.code, made.source, made.scene, made.prompt) == (0, source, source.scene, "At night")
    assert len(everywhere.state.charges) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-p", " "], "Say what the clip shows"),
        (["-p", "x", "--model", "sora-9"], "There is no video model called sora-9. “manage.py models” lists them."),
        (["-p", "x", "--sora-model", "sora-2", "--resolution", "1080p"], "Sora 2 cannot make 1080p; it makes 720p."),
        (["-p", "x", "--sora-model", "sora-2", "--duration", "7"], "Sora 2 makes 4, 8 or 12 s; --duration is 7 s."),
        (["-p", "x", "--sora-model", "sora-2", "--duration", "soon"], "--duration is 'soon'; write seconds such as 8."),
        (["-p", "x", "--video-provider", "veo", "--sora-model", "sora-2"], "--sora-model sora-2 is a model of"),
        (["-p", "x", "--video-provider", "veo", "--model", "sora-2"], "Sora 2 is a model of --video-provider sora"),
        (
            ["-p", "x" * 32_001, "--sora-model", "sora-2"],
            "The prompt has 32,001 characters; Sora 2 takes at most 32,000.",
        ),
        (["-p", "x", "--sora-model", "sora-2"], "It costs $0.40; add --yes to start it."),
        (["-p", "x", "--sora-model", "sora-2", "--seed", "3", "--yes"], "Sora 2 takes no seed."),
        (["-p", "x", "--sora-model", "sora-2", "--no-audio", "--yes"], "Sora 2 always makes sound."),
        (["-p", "x", "--seed", "-1"], "--seed is a whole number from 0 on."),
        (["-p", "x", "--image", "nothing.png"], "nothing.png cannot be read: No such file or directory."),
        (["-p", "x", "-o", "/nowhere/clip.mp4"], "There is no folder /nowhere."),
        (["-p", "x", "--as", "eve@example.com"], "Nobody here has the address eve@example.com."),
        (["-p", "x", "--team", "Nobodies"], "edits in no team called Nobodies here."),
        (["-p", "x", "--remix-of", "99"], "There is no take 99 here."),
        (["-p", "x", "--remix-of", "1", "--extend", "1"], "Only one of --remix-of, --extend and --edit can be given."),
        (["-p", "x", "--remix-of", "1", "--seed", "3"], "--seed cannot be given for a clip that is made from another."),
        (["--resume", "99"], "There is no take 99 here."),
        (["-p", "x", "--aspect", "4:3"], "invalid choice: '4:3'"),
    ],
)
def test_what_cannot_be_asked_for_is_code_2_and_leaves_nothing(run, everywhere: StandIn, arguments, words: str):
    ran = run("video", *arguments, "--json")
    assert (ran.code, words in ran.err) == (2, True), ran.err
    if ran.out:
        assert words in ran.json["error"]["message"]
    assert (Generation.objects.count(), Scene.objects.count(), everywhere.state.arrived) == (0, 0, [])


@pytest.mark.parametrize("arguments", [("--duration",), ("--aspect", "5:4"), ("--unheard-of", "1"), ("--seed", "many")])
def test_arguments_that_cannot_be_read_are_answered_in_json_too(db, capsys, arguments):
    with pytest.raises(SystemExit) as end:
        load_command_class("generation", "video").run_from_argv(["manage.py", "video", "--json", *arguments])
    told = capsys.readouterr()
    assert (end.value.code, json.loads(told.out)["error"]["kind"]) == (2, "usage")
    assert arguments[0] in told.err


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG" + b"\0" * 60 * 1024**2, "This picture has 60 MB; at most 20 MB are taken."),
        (b"<html>", "could not be read"),
    ],
)
def test_a_picture_that_cannot_be_taken(run, everywhere: StandIn, tmp_path: Path, data: bytes, words: str):
    path = tmp_path / "big.png"
    path.write_bytes(data)
    ran = run("video", "-p", "x", "--sora-model", "sora-2", "--image", path, "--yes")
    assert (ran.code, words in ran.err, everywhere.state.arrived) == (2, True, [])
    assert Reference.objects.count() == 0


def test_no_key_and_a_retired_model_are_said(run, settings):
    said = run("video", "-p", "x", "--video-provider", "omni").err
    assert "Set GEMINI_API_KEY, or add an account under Connections, to use" in said
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
    ran = run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    assert (ran.code, "Sora 2 was retired by OpenAI on 24 September 2026." in ran.err) == (2, True)


def test_an_output_that_exists_is_kept_unless_told(run, tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    clip.write_text("precious")
    assert f"{clip} exists; add --overwrite." in run("video", "-p", "x", "-o", clip).err
    assert clip.read_text() == "precious"
    assert f"{tmp_path} is a folder; name a file in it." in run("video", "-p", "x", "-o", tmp_path).err


@pytest.mark.parametrize(
    ("fault", "code", "kind", "words"),
    [
        (
            Fault(status=400, body={"error": {"message": "No", "code": "moderation_blocked"}}),
            1,
            "moderation",
            "No Nothing was charged.",
        ),
        (Fault(status=401, body={"error": {"message": "Bad key"}}), 1, "auth", "Bad key Nothing was charged."),
        (Fault(status=404, body="<html>"), 1, "invalid", "The server answered 404"),
        (Fault(garbage=True), 3, "unknown", "It may have been charged."),
    ],
)
def test_what_the_provider_refuses_is_code_1_and_what_nobody_knows_3(
    run, everywhere: StandIn, tmp_path: Path, fault: Fault, code: int, kind: str, words: str
):
    everywhere.state.fail("sora.create", fault)
    clip = tmp_path / "clip.mp4"
    ran = run("video", "-p", "x", "--sora-model", "sora-2", "-o", clip, "--yes", "--json")
    assert (ran.code, ran.json["error"]["kind"], words in ran.err) == (code, kind, True), ran.err
    assert (clip.exists(), everywhere.state.charges) == (False, [])


def test_a_submit_whose_answer_was_lost_is_adopted(run, everywhere: StandIn):
    everywhere.state.fail("sora.create", Fault(drop=True))
    assert run("video", "-p", "x", "--sora-model", "sora-2", "--yes").code == 0
    assert len(everywhere.state.charges) == 1


def test_a_clip_that_is_html_is_never_a_clip(run, everywhere: StandIn, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(fetch, "MAX_ATTEMPTS", 2)
    everywhere.state.fail("sora.content", Fault(html=True), Fault(html=True))
    clip = tmp_path / "clip.mp4"
    ran = run("video", "-p", "x", "--sora-model", "sora-2", "-o", clip, "--yes", "--json")
    assert (ran.code, clip.exists(), len(everywhere.state.charges)) == (3, False, 1)
    assert "It is paid for." in ran.json["error"]["next_step"]


def test_a_server_that_is_not_there(run, everywhere: StandIn, settings, monkeypatch):
    monkeypatch.setattr("generation.pipeline.submission_slots.MAX_ATTEMPTS", 1)
    settings.CONNECTIONS["sora"] |= {"base_url": "http://127.0.0.1:9/v1"}
    ran = run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    assert (ran.code, "The server could not be reached" in ran.err) == (1, True)


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
    """From the first request to the last, and nobody else's."""
    for name in settings.CONNECTIONS:
        settings.CONNECTIONS[name] |= {"key": f"sk-of-the-environment-for-{name}"}
    before = copy.deepcopy(settings.CONNECTIONS)
    assert run("video", "-p", "x", *arguments, "--yes", "--api-key", KEY).code == 0
    operations = {call.operation for call in everywhere.state.arrived}
    assert {operation.partition(".")[0] for operation in operations} == {provider}
    assert {key for operation in operations for key in keys_seen(everywhere, operation)} == {KEY}
    assert before == settings.CONNECTIONS


def test_a_key_makes_an_account_where_the_environment_has_none(run, settings):
    settings.CONNECTIONS = {}
    asked = ["video", "-p", "x", "--model", "gemini-omni-1.2-flash"]
    assert "It costs $0.28; add --yes to start it." in run(*asked, "--api-key", "k").err
    assert "Set GEMINI_API_KEY" in run(*asked).err


@pytest.mark.parametrize("again", ["--remix-of", "--resume"])
def test_a_key_for_what_was_made_before_is_that_clips_providers(run, everywhere: StandIn, settings, again: str):
    run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    Generation.objects.update(created_at="2026-01-01T00:00Z")
    take = Generation.objects.get()
    if again == "--resume":
        Generation.objects.update(status=Status.RUNNING, clip="", next_step_at="2026-01-01T00:00Z")
    settings.CONNECTIONS["sora"] |= {"key": "sk-of-the-environment"}
    ran = run("video", "-p", "x", again, take.pk, "--yes", "--api-key", KEY)
    assert (ran.code, set(keys_seen(everywhere, "sora.get"))) == (0, {KEY}), ran.err


@pytest.mark.parametrize("arguments", [[], ["--model", "animatic"], ["--video-provider", "animatic"]])
def test_a_key_for_what_is_made_here_is_a_mistake(run, arguments: list[str]):
    ran = run("video", "-p", "x", *arguments, "--api-key", KEY)
    assert (ran.code, "--api-key is a provider's, and this is made here." in ran.err) == (2, True)


def test_ctrl_c_while_it_is_sent_waits_for_the_answer(run, everywhere: StandIn):
    everywhere.state.fail("sora.create", Fault(wait=1.5))

    def press() -> None:
        while not everywhere.state.calls("sora.create"):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    ran = run("video", "-p", "A boat", "--sora-model", "sora-2", "--yes")
    take = Generation.objects.get()
    assert (ran.code, take.status, take.remote_id) == (130, Status.RUNNING, everywhere.state.charges[0].clip_id)
    assert "Waiting for the provider's answer; it is kept." in ran.err
    assert run("video", "--resume", take.pk).code == 0
    assert len(everywhere.state.charges) == 1


def test_without_a_worker_it_says_why_it_waits(run, everywhere: StandIn):
    everywhere.state.fail(
        "sora.create", Fault(status=429, body={"error": {"message": "Slow down."}}, headers={"retry-after": "1"})
    )
    ran = run("video", "-p", "A boat", "--sora-model", "sora-2", "--yes")
    assert (ran.code, "Queued: Waiting for Sora (Slow down)" in ran.err) == (0, True)


def test_what_another_worker_holds_is_watched_and_not_touched(run, everywhere: StandIn, alice: User):
    run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    Generation.objects.update(status=Status.RUNNING, clip="", next_step_at="2026-01-01T00:00Z")
    take = Generation.objects.get()
    lease = Lease.claim(take.pk)
    assert lease is not None
    asked = len(everywhere.state.arrived)

    def let_go() -> None:
        time.sleep(0.5)
        assert len(everywhere.state.arrived) == asked
        lease.let_go()
        from django.db import connection

        connection.close()

    other = threading.Thread(target=let_go)
    other.start()
    ran = run("video", "--resume", take.pk)
    other.join()
    assert (ran.code, len(everywhere.state.charges)) == (0, 1)


def test_resuming_what_is_over_hands_it_out(run, everywhere: StandIn, tmp_path: Path):
    run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    clip = tmp_path / "again.mp4"
    ran = run("video", "--resume", Generation.objects.get().pk, "-o", clip)
    assert (ran.code, clip.read_bytes()) == (0, everywhere.state.content)
    assert len(everywhere.state.charges) == 1


def test_others_cannot_resume_it(run, everywhere: StandIn, mallory: User):
    run("video", "-p", "x", "--sora-model", "sora-2", "--yes")
    ran = run("video", "--resume", Generation.objects.get().pk, "--as", mallory.email)
    assert (ran.code, "There is no take" in ran.err) == (2, True)


def test_nobody_here_yet(db, capsys):
    with pytest.raises(SystemExit) as end:
        call_command("video", "-p", "x")
    assert (end.value.code, "Run “manage.py setup” first." in capsys.readouterr().err) == (2, True)


def test_ctrl_c_says_how_to_resume_and_nothing_is_paid_twice(stand_in: StandIn, tmp_path: Path):
    environment = clean_environment() | {
        "IMAGEAI_DATA": str(tmp_path / "data"),
        "SORA_BASE_URL": f"{stand_in.url}/openai/v1",
        "SORA_API_KEY": KEY,
        "SORA_PRESET": "openai",
    }
    environment.pop("DATABASE_URL", None)
    stand_in.state.seconds_needed = 8.0

    def manage(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", str(ROOT / "manage.py"), *arguments]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    for name in ("migrate", "setup"):
        prepared = manage(name)
        prepared.communicate(timeout=60)
        assert prepared.returncode == 0
    clip = tmp_path / "clip.mp4"
    first = manage("video", "-p", "A boat", "--sora-model", "sora-2", "-o", str(clip), "--yes")
    deadline = time.monotonic() + 30
    while not stand_in.state.charges and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    os.kill(first.pid, signal.SIGINT)
    out, err = first.communicate(timeout=20)
    assert (first.returncode, out) == (130, "")
    line = next(line for line in err.splitlines() if line.startswith("Interrupted"))
    number = line.split("--resume ")[1].split()[0]
    second = manage("video", "--resume", number, "-o", str(clip))
    out, err = second.communicate(timeout=60)
    assert (second.returncode, out.strip()) == (0, str(clip)), err
    assert clip.read_bytes() == stand_in.state.content
    assert len(stand_in.state.charges) == 1


# -- clips -------------------------------------------------------------------------------------------------------------


def test_what_the_provider_holds_is_listed_with_the_takes_that_know_it(run, everywhere: StandIn):
    run("video", "-p", "A boat", "--sora-model", "sora-2", "--yes")
    take = Generation.objects.get()
    stray = everywhere.state.make_clip(
        "x", prefix="video_", model="sora-2", prompt="A stray", size="1280x720", seconds="4"
    )
    listed = json.loads(run("clips", "sora", "--json").out)
    assert {row["id"]: row["take"] for row in listed} == {take.remote_id: take.pk, stray.id: None}
    assert "no take knows it" in run("clips", "sora").out


def test_a_clip_is_deleted_there_once_it_is_stored_here(run, everywhere: StandIn):
    run("video", "-p", "A boat", "--sora-model", "sora-2", "--yes")
    take = Generation.objects.get()
    Generation.objects.update(clip="", status=Status.UNKNOWN)
    ran = run("clips", "sora", "--delete", take.remote_id)
    assert (ran.code, "still needs this clip" in ran.err, everywhere.state.deleted) == (2, True, [])
    Generation.objects.update(clip="takes/clip.mp4")
    assert run("clips", "sora", "--delete", take.remote_id).code == 0
    assert everywhere.state.deleted == [take.remote_id]
    ran = run("clips", "sora", "--delete", take.remote_id)
    assert (ran.code, "not found" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere", "There is no connection nowhere"), ("openai_images", "for clips.")]
)
def test_no_such_connection(run, everywhere: StandIn, name: str, words: str):
    ran = run("clips", name)
    assert (ran.code, words in ran.err) == (2, True)


def test_where_clips_cannot_be_deleted_it_is_said(run, everywhere: StandIn):
    ran = run("clips", "veo", "--delete", "op-1")
    assert (ran.code, "Google Cloud cannot delete clips." in ran.err) == (2, True)
    ran = run("clips", "veo")
    assert (ran.code, "Google Cloud cannot list its clips." in ran.err) == (2, True)
