"""Images from a provider: requested on the page, generated once, stored as frames and references."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from PIL import Image

from core.money import money
from generation import catalogue, pipeline
from generation.jobs import dispatch
from generation.jobs.lease import Lease
from generation.models import Budget, Connection, Generation, ImageJob
from generation.pipeline import image_jobs
from generation.states import Status
from projects.models import Project, Reference, Scene
from teams.models import User
from tests.commands import KEY
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MODEL = "gpt-image-2"
#: The price of one square image in high quality, as in a URL.
PRICE = quote(money(Decimal("0.211")))


@pytest.fixture
def openai(stand_in: StandIn, settings: Any) -> StandIn:
    account = {
        "provider": "openai_images",
        "name": "OpenAI images",
        "key": KEY,
        "base_url": f"{stand_in.url}/openai/v1",
    }
    settings.CONNECTIONS = {"openai_images": account | {"max_in_flight": 2, "requests_per_minute": 60}}
    return stand_in


def generate(client: Client, scene: Scene, price: str | None = None, **fields: Any):
    values = {"model": MODEL, "role": "start_frame", "prompt": "A lighthouse at dusk", "count": 1} | fields
    query = "" if price is None else f"?price={price}"
    return client.post(reverse("scene_picture_make", args=[scene.pk]) + query, values)


def advance() -> ImageJob:
    row = ImageJob.objects.latest("pk")
    ImageJob.objects.filter(pk=row.pk).update(next_step_at=Now())
    pipeline.advance_images(row.pk)
    row.refresh_from_db()
    return row


def test_generates_a_start_frame_from_click_to_file(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    response = generate(as_user(bob), scene, size="1536x1024", quality="low", output_format="png")
    assert response.status_code == 302, response.context["form"].errors
    assert response.headers["Location"] == reverse("scene_page", args=[scene.pk]) + "#pictures"
    row = advance()
    (sent,) = openai.state.calls("images.generate")
    assert sent.fields == {
        "model": MODEL,
        "prompt": "A lighthouse at dusk",
        "n": 1,
        "size": "1536x1024",
        "quality": "low",
        "output_format": "png",
    }
    picture = Reference.objects.get()
    assert (row.status, row.made) == (Status.COMPLETED, [picture.pk])
    assert (picture.role, picture.scene, picture.created_by) == ("start_frame", scene, bob)
    assert (row.actual_cost, row.usage["output_tokens"]) == (Decimal("0.0304"), 1000)
    assert len(openai.state.charges) == 1


def test_generates_several_named_references(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    generate(as_user(bob), scene, role="reference", kind="character", label="The keeper", count=3)
    advance()
    references = Scene.objects.get().shown_references()
    assert [(picture.kind, picture.label) for picture in references] == [("character", "The keeper")] * 3


def test_a_transparent_image_stays_transparent(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    generate(as_user(bob), scene, role="reference", background="transparent")
    advance()
    with Reference.objects.get().image.open() as file:
        assert Image.open(file).getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize("color", ["white", "black"])
def test_a_plain_background_is_opaque_and_added_to_the_prompt(
    as_user: AsUser, scene: Scene, openai: StandIn, bob: User, color: str
):
    generate(as_user(bob), scene, background=color)
    advance()
    sent = openai.state.calls("images.generate")[0].fields
    assert (sent["background"], sent["prompt"]) == ("opaque", f"A lighthouse at dusk, on a plain {color} background")


def test_an_input_image_is_sent_as_an_edit(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    client = as_user(bob)
    generate(client, scene, role="reference")
    advance()
    name = Reference.objects.get().image.name
    generate(client, scene, role="end_frame", prompt="The same at night", images=[name])
    advance()
    (sent,) = openai.state.calls("images.edit")
    with Reference.objects.get(role="reference").image.open() as file:
        assert sent.fields["image"][1] == file.read()
    assert Reference.objects.filter(role="end_frame").count() == 1


def test_several_input_images_are_sent_as_one_edit(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    client = as_user(bob)
    generate(client, scene, role="reference", count=2)
    advance()
    names = list(Reference.objects.values_list("image", flat=True))
    generate(client, scene, role="reference", prompt="Both together", images=names)
    assert advance().status == Status.COMPLETED
    assert len(openai.state.calls("images.edit")[0].fields["image[]"]) == 2


@pytest.mark.parametrize("model", ["dall-e-3", "dall-e-2"])
def test_dall_e_works_on_a_server_that_still_serves_it(
    as_user: AsUser, scene: Scene, openai: StandIn, bob: User, model: str
):
    generate(as_user(bob), scene, model=model, size="1024x1024")
    assert advance().status == Status.COMPLETED
    assert Reference.objects.count() == 1


def test_dall_e_2_edits_a_single_image(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    client = as_user(bob)
    generate(client, scene, role="reference")
    advance()
    name = Reference.objects.get().image.name
    generate(client, scene, model="dall-e-2", role="end_frame", images=[name])
    assert advance().status == Status.COMPLETED


def test_the_form_shows_only_the_options_of_the_model(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    client, url = as_user(bob), reverse("scene_picture_make", args=[scene.pk])
    page = client.get(url, {"model": MODEL, "role": "start_frame"}).content.decode()
    assert ('name="background"' in page, 'name="style"' in page, 'name="count"' in page) == (True, False, False)
    assert "1280x720" in page
    assert "Something happens." in client.get(url).content.decode()
    fragment = client.get(url, {"model": "dall-e-3", "role": "reference"}, headers={"HX-Request": "true"})
    form = fragment.content.decode()
    assert ("<html" in form, 'name="background"' in form, 'name="style"' in form) == (False, False, True)


def test_without_a_connection_the_page_says_what_to_set(as_user: AsUser, scene: Scene, bob: User):
    page = as_user(bob).get(reverse("scene_picture_make", args=[scene.pk])).content.decode()
    assert "Set OPENAI_API_KEY, or add an account under Connections, to use" in page
    response = generate(as_user(bob), scene)
    assert (response.status_code, ImageJob.objects.count()) == (422, 0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "gpt-image-9"}, "No model “gpt-image-9”."),
        ({"size": "300x300"}, "No size “300x300”."),
        ({"prompt": ""}, "This field is required."),
        (
            {"background": "transparent", "output_format": "jpeg"},
            "A transparent background needs format png or webp",
        ),
        ({"role": "reference", "count": 11}, "generates up to 10 images at a time, not 11."),
        ({"role": "poster"}, "Choose one from the list."),
    ],
)
def test_an_invalid_request_is_explained_and_starts_nothing(
    as_user: AsUser, scene: Scene, openai: StandIn, bob: User, fields: dict[str, Any], message: str
):
    response = generate(as_user(bob), scene, **fields)
    assert (response.status_code, message in response.content.decode()) == (422, True)
    assert ImageJob.objects.count() == 0


def test_a_click_that_arrives_twice_starts_one_request(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    client = as_user(bob)
    page = client.get(reverse("scene_picture_make", args=[scene.pk]))
    click = page.context["form"]["click"].value()
    assert f'name="click" value="{click}"' in page.content.decode()
    assert {generate(client, scene, click=click).status_code for _ in range(2)} == {302}
    assert ImageJob.objects.count() == 1
    again = client.get(reverse("scene_picture_make", args=[scene.pk])).context["form"]["click"].value()
    generate(client, scene, click=again)
    assert ImageJob.objects.count() == 2


def test_an_image_above_the_limit_needs_confirmation(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    Budget.objects.create(team=scene.project.team, confirm_above=Decimal("0.10"))
    client, options = as_user(bob), {"size": "1024x1024", "quality": "high"}
    response = generate(client, scene, price=PRICE, **options)
    assert (response.status_code, "above the confirmation threshold of $0.10." in response.content.decode()) == (
        409,
        True,
    )
    assert ImageJob.objects.count() == 0
    generate(client, scene, price=PRICE, confirmed="yes", **options)
    assert ImageJob.objects.get().estimated_cost == Decimal("0.211")


#: What the stand-in's answer costs (4 tokens of text, 50 of images, 1,000 of output) at each model's own rates. DALL-E
#: reports no tokens: its highest price.
BOOKED = {
    "gpt-image-2.6-sunburst": "0.0304",
    "gpt-image-2.6-flare": "0.0304",
    "gpt-image-2.5-sunburst": "0.0304",
    "gpt-image-2.5-flare": "0.0304",
    "gpt-image-2": "0.0304",
    "gpt-image-1.5": "0.0324",
    "chatgpt-image-latest": "0.0324",
    "gpt-image-1-mini": "0.0081",
    "gpt-image-1": "0.0405",
    "dall-e-3": "0.12",
    "dall-e-2": "0.02",
}


@pytest.mark.parametrize("model", [model.id for model in catalogue.all_models().values() if model.kind == "image"])
def test_every_image_model_holds_an_estimate_under_a_cap_and_books_its_own_prices(
    as_user: AsUser, scene: Scene, openai: StandIn, bob: User, model: str
):
    budget = Budget.objects.create(team=scene.project.team, project=scene.project, cap_total=Decimal(5))
    form = as_user(bob).get(reverse("scene_picture_make", args=[scene.pk]), {"model": model}).context["form"]
    response = generate(as_user(bob), scene, model=model, price=quote(money(form.price)))
    assert response.status_code == 302, response.context["form"].errors
    budget.refresh_from_db()
    assert budget.reserved == ImageJob.objects.get().estimated_cost == form.price > 0
    row = advance()
    budget.refresh_from_db()
    assert (row.status, row.actual_cost, budget.spent, budget.reserved) == (
        Status.COMPLETED,
        Decimal(BOOKED[model]),
        Decimal(BOOKED[model]),
        0,
    )


def test_without_choices_the_estimate_is_above_the_confirmation_threshold(
    as_user: AsUser, scene: Scene, openai: StandIn, bob: User
):
    client = as_user(bob)
    Budget.objects.create(team=scene.project.team, confirm_above=Decimal("0.10"))
    response = generate(client, scene, model="gpt-image-2.6-flare")
    message = "This costs $0.211, above the confirmation threshold of $0.10. Continue?"
    assert (response.status_code, message in response.content.decode()) == (409, True)
    assert generate(client, scene, model="gpt-image-2.6-flare", confirmed="yes").status_code == 302


def test_an_outdated_price_starts_nothing(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    response = generate(as_user(bob), scene, price="$0.01")
    assert (response.status_code, "Nothing was started" in response.content.decode()) == (422, True)


@pytest.mark.parametrize(
    ("fault", "status", "kind", "charges"),
    [
        (Fault(status=400, body={"error": {"message": "No", "code": "moderation_blocked"}}), "failed", "moderation", 0),
        (Fault(status=401, body={"error": {"message": "Bad key"}}), "failed", "auth", 0),
        (Fault(status=429, body={"error": {"message": "Slow down"}}), "queued", "rate_limit", 0),
        (Fault(status=500, body={"error": {"message": "Oops"}}), "unknown", "unknown", 0),
        (Fault(drop=True), "unknown", "unknown", 1),
        (Fault(garbage=True), "unknown", "unknown", 0),
    ],
)
def test_every_fault_ends_in_its_status_and_nothing_is_sent_twice(
    as_user: AsUser, scene: Scene, openai: StandIn, bob: User, fault: Fault, status: str, kind: str, charges: int
):
    openai.state.fail("images.generate", fault)
    client = as_user(bob)
    generate(client, scene)
    row = advance()
    assert (row.status, row.error_kind, len(openai.state.charges)) == (status, kind, charges)
    assert len(openai.state.calls("images.generate")) == 1
    page = client.get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert ("failure-note" in page) == (status != "queued")


@pytest.mark.parametrize(
    ("param", "message"),
    [("prompt", "Flagged: the prompt."), ("image[0]", "Flagged: an input image.")],
)
def test_the_page_names_the_flagged_input(
    as_user: AsUser, scene: Scene, openai: StandIn, bob: User, param: str, message: str
):
    error = {"message": "Rejected by the safety system.", "code": "moderation_blocked", "param": param}
    openai.state.fail("images.generate", Fault(status=400, body={"error": error}))
    client = as_user(bob)
    generate(client, scene)
    advance()
    page = client.get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert f"Rejected by the safety system. {message}" in page


def test_a_request_left_in_submitting_needs_review(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    generate(as_user(bob), scene)
    row = ImageJob.objects.get()
    lease = Lease.claim_images(row.pk)
    assert lease is not None
    lease.release(status=Status.SUBMITTING)
    assert advance().status == Status.UNKNOWN
    assert openai.state.arrived == []


def test_image_requests_respect_the_slots_of_their_connection(
    as_user: AsUser, scene: Scene, openai: StandIn, bob: User
):
    client = as_user(bob)
    generate(client, scene)
    generate(client, scene, role="end_frame")
    generate(client, scene, role="reference")
    Connection.objects.update(max_in_flight=1)
    ImageJob.objects.update(handed_over_at=None)
    assert dispatch.dispatch_due() == 1
    first = ImageJob.objects.order_by("pk")[0]
    ImageJob.objects.filter(pk=first.pk).update(status=Status.SUBMITTING, submitted_at=Now())
    assert advance().status == Status.QUEUED
    assert openai.state.arrived == []


def test_the_panel_updates_when_images_arrive(as_user: AsUser, scene: Scene, openai: StandIn, bob: User, mallory: User):
    client = as_user(bob)
    generate(client, scene)
    url = reverse("pictures_panel", args=[scene.pk])
    row = ImageJob.objects.get()
    panel = client.get(url).content.decode()
    assert f"{url}?seen={row.pk}.{row.version}" in panel
    assert client.get(f"{url}?seen={row.pk}.{row.version}").status_code == 204
    advance()
    after = client.get(f"{url}?seen={row.pk}.{row.version}").content.decode()
    assert ("being-made" in after, "picture_fit" in after or "Crop to fill" in after) == (False, True)
    assert as_user(mallory).get(url).status_code == 404


def test_generates_a_reference_for_a_project(as_user: AsUser, project: Project, openai: StandIn, bob: User):
    url = reverse("project_picture_make", args=[project.pk])
    client = as_user(bob)
    assert client.get(url).status_code == 200
    client.post(url, {"model": MODEL, "role": "reference", "prompt": "Fog", "kind": "style"})
    advance()
    assert Reference.objects.get().scene is None


def test_viewer_cannot_generate_403_outsider_404(
    as_user: AsUser, scene: Scene, openai: StandIn, vera: User, mallory: User
):
    assert generate(as_user(vera), scene).status_code == 403
    assert generate(as_user(mallory), scene).status_code == 404
    assert (ImageJob.objects.count(), Generation.objects.count()) == (0, 0)


# -- The queue page ----------------------------------------------------------------------------------------------------


def test_queued_images_are_on_the_queue_page_and_can_be_cancelled(
    as_user: AsUser, scene: Scene, openai: StandIn, bob: User, vera: User
):
    client = as_user(bob)
    generate(client, scene, size="1024x1024", quality="low")
    row = ImageJob.objects.get()
    url = reverse("images_cancel", args=[row.pk])
    page = client.get(reverse("queue")).content.decode()
    assert ("OpenAI images" in page, "Start frame · GPT Image 2" in page, f'formaction="{url}"' in page) == (True,) * 3
    assert url not in as_user(vera).get(reverse("queue")).content.decode()
    assert client.post(url).headers["Location"] == reverse("queue")
    row.refresh_from_db()
    assert (row.status, row.actual_cost, advance().status) == (Status.CANCELLED, 0, Status.CANCELLED)
    assert openai.state.arrived == []
    project_budget = Budget.objects.get(project=scene.project)
    assert (project_budget.reserved, project_budget.spent) == (0, 0)


def test_images_being_generated_are_kept_when_cancelled(as_user: AsUser, scene: Scene, openai: StandIn, bob: User):
    client = as_user(bob)
    generate(client, scene)
    row = ImageJob.objects.get()
    lease = Lease.claim_images(row.pk)
    assert lease
    page = client.post(reverse("images_cancel", args=[row.pk]), follow=True).content.decode()
    assert "Too late to cancel: these images are being generated and will be kept." in page
    image_jobs.submit_request(lease)
    row.refresh_from_db()
    assert (row.status, len(row.made)) == (Status.COMPLETED, 1)


def test_failed_images_stay_on_the_queue_page_until_dismissed(
    as_user: AsUser, scene: Scene, openai: StandIn, bob: User, alice: User
):
    openai.state.fail("images.generate", Fault(status=400, body={"error": {"message": "No.", "code": "moderation"}}))
    generate(as_user(bob), scene)
    row = advance()
    url = reverse("images_dismiss", args=[row.pk])
    assert (row.status, url in as_user(alice).get(reverse("queue")).content.decode()) == (Status.FAILED, True)
    as_user(bob).post(url)
    version = ImageJob.objects.get().version
    as_user(bob).post(url)
    assert ImageJob.objects.get().version == version
    assert url not in as_user(alice).get(reverse("queue")).content.decode()


def test_the_project_page_updates_while_references_are_generated(
    as_user: AsUser, project: Project, openai: StandIn, bob: User
):
    client, url = as_user(bob), reverse("project_edit", args=[project.pk])
    client.post(
        reverse("project_picture_make", args=[project.pk]), {"model": MODEL, "role": "reference", "prompt": "Fog"}
    )
    assert f'hx-get="{url}?seen=' in client.get(url).content.decode()
