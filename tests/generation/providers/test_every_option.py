"""Every option of every model is either in the request that the provider receives, or refused with a sentence."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models.functions import Now

from generation import catalogue, connections, pipeline
from generation.catalogue import Model
from generation.models import Generation, next_take_number
from generation.quoting.eligibility import is_available
from generation.states import Status
from projects import references
from projects.models import AspectRatio, Project, Reference, Resolution, Scene
from teams.models import User
from tests.commands import KEY
from tests.standin import StandIn
from tests.storyboard.test_references import plain

pytestmark = pytest.mark.django_db

VIDEO = sorted(
    model.id for model in catalogue.all_models().values() if model.kind == "video" and model.id != "animatic"
)
OPENROUTER = ["google/veo-3.1", "minimax/hailuo-3", "x-ai/grok-imagine-video"]


@pytest.fixture
def everywhere(stand_in: StandIn, settings: Any) -> StandIn:
    """A connection to every provider; the Sora server is vLLM-Omni, which has extra fields."""
    common = {"key": KEY, "max_in_flight": 1000, "requests_per_minute": 1000}
    url = stand_in.url
    settings.CONNECTIONS = {
        "sora": common | {"provider": "sora", "name": "Sora", "base_url": f"{url}/openai/v1", "preset": "vllm-omni"},
        "omni": common | {"provider": "omni", "name": "Gemini", "base_url": f"{url}/gemini"},
        "veo": common
        | {"provider": "veo", "name": "Google Cloud", "base_url": f"{url}/vertex", "options": {"project": "films"}},
        "openrouter": common | {"provider": "openrouter", "name": "OpenRouter", "base_url": f"{url}/openrouter/api/v1"},
    }
    stand_in.state.flavour["sora"] = "vllm"
    openrouter = connections.read_environment()["openrouter"]
    connections.refresh_models(openrouter)
    stand_in.state.arrived.clear()
    return stand_in


@dataclass(frozen=True)
class Choice:
    """An option, how to choose it, and a test for it in the request that arrives."""

    name: str
    choose: Callable[[Scene, User], None]
    is_in: Callable[[dict[str, Any], Model], bool]


def a_picture_as(*roles: str) -> Callable[[Scene, User], None]:
    def choose(scene: Scene, member: User) -> None:
        data = plain()
        for role in roles:
            picture = references.clean_picture(io.BytesIO(data), len(data))
            references.add_reference(scene.project, scene, Reference.Role(role), picture, member=member)

    return choose


def field(**values: Any) -> Callable[[Scene, User], None]:
    def choose(scene: Scene, member: User) -> None:
        Scene.objects.filter(pk=scene.pk).update(**values)

    return choose


def holds(sent: Any, wanted: Any) -> bool:
    """Whether the value is anywhere in the request."""
    if isinstance(sent, dict):
        return any(holds(value, wanted) for value in sent.values())
    if isinstance(sent, list):
        return any(holds(value, wanted) for value in sent)
    return bool(sent == wanted and type(sent) is type(wanted))


def pictures_in(sent: Any) -> int:
    """How many images the request has, in whatever form the protocol has them."""
    if isinstance(sent, tuple):
        return 1
    if isinstance(sent, dict):
        own = any(name in sent for name in ("bytesBase64Encoded", "image_url")) or sent.get("type") == "image"
        return 1 if own else sum(pictures_in(value) for value in sent.values())
    return sum(pictures_in(value) for value in sent) if isinstance(sent, list) else 0


def seconds_are(seconds: int) -> Callable[[dict[str, Any], Model], bool]:
    return lambda sent, model: any(holds(sent, form) for form in (seconds, str(seconds), f"{seconds}s"))


def sound_is(wanted: bool) -> Callable[[dict[str, Any], Model], bool]:
    names = {"veo": "generateAudio", "openrouter": "generate_audio"}

    def is_in(sent: dict[str, Any], model: Model) -> bool:
        if model.supports.audio == ("always" if wanted else "never"):
            return True
        return bool((sent.get("parameters") or sent).get(names[model.provider]) is wanted)

    return is_in


CHOICES = [
    *(
        Choice(f"{seconds} s", field(duration=Decimal(seconds)), seconds_are(seconds))
        for seconds in (3, 4, 5, 6, 7, 8, 10, 12, 15, 16, 20)
    ),
    Choice("a seed", field(seed=4711), lambda sent, model: holds(sent, 4711) or holds(sent, "4711")),
    Choice(
        "a negative prompt",
        field(negative_prompt="umbrellas"),
        lambda sent, model: "umbrellas" in str(sent),
    ),
    Choice("dialogue", field(dialogue="KEEPER: Not tonight."), lambda sent, model: "Not tonight." in str(sent)),
    Choice("a custom prompt", field(custom_prompt="Just a boat."), lambda sent, model: "Just a boat." in str(sent)),
    Choice("sound off", field(audio="off"), sound_is(False)),
    Choice("sound on", field(audio="on"), sound_is(True)),
    Choice("a start frame", a_picture_as("start_frame"), lambda sent, model: pictures_in(sent) == 1),
    Choice("an end frame", a_picture_as("end_frame"), lambda sent, model: pictures_in(sent) == 1),
    Choice("both frames", a_picture_as("start_frame", "end_frame"), lambda sent, model: pictures_in(sent) == 2),
    Choice("a reference", a_picture_as("reference"), lambda sent, model: pictures_in(sent) == 1),
    Choice("three references", a_picture_as(*["reference"] * 3), lambda sent, model: pictures_in(sent) == 3),
    Choice("frame and reference", a_picture_as("start_frame", "reference"), lambda sent, model: pictures_in(sent) == 2),
]


def size_choices(scene: Scene, model: Model) -> Iterator[Choice]:
    """Every resolution and aspect ratio, which the request has as a size or by their names."""
    for resolution in Resolution.values:
        for aspect in AspectRatio.values:
            sizes = model.sizes.get(resolution)
            width, height = (sizes.get(aspect) if sizes else None) or (0, 0)

            def choose(scene: Scene, member: User, resolution: str = resolution, aspect: str = aspect) -> None:
                Project.objects.update(aspect_ratio=aspect)
                Scene.objects.filter(pk=scene.pk).update(scene_resolution=resolution)

            def is_in(
                sent: dict[str, Any],
                model: Model,
                size: str = f"{width}x{height}",
                name: str = resolution,
                a: str = aspect,
            ) -> bool:
                if model.provider == "sora":
                    return bool(sent["size"] == size)
                return (holds(sent, name) or holds(sent, name.upper())) and holds(sent, a)

            yield Choice(f"{resolution} {aspect}", choose, is_in)


def submit(scene: Scene, member: User, model: Model) -> Generation | str:
    """The submitted take, or the reason why it is refused."""
    fresh = Scene.objects.get(pk=scene.pk)
    try:
        take = pipeline.enqueue(fresh, number=next_take_number(fresh), member=member, model=model).take
    except ValidationError as error:
        return " ".join(error.messages)
    Generation.objects.filter(pk=take.pk).update(next_step_at=Now(), created_at="2026-01-01T00:00Z")
    pipeline.advance(take.pk)
    take.refresh_from_db()
    return take


@pytest.mark.parametrize("model_id", [*VIDEO, *OPENROUTER])
def test_every_choice_is_sent_or_refused(
    make_scenes: Callable[..., list[Scene]], alice: User, everywhere: StandIn, model_id: str
):
    model = connections.roster_for(None).find(model_id)
    first = make_scenes(1)[0]
    arrived, refused = [], []
    for choice in [*CHOICES, *size_choices(first, model)]:
        resolution, aspect = next((r, a) for r, sizes in model.sizes.items() for a in sizes)
        Project.objects.update(aspect_ratio=aspect)
        seconds = model.seconds.nearest(Decimal(4))
        (scene,) = make_scenes(1, scene_resolution=resolution, duration=seconds)
        choice.choose(scene, alice)
        before = len(everywhere.state.arrived)
        outcome = submit(scene, alice, model)
        new = [call for call in everywhere.state.arrived[before:] if call.operation.endswith(".create")]
        if isinstance(outcome, str):
            assert new == [], f"{choice.name}: refused, but sent"
            assert outcome.endswith("."), f"{choice.name}: {outcome}"
            refused.append(choice.name)
        else:
            assert outcome.status == Status.RUNNING, f"{choice.name}: {outcome.error_message}"
            snapped = choice.name.endswith(" s") and outcome.duration != Decimal(choice.name[:-2])
            assert len(new) == 1
            assert snapped or choice.is_in(new[0].fields, model), f"{choice.name} is not in {new[0].fields}"
            arrived.append(choice.name)
    available = is_available(model, connections.roster_for(None))
    assert bool(arrived) == (available and bool(model.price_per_second))
    assert len(arrived) + len(refused) == len(CHOICES) + len(Resolution) * len(AspectRatio)
