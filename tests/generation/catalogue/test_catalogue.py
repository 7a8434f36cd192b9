import tomllib
from dataclasses import FrozenInstanceError, replace
from datetime import date
from decimal import Decimal
from io import StringIO
from json import dumps, loads
from types import MappingProxyType
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command
from django.urls import reverse

from generation import catalogue
from generation.catalogue import loader
from generation.catalogue.loader import MODELS_FILE, CatalogueError, read_catalogue, read_model
from generation.catalogue.model import Seconds
from generation.catalogue.pricing import clip_price, image_price, usage_price
from generation.connections import roster_for
from generation.management.commands.models import read_fields, to_json
from generation.quoting import eligibility, quotes
from projects.models import Project, Scene

TODAY = date(2026, 11, 23)
STUDIO = """
[[model]]
id = "studio-1"
name = "Studio 1"
maker = "Studio"
provider = "studio"
kind = "video"
summary = "For tests"
sizes.720p = { "16:9" = [1280, 720] }
seconds = ["2", "4", "8"]
price_per_second = { 720p = "0.105" }
supports = { seed = true }
host = "studio.example"
source = "made up"
checked_on = 2026-11-23
confidence = "H"

[[model]]
id = "studio-2"
like = "studio-1"
name = "Studio 2"
sizes.1080p = { "16:9" = [1920, 1080] }
price_per_second = { 1080p = "0.2" }
"""


@pytest.fixture
def studio() -> MappingProxyType[str, catalogue.Model]:
    return read_catalogue(STUDIO)


def test_the_default_model_needs_no_key_and_costs_nothing():
    model = catalogue.default_video_model()
    assert (model.provider, set(model.price_per_second.values())) == ("animatic", {Decimal(0)})


def test_like_copies_the_lines_of_an_earlier_model(studio):
    first, second = studio.values()
    assert (second.maker, second.supports, second.seconds) == (first.maker, first.supports, first.seconds)
    assert (first.resolutions, second.resolutions) == (("720p",), ("1080p",))


PRICES, LENGTHS = '{ 720p = "0.105" }', '["2", "4", "8"]'


@pytest.mark.parametrize(
    ("line", "replacement", "message"),
    [
        ('summary = "For tests"', 'sumary = "For tests"', "models.toml:8: studio-1: sumary: is not a known key"),
        ('maker = "Studio"\n', "", "models.toml:2: studio-1: maker: is missing"),
        ('id = "studio-1"\n', "", "models.toml:2: model 1: id: is missing"),
        ('id = "studio-2"', 'id = "studio-1"', "models.toml:19: studio-1: id: is the id of an earlier model"),
        ("{ seed = true }", "{ seeds = true }", "models.toml:12: studio-1: supports.seeds: is not a known key"),
        ("{ seed = true }", '{ seed = "yes" }', "models.toml:12: studio-1: supports.seed: should be a valid boolean"),
        ("{ seed = true }", "{ references = 1.5 }", "models.toml:12: studio-1: supports.references: should be a whole"),
        ("{ seed = true }", '{ audio = "loud" }', "models.toml:12: studio-1: supports.audio: should be 'always'"),
        (
            "{ seed = true }",
            '{ extend = { seconds = ["4"], total = "-1" } }',
            "models.toml:12: studio-1: supports.extend.total: should be greater than 0, not '-1'",
        ),
        ("[1280, 720]", "[1280, 0]", "models.toml:9: studio-1: sizes.720p.16:9.1: should be greater than 0, not 0"),
        ('"0.105"', "0.105", "models.toml:11: studio-1: price_per_second.720p: should be a string such as"),
        ('"0.105"', '"cheap"', "models.toml:11: studio-1: price_per_second.720p: should be a valid decimal, not"),
        ('"0.105"', '"-1"', "models.toml:11: studio-1: price_per_second.720p: should be greater than or equal to 0"),
        ('"0.105"', '"NaN"', "models.toml:11: studio-1: price_per_second.720p: should be a finite number"),
        (PRICES, '{ 4k = "1" }', "models.toml:11: studio-1: price_per_second: every resolution needs"),
        (PRICES, "{}", "models.toml:11: studio-1: price_per_second: a model that is not retired needs prices"),
        (
            f"price_per_second = {PRICES}\n",
            "",
            "models.toml:2: studio-1: price_per_second: a model that is not retired",
        ),
        (LENGTHS, '"short"', "models.toml:10: studio-1: seconds: should be a list such as"),
        (LENGTHS, '["short"]', "models.toml:10: studio-1: seconds: should be a list such as"),
        (LENGTHS, "[]", "models.toml:10: studio-1: seconds: should be a list such as"),
        (LENGTHS, '{ min = "1", max = "8", step = "0" }', "models.toml:10: studio-1: seconds.step: should be greater"),
        (LENGTHS, '{ min = "8", max = "1" }', "models.toml:10: studio-1: seconds: min should be 0 or more, and max no"),
        (LENGTHS, '["4", "-1"]', "models.toml:10: studio-1: seconds.choices.1: should be greater than 0, not '-1'"),
        (
            'like = "studio-1"',
            'like = "studio-0"',
            "models.toml:20: studio-2: like: studio-0 is not an earlier model",
        ),
        ('like = "studio-1"', 'like = "studio-1"\nsuccessor = "x"', "models.toml:21: studio-2: successor: x is not"),
        ("[[model]]", "[[model]", "models.toml: Expected"),
    ],
)
def test_an_error_names_file_line_model_and_key(line: str, replacement: str, message: str):
    with pytest.raises(ImproperlyConfigured) as raised:
        read_catalogue(STUDIO.replace(line, replacement))
    assert message in [line[: len(message)] for line in str(raised.value).splitlines()]


