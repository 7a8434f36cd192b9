"""`manage.py image`: the same pipeline as the page, run by the command itself."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from generation.models import ImageJob
from generation.providers.registry import PROVIDERS
from projects.models import Project, Reference
from tests.commands import KEY
from tests.factories import keys_seen
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_option_reaches_the_provider(run, everywhere: StandIn, tmp_path: Path):
    path = tmp_path / "heron.webp"
    options = ["--model", "gpt-image-2", "--size", "1024x1024", "--quality", "high", "--background", "transparent"]
    options += ["--format", "webp", "--compression", "60", "--moderation", "low", "-n", "2"]
    result = run("image", "-p", "A heron", "-o", path, *options, "--yes", "--json")
    assert everywhere.state.calls("images.generate")[0].fields == {
        "model": "gpt-image-2",
        "prompt": "A heron",
        "n": 2,
        "size": "1024x1024",
        "quality": "high",
        "background": "transparent",
        "output_format": "webp",
        "output_compression": 60,
        "moderation": "low",
    }
    written = [tmp_path / "heron-1.webp", tmp_path / "heron-2.webp"]
    assert (result.code, result.json["outputs"]) == (0, [str(path) for path in written])
    assert f"{written[0]} already exists." in run("image", "--resume", result.json["id"], "-o", path).err
    with Image.open(written[0]) as picture:
        assert (picture.format, picture.getchannel("A").getextrema()[0]) == ("WEBP", 0)
    assert Decimal(result.json["cost"]) == Decimal("0.0604")
    assert Reference.objects.exclude(scene=None).count() == 2


def test_an_input_image_is_edited(run, everywhere: StandIn, tmp_path: Path, frame: Path):
    path = tmp_path / "night.png"
    assert run("image", "-p", "At night", "-o", path, "--model", "gpt-image-2", "--image", frame, "--yes").code == 0
    assert len(everywhere.state.calls("images.edit")) == 1
    with Image.open(path) as picture:
        assert picture.format == "PNG"


def test_images_of_commands_are_not_references_of_their_clips(run, everywhere: StandIn, tmp_path: Path, frame: Path):
    assert run("image", "-p", "A tower", "--model", "gpt-image-2", "--image", frame, "--yes").code == 0
    assert run("video", "-p", "A boat", "--model", "gemini-omni-1.2-flash", "--yes").code == 0
    (sent,) = everywhere.state.calls("omni.create")
    assert '"image"' not in json.dumps(sent.fields["input"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-p", ""], "The prompt is empty."),
        (["-p", "x", "-o", "x.jpg"], "The output ends in .jpeg. Add --format jpeg, or name it .png."),
        (["-p", "x", "--model", "gpt-image-9"], "No image model is called gpt-image-9."),
        (["-p", "x", "--model", "gpt-image-2"], "Add --yes to start."),
        (["-p", "x", "--model", "gpt-image-2", "--size", "100x100"], "doesn't support size 100x100"),
        (["-p", "x", "--model", "gpt-image-2", "--background", "green"], "doesn't support background green"),
        (["-p", "x", "--model", "gpt-image-2", "--style", "vivid"], "has no style setting. Leave it empty."),
        (["-p", "x", "--model", "gpt-image-2", "-n", "11"], "generates up to 10 images at a time, not 11."),
        (["-p", "x", "--model", "dall-e-3", "--background", "white"], "has no background setting"),
    ],
)
def test_an_invalid_request_exits_with_2_and_leaves_nothing(run, everywhere: StandIn, arguments, message: str):
    result = run("image", *arguments, "--json")
    assert (result.code, message in result.err) == (2, True), result.err
    assert (ImageJob.objects.count(), Project.objects.count(), everywhere.state.arrived) == (0, 0, [])


def test_the_provider_can_be_chosen(run, everywhere: StandIn, monkeypatch):
    monkeypatch.setitem(PROVIDERS, "etchings", replace(PROVIDERS["openai_images"], name="etchings", flag=""))
    assert run("image", "-p", "x", "--provider", "openai", "--model", "gpt-image-2", "--yes").code == 0
    result = run("image", "-p", "x", "--provider", "etchings", "--model", "gpt-image-2", "--yes")
    assert (result.code, "GPT Image 2 doesn't belong to --provider etchings." in result.err) == (2, True)
    assert run("image", "-p", "x", "--provider", "no-such-provider").code == 2
    assert len(everywhere.state.calls("images.generate")) == 1


def test_a_key_on_the_command_line_is_the_models_providers(run, everywhere: StandIn, settings):
    settings.CONNECTIONS["openai_images"] |= {"key": "sk-of-the-environment"}
    assert run("image", "-p", "x", "--model", "gpt-image-2", "--yes", "--api-key", KEY).code == 0
    row = ImageJob.objects.get()
    assert (row.status, keys_seen(everywhere, "images.generate")) == ("completed", [KEY])
    assert run("image", "--resume", row.pk, "--api-key", KEY).code == 0


def test_a_refusal_exits_with_1(run, everywhere: StandIn, tmp_path: Path):
    everywhere.state.outcome = "filtered"
    result = run("image", "-p", "x", "-o", tmp_path / "x.png", "--model", "gpt-image-2", "--yes", "--json")
    assert (result.code, result.json["error"]["kind"], result.json["error"]["money"]) == (
        1,
        "moderation",
        "Nothing was charged.",
    )
    assert list(tmp_path.glob("x*")) == []


def test_an_unknown_status_exits_with_3(run, everywhere: StandIn):
    everywhere.state.fail("images.generate", Fault(drop=True))
    result = run("image", "-p", "x", "--model", "gpt-image-2", "--yes")
    assert (result.code, len(everywhere.state.charges)) == (3, 1)
    again = run("image", "--resume", ImageJob.objects.get().pk)
    assert (again.code, len(everywhere.state.charges)) == (3, 1)
