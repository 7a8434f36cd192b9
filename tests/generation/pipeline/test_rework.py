"""Extending and editing finished clips: limits and prices are checked before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from generation.catalogue import find
from generation.connections import roster_for
from generation.models import Generation
from generation.providers.base import Task
from generation.quoting import quotes
from generation.quoting.quotes import Rework
from generation.states import Status
from projects.models import Scene
from teams.models import User
from tests.commands import KEY
from tests.standin import StandIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def google(stand_in: StandIn, settings: Any) -> dict[str, Any]:
    common = {"key": KEY, "max_in_flight": 2, "requests_per_minute": 60}
    veo = {"provider": "veo", "name": "Google Cloud", "base_url": f"{stand_in.url}/vertex"}
    settings.CONNECTIONS = {
        "omni": common | {"provider": "omni", "name": "Gemini", "base_url": f"{stand_in.url}/gemini"},
        "veo": common | veo | {"options": {"project": "films", "output_gcs_uri": "gs://films/takes"}},
    }
    return settings.CONNECTIONS


@pytest.fixture
def make_finished(
    scene: Scene, make_take: Callable[..., Generation], google: dict[str, Any]
) -> Callable[..., Generation]:
    def make(model_id: str, **fields: Any) -> Generation:
        model = find(model_id)
        connection = roster_for(None).connection_for(model)
        assert connection is not None
        values: dict[str, Any] = {"provider": model.provider, "model_id": model_id, "remote_id": "x"}
        values |= {"connection": connection.ensure_row(), "status": Status.COMPLETED}
        return make_take(scene, clip=b"clip", **values, **fields)

    return make


def quote_extension(take: Generation) -> quotes.Quote:
    return quotes.require_quote(
        take.scene, find(take.model_id), roster_for(take.team_id), Rework(Task.EXTEND, take, "It goes on")
    )


def test_veo_extends_by_seven_seconds(make_finished):
    quote = quote_extension(make_finished("veo-3.1-generate-001", duration=Decimal(8)))
    assert (quote.seconds, quote.price) == (7, Decimal("2.80"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"resolution": "1080p"}, "Veo 3.1 extends clips in 720p; this one is 1080p."),
        ({"duration": Decimal(36)}, "Veo 3.1 extends clips by 7 s, up to 37 s in total; this one is 36 s."),
    ],
)
def test_veo_explains_what_it_cannot_extend(make_finished, fields: dict[str, Any], message: str):
    with pytest.raises(ValidationError) as caught:
        quote_extension(make_finished("veo-3.1-generate-001", **fields))
    assert caught.value.messages == [message]


def test_without_a_bucket_veo_extends_nothing(make_finished, google: dict[str, Any]):
    google["veo"]["options"] = {"project": "films"}
    with pytest.raises(ValidationError, match="Set GOOGLE_VEO_OUTPUT_GCS_URI"):
        quote_extension(make_finished("veo-3.1-generate-001"))


def test_omni_extends_up_to_its_total_length(make_finished):
    first = make_finished("gemini-omni-1.2-flash", duration=Decimal(15))
    first.scene.duration = Decimal(15)
    assert quote_extension(first).seconds == 10
    second = make_finished("gemini-omni-1.2-flash", duration=Decimal(10), task="extend", source=first)
    second.scene.duration = Decimal(15)
    assert quote_extension(second).seconds == 5
    third = make_finished("gemini-omni-1.2-flash", duration=Decimal(5), task="extend", source=second)
    with pytest.raises(ValidationError, match="up to 30 s in total; this one is 30 s"):
        quote_extension(third)


@pytest.mark.parametrize(("seconds", "allowed"), [("4", True), ("10", True), ("5.5", False), ("11", False)])
def test_the_length_of_an_extension_can_be_chosen(make_finished, seconds: str, allowed: bool):
    take = make_finished("gemini-omni-1.2-flash", duration=Decimal(15))
    rework = Rework(Task.EXTEND, take, "It goes on", Decimal(seconds))
    quote = quotes.quote_model(take.scene, find(take.model_id), roster_for(take.team_id), rework)
    blockers = () if allowed else (f"Gemini Omni 1.2 Flash extends clips by 3 to 10 whole s, not by {seconds} s.",)
    assert (quote.seconds, quote.blockers) == (Decimal(seconds), blockers)


def test_the_page_offers_lengths_up_to_the_total_and_their_price(
    make_finished, as_user: Callable[[User], Client], bob: User, stand_in: StandIn
):
    first = make_finished("gemini-omni-1.2-flash", duration=Decimal(15))
    take = make_finished("gemini-omni-1.2-flash", duration=Decimal(10), task="extend", source=first)
    client, url = as_user(bob), reverse("take_rework", args=[take.pk])
    form = client.get(url).context["form"]
    assert ([text for text, _ in form.fields["seconds"].choices], form.length) == (["3", "4", "5"], Decimal(3))
    page = client.get(url, {"seconds": "5"}).content.decode()
    assert ('<option value="5" selected>' in page, "Continues for 5 s." in page, "$0.35" in page) == (True,) * 3
    posted = {"task": "extend", "take": 3, "prompt": "It goes on", "seconds": "5"}
    assert client.post(f"{url}?price=$0.35", posted | {"seconds": "9"}).status_code == 422
    assert client.post(f"{url}?price=$0.35", posted).status_code == 302
    assert (Generation.objects.latest("pk").duration, Generation.objects.latest("pk").estimated_cost) == (
        5,
        Decimal("0.35"),
    )


def test_a_single_length_is_no_choice(make_finished, as_user: Callable[[User], Client], bob: User):
    take = make_finished("veo-3.1-generate-001", duration=Decimal(8))
    assert 'name="seconds"' not in as_user(bob).get(reverse("take_rework", args=[take.pk])).content.decode()


def test_an_edit_of_an_extended_clip_is_priced_for_its_full_length(make_finished):
    first = make_finished("gemini-omni-1.2-flash", duration=Decimal(10))
    longer = make_finished("gemini-omni-1.2-flash", duration=Decimal(8), task=Task.EXTEND, source=first)
    rework = Rework(Task.EDIT, longer, "At dawn")
    edit = quotes.require_quote(longer.scene, find(longer.model_id), roster_for(longer.team_id), rework)
    assert (edit.seconds, edit.price) == (18, Decimal("1.26"))