def test_all_errors_of_a_model_are_reported_at_once():
    with pytest.raises(ImproperlyConfigured) as raised:
        read_catalogue(STUDIO.replace('kind = "video"', 'kind = "sound"').replace("checked_on = 2026-11-23\n", ""))
    assert str(raised.value).splitlines() == [
        "models.toml:7: studio-1: kind: should be 'video' or 'image', not 'sound'",
        "models.toml:2: studio-1: checked_on: is missing",
    ]


def test_a_model_is_immutable_and_a_changed_copy_is_validated(studio):
    model = studio["studio-1"]
    with pytest.raises(FrozenInstanceError):
        model.name = "Studio 3"
    with pytest.raises(TypeError):
        model.price_per_second["720p"] = Decimal(0)
    with pytest.raises(ValueError, match="every resolution needs a price"):
        replace(model, price_per_second={"4k": Decimal(1)})


def test_a_listed_model_is_read_from_json(studio):
    row = tomllib.loads(STUDIO)["model"][0]
    assert read_model(loads(dumps(row, default=str))) == studio["studio-1"]
    with pytest.raises(CatalogueError) as raised:
        read_model(row | {"checked_on": "yesterday", "prices": {}})
    assert raised.value.problems.keys() == {"checked_on", "prices"}


def test_an_error_in_own_model_names_its_line(monkeypatch, tmp_path):
    changed = tmp_path / "models.toml"
    text = MODELS_FILE.read_text("utf-8").replace('min = "1", max = "60" }', 'min = "1", most = "60" }', 1)
    changed.write_text(text, "utf-8")
    monkeypatch.setattr(loader, "MODELS_FILE", changed)
    line = text.splitlines().index('seconds = { min = "1", most = "60" }') + 1
    with pytest.raises(ImproperlyConfigured, match=rf"^models\.toml:{line}: own_model: seconds\.max: is missing\n"):
        loader.own_model.__wrapped__()


def test_every_price_is_a_decimal_and_every_model_has_a_source():
    assert "price = 0" not in MODELS_FILE.read_text()
    for model in catalogue.all_models().values():
        assert model.source
        assert all(isinstance(price, Decimal) for price in model.price_per_second.values())


def test_clip_price_is_exact(studio):
    assert clip_price(studio["studio-1"], resolution="720p", seconds=Decimal("6.5")) == Decimal("0.6825")


@pytest.mark.parametrize(
    ("model", "choices", "price"),
    [
        ("gpt-image-1", {"size": "1024x1024", "quality": "low"}, "0.011"),
        ("gpt-image-1", {"size": "1024x1536", "quality": "low", "count": 3}, "0.048"),
        ("gpt-image-1", {"size": "1024x1024"}, "0.167"),
        ("gpt-image-1-mini", {}, "0.052"),
        ("gpt-image-2", {"size": "3840x2160", "quality": "high"}, "0.401"),
        # Between two sizes of the table: no more than the next larger one, or one below it.
        ("gpt-image-2", {"size": "2048x1152", "quality": "high"}, "0.222"),
        ("gpt-image-2", {"size": "1280x720", "quality": "low"}, "0.006"),
        # Input images count as 4,200 tokens each, text in whole thousands of tokens.
        ("gpt-image-2", {"size": "1024x1024", "quality": "low", "inputs": 2}, "0.0732"),
        ("gpt-image-2", {"size": "1024x1024", "quality": "low", "prompt": "x" * 6_000}, "0.016"),
        ("gpt-image-2", {"size": "1024x1024", "quality": "low", "prompt": "x" * 2_999}, "0.006"),
        ("dall-e-2", {"size": "256x256", "inputs": 1, "prompt": "x" * 900}, "0.016"),
    ],
)
def test_the_estimate_for_images_is_from_the_models_own_table(model: str, choices: dict[str, Any], price: str):
    assert image_price(catalogue.find(model), **choices) == Decimal(price)


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"input_tokens": 65_950, "input_tokens_details.text_tokens": 150, "output_tokens": 272}, "0.6696"),
        ({"input_tokens": 100, "output_tokens": 272}, "0.0119"),
        ({"output_tokens": 272}, "0.0109"),
        ({}, None),
        ({"input_tokens": -1_000_000, "output_tokens": 272}, None),
        ({"output_tokens": 10**12}, None),
    ],
)
def test_images_cost_what_their_tokens_cost(usage: dict[str, int], cost: str | None):
    assert usage_price(catalogue.find("gpt-image-1"), usage) == (Decimal(cost) if cost else None)


