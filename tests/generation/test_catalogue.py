from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError

from generation import catalogue, pipeline
from generation.catalogue.loader import read_model
from generation.cost import Price, price_of
from projects.models import Project, Scene

ROW = {
    "id": "studio-1",
    "name": "Studio 1",
    "maker": "Studio",
    "provider": "studio",
    "kind": "video",
    "summary": "For tests",
    "resolutions": ["720p"],
    "aspect_ratios": ["16:9"],
    "min_seconds": "2",
    "max_seconds": "8",
    "audio": False,
    "currency": "USD",
    "price_per_second": {"720p": "0.105"},
    "source": "made up",
    "checked_on": "2026-11-23",
}


def test_the_default_model_needs_no_key_and_costs_nothing():
    model = catalogue.default_video_model()
    assert (model.provider, set(model.price_per_second.values())) == ("animatic", {Decimal(0)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "studio-1: missing or unknown: colour"),
        ({"resolutions": ["720p", "4k"]}, "studio-1: every resolution needs a price"),
    ],
)
def test_a_slip_in_the_catalogue_is_named(change: dict[str, object], message: str):
    with pytest.raises(ImproperlyConfigured, match=message):
        read_model(ROW | change)


def test_a_missing_key_is_named():
    with pytest.raises(ImproperlyConfigured, match="studio-1: missing or unknown: summary"):
        read_model({key: value for key, value in ROW.items() if key != "summary"})


def test_prices_are_exact():
    price = price_of(read_model(ROW), resolution="720p", seconds=Decimal("6.5"))
    assert (price.amount, str(price)) == (Decimal("0.6825"), "$0.68")
    assert str(Price(Decimal("1.5"), "EUR")) == "€1.50"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("project_fields", "seconds", "message"),
    [
        ({"aspect_ratio": "9:16"}, 4, "Studio 1 cannot make 9:16; it makes 16:9."),
        ({"resolution": "1080p"}, 4, "Studio 1 cannot make 1080p; it makes 720p."),
        ({}, 1, "Studio 1 makes 2 to 8 s; this scene has 1 s."),
        ({}, 9, "Studio 1 makes 2 to 8 s; this scene has 9 s."),
    ],
)
def test_what_a_model_cannot_make_is_refused_before_it_costs(
    scene: Scene, project_fields: dict[str, str], seconds: int, message: str
):
    Project.objects.update(title="x", **project_fields)
    Scene.objects.update(duration=seconds)
    scene = Scene.objects.select_related("project").get()
    scene.duration = Decimal(seconds)
    with pytest.raises(ValidationError) as refused:
        pipeline.quote(scene, read_model(ROW))
    assert refused.value.messages == [message]