def test_no_model_is_sold_at_the_prices_of_another():
    rows = tomllib.loads(MODELS_FILE.read_text())["model"]
    for row, model in zip(rows, catalogue.all_models().values(), strict=True):
        for name in ("price_per_second", "price_per_image", "token_prices"):
            assert bool(getattr(model, name)) == (name in row), (model.id, name)


def test_an_image_model_without_a_price_for_a_size_is_refused():
    priced = to_json(read_fields(catalogue.find("dall-e-2")))
    with pytest.raises(CatalogueError, match="price_per_image: every quality of size 512x512 needs a price"):
        read_model(priced | {"price_per_image": {"1024x1024": {"standard": "0.02"}, "256x256": {"standard": "0.02"}}})


@pytest.mark.parametrize(
    ("seconds", "wanted", "allowed", "nearest"),
    [
        (Seconds(Decimal(4), Decimal(12), choices=(Decimal(4), Decimal(8), Decimal(12))), "7", False, "8"),
        (Seconds(Decimal(4), Decimal(12), choices=(Decimal(4), Decimal(8), Decimal(12))), "8", True, "8"),
        (Seconds(Decimal(4), Decimal(12), choices=(Decimal(4), Decimal(8), Decimal(12))), "60", False, "12"),
        (Seconds(Decimal(3), Decimal(15)), "6.5", False, "7"),
        (Seconds(Decimal(3), Decimal(15)), "1", False, "3"),
        (Seconds(Decimal(1), Decimal(60), Decimal("0.1")), "6.5", True, "6.5"),
    ],
)
def test_allowed_and_nearest_lengths(seconds: Seconds, wanted: str, allowed: bool, nearest: str):
    assert (seconds.allows(Decimal(wanted)), seconds.nearest(Decimal(wanted))) == (allowed, Decimal(nearest))


def test_retirement_applies_at_the_vendor_only():
    sora = catalogue.find("sora-2")
    assert sora.is_retired(TODAY)
    assert sora.is_retired(TODAY, host="api.openai.com")
    assert not sora.is_retired(TODAY, host="gpu.studio.example")
    assert not sora.is_retired(date(2026, 9, 23))


def test_models_that_retire_within_30_days():
    assert [model.id for model in catalogue.all_models().values() if model.retires_soon(TODAY)] == [
        "gpt-image-1.5",
        "gpt-image-1-mini",
        "chatgpt-image-latest",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("project_fields", "seconds", "message"),
    [
        ({"aspect_ratio": "9:16"}, 4, "Studio 1 doesn't support 9:16, only 16:9. Gemini Omni 1.2 Flash can."),
        ({"resolution": "1080p"}, 4, "Studio 1 doesn't support 1080p, only 720p. Gemini Omni 1.2 Flash can."),
        ({}, 9, "Studio 1 clips are 2, 4 or 8 s; this scene is 9 s. Gemini Omni 1.2 Flash can."),
    ],
)
def test_a_scene_the_model_cannot_make_is_refused_before_it_costs(
    scene: Scene, studio, project_fields: dict[str, str], seconds: int, message: str
):
    Project.objects.update(title="x", **project_fields)
    Scene.objects.update(duration=seconds)
    scene = Scene.objects.select_related("project").get()
    with pytest.raises(ValidationError) as refused:
        quotes.require_quote(scene, studio["studio-1"], roster_for(None))
    assert refused.value.messages[-1] == message


@pytest.mark.django_db
def test_a_refused_size_names_a_model_that_has_it(scene: Scene):
    Project.objects.update(resolution="1080p")
    scene = Scene.objects.select_related("project").get()
    assert list(eligibility.format_blockers(scene, catalogue.find("sora-2"), roster_for(None))) == [
        "Sora 2 doesn't support 1080p, only 720p. Sora 2 Pro can."
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("model_id", ["gemini-omni-1.2-flash", "veo-3.1-generate-001", "sora-2-pro"])
def test_a_refused_aspect_ratio_names_a_model_that_has_it(scene: Scene, model_id: str):
    Project.objects.update(aspect_ratio="1:1", resolution="720p")
    model, scene = catalogue.find(model_id), Scene.objects.select_related("project").get()
    reason = f"{model.name} doesn't support 1:1, only 16:9, 9:16."
    assert list(eligibility.format_blockers(scene, model, roster_for(None))) == [f"{reason} Animatic can."]


@pytest.mark.parametrize(
    ("fields", "host", "mark"),
    [
        ({"retired_on": date(2026, 12, 1)}, "", "closes 1 Dec 2026"),
        ({"retired_on": date(2026, 12, 1)}, "eu.studio.example", "closes 1 Dec 2026"),
        ({"retired_on": date(2026, 12, 1)}, "gpu.lan", ""),
        ({"retired_on": date(2027, 12, 1)}, "", ""),
        ({"retired_on": date(2026, 11, 1), "uncertain_since": date(2026, 10, 1)}, "", ""),
        ({"uncertain_since": date(2026, 11, 17)}, "", "availability uncertain"),
        ({"uncertain_since": date(2026, 12, 17)}, "", ""),
        ({"uncertain_since": date(2026, 11, 17)}, "gpu.lan", ""),
        ({"confidence": "L"}, "", "unconfirmed"),
        ({}, "", ""),
    ],
)
def test_availability_mark(studio, fields, host: str, mark: str):
    assert replace(studio["studio-1"], **fields).mark(TODAY, host=host) == mark


@pytest.mark.django_db
def test_a_scene_is_quoted_for_every_model(scene: Scene):
    Scene.objects.update(duration=5)
    scene = Scene.objects.select_related("project").get()
    quoted = {quote.model.id: quote for quote in quotes.quote_models(scene, roster_for(None))}
    assert next(iter(quoted)) == "animatic"
    omni, veo, sora = quoted["gemini-omni-1.2-flash"], quoted["veo-3.1-fast-generate-001"], quoted["sora-2"]
    assert (omni.seconds, omni.price, omni.blockers) == (
        Decimal(5),
        Decimal("0.35"),
        ("Set GEMINI_API_KEY, or add an account under Connections, to use Gemini Omni 1.2 Flash.",),
    )
    assert (veo.seconds, veo.price) == (6, Decimal("0.60"))
    assert sora.blockers == (
        "OpenAI retired Sora 2 on 24 September 2026. "
        "To use another server that still has it, set SORA_BASE_URL or add it under Connections.",
    )
    assert {quote.model.kind for quote in quoted.values()} == {"video"}


@pytest.mark.django_db
def test_the_scene_page_shows_every_model(as_user, scene: Scene, vera):
    page = as_user(vera).get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert "Gemini Omni 1.2 Flash" in page
    assert "OpenAI retired Sora 2 on 24 September 2026." in page


@pytest.mark.django_db
def test_models_command_prints_a_table():
    out = StringIO()
    call_command("models", stdout=out)
    lines = out.getvalue().splitlines()
    assert len(lines) == 1 + len(catalogue.all_models())
    assert " ".join(lines[2].split()) == (
        "sora-2 sora video 720p 4, 8 or 12 s 0.10/s RETIRED at api.openai.com on 2026-09-24"
    )


@pytest.mark.django_db
def test_models_command_prints_json():
    out = StringIO()
    call_command("models", "--json", stdout=out)
    rows = {row["id"]: row for row in loads(out.getvalue())}
    assert rows.keys() == catalogue.all_models().keys()
    assert rows["gemini-omni-1.2-flash"]["price_per_second"]["1080p"] == "0.105"
    assert rows["dall-e-3"]["retired_on"] == "2026-05-12"


@pytest.mark.parametrize(
    ("host", "retired"),
    [
        ("", True),
        ("api.openai.com", True),
        ("eu.api.openai.com", True),
        ("api.openai.com.example.org", False),
        ("gpu", False),
    ],
)
def test_retirement_applies_to_all_hosts_of_the_vendor(host: str, retired: bool):
    assert catalogue.find("sora-2").is_retired(date(2026, 11, 24), host=host) is retired


def test_retirement_applies_to_regional_hosts_of_google_cloud():
    model = replace(catalogue.find("veo-3.1-generate-001"), retired_on=date(2026, 11, 17))
    assert model.is_retired(date(2026, 11, 24), host="us-central1-aiplatform.googleapis.com")
